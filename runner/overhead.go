package runner

import (
	"context"
	"time"
)

// overheadTurn is the number of runs of a turn of Overhead.
const overheadTurn = 16

// Overhead measures what Run costs over onnxruntime_go's own call: it runs the graph in
// turns by both, on the same tensors, for about d, and returns the single runs' times.
// outputs must be tensors of the right shapes.
func (s *Session) Overhead(ctx context.Context, inputs, outputs []*Tensor, d time.Duration) (own, bare []time.Duration, err error) {
	if err := s.enter(); err != nil {
		return nil, nil, err
	}
	defer s.gate.Leave()
	in, out := handles(inputs), handles(outputs)
	calls := []struct {
		took *[]time.Duration
		run  func() error
	}{
		{&own, func() error { return s.entered(ctx, inputs, outputs) }},
		{&bare, func() error { return s.session.Run(in, out) }},
	}
	for start := time.Now(); len(own) == 0 || time.Since(start) < d; {
		for _, c := range calls {
			for range overheadTurn {
				if err := ctx.Err(); err != nil {
					return nil, nil, err
				}
				begin := time.Now()
				if err := c.run(); err != nil {
					return nil, nil, err
				}
				*c.took = append(*c.took, time.Since(begin))
				if time.Since(start) > d && len(bare) > 0 {
					break
				}
			}
		}
	}
	return own, bare, nil
}
