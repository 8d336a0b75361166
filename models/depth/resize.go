package depth

import "math"

// tap is which four values of a row a pixel is made of, and their weights.
type tap struct {
	at     [4]int
	weight [4]float32
}

// taps are those of torch's interpolate by bicubic without align_corners: Keys' kernel with a of -0.75, at edges the last
// value again, in float32 (aten/src/ATen/native/UpSample.h). It averages nowhere, however much a map shrinks.
func taps(from, to int) []tap {
	const a = -0.75
	near := func(x float32) float32 { return float32(float32((a+2)*x-(a+3))*x*x) + 1 }
	far := func(x float32) float32 { return float32(float32(float32(a*x-5*a)*x+8*a)*x) - 4*a }
	scale := float32(from) / float32(to)
	all := make([]tap, to)
	for i := range all {
		at := float32(scale*(float32(i)+0.5)) - 0.5
		first := int(math.Floor(float64(at)))
		t := at - float32(first)
		all[i].weight = [4]float32{far(t + 1), near(t), near(1 - t), far(2 - t)}
		for k := range 4 {
			all[i].at[k] = min(max(first-1+k, 0), from-1)
		}
	}
	return all
}

// resized is a map of width x height values at another size.
func resized(values []float32, width, height, toWidth, toHeight int) []float32 {
	if width == toWidth && height == toHeight {
		return values
	}
	across, down := taps(width, toWidth), taps(height, toHeight)
	out := make([]float32, toWidth*toHeight)
	// Neighbours share rows, which are kept as wide as the result.
	var wide [4][]float32
	held := [4]int{-1, -1, -1, -1}
	for i := range wide {
		wide[i] = make([]float32, toWidth)
	}
	widened := func(y int) []float32 {
		slot := y % 4
		row := wide[slot]
		if held[slot] != y {
			held[slot] = y
			from := values[y*width : (y+1)*width]
			for x, t := range across {
				row[x] = from[t.at[0]]*t.weight[0] + from[t.at[1]]*t.weight[1] + from[t.at[2]]*t.weight[2] + from[t.at[3]]*t.weight[3]
			}
		}
		return row
	}
	for y, t := range down {
		a, b, c, d := widened(t.at[0]), widened(t.at[1]), widened(t.at[2]), widened(t.at[3]) // four rows in sequence, or some twice
		row := out[y*toWidth : (y+1)*toWidth]
		for x := range row {
			row[x] = a[x]*t.weight[0] + b[x]*t.weight[1] + c[x]*t.weight[2] + d[x]*t.weight[3]
		}
	}
	return out
}
