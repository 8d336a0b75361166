package runner

import (
	"context"

	"ortho/runner/onnx"
)

// Work is what a task does around the runs of a graph with one input: an item fills one row
// of it, and what became of the item is made of its rows of the outputs. Whatever runs the
// graph item by item, a stream, a server or a benchmark, takes the same.
type Work[In, Mid, Out any] struct {
	Row []int64 // the input's shape without the batch dimension
	// Load fills the row with an item, and returns what Read is to know of it. It may be
	// called by several goroutines, and should end with its context.
	Load func(ctx context.Context, item In, row []byte) (Mid, error)
	// Read makes an item's result of its rows of the outputs, which are valid until it
	// returns. It may be called by several goroutines.
	Read func(mid Mid, outputs []Row) (Out, error)
}

// Row is one item's part of an output: its shape without the batch dimension.
type Row struct {
	Name  string
	Type  onnx.ElementType
	Shape []int64
	Data  []byte
}
