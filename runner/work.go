package runner

import (
	"context"
	"fmt"
	"runtime/debug"

	"ortho/runner/onnx"
)

// Work is what a task does around the runs of a graph with one input: an item fills one row
// of it, and what became of the item is made of its rows of the outputs. Whatever runs the
// graph item by item, a stream, a server or a benchmark, takes the same.
type Work[In, Mid, Out any] struct {
	Row []int64 // the input's shape without the batch dimension
	// Load fills the row with an item, and returns what Read is to know of it. It may be
	// called by several goroutines, and should end with its context. A panic costs the item.
	Load func(ctx context.Context, item In, row []byte) (Mid, error)
	// Read makes an item's result of its rows of the outputs, which are valid until it
	// returns. It may be called by several goroutines. A panic costs the item.
	Read func(mid Mid, outputs []Row) (Out, error)
}

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

// guarded calls f, whose panic is an error: it costs its item, and nobody else's.
func guarded[T any](f func() (T, error)) (value T, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = &PanicError{r, debug.Stack()}
		}
	}()
	return f()
}
