package evaluate

import (
	"errors"
	"math"
	"runtime"
	"sync"
	"sync/atomic"

	"ortho/runner/stats"
)

// Fitted is the temperature that makes the truth most probable: Guo et al. (2017),
// section 4.2. The order of the classes, and so what is right, stays the same.
//
// ECE and NLL are cross-fitted: of two halves (each second item) each is evaluated at the
// temperature of the other, since one that is evaluated on what it was fitted to looks
// better than it is.
type Fitted struct {
	Temperature *float64 `json:"temperature"`
	// Low and High are its 95 % interval (Wald's, with a robust standard error, of its
	// inverse). High is null where that is not bounded.
	Low  *float64 `json:"low"`
	High *float64 `json:"high"`
	// Items is how many it was fitted to: all, or a sample.
	Items int `json:"items"`
	// Halves are the temperatures of the two, ECE and NLL those of the items with them.
	Halves []float64 `json:"halves,omitempty"`
	ECE    *float64  `json:"ece"`
	NLL    *float64  `json:"nll"`
	Reason string    `json:"reason,omitempty"` // why figures are null
}

// MinTemperature and MaxTemperature bound the temperatures that are fitted.
const MinTemperature, MaxTemperature = 0.05, 20

var (
	errCold = errors.New("the truth only gets more probable as the temperature falls to 0.05: too few of the answers are wrong")
	errHot  = errors.New("the truth only gets more probable as the temperature rises to 20: the probabilities tell nothing of it")
)

func fitted(items []scored) Fitted {
	f := Fitted{Items: len(items)}
	inverse, deviation, err := fit(items, 1)
	if err != nil {
		f.Reason = err.Error()
		return f
	}
	f.Temperature = new(1 / inverse)
	f.Low = new(1 / (inverse + stats.Z95*deviation))
	if low := inverse - stats.Z95*deviation; low > 0 {
		f.High = new(1 / low)
	}
	var halves [2][]scored
	for i, s := range items {
		halves[i%2] = append(halves[i%2], s)
	}
	var inverses [2]float64
	for i, half := range halves {
		if inverses[i], _, err = fit(half, inverse); err != nil {
			f.Reason = "a half of the items is too few to fit a temperature that the other is judged by: " + err.Error()
			return f
		}
		f.Halves = append(f.Halves, 1/inverses[i])
	}
	a, b := sums(halves[0], inverses[1]), sums(halves[1], inverses[0])
	a.add(&b)
	f.ECE, f.NLL = new(ece(&a.bins)), new(a.nll/float64(a.n))
	return f
}

// fit minimises the mean NLL, which is convex in the inverse temperature, by Newton's
// method from start, within bounds that close in. It returns the inverse and its standard error.
func fit(items []scored, start float64) (inverse, deviation float64, err error) {
	low, high := 1.0/MaxTemperature, 1/MinTemperature
	if len(items) == 0 || sums(items, high).slope <= 0 {
		return 0, 0, errCold
	}
	if sums(items, low).slope >= 0 {
		return 0, 0, errHot
	}
	for inverse = start; ; {
		s := sums(items, inverse)
		if s.slope > 0 {
			high = inverse
		} else {
			low = inverse
		}
		next := inverse - s.slope/s.curvature
		if !(next > low && next < high) {
			next = math.Sqrt(low * high)
		}
		if math.Abs(next-inverse) <= 1e-10*inverse || high-low <= 1e-10*inverse {
			return inverse, math.Sqrt(s.slopes2) / s.curvature, nil
		}
		inverse = next
	}
}

// totals are sums over items at one inverse temperature: the NLL, its first and second
// derivative, the squares of the items' own first ones, and the bins.
type totals struct {
	n                              int
	nll, slope, curvature, slopes2 float64
	bins                           [Bins]bin
}

func (t *totals) add(o *totals) {
	t.n += o.n
	t.nll += o.nll
	t.slope += o.slope
	t.curvature += o.curvature
	t.slopes2 += o.slopes2
	for i, b := range o.bins {
		t.bins[i].n += b.n
		t.bins[i].right += b.right
		t.bins[i].sum += b.sum
		t.bins[i].variance += b.variance
	}
}

// sums goes over the items on all cores. It adds the parts up in their order, so that the
// result is the same on any number of them.
func sums(items []scored, inverse float64) totals {
	const size = 256
	parts := make([]totals, (len(items)+size-1)/size)
	var next atomic.Int64
	var running sync.WaitGroup
	for range min(len(parts), runtime.GOMAXPROCS(0)) {
		running.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(parts); i = int(next.Add(1)) - 1 {
				for _, s := range items[i*size : min(len(items), (i+1)*size)] {
					parts[i].item(s, inverse)
				}
			}
		})
	}
	running.Wait()
	var all totals
	for i := range parts {
		all.add(&parts[i])
	}
	return all
}

func (t *totals) item(s scored, inverse float64) {
	predicted, _ := place(s.values, s.truth)
	top := float64(s.values[predicted])
	sum, first, second := 0.0, 0.0, 0.0
	for _, v := range s.values {
		z := float64(v) - top
		x := math.Exp(inverse * z)
		sum += x
		first += x * z
		second += x * z * z
	}
	mean, z := first/sum, float64(s.values[s.truth])-top
	slope := mean - z
	t.n++
	t.nll += math.Log(sum) - inverse*z
	t.slope += slope
	t.slopes2 += slope * slope
	t.curvature += second/sum - mean*mean
	t.bins[binOf(1/sum)].add(1/sum, predicted == s.truth)
}
