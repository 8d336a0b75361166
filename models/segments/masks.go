package segments

import "ortho/models/boxes"

// Shares are how many pixels each of the segments has, also those that another covers.
func (m *Map) Shares() []int {
	n := make([]int, len(m.Segments))
	for i, one := range m.own {
		n[i] = one.pixels
	}
	if m.own != nil {
		return n
	}
	for _, v := range m.Values {
		if v != None {
			n[v]++
		}
	}
	return n
}

// Masks are those of all segments, in one pass.
func (m *Map) Masks() []*boxes.RLE {
	if m.own != nil {
		masks := make([]*boxes.RLE, len(m.own))
		for i, one := range m.own {
			masks[i] = one.mask
		}
		return masks
	}
	runs := make([]boxes.Runs, len(m.Segments))
	for x := range m.Width {
		for y := 0; y < m.Height; {
			v, from := m.Values[y*m.Width+x], y
			for y < m.Height && m.Values[y*m.Width+x] == v {
				y++
			}
			if v != None {
				runs[v].Add(x*m.Height+from, x*m.Height+y)
			}
		}
	}
	masks := make([]*boxes.RLE, len(runs))
	for i := range runs {
		masks[i] = runs[i].RLE(m.Height, m.Width)
	}
	return masks
}
