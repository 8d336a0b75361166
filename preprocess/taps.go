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

var kernels = [...]kernel{
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

// resize1D names the outputs from..to of an edge that goes from in to out pixels, of which
// those from held on are there.
type resize1D struct {
	in, out, from, to int
	filter            Filter
	held              int
}

// reach gives the inputs lo..hi that output i is made of, and where among them its centre
// is: Pillow's precompute_coeffs. It is not for Nearest.
func (of resize1D) reach(i int) (center float64, lo, hi int) {
	if of.in == of.out {
		return float64(i), i, i + 1
	}
	scale := float64(float32(of.in)) / float64(of.out)
	support := float64(kernels[of.filter].support * max(scale, 1))
	center = float64((float64(i) + 0.5) * scale)
	return center, max(0, int(center-support+0.5)), min(of.in, int(center+support+0.5))
}

// taps holds a resize's filter for each of its outputs, as resample.h lays it out:
// where it begins in the input, and its fixed-point coefficients by groups of four.
type taps struct {
	of     resize1D
	groups int // of every output
	start  []int32
	weight []int16
	values []float64
}

// prepare computes the taps, unless they are there from an earlier call. A pass that
// only copies, or that takes the nearest pixel, has one tap that weighs 1.
func (t *taps) prepare(of resize1D) {
	if t.of == of {
		return
	}
	t.of = of
	n := of.to - of.from
	t.start = grown(t.start, n)
	switch {
	case of.filter == Nearest:
		nearestPositions(t.start, of)
	case of.in == of.out:
		for i := range t.start {
			t.start[i] = int32(of.from + i - of.held)
		}
	default:
		t.filter()
		return
	}
	t.clear(1)
	for i := range n {
		t.set(i, 0, 1<<precision)
	}
}

// filter is Pillow's precompute_coeffs and normalize_coeffs_8bpc.
func (t *taps) filter() {
	of := t.of
	k := kernels[of.filter]
	inverse := 1 / max(float64(float32(of.in))/float64(of.out), 1)
	most := 1
	for i := range t.start {
		_, lo, hi := of.reach(of.from + i)
		most = max(most, hi-lo)
	}
	t.clear((most + 3) / 4)
	t.values = grown(t.values, most)
	for i := range t.start {
		center, lo, hi := of.reach(of.from + i)
		values := t.values[:hi-lo]
		sum := 0.0
		for x := range values {
			values[x] = k.at((float64(x+lo) - center + 0.5) * inverse)
			sum += values[x]
		}
		t.start[i] = int32(lo - of.held)
		for x, v := range values {
			if sum != 0 {
				v /= sum
			}
			t.set(i, x, int32(math.Copysign(0.5, v)+v*(1<<precision)))
		}
	}
}

// clear makes room for so many groups an output, all zeros.
func (t *taps) clear(groups int) {
	t.groups = groups
	t.weight = grown(t.weight, len(t.start)*groups*8)
	clear(t.weight)
}

// set writes tap k of output i.
func (t *taps) set(i, k int, weight int32) {
	at := (i*t.groups+k/4)*8 + k%4
	low := int16(weight)
	t.weight[at], t.weight[at+4] = low, int16((weight-int32(low))>>16)
}

// nearestPositions gives the inputs that outputs show: Pillow's ImagingScaleAffine.
// It sums the positions up step by step, so their rounding errors add up too.
func nearestPositions(positions []int32, of resize1D) {
	step := float64(of.in) / float64(of.out)
	at := float64(step * 0.5)
	for range of.from {
		at += step
	}
	for i := range positions {
		positions[i] = int32(min(int(at), of.in-1) - of.held)
		at += step
	}
}

// grown returns n elements of memory, b's where it has them.
func grown[T any](b []T, n int) []T {
	if cap(b) < n {
		return make([]T, n)
	}
	return b[:n]
}
