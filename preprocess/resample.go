package preprocess

import "math"

// precision is Pillow's PRECISION_BITS: filter coefficients are fixed point
// numbers with so many fractional bits (libImaging/Resample.c).
const precision = 32 - 8 - 2

// kernel is a resampling filter: its value at x, and the distance from the
// centre at which it ends.
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
		x *= math.Pi
		return math.Sin(x) / x * (0.54 + 0.46*math.Cos(x))
	}},
	Bicubic: {2, func(x float64) float64 {
		const a = -0.5
		x = math.Abs(x)
		switch {
		case x < 1:
			return ((a+2)*x-(a+3))*x*x + 1
		case x < 2:
			return (((x-5)*x+8)*x - 4) * a
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

// taps holds, for output positions first..first+n, where the filter begins in the
// input and its fixed-point coefficients (width of them for each position).
type taps struct {
	start  []int
	count  []int
	weight []int32
	width  int
}

// filterTaps computes the taps of output positions [from, to) of a resize from in
// to out pixels: Pillow's precompute_coeffs and normalize_coeffs_8bpc.
func filterTaps(in, out, from, to int, f Filter) taps {
	k := kernels[f]
	scale := float64(in) / float64(out)
	filterScale := max(scale, 1)
	support := k.support * filterScale
	width := int(math.Ceil(support))*2 + 1
	t := taps{make([]int, to-from), make([]int, to-from), make([]int32, (to-from)*width), width}
	values := make([]float64, width)
	inverse := 1 / filterScale
	for i := range to - from {
		center := (float64(from+i) + 0.5) * scale
		lo := max(0, int(center-support+0.5))
		hi := min(in, int(center+support+0.5))
		n := hi - lo
		sum := 0.0
		for x := range n {
			values[x] = k.at((float64(x+lo) - center + 0.5) * inverse)
			sum += values[x]
		}
		w := t.weight[i*width:]
		for x := range n {
			v := values[x]
			if sum != 0 {
				v /= sum
			}
			if v < 0 {
				w[x] = int32(-0.5 + v*(1<<precision))
			} else {
				w[x] = int32(0.5 + v*(1<<precision))
			}
		}
		t.start[i], t.count[i] = lo, n
	}
	return t
}
