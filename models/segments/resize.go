package segments

import (
	"fmt"
	"math"

	"ortho/models/boxes"
)

// step is between which two values of a row a pixel lies.
type step struct {
	at, next  int
	near, far float32
}

// steps are those of an edge of an image: torch's interpolate by bilinear without align_corners, in its float32, and
// where the image is not all of the input, at its place in that.
func steps(scale, offset float64, image, input, n int) []step {
	all := make([]step, image)
	whole := offset == 0 && math.Abs(scale*float64(image)-float64(input)) < 1e-6
	by := float32(n) / float32(image)
	for i := range all {
		v := max(0, by*(float32(i)+0.5)-0.5)
		if !whole {
			v = float32(min(max(0, (scale*(float64(i)+0.5)+offset)*float64(n)/float64(input)-0.5), float64(n-1)))
		}
		at := min(int(v), n-1)
		far := v - float32(at)
		all[i] = step{at, min(at+1, n-1), 1 - far, far}
	}
	return all
}

// nearest are the places of an edge's pixels in a row of n: torch's interpolate by nearest, of the part that shows
// the image, whose edges are rounded as Ultralytics rounds them.
func nearest(scale, offset float64, image, input, n int) []int {
	by := float64(n) / float64(input)
	from := min(max(0, int(math.RoundToEven(offset*by-0.1))), n-1)
	part := min(max(1, int(math.RoundToEven(scale*float64(image)*by))), n-from)
	all := make([]int, image)
	each := float32(part) / float32(image)
	for i := range all {
		all[i] = from + min(int(float32(i)*each), part-1)
	}
	return all
}

// rows calls each with every row of the image: row gives plane c's, which is valid until it is called again. It
// holds two rows of every plane, as wide as the image.
func (s *stack) rows(at boxes.Place, each func(y int, row func(c int) []float32)) error {
	width := at.Image.Width
	if s.n > mostValues/width {
		return fmt.Errorf("%d maps of a width of %d pixels are too many", s.n, width)
	}
	across := steps(at.ScaleX, at.X, width, at.Input.Width, s.width)
	down := steps(at.ScaleY, at.Y, at.Image.Height, at.Input.Height, s.height)
	// wide are two rows of the planes, as wide as the image, and which these are.
	wide := [2][]float32{make([]float32, s.n*width), make([]float32, s.n*width)}
	have := [2]int{-1, -1}
	widen := func(slot, y int) []float32 {
		if have[slot] == y {
			return wide[slot]
		}
		for c := range s.n {
			from, to := s.plane(c)[y*s.width:(y+1)*s.width], wide[slot][c*width:(c+1)*width]
			for x, t := range across {
				to[x] = from[t.at]*t.near + from[t.next]*t.far
			}
		}
		have[slot] = y
		return wide[slot]
	}
	out := make([]float32, width)
	for y, t := range down {
		if have[0] != t.at && have[1] == t.at {
			wide[0], wide[1], have[0], have[1] = wide[1], wide[0], have[1], have[0]
		}
		a, b := widen(0, t.at), widen(1, t.next)
		each(y, func(c int) []float32 {
			above, below := a[c*width:(c+1)*width], b[c*width:(c+1)*width]
			for x := range out {
				out[x] = above[x]*t.near + below[x]*t.far
			}
			return out
		})
	}
	return nil
}

// resized are the planes at another size.
func (s *stack) resized(width, height int) *stack {
	out := &stack{s.n, height, width, make([]float32, s.n*width*height)}
	size := boxes.Size{Width: width, Height: height}
	at := boxes.Place{Input: size, Image: size, ScaleX: 1, ScaleY: 1}
	if err := s.rows(at, func(y int, row func(int) []float32) {
		for c := range s.n {
			copy(out.plane(c)[y*width:], row(c))
		}
	}); err != nil {
		panic(err) // of sizes that are fixed here
	}
	return out
}
