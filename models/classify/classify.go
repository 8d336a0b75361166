// Package classify runs image classifiers: encoded images in, classes with
// probabilities (or raw outputs) out.
package classify

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync/atomic"
	"time"

	"ortho/models"
	"ortho/preprocess"
	"ortho/runner"
	"ortho/runner/onnx"
)

// Options say how a classifier runs and what it answers. The zero value is the
// CPU, and every class.
type Options struct {
	Runner      runner.Options
	Batch       int           // images of one run; 0: as the graph fixes it, else as suits the provider
	Concurrency int           // runs in flight; 0: as suits the provider
	Linger      time.Duration // as in [runner.PoolOptions]
	Waiting     int           // calls of Image that may wait; see [runner.PoolOptions]

	Top            int     // at most so many predictions an image; 0: all
	MinProbability float64 // leave out less probable ones
	Logits         bool    // also return the raw outputs
	MaxPixels      int64   // refuse larger images before decoding; 0: 100 million
	Scaled         bool    // decode large JPEGs smaller: faster, not exact; see [preprocess.LoadOptions]
}

// Classifier is a model ready to classify. Its methods may be called
// concurrently.
type Classifier struct {
	spec    *models.ClassifierSpec
	model   *models.Model
	opt     Options
	session *runner.Session
	pool    *runner.Pool[Input, Result]
	ran     atomic.Bool // once
}

// Input is an image to classify. Read returns its encoded bytes; it is called once, on any
// goroutine. Its context is done when the stream ends, however that comes; a Read that goes on
// then is left behind.
type Input struct {
	Name string
	Read func(ctx context.Context) ([]byte, error)
}

// Item is what became of one input: a Result, or the error that it cost. See
// [models.StageOf]; a [SizeError] all further items would cost, too.
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
	if spec.Batch > 0 && opt.Batch > 0 && opt.Batch != spec.Batch {
		return nil, fmt.Errorf("%s takes batches of exactly %d: --batch %d can't be used", m.Name, spec.Batch, opt.Batch)
	}
	row := spec.Input.Shape()
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
	c := &Classifier{spec: spec, model: m, opt: opt, session: session}
	c.pool = runner.NewPool(session, runner.Work[Input, size, Result]{Row: row, Load: c.load, Read: c.read}, runner.PoolOptions{
		Batch: batch, Concurrency: concurrency, Pad: spec.Batch > 0 || session.Fixed, Linger: opt.Linger, Waiting: opt.Waiting})
	return c, nil
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
func (c *Classifier) Close() error {
	c.pool.Close()
	return c.session.Close()
}

// Session tells what the classifier runs on.
func (c *Classifier) Session() *runner.Session { return c.session }

// Spec is what the model takes and gives.
func (c *Classifier) Spec() *models.ClassifierSpec { return c.spec }

// Batching returns the images of one run, and the runs in flight.
func (c *Classifier) Batching() (batch, concurrency int) {
	return c.pool.Batching()
}

// Image classifies one encoded image (JPEG, PNG, GIF, BMP, TIFF or WebP). Images of calls at
// the same time share runs; with Options.Waiting, those that would be too many get
// [runner.ErrBusy].
func (c *Classifier) Image(ctx context.Context, data []byte) (Result, error) {
	one := Input{Name: "image", Read: func(context.Context) ([]byte, error) { return data, nil }}
	result, err := c.pool.Do(ctx, one)
	return result, c.told(ctx, one, err)
}

// size is what loading an image tells about it.
type size struct{ width, height int }

// Stream classifies inputs and yields what became of each, in their order.
// Memory is bounded however many there are. When ctx is done it ends early,
// after an item that has all before it. What it has begun has ended when it ends, or when
// the range is left, but for what is the caller's: a Read that ignores its context, and
// inputs where they block.
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
// says of each, once, what is to be classified.
func Each[T any](ctx context.Context, c *Classifier, items iter.Seq[T], input func(T) Input) iter.Seq[runner.Result[T, Result]] {
	type one struct {
		item  T
		input Input
	}
	ones := func(yield func(one) bool) {
		for item := range items {
			if !yield(one{item, input(item)}) {
				return
			}
		}
	}
	return func(yield func(runner.Result[T, Result]) bool) {
		for r := range runner.Each(ctx, c.pool, ones, func(o one) Input { return o.input }) {
			if !yield(runner.Result[T, Result]{Item: r.Item.item, Value: r.Value, Err: c.told(ctx, r.Item.input, r.Err)}) {
				return
			}
		}
	}
}

// told is an image's error in words, with its name.
func (c *Classifier) told(ctx context.Context, in Input, err error) error {
	switch {
	case err == nil, ctx.Err() != nil && err == ctx.Err():
		return err
	case models.StageOf(err) == models.StageRun && ctx.Err() == nil:
		err = c.runError(err)
	}
	return fmt.Errorf("%s: %w", in.Name, err)
}

func (c *Classifier) load(ctx context.Context, in Input, row []byte) (size, error) {
	data, err := runner.Await(ctx, in.Read)
	if err != nil {
		return size{}, models.StageRead.Wrap(err)
	}
	width, height, err := c.spec.Input.Load(row, data, preprocess.LoadOptions{MaxPixels: c.opt.MaxPixels, Scaled: c.opt.Scaled})
	if err != nil {
		return size{}, models.StageDecode.Wrap(err)
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
		return result, models.StageOutput.Wrap(err)
	}
	if spec.Embedding {
		result.Output = &Output{Name: out.Name, Shape: slices.Clone(out.Shape), Values: values}
		return result, nil
	}
	if n := len(spec.Labels); n > 0 && n != len(values) {
		return result, models.StageOutput.Wrap(fmt.Errorf("output %s gives values for %d classes, and the labels are %d", out.Name, len(values), n))
	}
	if opt.Logits {
		result.Logits = values
	}
	result.Predictions = predictions(spec, opt, values)
	return result, nil
}
