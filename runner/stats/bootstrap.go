package stats

import (
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
)

// bootstraps is how often items are drawn anew for [Bootstrap].
const bootstraps = 500

// Bootstrap returns the 95 % interval of each of several figures of n items: the percentiles of what they are where
// items are drawn anew, with replacement (Efron and Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13).
// figures says what they are where item i counts times[i] times; it is called concurrently, keeps no times, and returns
// NaN for what is not known. The intervals of the same items are the same, on any number of cores. A figure that
// is not known in one of ten drawings, or of fewer than two items, has none: nil. Where ctx is done before all is drawn,
// there are none: the result is nil.
//
// Of a difference between two models, figures are the differences where both have the same items: so what an
// item is hard by for both of them does not widen the interval.
func Bootstrap(ctx context.Context, n int, figures func(times []int) []float64) []*Interval {
	drawn := make([][]float64, bootstraps)
	var next atomic.Int64
	var running sync.WaitGroup
	for range min(bootstraps, runtime.GOMAXPROCS(0)) {
		running.Go(func() {
			times := make([]int, n)
			for i := int(next.Add(1)) - 1; i < bootstraps && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				random := rand.New(rand.NewPCG(uint64(n), uint64(i)))
				clear(times)
				for range n {
					times[random.IntN(n)]++
				}
				drawn[i] = figures(times)
			}
		})
	}
	running.Wait()
	if ctx.Err() != nil {
		return nil
	}
	all := make([]*Interval, len(drawn[0]))
	for k := range all {
		var known []float64
		for _, d := range drawn {
			if !math.IsNaN(d[k]) {
				known = append(known, d[k])
			}
		}
		if n < 2 || len(known) < bootstraps*9/10 {
			continue
		}
		slices.Sort(known)
		all[k] = &Interval{quantile(known, (1-confidence)/2), quantile(known, (1+confidence)/2)}
	}
	return all
}
