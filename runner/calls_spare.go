package runner

import (
	"slices"
	"sync"

	"ortho/runner/onnx"
)

// spareBytes bounds the memory of tensors that are kept for later runs.
const spareBytes = 64 << 20

// spareTensors are the inputs of runs that have ended: later runs of the same shape take them.
type spareTensors struct {
	most int // tensors

	mu    sync.Mutex
	free  []*Tensor // the one that was used last stands last
	bytes int
}

// take returns a tensor, whose elements are zeros or what an earlier run has left.
func (s *spareTensors) take(t onnx.ElementType, shape []int64) (*Tensor, error) {
	s.mu.Lock()
	for i, one := range slices.Backward(s.free) {
		if one.Type == t && slices.Equal(one.Shape, shape) {
			s.free = slices.Delete(s.free, i, i+1)
			s.bytes -= len(one.data)
			s.mu.Unlock()
			return one, nil
		}
	}
	s.mu.Unlock()
	return NewTensor(t, shape)
}

// give keeps tensors, and frees those that were not used longest where they are too many.
func (s *spareTensors) give(all []*Tensor) {
	s.mu.Lock()
	var gone []*Tensor
	for _, t := range all {
		if t.Type == onnx.String || len(t.data) > spareBytes {
			gone = append(gone, t)
			continue
		}
		s.free = append(s.free, t)
		s.bytes += len(t.data)
	}
	for len(s.free) > s.most || s.bytes > spareBytes {
		gone = append(gone, s.free[0])
		s.bytes -= len(s.free[0].data)
		s.free = slices.Delete(s.free, 0, 1)
	}
	s.mu.Unlock()
	for _, t := range gone {
		t.Close()
	}
}

func (s *spareTensors) close() {
	for _, t := range s.free {
		t.Close()
	}
	s.free = nil
}
