package faces

import (
	"math"
	"slices"

	"ortho/preprocess"
)

// Restored is a face of Size by Size pixels, and the map that has aligned it.
type Restored struct {
	*preprocess.Image // of 3 channels
	Aligned           preprocess.Affine
}

// area is a part of a picture: its first pixel, and the first beyond it.
type area struct{ x0, y0, x1, y1 int }

func (a area) meets(b area) bool { return a.x0 < b.x1 && b.x0 < a.x1 && a.y0 < b.y1 && b.y0 < a.y1 }

func (a area) with(b area) area {
	return area{min(a.x0, b.x0), min(a.y0, b.y0), max(a.x1, b.x1), max(a.y1, b.y1)}
}

// Paste puts faces back into the picture that they come from, in which scale pixels stand for one of the image that they
// were found in, one after the other. It is facexlib's paste_faces_to_input_image without a parsing model: each
// face has a square mask, made smaller by a tenth of its edge and softened. Where that is 0, every byte
// stays.
func Paste(picture *preprocess.Image, all []Restored, scale float64) {
	type placed struct {
		Restored
		to   preprocess.Affine
		area area
	}
	var groups [][]placed
	for _, r := range all {
		p := placed{Restored: r, to: r.Aligned.Inverse()}
		for i := range p.to {
			p.to[i] *= scale
		}
		if scale > 1 {
			p.to[2] += 0.5 * scale
			p.to[5] += 0.5 * scale
		}
		p.area = areaOf(p.to, picture, scale)
		if p.area.x0 >= p.area.x1 || p.area.y0 >= p.area.y1 {
			continue
		}
		// Faces that meet share values that are not rounded yet; they keep their order.
		one := []placed{p}
		groups = slices.DeleteFunc(groups, func(g []placed) bool {
			if !slices.ContainsFunc(g, func(o placed) bool { return o.area.meets(p.area) }) {
				return false
			}
			one = append(slices.Clone(g), one...)
			return true
		})
		groups = append(groups, one)
	}
	for _, group := range groups {
		whole := group[0].area
		for _, p := range group {
			whole = whole.with(p.area)
		}
		values := newRegion(picture, whole)
		for _, p := range group {
			values.blend(p.area, softMask(p.to, p.area, scale), p.Image, p.to)
		}
		values.put(picture)
	}
}

// areaOf is the part of a picture that a face's mask may touch, with room for it to be softened.
func areaOf(to preprocess.Affine, picture *preprocess.Image, scale float64) area {
	lowX, lowY, highX, highY := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, c := range [][2]float64{{-1, -1}, {Size, -1}, {-1, Size}, {Size, Size}} {
		x, y := to.At(c[0], c[1])
		lowX, lowY, highX, highY = min(lowX, x), min(lowY, y), max(highX, x), max(highY, y)
	}
	room := 2*scale + 4 + max(highX-lowX, highY-lowY)/5
	clip := func(v float64, most int) int { return int(min(max(v, 0), float64(most))) }
	return area{clip(math.Floor(lowX-room), picture.Width), clip(math.Floor(lowY-room), picture.Height),
		clip(math.Ceil(highX+room), picture.Width), clip(math.Ceil(highY+room), picture.Height)}
}

// masks are how much of a face is taken of each pixel: hard is what the face itself is multiplied by, soft how
// it is mixed with the picture.
type masks struct{ hard, soft []float32 }

func softMask(to preprocess.Affine, a area, scale float64) masks {
	width, height := a.x1-a.x0, a.y1-a.y0
	hard := eroded(preprocess.WarpedOnes(Size, to, a.x0, a.y0, width, height), width, int(2*scale))
	sum := 0.0
	for _, v := range hard {
		sum += float64(v)
	}
	edge := int(math.Sqrt(sum)) / 20
	return masks{hard, blurred(eroded(hard, width, 2*edge), width, 2*edge+1)}
}

// eroded is cv2.erode with a square of ones: the least value of k by k, of which what lies outside has none. A
// square of nothing is one of 3 by 3, as OpenCV has it.
func eroded(values []float32, width, k int) []float32 {
	if k == 0 {
		k = 3
	}
	height := len(values) / width
	out, row := slices.Clone(values), make([]float32, max(width, height))
	for y := range height {
		line := out[y*width : (y+1)*width]
		copy(row, line)
		least(line, row[:width], 1, k)
	}
	for x := range width {
		for y := range height {
			row[y] = out[y*width+x]
		}
		least(out[x:], row[:height], width, k)
	}
	return out
}

// least writes the least of k values around each, from k/2 before it, to every step-th of dst.
func least(dst, src []float32, step, k int) {
	var window []int // of rising values, whose first is the least
	next := 0
	for i := range src {
		for ; next < len(src) && next <= i-k/2+k-1; next++ {
			for len(window) > 0 && src[window[len(window)-1]] >= src[next] {
				window = window[:len(window)-1]
			}
			window = append(window, next)
		}
		for window[0] < i-k/2 {
			window = window[1:]
		}
		dst[i*step] = src[window[0]]
	}
}

// blurred is cv2.GaussianBlur with a kernel of k values, odd, and OpenCV's own sigma for it; edges are reflected.
func blurred(values []float32, width, k int) []float32 {
	kernel, height := gaussian(k), len(values)/width
	out := make([]float32, len(values))
	pass := func(dst, src []float32, n, step int) {
		for i := range n {
			sum := float32(kernel[k/2] * src[i*step])
			for j := 1; j <= k/2; j++ { // in pairs, as OpenCV adds them
				sum += float32(kernel[k/2+j] * float32(src[reflected(i-j, n)*step]+src[reflected(i+j, n)*step]))
			}
			dst[i*step] = sum
		}
	}
	between := make([]float32, len(values))
	for y := range height {
		pass(between[y*width:(y+1)*width], values[y*width:(y+1)*width], width, 1)
	}
	for x := range width {
		pass(out[x:], between[x:], height, width)
	}
	return out
}

// reflected is a place beyond an edge, mirrored at the last pixel.
func reflected(i, n int) int {
	for n > 1 && (i < 0 || i >= n) {
		if i < 0 {
			i = -i
		} else {
			i = 2*n - 2 - i
		}
	}
	return max(0, min(i, n-1))
}

// gaussian is cv2.getGaussianKernel(k, 0): short ones are of a table.
func gaussian(k int) []float32 {
	switch k {
	case 1:
		return []float32{1}
	case 3:
		return []float32{0.25, 0.5, 0.25}
	case 5:
		return []float32{0.0625, 0.25, 0.375, 0.25, 0.0625}
	case 7:
		return []float32{0.03125, 0.109375, 0.21875, 0.28125, 0.21875, 0.109375, 0.03125}
	case 9:
		return []float32{4.0 / 256, 13.0 / 256, 30.0 / 256, 51.0 / 256, 60.0 / 256, 51.0 / 256, 30.0 / 256, 13.0 / 256, 4.0 / 256}
	}
	sigma := (float64(k-1)*0.5-1)*0.3 + 0.8
	weights, sum := make([]float64, k), 0.0
	for i := range weights {
		x := float64(i) - float64(k-1)/2
		weights[i] = math.Exp(-x * x / (2 * sigma * sigma))
		sum += weights[i]
	}
	kernel := make([]float32, k)
	for i, w := range weights {
		kernel[i] = float32(w / sum)
	}
	return kernel
}

// region is a part of a picture whose values are not rounded.
type region struct {
	area
	values []float32
	taken  []bool // some face has a part in the pixel
}

func newRegion(picture *preprocess.Image, a area) *region {
	r := &region{area: a}
	for y := a.y0; y < a.y1; y++ {
		for _, v := range picture.Pix[3*(y*picture.Width+a.x0) : 3*(y*picture.Width+a.x1)] {
			r.values = append(r.values, float32(v))
		}
	}
	r.taken = make([]bool, len(r.values)/3)
	return r
}

// blend mixes a face in, by masks of its area.
func (r *region) blend(a area, m masks, face *preprocess.Image, to preprocess.Affine) {
	width := a.x1 - a.x0
	drawn := &preprocess.Image{Width: width, Height: a.y1 - a.y0, Channels: 3, Pix: make([]byte, 3*len(m.soft))}
	face.WarpInto(drawn, to, a.x0, a.y0, []byte{0, 0, 0})
	for i, soft := range m.soft {
		if soft == 0 {
			continue
		}
		at := (i/width+a.y0-r.y0)*(r.x1-r.x0) + i%width + a.x0 - r.x0
		r.taken[at] = true
		for c := range 3 {
			pasted := m.hard[i] * float32(drawn.Pix[3*i+c])
			r.values[3*at+c] = float32(soft*pasted) + float32((1-soft)*r.values[3*at+c])
		}
	}
}

// put writes the pixels that a face has a part in, cut to bytes as NumPy does.
func (r *region) put(picture *preprocess.Image) {
	width := r.x1 - r.x0
	for i, taken := range r.taken {
		if !taken {
			continue
		}
		to := picture.Pix[3*((i/width+r.y0)*picture.Width+i%width+r.x0):]
		for c := range 3 {
			to[c] = byte(min(max(r.values[3*i+c], 0), 255))
		}
	}
}
