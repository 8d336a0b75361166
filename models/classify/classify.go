// Package classify runs image classifiers: encoded images in, classes with
// probabilities (or raw outputs) out.
package classify

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync/atomic"

	"ortho/models"
	"ortho/preprocess"
	"ortho/runner"
	"ortho/runner/onnx"
)

// Options say how a classifier runs and what it answers. The zero value is the
// CPU, and every class.
type Options struct {
	Runner      runner.Options
	Batch       int // images of one run; 0: as the graph fixes it, else as suits the provider
	Concurrency int // runs in flight; 0: as suits the provider

	Top            int     // at most so many predictions an image; 0: all
	MinProbability float64 // leave out less probable ones
	Logits         bool    // also return the raw outputs
	MaxPixels      int64   // refuse larger images before decoding; 0: 100 million
	Scaled         bool    // decode large JPEGs smaller: faster, not exact; see [preprocess.LoadOptions]
}

// Classifier is a model ready to classify. Its methods may be called
// concurrently.
type Classifier struct {
	spec     *models.ClassifierSpec
	model    *models.Model
	opt      Options
	session  *runner.Session
	pipeline *runner.Pipeline
	ran      atomic.Bool // once
}

// Input is an image to classify. Read returns its encoded bytes; it is called once, on any
// goroutine. Its context is done when the stream ends, however that comes; a Read that goes on
// then is left behind.
type Input struct {
	Name string
	Read func(ctx context.Context) ([]byte, error)
}

// Item is what became of one input: a Result, or the error that it cost. See
// [ErrorKind]; a [SizeError] all further items would cost, too.
type Item struct {
	Input  Input
	Result Result
	Err    error
}

// Result is what the model says of one image.
type Result struct {
	Predictions []Prediction `json:"predictions,omitzero"` // most probable first; ties by index
	Output      *Output      `json:"output,omitempty"`     // instead of Predictions where the model's output-name is set
	Logits      []float32    `json:"logits,omitempty"`     // raw outputs where Options.Logits asks for them
	Width       int          `json:"width,omitempty"`      // pixels of the image, upright where the model wants it so
	Height      int          `json:"height,omitempty"`
}

// Prediction is one class. Index identifies it: labels may repeat, and may be
// missing.
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
	if spec.Batch > 0 && opt.Batch > 0 && opt.Batch != spec.Batch {
		return nil, fmt.Errorf("%s takes batches of exactly %d: --batch %d can't be used", m.Name, spec.Batch, opt.Batch)
	}
	row := Row(spec)
	opt.Runner.Outputs = []string{spec.OutputName}
	opt.Runner.Dims = func(provider string) map[string]int64 {
		batch, _ := batching(spec, opt, provider)
		return dims(m.Graph.Inputs[0], append([]int64{int64(batch)}, row...))
	}
	session, err := runner.Open(ctx, runner.Model{Path: m.Path, Data: m.Data, Graph: m.Graph}, opt.Runner)
	if err != nil {
		return nil, err
	}
	batch, concurrency := batching(spec, opt, session.Provider)
	return &Classifier{spec: spec, model: m, opt: opt, session: session, pipeline: &runner.Pipeline{
		Session: session, Row: row, Batch: batch, Pad: spec.Batch > 0 || session.Fixed, Concurrency: concurrency,
	}}, nil
}

// batching is what was asked for, or else suits the graph and the provider.
func batching(spec *models.ClassifierSpec, opt Options, provider string) (batch, concurrency int) {
	batch, concurrency = opt.Runner.DefaultBatch(provider)
	switch {
	case spec.Batch > 0:
		batch = spec.Batch
	case opt.Batch > 0:
		batch = opt.Batch
	}
	if opt.Concurrency > 0 {
		concurrency = opt.Concurrency
	}
	return batch, concurrency
}

// dims gives an input's symbolic dimensions the sizes of shape; none where one name
// would need two.
func dims(input onnx.Value, shape []int64) map[string]int64 {
	if len(input.Dims) != len(shape) {
		return nil
	}
	sizes := map[string]int64{}
	for i, d := range input.Dims {
		if d.Fixed() || d.Name == "" {
			continue
		}
		if size, ok := sizes[d.Name]; ok && size != shape[i] {
			return nil
		}
		sizes[d.Name] = shape[i]
	}
	return sizes
}

// Close refuses further images, also of streams under way: their error is
// [runner.ErrClosed]. It waits for those that are being worked on, and frees the session.
// It may be called more than once, and within a range over Stream.
func (c *Classifier) Close() error { return c.session.Close() }

// Session tells what the classifier runs on.
func (c *Classifier) Session() *runner.Session { return c.session }

// Batching returns the images of one run, and the runs in flight.
func (c *Classifier) Batching() (batch, concurrency int) {
	return c.pipeline.Batch, c.pipeline.Concurrency
}

// Image classifies one encoded image (JPEG, PNG, GIF, BMP, TIFF or WebP).
func (c *Classifier) Image(ctx context.Context, data []byte) (Result, error) {
	one := Input{Name: "image", Read: func(context.Context) ([]byte, error) { return data, nil }}
	for item := range c.Stream(ctx, slices.Values([]Input{one})) {
		return item.Result, item.Err
	}
	return Result{}, ctx.Err()
}

// size is what loading an image tells about it.
type size struct{ width, height int }

// Stream classifies inputs and yields what became of each, in their order.
// Memory is bounded however many there are. When ctx is done it ends early,
// after an item that has all before it. What it has begun has ended when it ends, or when
// the range is left, but for what is the caller's: a Read that ignores its context, and
// inputs where they block.
func (c *Classifier) Stream(ctx context.Context, inputs iter.Seq[Input]) iter.Seq[Item] {
	results := runner.Stream(ctx, c.pipeline, inputs, c.load, c.read)
	return func(yield func(Item) bool) {
		for r := range results {
			err := r.Err
			if err != nil && ErrorKind(err) == "run" && ctx.Err() == nil {
				err = c.runError(err)
			}
			if err != nil {
				err = fmt.Errorf("%s: %w", r.Item.Name, err)
			}
			if !yield(Item{r.Item, r.Value, err}) {
				return
			}
		}
	}
}

func (c *Classifier) load(ctx context.Context, in Input, row []byte) (size, error) {
	data, err := runner.Await(ctx, in.Read)
	if err != nil {
		return size{}, &stageError{"read", err}
	}
	width, height, err := c.spec.Input.Load(row, data, preprocess.LoadOptions{MaxPixels: c.opt.MaxPixels, Scaled: c.opt.Scaled})
	if err != nil {
		return size{}, &stageError{"decode", err}
	}
	return size{width, height}, nil
}

func (c *Classifier) read(s size, outputs []runner.Row) (Result, error) {
	c.ran.Store(true)
	result, err := scored(&c.spec.Scores, c.opt, outputs[0])
	result.Width, result.Height = s.width, s.height
	return result, err
}

// scored makes a result of one item's row of the output.
func scored(spec *models.Scores, opt Options, out runner.Row) (result Result, err error) {
	values, err := float32s(out)
	if err != nil {
		return result, &stageError{"output", err}
	}
	if spec.Embedding {
		result.Output = &Output{Name: out.Name, Shape: slices.Clone(out.Shape), Values: values}
		return result, nil
	}
	if n := len(spec.Labels); n > 0 && n != len(values) {
		return result, &stageError{"output", fmt.Errorf("output %s gives values for %d classes, and the labels are %d", out.Name, len(values), n)}
	}
	if opt.Logits {
		result.Logits = values
	}
	result.Predictions = predictions(spec, opt, values)
	return result, nil
}
