package boxes

import (
	"fmt"
	"math"
)

// RLE is a mask of an image, as COCO has it: runs of 0 and 1 in turn, down each column, compressed.
type RLE struct {
	Size   [2]int `json:"size"` // height and width
	Counts string `json:"counts"`
}

// Mask is that of a box, of the whole image: the prototypes weighted by the box's coefficients,
// enlarged bilinearly to the image, above 0 and within the box, as Ultralytics' process_mask_native
// does it (retina_masks). nil where nothing is left of it.
func (h *Head) Mask(at Place, outputs []Tensor, b Box) (*RLE, error) {
	if h.mask != nil {
		return h.mask(at, outputs, b)
	}
	protos := outputs[1]
	if len(protos.Shape) != 3 {
		return nil, errShape(protos, "prototypes of masks")
	}
	weights := h.extra(at.Input, outputs, b.At)
	n, high, wide := protos.Shape[0], protos.Shape[1], protos.Shape[2]
	if n != len(weights) {
		return nil, fmt.Errorf("output %s has %d prototypes of masks, and a box %d coefficients", protos.Name, n, len(weights))
	}
	plane := &surface{wide, high, make([]float32, wide*high)}
	for i, weight := range weights {
		for k, v := range protos.Values[i*wide*high : (i+1)*wide*high] {
			plane.values[k] += weight * v
		}
	}
	if by := wholeSteps(high, wide, at.Image); by > 1 {
		plane = plane.resized(0, 0, wide, high, wide*by, high*by, area{0, 0, wide * by, high * by})
	}
	left, top, width, height := plane.content(at.Image)
	from := area{bound(b.Rect[0], at.Image.Width), bound(b.Rect[1], at.Image.Height), bound(b.Rect[2], at.Image.Width), bound(b.Rect[3], at.Image.Height)}
	if from.x0 >= from.x1 || from.y0 >= from.y1 {
		return nil, nil
	}
	shown := plane.resized(left, top, width, height, at.Image.Width, at.Image.Height, from)
	return runs(shown, from, at.Image), nil
}

// painted is a box's mask out of an output that has one of the whole input for each box, from 0 to 1:
// what is above 0.5.
func painted(at Place, masks Tensor, b Box) (*RLE, error) {
	if n := len(masks.Shape); n < 3 || int(b.At) >= masks.Shape[0] || n == 4 && masks.Shape[1] != 1 || n > 4 {
		return nil, errShape(masks, "a mask for each box")
	}
	high, wide := masks.Shape[len(masks.Shape)-2], masks.Shape[len(masks.Shape)-1]
	if high < 1 || wide < 1 {
		return nil, errShape(masks, "a mask for each box")
	}
	from := area{0, 0, at.Image.Width, at.Image.Height}
	own := surface{wide, high, masks.Values[int(b.At)*wide*high:][:wide*high]}
	shown := own.resized(0, 0, wide, high, at.Image.Width, at.Image.Height, from)
	for i := range shown.values {
		shown.values[i] -= 0.5
	}
	if m := runs(shown, from, at.Image); m != nil {
		return m, nil
	}
	return &RLE{[2]int{at.Image.Height, at.Image.Width}, compressed([]int{at.Image.Height * at.Image.Width})}, nil // the box is one all the same
}

// bound is the first pixel whose number is not below an edge of a box: crop_mask's.
func bound(v float32, edge int) int { return min(max(int(math.Ceil(float64(v))), 0), edge) }

type area struct{ x0, y0, x1, y1 int }

// surface are values of places.
type surface struct {
	width, height int
	values        []float32
}

// wholeSteps is by how much prototypes are enlarged, so that the padding of a letterbox is whole
// pixels of them.
func wholeSteps(high, wide int, image Size) int {
	gain := min(float64(4*high)/float64(image.Height), float64(4*wide)/float64(image.Width))
	pad := (4*high - max(int(math.RoundToEven(float64(image.Height)*gain)), 1)) | (4*wide - max(int(math.RoundToEven(float64(image.Width)*gain)), 1))
	pad |= floorHalf(pad)
	gcd := 4
	for pad%gcd != 0 {
		gcd /= 2
	}
	return 4 / gcd
}

func floorHalf(n int) int { return n >> 1 }

// content is the part of a surface that shows the image: scale_masks'.
func (s *surface) content(image Size) (left, top, width, height int) {
	gain := min(float64(s.height)/float64(image.Height), float64(s.width)/float64(image.Width))
	width, height = max(int(math.RoundToEven(float64(image.Width)*gain)), 1), max(int(math.RoundToEven(float64(image.Height)*gain)), 1)
	left = int(math.RoundToEven(float64(s.width-width)/2 - 0.1))
	top = int(math.RoundToEven(float64(s.height-height)/2 - 0.1))
	left, top = max(0, left), max(0, top)
	return left, top, min(width, s.width-left), min(height, s.height-top)
}

// resized is the area of the part of a surface enlarged bilinearly to toWidth x toHeight:
// torch's interpolate without align_corners.
func (s *surface) resized(left, top, width, height, toWidth, toHeight int, of area) *surface {
	out := &surface{of.x1 - of.x0, of.y1 - of.y0, make([]float32, (of.x1-of.x0)*(of.y1-of.y0))}
	if toWidth == width && toHeight == height {
		for y := of.y0; y < of.y1; y++ {
			copy(out.values[(y-of.y0)*out.width:], s.values[(top+y)*s.width+left+of.x0:][:out.width])
		}
		return out
	}
	across, down := steps(width, toWidth, of.x0, of.x1), steps(height, toHeight, of.y0, of.y1)
	for y, d := range down {
		a, b := s.values[(top+d.at)*s.width+left:], s.values[(top+d.next)*s.width+left:]
		row := out.values[y*out.width:][:out.width]
		for x, c := range across {
			row[x] = d.near*(c.near*a[c.at]+c.far*a[c.next]) + d.far*(c.near*b[c.at]+c.far*b[c.next])
		}
	}
	return out
}

type step struct {
	at, next  int
	near, far float32
}

func steps(n, to, from, end int) []step {
	scale := float32(n) / float32(to)
	all := make([]step, end-from)
	for i := range all {
		v := max(0, scale*(float32(from+i)+0.5)-0.5)
		at := min(int(v), n-1)
		far := v - float32(at)
		all[i] = step{at, min(at+1, n-1), 1 - far, far}
	}
	return all
}

// runs are those of a mask of an image, of which the area has values; nil where none is above 0.
func runs(s *surface, of area, image Size) *RLE {
	var counts []int
	run, one, any := 0, false, false
	for x := range image.Width {
		if x < of.x0 || x >= of.x1 {
			if one {
				counts, run, one = append(counts, run), 0, false
			}
			run += image.Height
			continue
		}
		add := func(n int, is bool) {
			if n > 0 && is != one {
				counts, run, one = append(counts, run), 0, is
			}
			run += n
		}
		add(of.y0, false)
		for y := range s.height {
			is := s.values[y*s.width+x-of.x0] > 0
			any = any || is
			add(1, is)
		}
		add(image.Height-of.y1, false)
	}
	if !any {
		return nil
	}
	return &RLE{[2]int{image.Height, image.Width}, compressed(append(counts, run))}
}

// compressed is pycocotools' rleToString: each run less the one two before it, in digits of 5 bits.
func compressed(counts []int) string {
	var b []byte
	for i, n := range counts {
		if i > 2 {
			n -= counts[i-2]
		}
		for more := true; more; {
			digit := byte(n & 31)
			n >>= 5
			if more = n != 0 && digit&16 == 0 || n != -1 && digit&16 != 0; more {
				digit |= 32
			}
			b = append(b, digit+48)
		}
	}
	return string(b)
}

// mostPixels bounds the masks that Pixels reads.
const mostPixels = 1 << 28

// Pixels are the mask's, row by row.
func (m *RLE) Pixels() ([]bool, error) {
	runs, err := m.parts()
	if err != nil {
		return nil, err
	}
	height, width := m.Size[0], m.Size[1]
	pixels := make([]bool, height*width)
	for _, r := range runs {
		for at := r[0]; at < r[1]; at++ {
			pixels[at%height*width+at/height] = true
		}
	}
	return pixels, nil
}

// parts are the runs of the mask's pixels, from and to, down each column, the columns from left to right.
func (m *RLE) parts() ([][2]int, error) {
	height, width := m.Size[0], m.Size[1]
	if height < 1 || width < 1 || height > mostPixels/width {
		return nil, fmt.Errorf("a mask of %dx%d pixels", width, height)
	}
	var runs [][2]int
	var counts []int
	at, one := 0, false
	for i := 0; i < len(m.Counts); {
		n, shift := 0, 0
		for more := true; more; shift += 5 {
			if i == len(m.Counts) || shift > 50 {
				return nil, fmt.Errorf("its run %d does not end", len(counts))
			}
			digit := int(m.Counts[i]) - 48
			if digit < 0 || digit > 63 {
				return nil, fmt.Errorf("its character %d is of no run", i)
			}
			i++
			n |= digit & 31 << shift
			if more = digit&32 != 0; !more && digit&16 != 0 {
				n |= -1 << (shift + 5)
			}
		}
		if len(counts) > 2 {
			n += counts[len(counts)-2]
		}
		if n < 0 || n > height*width-at {
			return nil, fmt.Errorf("its run %d of %d pixels is none of %dx%d", len(counts), n, width, height)
		}
		counts = append(counts, n)
		if one && n > 0 {
			runs = append(runs, [2]int{at, at + n})
		}
		at += n
		one = !one
	}
	if at != height*width {
		return nil, fmt.Errorf("its runs have %d pixels, and it %d", at, height*width)
	}
	return runs, nil
}
