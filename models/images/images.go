// Package images runs graphs that take an image each, whatever is made of their outputs:
//
//	file --Read--> bytes --preprocess--> row of the input --run--> rows of the outputs --Task.Read--> result
//
// A task says which outputs it reads, and how. Everything around that is the same for all:
// batches, lanes, order, errors by stage, and what is said of a graph that does not run at the
// run's sizes.
package images

import (
	"context"
	"fmt"
	"iter"
	"sync/atomic"
	"time"

	"ortho/models"
	"ortho/models/config"
	"ortho/preprocess"
	"ortho/runner"
	"ortho/runner/onnx"
)

// Options say how a graph runs over images. The zero value is the CPU.
type Options struct {
	Runner      runner.Options
	Batch       int           // images of one run; 0: as the graph fixes it, else as suits the provider
	Concurrency int           // runs in flight; 0: as suits the provider
	Linger      time.Duration // as in [runner.PoolOptions]
	Waiting     int           // calls of Image that may wait; see [runner.PoolOptions]

	MaxPixels int64 // refuse larger images before decoding; 0: 100 million
	Scaled    bool  // decode large JPEGs smaller: faster, not exact; see [preprocess.LoadOptions]
	// Timeout is how long reading and decoding an image may take; 0: without a limit. A decoder that goes on then
	// is left behind, with the memory that it has.
	Timeout time.Duration
}

// Input is an image. Read returns its encoded bytes; it is called once, on any goroutine. Its
// context is done when the stream ends, however that comes; a Read that goes on then is left
// behind.
type Input struct {
	Name string
	Read func(ctx context.Context) ([]byte, error)
}

// Size is that of an image in pixels, upright where the model wants it so.
type Size struct{ Width, Height int }

// Task says which outputs of a graph are read, and how they become results.
type Task[Out any] struct {
	Input   *preprocess.Spec
	Batch   int      // images per run; 0 where the graph leaves it open
	Outputs []string // that are read
	// Read turns an image's rows of the output tensors, in their order, into its result. The
	// rows are reused after it returns. It is called by several goroutines.
	Read func(size Size, outputs []runner.Row) (Out, error)
}

// Graph is a model that is open for a task. Its methods may be called concurrently.
type Graph[Out any] struct {
	model   *models.Model
	task    Task[Out]
	opt     Options
	session *runner.Session
	pool    *runner.Pool[part, Out]
	ran     atomic.Bool // once
	// unturned counts images with an orientation that the input ignores.
	unturned atomic.Int64
}

// Open opens a model, of which the first input takes the image. Where images have inputs of their own
// sizes ([preprocess.Spec.Open]), a run has one image. Close it after use. ctx is for
// Open alone; see [runner.Open].
func Open[Out any](ctx context.Context, m *models.Model, task Task[Out], opt Options) (*Graph[Out], error) {
	if task.Batch > 0 && opt.Batch > 0 && opt.Batch != task.Batch {
		return nil, config.Errorf("%s takes batches of exactly %d: %s %d can't be used", m.Name, task.Batch, config.Key("batch"), opt.Batch)
	}
	if task.Input.Open() && (task.Batch > 1 || opt.Batch > 1) {
		return nil, config.Errorf("%s takes each image at a size of its own, and so one a run: %s %d can't be used", m.Name, config.Key("batch"), max(task.Batch, opt.Batch))
	}
	g := &Graph[Out]{model: m, task: task, opt: opt}
	work := runner.Work[part, Size, Out]{LoadSized: g.loadSized, Read: g.read}
	opt.Runner.Outputs = task.Outputs
	if !task.Input.Open() {
		work.Row, work.Load = task.Input.Shape(), g.load
		opt.Runner.Dims = func(provider string) map[string]int64 {
			batch, _ := g.batching(provider)
			return dims(m.Graph.Inputs[0], append([]int64{int64(batch)}, work.Row...))
		}
	}
	var err error
	if g.session, err = runner.Open(ctx, runner.Model{Path: m.Path, Data: m.Data, Graph: m.Graph}, opt.Runner); err != nil {
		return nil, err
	}
	batch, concurrency := g.batching(g.session.Provider)
	g.pool = runner.NewPool(g.session, work, runner.PoolOptions{
		Batch: batch, Concurrency: concurrency, Pad: task.Batch > 0 || g.session.Fixed, Linger: opt.Linger, Waiting: opt.Waiting})
	return g, nil
}

// batching is the options', or else what suits the graph and the provider.
func (g *Graph[Out]) batching(provider string) (batch, concurrency int) {
	batch, concurrency = g.opt.Runner.DefaultBatch(provider)
	switch {
	case g.task.Batch > 0:
		batch = g.task.Batch
	case g.opt.Batch > 0:
		batch = g.opt.Batch
	}
	if g.opt.Concurrency > 0 {
		concurrency = g.opt.Concurrency
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
// It may be called more than once, and within a range over Each.
func (g *Graph[Out]) Close() error {
	g.pool.Close()
	return g.session.Close()
}

// Session is the session that the graph runs on.
func (g *Graph[Out]) Session() *runner.Session { return g.session }

// Batching returns the images of one run, and the runs in flight.
func (g *Graph[Out]) Batching() (batch, concurrency int) { return g.pool.Batching() }

// Unturned returns how many images were read as they are stored though their file says how
// they are to be turned (an EXIF orientation), since the model's input ignores that.
func (g *Graph[Out]) Unturned() int64 { return g.unturned.Load() }

// Image is one encoded image (of a kind that [preprocess.Decode] knows). Images of calls at the same
// time share runs; with Options.Waiting, those that would be too many get [runner.ErrBusy].
// When ctx ends the call its decoding may go on: data must not be written for that long.
func (g *Graph[Out]) Image(ctx context.Context, data []byte) (Out, error) {
	one := Input{Name: "image", Read: func(context.Context) ([]byte, error) { return data, nil }}
	result, err := g.pool.Do(ctx, part{Input: one})
	return result, g.named(ctx, one, err)
}

// Each yields the result or error of each image, in their order, with the caller's own item.
// input is called once for each item and returns its image. Memory is bounded however many
// there are. When ctx is done it ends early; what it has yielded has no gaps. No work goes on
// after it ends, or after the range is left, except the caller's own: a Read that ignores its
// context, and items that block.
//
// Errors begin with the image's name; see [models.StageOf]. After a [SizeError] all further
// images would fail, too.
func Each[T, Out any](ctx context.Context, g *Graph[Out], items iter.Seq[T], input func(T) Input) iter.Seq[runner.Result[T, Out]] {
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
	return func(yield func(runner.Result[T, Out]) bool) {
		for r := range runner.Each(ctx, g.pool, ones, func(o one) part { return part{Input: o.input} }) {
			if !yield(runner.Result[T, Out]{Item: r.Item.item, Value: r.Value, Err: g.named(ctx, r.Item.input, r.Err)}) {
				return
			}
		}
	}
}

// named puts the image's name before its error.
func (g *Graph[Out]) named(ctx context.Context, in Input, err error) error {
	switch {
	case err == nil, ctx.Err() != nil && err == ctx.Err():
		return err
	case models.StageOf(err) == models.StageRun && ctx.Err() == nil:
		err = g.runError(err)
	}
	return fmt.Errorf("%s: %w", in.Name, err)
}

// load makes an image's row of a batch.
func (g *Graph[Out]) load(ctx context.Context, in part, row []byte) (Size, error) {
	return g.loadInto(ctx, in, func(*preprocess.Spec) ([]byte, error) { return row, nil })
}

// loadSized makes an image's tensor, which has a size of its own.
func (g *Graph[Out]) loadSized(ctx context.Context, in part, room runner.Room) (Size, error) {
	return g.loadInto(ctx, in, func(made *preprocess.Spec) ([]byte, error) { return room(made.Shape()) })
}

// loadInto makes an image's tensor in the memory that room gives for its spec.
func (g *Graph[Out]) loadInto(ctx context.Context, in part, room func(*preprocess.Spec) ([]byte, error)) (Size, error) {
	if in.of != nil {
		return g.tensorOf(in, room)
	}
	if g.opt.Timeout <= 0 {
		return g.decode(ctx, in.Input, room)
	}
	type loaded struct {
		size Size
		spec *preprocess.Spec
		row  []byte // of its own: a decoder that is left behind goes on to write
	}
	l, err := within(ctx, g.opt.Timeout, func(ctx context.Context) (l loaded, err error) {
		l.size, err = g.decode(ctx, in.Input, func(made *preprocess.Spec) ([]byte, error) {
			l.spec, l.row = made, make([]byte, made.Bytes())
			return l.row, nil
		})
		return l, err
	})
	if err != nil {
		return Size{}, err
	}
	row, err := room(l.spec)
	if err != nil {
		return Size{}, err
	}
	copy(row, l.row)
	return l.size, nil
}

// within calls f, which is left behind where it takes longer; 0: without a limit.
func within[T any](ctx context.Context, limit time.Duration, f func(context.Context) (T, error)) (T, error) {
	if limit <= 0 {
		return f(ctx)
	}
	late := fmt.Errorf("it was not read and decoded within %v", limit)
	limited, cancel := context.WithTimeoutCause(ctx, limit, late)
	defer cancel()
	made, err := runner.Await(limited, f)
	if err != nil && ctx.Err() == nil && context.Cause(limited) == late {
		var none T
		return none, models.StageDecode.Wrap(late)
	}
	return made, err
}

// decode makes an image's tensor in the memory that room gives.
func (g *Graph[Out]) decode(ctx context.Context, in Input, room func(*preprocess.Spec) ([]byte, error)) (Size, error) {
	data, err := runner.Await(ctx, in.Read)
	if err != nil {
		return Size{}, models.StageRead.Wrap(err)
	}
	opt := preprocess.LoadOptions{MaxPixels: g.opt.MaxPixels, Scaled: g.opt.Scaled, Unturned: &g.unturned}
	width, height, err := g.task.Input.LoadInto(data, opt, room)
	if err != nil {
		return Size{}, models.StageDecode.Wrap(err)
	}
	return Size{width, height}, nil
}

func (g *Graph[Out]) read(size Size, outputs []runner.Row) (Out, error) {
	g.ran.Store(true)
	return g.task.Read(size, outputs)
}
