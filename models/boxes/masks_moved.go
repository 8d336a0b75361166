package boxes

import (
	"cmp"
	"fmt"
	"slices"
)

// Moved is a mask of a part of an image, which begins at x and y, as one of the whole image.
func (m *RLE) Moved(x, y int, image Size) (*RLE, error) {
	high, wide := m.Size[0], m.Size[1]
	if x < 0 || y < 0 || wide > image.Width-x || high > image.Height-y {
		return nil, fmt.Errorf("a mask of %dx%d pixels from %d,%d is no part of an image of %dx%d", wide, high, x, y, image.Width, image.Height)
	}
	parts, err := m.parts()
	if err != nil {
		return nil, err
	}
	var runs Runs
	for _, p := range parts {
		for from := p[0]; from < p[1]; { // a column at a time
			column := from / high
			to := min(p[1], (column+1)*high)
			begin := (x+column)*image.Height + y
			runs.Add(begin+from-column*high, begin+to-column*high)
			from = to
		}
	}
	return runs.RLE(image.Height, image.Width), nil
}

// Union is the mask of all pixels that one of the masks has, which are of one size.
func Union(masks []*RLE) (*RLE, error) {
	var all [][2]int
	for _, m := range masks {
		if m.Size != masks[0].Size {
			return nil, fmt.Errorf("masks of %v and %v pixels", masks[0].Size, m.Size)
		}
		parts, err := m.parts()
		if err != nil {
			return nil, err
		}
		all = append(all, parts...)
	}
	slices.SortFunc(all, func(a, b [2]int) int { return cmp.Compare(a[0], b[0]) })
	var runs Runs
	for i := 0; i < len(all); {
		from, to := all[i][0], all[i][1]
		for i++; i < len(all) && all[i][0] <= to; i++ {
			to = max(to, all[i][1])
		}
		runs.Add(from, to)
	}
	return runs.RLE(masks[0].Size[0], masks[0].Size[1]), nil
}
