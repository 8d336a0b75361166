package bench

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"ortho/runner"
	"ortho/runner/machine"
	"ortho/runner/stats"
)

// maxSamples is the number of single latencies that a round keeps.
const maxSamples = 1000

// run is one run of the graph: when it ended since the round's start, and how long it took.
type run struct{ end, took time.Duration }

// graphShare is the share of a round in which the graph runs alone where images are measured
// from the file to the result too: single runs' latencies can only be seen there.
const graphShare = 1. / 3

// round runs the graph in all slots at once and measures every run. The wall clock is
// that of the first run's start to the last one's end. Images are then measured
// from the file to the result.
func (w *worker) round(ctx context.Context, r *roundRequest) (*Round, *int64, error) {
	if err := w.drive(ctx, 0, r.Warmup*len(w.slots), nil); err != nil {
		return nil, nil, err
	}
	sincePeak := machine.ResetPeak()
	runs := make([][]run, len(w.slots))
	d := time.Duration(r.Seconds * float64(time.Second))
	share := 1.
	if w.images != nil {
		share = graphShare
	}
	if err := w.drive(ctx, time.Duration(share*float64(d)), r.Runs, runs); err != nil {
		return nil, nil, err
	}
	round := summarize(runs)
	if w.images != nil {
		images, wall, err := w.stream(ctx, time.Duration((1-share)*float64(d)), r.Runs)
		if err != nil {
			return nil, nil, err
		}
		round.Images, round.ImagesS = images, wall.Seconds()
	}
	if sincePeak != nil {
		return round, nil, nil // the peak would be that of creating the session
	}
	return round, signed(machine.Memory().Peak), nil
}

// drive runs for a while, and at least once a slot; or as many times as count says
// where it is not 0.
func (w *worker) drive(ctx context.Context, d time.Duration, count int, runs [][]run) error {
	if count == 0 && d == 0 {
		return nil
	}
	var left atomic.Int64 // of count
	left.Store(int64(count))
	errs := make([]error, len(w.slots))
	var failed atomic.Bool
	var wait sync.WaitGroup
	start := time.Now()
	for i, outputs := range w.slots {
		wait.Go(func() {
			var took []run
			begin := start
			for n := 0; !failed.Load(); n++ {
				if count > 0 && left.Add(-1) < 0 || count == 0 && n > 0 && begin.Sub(start) >= d {
					break
				}
				if errs[i] = w.runOnce(ctx, w.inputs[(i+n)%len(w.inputs)], outputs); errs[i] != nil {
					failed.Store(true)
					break
				}
				end := time.Now()
				took = append(took, run{end.Sub(start), end.Sub(begin)})
				begin = end
			}
			if runs != nil {
				runs[i] = took
			}
		})
	}
	wait.Wait()
	return errors.Join(errs...)
}

// runOnce runs into the slot's memory; outputs whose shapes change from run to run are
// allocated by each.
func (w *worker) runOnce(ctx context.Context, in, outputs []*runner.Tensor) error {
	fresh := make([]*runner.Tensor, len(outputs))
	if !w.varying {
		copy(fresh, outputs)
	}
	err := w.session.Run(ctx, in, fresh)
	if w.varying {
		closeTensors(fresh)
	} else {
		closeFresh(fresh, outputs)
	}
	return err
}

func summarize(runs [][]run) *Round {
	all := slices.Concat(runs...)
	slices.SortFunc(all, func(a, b run) int { return cmp.Compare(a.end, b.end) })
	r := &Round{Runs: len(all)}
	if len(all) == 0 {
		return r
	}
	r.WallS = all[len(all)-1].end.Seconds()
	every := (len(all) + maxSamples - 1) / maxSamples
	if every > 1 {
		r.EveryNth = every
	}
	for i := 0; i < len(all); i += every {
		r.LatencyMS = append(r.LatencyMS, short(milliseconds(all[i].took)))
	}
	return r
}

// overhead measures ortho's session and onnxruntime_go's, in turns on the same tensors.
func (w *worker) overhead(ctx context.Context, r *overheadRequest) (*Overhead, error) {
	if w.varying || slices.Contains(w.slots[0], nil) {
		return nil, errors.New("outputs are made by each run")
	}
	own, bare, err := w.session.Overhead(ctx, w.inputs[0], w.slots[0], time.Duration(r.Seconds*float64(time.Second)))
	if err != nil {
		return nil, err
	}
	o := &Overhead{Kind: KindOverhead, BareMS: summary(bare), OwnMS: summary(own)}
	o.CostMS = o.OwnMS.P50 - o.BareMS.P50
	return o, nil
}

func summary(took []time.Duration) stats.Summary {
	ms := make([]float64, len(took))
	for i, d := range took {
		ms[i] = milliseconds(d)
	}
	return stats.Summarize(ms)
}
