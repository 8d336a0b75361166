package classify

import (
	"context"
	"fmt"
	"iter"
	"math"
	"slices"
	"time"

	"ortho/models"
	"ortho/models/config"
	"ortho/models/images"
	"ortho/runner"
)

// Options say how a classifier runs and what it answers. The zero value is the
// CPU, and every class.
type Options struct {
	Runner      runner.Options
	Batch       int           // images of one run; 0: as the graph fixes it, else as suits the provider
	Concurrency int           // runs in flight; 0: as suits the provider
	Linger      time.Duration // as in [runner.PoolOptions]
	Waiting     int           // calls of Image that may wait; see [runner.PoolOptions]

	Top            int           // at most so many predictions an image; 0: all
	MinProbability float64       // leave out less probable ones
	Logits         bool          // also return the raw outputs
	MaxPixels      int64         // refuse larger images before decoding; 0: 100 million
	Scaled         bool          // decode large JPEGs smaller: faster, not exact; see [preprocess.LoadOptions]
	Timeout        time.Duration // as in [images.Options]
}

// images are the options for package images.
func (o Options) images() images.Options {
	return images.Options{Runner: o.Runner, Batch: o.Batch, Concurrency: o.Concurrency, Linger: o.Linger, Waiting: o.Waiting,
		MaxPixels: o.MaxPixels, Scaled: o.Scaled, Timeout: o.Timeout}
}

// Classifier is a model ready to classify. Its methods may be called
// concurrently.
type Classifier struct {
	spec  *models.ClassifierSpec
	graph *images.Graph[Result]
	sight *sight
}

// Input is an image to classify.
type Input = images.Input

// SizeError says that the graph does not run at the sizes that the run feeds it.
type SizeError = images.SizeError

// Item is the outcome of one input: its Result, or the error. See
// [models.StageOf]; after a [SizeError] all further items would fail, too.
type Item struct {
	Input  Input
	Result Result
	Err    error
}

// Result is what the model says of one image.
type Result struct {
	Predictions []Prediction `json:"predictions,omitzero"` // most probable first; ties by index
	Output      *Output      `json:"output,omitempty"`     // instead of Predictions where the model's output-name is set
	// Logits are what [models.ScoresPort.Applied] is applied to, one value for each class, where
	// Options.Logits asks for them.
	Logits []float32 `json:"logits,omitempty"`
	Width  int       `json:"width,omitempty"` // pixels of the image, upright where the model wants it so
	Height int       `json:"height,omitempty"`
}

// Prediction is one class. Index identifies it: labels may repeat, and may be
// missing. Its JSON is that of the rows of results.
type Prediction struct {
	Index       int     `json:"index"`
	Label       string  `json:"label,omitempty"`
	ID          string  `json:"id,omitempty"`
	Probability float64 `json:"probability"` // 0 to 1
}

// Output is a named output's values for one image, such as an embedding.
type Output struct {
	Name   string    `json:"name"`
	Shape  []int64   `json:"shape"` // without the batch dimension
	Values []float32 `json:"values"`
}

// Open makes a classifier of a model. Close it after use. ctx is for Open alone; see
// [runner.Open].
func Open(ctx context.Context, m *models.Model, opt Options) (*Classifier, error) {
	spec, err := m.Classifier()
	if err != nil {
		return nil, err
	}
	if some := spec.Index || spec.IndicesName != ""; opt.Logits && some && spec.Classes == 0 {
		return nil, config.Errorf("output %s of %s gives scores of some classes only, and nothing says how many there are: give %s", spec.OutputName, m.Name, config.Key("labels"))
	}
	sight := new(sight)
	graph, err := images.Open(ctx, m, images.Task[Result]{
		Input: &spec.Input, Batch: spec.Batch, Outputs: spec.Outputs(),
		Read: func(size images.Size, outputs []runner.Row) (Result, error) {
			result, err := scored(&spec.Scores, opt, outputs, sight)
			result.Width, result.Height = size.Width, size.Height
			return result, err
		},
	}, opt.images())
	if err != nil {
		return nil, err
	}
	return &Classifier{spec, graph, sight}, nil
}

// Close refuses further images, also of streams under way: their error is
// [runner.ErrClosed]. It waits for those that are being worked on, and frees the session.
// It may be called more than once, and within a range over Stream.
func (c *Classifier) Close() error { return c.graph.Close() }

// Seen is what the values of the images so far have shown.
func (c *Classifier) Seen() Seen { return c.sight.seen() }

// Session is the session that the classifier runs on.
func (c *Classifier) Session() *runner.Session { return c.graph.Session() }

// Spec describes the model's input and output.
func (c *Classifier) Spec() *models.ClassifierSpec { return c.spec }

// Batching returns the images of one run, and the runs in flight.
func (c *Classifier) Batching() (batch, concurrency int) { return c.graph.Batching() }

// Unturned returns how many images were read unturned; see [images.Graph.Unturned].
func (c *Classifier) Unturned() int64 { return c.graph.Unturned() }

// Image classifies one encoded image (of a kind that [preprocess.Decode] knows). Images of calls at
// the same time share runs; with Options.Waiting, those that would be too many get
// [runner.ErrBusy]. When ctx ends the call its decoding may go on: data must not be written
// for that long.
func (c *Classifier) Image(ctx context.Context, data []byte) (Result, error) {
	return c.graph.Image(ctx, data)
}

// Stream classifies inputs and yields a result or an error for each, in their order. Memory is
// bounded however many there are. When ctx is done it ends early; what it has yielded has no
// gaps. No work goes on after it ends, or after the range is left, except the caller's own: a
// Read that ignores its context, and inputs that block.
func (c *Classifier) Stream(ctx context.Context, inputs iter.Seq[Input]) iter.Seq[Item] {
	return func(yield func(Item) bool) {
		for r := range Each(ctx, c, inputs, func(in Input) Input { return in }) {
			if !yield(Item{r.Item, r.Value, r.Err}) {
				return
			}
		}
	}
}

// Each is Stream for items of the caller's own, which come back with their results. input
// is called once for each and returns the image to classify.
func Each[T any](ctx context.Context, c *Classifier, items iter.Seq[T], input func(T) Input) iter.Seq[runner.Result[T, Result]] {
	return images.Each(ctx, c.graph, items, input)
}

// scored turns one item's rows of the output tensors into a result.
func scored(spec *models.Scores, opt Options, outputs []runner.Row, sight *sight) (result Result, err error) {
	out := outputs[0]
	if spec.Embedding {
		values, err := images.Values(out)
		if err != nil {
			return result, models.StageOutput.Wrap(err)
		}
		result.Output = &Output{Name: out.Name, Shape: slices.Clone(out.Shape), Values: values}
		return result, nil
	}
	scores, err := spec.Read(outputs)
	if err != nil {
		return result, models.StageOutput.Wrap(err)
	}
	if n := len(spec.Labels); n > 0 && scores.Only == nil && n != len(scores.Values) {
		return result, models.StageOutput.Wrap(fmt.Errorf("output %s gives values for %d classes, and the labels are %d", out.Name, len(scores.Values), n))
	}
	if opt.Logits {
		if result.Logits, err = scores.All(spec.Classes); err != nil {
			return result, models.StageOutput.Wrap(err)
		}
	}
	result.Predictions = predictions(spec, opt, scores)
	sight.look(spec, scores)
	if scores.Activation != spec.Applied() {
		result.Logits = logarithms(result.Logits)
	}
	return result, nil
}

// logarithms are those of probabilities, of which softmax makes the probabilities again.
func logarithms(p []float32) []float32 {
	logs := make([]float32, len(p))
	for i, v := range p {
		logs[i] = float32(math.Log(max(float64(v), math.SmallestNonzeroFloat32)))
	}
	if p == nil {
		return nil
	}
	return logs
}
