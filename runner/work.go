package runner

import (
	"context"
	"fmt"
	"runtime/debug"

	"ortho/runner/onnx"
)

// Work is what a task does around the runs of a graph with one input: an item fills one row
// of it, and its result is made from its rows of the output tensors. Whatever runs the
// graph item by item, a stream, a server or a benchmark, takes the same.
type Work[In, Mid, Out any] struct {
	// Row is the input's shape without the batch dimension; nil where each item has its own: then
	// LoadSized is called in place of Load, and a run has one item.
	Row []int64
	// Load fills the row with an item, and returns what Read needs to know about it. It may be
	// called by several goroutines, and should end with its context. A panic costs the item.
	Load func(ctx context.Context, item In, row []byte) (Mid, error)
	// LoadSized is Load of an item with a shape of its own: it calls room once, with that shape, and
	// fills the row that it returns.
	LoadSized func(ctx context.Context, item In, room Room) (Mid, error)
	// Read turns an item's rows of the output tensors, which are valid until it returns, into its
	// result. It may be called by several goroutines. A panic fails the item.
	Read func(mid Mid, outputs []Row) (Out, error)
}

// Room returns the memory of a row of the input, zeros or what an earlier row has left there. It fails
// where a tensor of the shape (without the batch dimension) can't be had.
type Room func(shape []int64) ([]byte, error)

// Row is one item's part of an output: its shape without the batch dimension.
type Row struct {
	Name  string
	Type  onnx.ElementType
	Shape []int64
	Data  []byte
}

// PanicError is a panic within a [Work].
type PanicError struct {
	Value any
	Stack []byte
}

func (e *PanicError) Error() string { return fmt.Sprintf("panic: %v", e.Value) }

// guarded calls f and turns a panic into an error, which fails only its own item.
func guarded[T any](f func() (T, error)) (value T, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &PanicError{r, debug.Stack()}
		}
	}()
	return f()
}
