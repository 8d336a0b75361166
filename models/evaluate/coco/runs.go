package coco

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"ortho/models/boxes"
)

// Mask is a mask of an image: how many pixels in turn do not and do belong to it, down each column, the columns from
// left to right.
type Mask struct {
	Height, Width int
	counts        []uint32
}

// MostPixels bounds the images of masks.
const MostPixels = 1 << 28

// checkSize refuses images whose masks would take too much.
func checkSize(height, width int) error {
	if height < 1 || width < 1 || height > MostPixels/width {
		return fmt.Errorf("a mask of %dx%d pixels", width, height)
	}
	return nil
}

// NewMask takes counts as COCO's uncompressed run lengths have them, which have to have the pixels of the image.
func NewMask(height, width int, counts []uint32) (*Mask, error) {
	if err := checkSize(height, width); err != nil {
		return nil, err
	}
	all := uint64(0)
	for _, n := range counts {
		all += uint64(n)
	}
	if all != uint64(height)*uint64(width) {
		return nil, fmt.Errorf("its runs have %d pixels, and it %dx%d", all, width, height)
	}
	return &Mask{height, width, counts}, nil
}

// MaskOf reads compressed run lengths.
func MaskOf(rle *boxes.RLE) (*Mask, error) {
	if err := checkSize(rle.Size[0], rle.Size[1]); err != nil {
		return nil, err
	}
	counts, err := decompressed(rle.Counts)
	if err != nil {
		return nil, err
	}
	return NewMask(rle.Size[0], rle.Size[1], counts)
}

// decompressed is pycocotools' rleFrString: each run less the one two before it, in digits of 5 bits.
func decompressed(text string) ([]uint32, error) {
	var counts []uint32
	for i := 0; i < len(text); {
		n, shift := int64(0), 0
		for more := true; more; shift += 5 {
			if i == len(text) || shift > 50 {
				return nil, fmt.Errorf("its run %d does not end", len(counts))
			}
			digit := int64(text[i]) - 48
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
			n += int64(counts[len(counts)-2])
		}
		if n < 0 || n > MostPixels {
			return nil, fmt.Errorf("its run %d has %d pixels", len(counts), n)
		}
		counts = append(counts, uint32(n))
	}
	return counts, nil
}

// Area is how many pixels belong to the mask.
func (m *Mask) Area() int {
	area := 0
	for i := 1; i < len(m.counts); i += 2 {
		area += int(m.counts[i])
	}
	return area
}

// box is the least box around a mask, as pycocotools' rleToBbox has it: x, y, width, height.
func (m *Mask) box() [4]float64 {
	n := len(m.counts) / 2 * 2
	if n == 0 {
		return [4]float64{}
	}
	x0, x1, y0, y1 := m.Width, 0, m.Height, 0
	end, before := 0, 0
	for i, run := range m.counts[:n] {
		end += int(run)
		at := end - i%2
		x, y := at/m.Height, at%m.Height
		if i%2 == 0 {
			before = x
		} else if before < x {
			y0, y1 = 0, m.Height-1
		}
		x0, x1 = min(x0, x), max(x1, x)
		y0, y1 = min(y0, y), max(y1, y)
	}
	return [4]float64{float64(x0), float64(y0), float64(x1 - x0 + 1), float64(y1 - y0 + 1)}
}

// walk goes over two masks of one size, and calls each for runs in which neither changes.
func walk(a, b *Mask, each func(n uint32, inA, inB bool)) {
	i, j := 0, 0
	var left, right uint32
	inA, inB := true, true // the first run turns them
	for {
		for left == 0 && i < len(a.counts) {
			left, inA, i = a.counts[i], !inA, i+1
		}
		for right == 0 && j < len(b.counts) {
			right, inB, j = b.counts[j], !inB, j+1
		}
		n := min(left, right)
		if n == 0 {
			return
		}
		each(n, inA, inB)
		left, right = left-n, right-n
	}
}

// union is the mask of what belongs to either.
func union(a, b *Mask) *Mask {
	out := &Mask{a.Height, a.Width, []uint32{0}}
	in := false
	walk(a, b, func(n uint32, inA, inB bool) {
		if is := inA || inB; is != in {
			out.counts, in = append(out.counts, 0), is
		}
		out.counts[len(out.counts)-1] += n
	})
	return out
}

// Polygons is the mask of polygons, each x1, y1, x2, y2, ... in pixels of the image, as pycocotools' rleFrPoly
// draws them: edges are sampled five times as densely as pixels.
func Polygons(height, width int, polygons [][]float64) (*Mask, error) {
	if err := checkSize(height, width); err != nil {
		return nil, err
	}
	var all *Mask
	for _, p := range polygons {
		one, err := polygon(height, width, p)
		if err != nil {
			return nil, err
		}
		if all == nil {
			all = one
		} else {
			all = union(all, one)
		}
	}
	if all == nil {
		return nil, fmt.Errorf("it has no polygon")
	}
	return all, nil
}

// mostSamples bounds the points along a polygon's edges.
const mostSamples = 1 << 22

func polygon(height, width int, xy []float64) (*Mask, error) {
	const scale = 5
	if len(xy) < 6 || len(xy)%2 != 0 {
		return nil, fmt.Errorf("a polygon of %d numbers: 6 at least, x and y in turn", len(xy))
	}
	k := len(xy) / 2
	xs, ys := make([]int, k+1), make([]int, k+1)
	for i := range k {
		for _, v := range xy[2*i : 2*i+2] {
			if !(math.Abs(v) < 1<<24) {
				return nil, fmt.Errorf("a corner of a polygon at %v", v)
			}
		}
		xs[i], ys[i] = int(float64(scale*xy[2*i])+.5), int(float64(scale*xy[2*i+1])+.5)
	}
	xs[k], ys[k] = xs[0], ys[0]
	samples := 0
	for i := range k {
		if samples += max(abs(xs[i]-xs[i+1]), abs(ys[i]-ys[i+1])) + 1; samples > mostSamples {
			return nil, fmt.Errorf("a polygon with edges of more than %d pixels", mostSamples/scale)
		}
	}
	u, v := make([]int, 0, samples), make([]int, 0, samples)
	for i := range k {
		edge(xs[i], ys[i], xs[i+1], ys[i+1], func(x, y int) { u, v = append(u, x), append(v, y) })
	}
	starts := []uint32{}
	for i := 1; i < len(u); i++ {
		if u[i] == u[i-1] {
			continue
		}
		x := float64(u[i] - 1)
		if u[i] < u[i-1] {
			x = float64(u[i])
		}
		if x = (x+.5)/scale - .5; math.Floor(x) != x || x < 0 || x > float64(width-1) {
			continue
		}
		y := float64(min(v[i], v[i-1]))
		y = math.Ceil(min(max((y+.5)/scale-.5, 0), float64(height)))
		starts = append(starts, uint32(int(x)*height+int(y)))
	}
	starts = append(starts, uint32(height*width))
	slices.SortFunc(starts, cmp.Compare[uint32])
	before := uint32(0)
	for i, at := range starts {
		starts[i], before = at-before, at
	}
	counts := []uint32{starts[0]}
	for i := 1; i < len(starts); i++ {
		if starts[i] > 0 {
			counts = append(counts, starts[i])
		} else if i++; i < len(starts) { // two at one place: neither changes anything
			counts[len(counts)-1] += starts[i]
		}
	}
	return &Mask{height, width, counts}, nil
}

// edge samples a line, its ends included.
func edge(xs, ys, xe, ye int, add func(x, y int)) {
	dx, dy := abs(xe-xs), abs(ye-ys)
	flip := dx >= dy && xs > xe || dx < dy && ys > ye
	if flip {
		xs, xe, ys, ye = xe, xs, ye, ys
	}
	if dx == 0 && dy == 0 {
		add(xs, ys)
		return
	}
	n, slope := dx, float64(ye-ys)/float64(dx)
	if dx < dy {
		n, slope = dy, float64(xe-xs)/float64(dy)
	}
	for d := range n + 1 {
		t := d
		if flip {
			t = n - d
		}
		along := float64(slope * float64(t)) // not fused with the sum
		if dx >= dy {
			add(xs+t, int(float64(ys)+along+.5))
		} else {
			add(int(float64(xs)+along+.5), ys+t)
		}
	}
}

func abs(n int) int { return max(n, -n) }
