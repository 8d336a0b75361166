package runner

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"

	"ortho/runner/onnx"
)

// tryGraph sums the 2x2 windows of 3x3 numbers; scripts/make_try_graph.py makes it.
//
//go:embed try.onnx
var tryGraph []byte

// Try runs a small graph, one convolution, on a provider alone, in the library at path:
// that a provider was compiled in, or can be added to a session, does not mean that it
// runs. It loads the library for good, and what a broken driver does to the process it
// does to this one.
func Try(ctx context.Context, path string, p Provider) error {
	graph, err := onnx.Read(bytes.NewReader(tryGraph), int64(len(tryGraph)))
	if err != nil {
		return err
	}
	s, err := Open(ctx, Model{Data: tryGraph, Graph: graph}, Options{Library: path, Providers: []Provider{p}})
	var unusable *ProviderError
	if errors.As(err, &unusable) {
		return unusable.Reason
	}
	if err != nil {
		return err
	}
	defer s.Close()
	x, err := NewTensor(onnx.Float, []int64{1, 1, 3, 3})
	if err != nil {
		return err
	}
	defer x.Close()
	for i := range x.Float32s() {
		x.Float32s()[i] = float32(i)
	}
	y, err := NewTensor(onnx.Float, []int64{1, 1, 2, 2})
	if err != nil {
		return err
	}
	defer y.Close()
	if err := s.Run(ctx, []*Tensor{x}, []*Tensor{y}); err != nil {
		return err
	}
	if want := []float32{8, 12, 20, 24}; !slices.Equal(y.Float32s(), want) {
		return fmt.Errorf("a convolution gives %v, not %v", y.Float32s(), want)
	}
	return nil
}
