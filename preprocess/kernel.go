package preprocess

import "math"

// precision is Pillow's PRECISION_BITS: filter coefficients are fixed point
// numbers with so many fractional bits (libImaging/Resample.c).
const precision = 32 - 8 - 2

// kernel is a resampling filter: its value at x, and the distance from the
// centre at which it ends. The conversions to float64 keep a compiler from fusing
// a multiplication with an addition, which would round otherwise.
type kernel struct {
	support float64
	at      func(x float64) float64
}

var kernels = map[Filter]kernel{
	Box: {0.5, func(x float64) float64 {
		if x > -0.5 && x <= 0.5 {
			return 1
		}
		return 0
	}},
	Bilinear: {1, func(x float64) float64 { return max(0, 1-math.Abs(x)) }},
	Hamming: {1, func(x float64) float64 {
		x = math.Abs(x)
		if x == 0 {
			return 1
		}
		if x >= 1 {
			return 0
		}
		// Pillow's two constants are single precision.
		const a, b = float64(float32(0.54)), float64(float32(0.46))
		x *= math.Pi
		return float64(math.Sin(x)/x) * (a + float64(b*math.Cos(x)))
	}},
	Bicubic: {2, func(x float64) float64 {
		const a = -0.5
		x = math.Abs(x)
		switch {
		case x < 1:
			return float64((float64((a+2)*x)-(a+3))*x*x) + 1
		case x < 2:
			return (float64((float64((x-5)*x)+8)*x) - 4) * a
		}
		return 0
	}},
	Lanczos: {3, func(x float64) float64 {
		if -3 <= x && x < 3 {
			return sinc(x) * sinc(x/3)
		}
		return 0
	}},
}

func sinc(x float64) float64 {
	if x == 0 {
		return 1
	}
	x *= math.Pi
	return math.Sin(x) / x
}

// resize1D names the outputs from..to of an edge that goes from in to out pixels.
type resize1D struct {
	in, out, from, to int
	filter            Filter
}

// taps holds a resize's filter for each of its outputs: where it begins in the
// input, and its fixed-point coefficients.
type taps struct {
	of     resize1D
	start  []int
	weight [][]int32
	pairs  []pair
	// what the above is cut from
	weights []int32
	packed  []int64
	values  []float64
}

// pair is the filters of two neighbouring outputs over the inputs that either
// reaches: the first's coefficient plus 2^32 times the second's, so that one
// multiplication serves both. See lanes.
type pair struct {
	start  int
	weight []int64
}

// prepare computes the taps, Pillow's precompute_coeffs and
// normalize_coeffs_8bpc, unless they are there from an earlier call.
func (t *taps) prepare(of resize1D) {
	if t.of == of {
		return
	}
	t.of = of
	k := kernels[of.filter]
	scale := float64(float32(of.in)) / float64(of.out)
	filterScale := max(scale, 1)
	support := float64(k.support * filterScale)
	width := int(math.Ceil(support))*2 + 1
	inverse := 1 / filterScale
	n := of.to - of.from
	t.start, t.weight = grown(t.start, n), grown(t.weight, n)
	t.weights, t.values = grown(t.weights, n*width), grown(t.values, width)
	for i := range n {
		center := float64((float64(of.from+i) + 0.5) * scale)
		lo := max(0, int(center-support+0.5))
		hi := min(of.in, int(center+support+0.5))
		values := t.values[:hi-lo]
		sum := 0.0
		for x := range values {
			values[x] = k.at((float64(x+lo) - center + 0.5) * inverse)
			sum += values[x]
		}
		w := t.weights[i*width:][:hi-lo]
		for x, v := range values {
			if sum != 0 {
				v /= sum
			}
			w[x] = int32(math.Copysign(0.5, v) + v*(1<<precision))
		}
		t.start[i], t.weight[i] = lo, w
	}
	t.pair()
}

// pair packs the taps by twos; an odd last one is paired with nothing.
func (t *taps) pair() {
	n := len(t.start)
	t.pairs = grown(t.pairs, (n+1)/2)
	size := 0
	for i := range t.pairs {
		a, b := 2*i, min(2*i+1, n-1)
		size += max(t.start[a]+len(t.weight[a]), t.start[b]+len(t.weight[b])) - t.start[a]
	}
	t.packed = grown(t.packed, size)
	free := t.packed
	clear(free)
	for i := range t.pairs {
		a, b := 2*i, min(2*i+1, n-1)
		start := t.start[a] // never right of the second's
		size := max(start+len(t.weight[a]), t.start[b]+len(t.weight[b])) - start
		w := free[:size:size]
		free = free[size:]
		for x, v := range t.weight[a] {
			w[x] = int64(v)
		}
		if b > a {
			for x, v := range t.weight[b] {
				w[t.start[b]-start+x] += int64(v) << 32
			}
		}
		t.pairs[i] = pair{start, w}
	}
}

// span returns the inputs that the taps reach: from lo up to hi.
func (t *taps) span() (lo, hi int) {
	lo = t.start[0]
	for i, start := range t.start {
		lo, hi = min(lo, start), max(hi, start+len(t.weight[i]))
	}
	return lo, hi
}

// bothHalves is the 0.5 that rounds, in either lane.
const bothHalves = 1<<(precision-1) | 1<<(precision-1+32)

// lanes rounds the two fixed-point sums in v to pixels. v is first + second<<32
// as whole numbers: a negative first has borrowed from the second. Both sums fit
// 32 bits, as they must in Pillow.
func lanes(v int64) (first, second byte) {
	low := int32(v)
	return clip8(low), clip8(int32((v - int64(low)) >> 32))
}

// clip8 rounds a fixed-point sum, to which a half was added, to a pixel.
func clip8(v int32) byte { return byte(min(max(v>>precision, 0), 255)) }

// grown returns n elements of memory, b's where it has them.
func grown[T any](b []T, n int) []T {
	if cap(b) < n {
		return make([]T, n)
	}
	return b[:n]
}
