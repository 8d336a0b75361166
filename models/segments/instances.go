package segments

import (
	"cmp"
	"math"
	"slices"

	"ortho/models/boxes"
)

// instances makes an instance of each of the best pairs of a query and a class whose score, weighed by how sure the mask
// is of its own pixels, is large enough: transformers' post_process_instance_segmentation with return_binary_maps. They
// may overlap: a pixel of the map is of the best of them, which the processor leaves to the order of torch's topk.
func (m *Map) instances(at boxes.Place, masks *stack, odds [][]float32, classes int, opt Options) error {
	type pair struct {
		query, class int
		score        float32
	}
	pairs := make([]pair, 0, len(odds)*classes)
	for q, p := range odds {
		for c, v := range p[:classes] {
			pairs = append(pairs, pair{q, c, v})
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return cmp.Compare(b.score, a.score) })
	sure := make([]float32, masks.n) // by query: the mean probability of its mask's pixels
	for q := range sure {
		sum, n := 0.0, 0
		for _, v := range masks.plane(q) {
			if v > 0 {
				sum += 1 / (1 + math.Exp(-float64(v)))
				n++
			}
		}
		sure[q] = float32(sum / (float64(n) + 1e-6))
	}
	var found []pair
	for _, p := range pairs[:min(len(pairs), masks.n)] {
		if p.score *= sure[p.query]; p.score >= float32(opt.Threshold) {
			found = append(found, p)
		}
	}
	slices.SortStableFunc(found, func(a, b pair) int { return cmp.Compare(b.score, a.score) })
	for i := range m.Values {
		m.Values[i] = None
	}
	across := nearest(at.ScaleX, at.X, m.Width, at.Input.Width, masks.width)
	down := nearest(at.ScaleY, at.Y, m.Height, at.Input.Height, masks.height)
	m.own = []instance{}
	for _, p := range found[:min(len(found), None)] {
		if one := m.instance(masks.plane(p.query), masks.width, across, down); one.pixels > 0 {
			m.own = append(m.own, one)
			m.Segments = append(m.Segments, Segment{p.class, p.score})
		}
	}
	return nil
}

// instance is a segment with a mask of its own, which others may overlap.
type instance struct {
	mask   *boxes.RLE
	pixels int
}

// instance takes the pixels of a plane that are above 0, and gives those to the next segment that have none yet.
func (m *Map) instance(plane []float32, width int, across, down []int) (one instance) {
	var runs boxes.Runs
	var rows [][2]int // of a column of the plane: from and to, in rows of the image
	value, before := uint16(len(m.Segments)), -1
	for x, column := range across {
		if column != before {
			rows, before = rows[:0], column
			for y, row := range down {
				if plane[row*width+column] > 0 {
					if n := len(rows); n > 0 && rows[n-1][1] == y {
						rows[n-1][1]++
					} else {
						rows = append(rows, [2]int{y, y + 1})
					}
				}
			}
		}
		for _, r := range rows {
			runs.Add(x*m.Height+r[0], x*m.Height+r[1])
			one.pixels += r[1] - r[0]
			for y := r[0]; y < r[1]; y++ {
				if v := &m.Values[y*m.Width+x]; *v == None {
					*v = value
				}
			}
		}
	}
	one.mask = runs.RLE(m.Height, m.Width)
	return one
}
