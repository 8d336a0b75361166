package preprocess

// filter gives the row by the filter whose bytes, as signed ones, have the smallest sum
// of absolute values: libpng's rule of thumb.
func (e *pngEncoder) filter(row []byte) []byte {
	none, sub, up, average, paeth := e.filtered[0][1:], e.filtered[1][1:], e.filtered[2][1:], e.filtered[3][1:], e.filtered[4][1:]
	above, n := e.above, min(e.pixel, len(row))
	copy(none, row)
	for i := range n {
		x, b := row[i], above[i]
		sub[i], up[i], average[i], paeth[i] = x, x-b, x-b/2, x-b
	}
	left, corner := row[:len(row)-n], above[:len(row)-n]
	filterRest(row[n:], left, above[n:], corner, sub[n:], up[n:], average[n:], paeth[n:])
	best, least := 0, -1
	for i, f := range e.filtered {
		sum := 0
		for _, v := range f[1:] {
			v := int(int8(v))
			sum += max(v, -v)
		}
		if least < 0 || sum < least {
			best, least = i, sum
		}
	}
	return e.filtered[best]
}

func filterRest(row, left, above, corner, sub, up, average, paeth []byte) {
	n := len(row)
	left, above, corner = left[:n], above[:n], corner[:n]
	sub, up, average, paeth = sub[:n], up[:n], average[:n], paeth[:n]
	for i, x := range row {
		a, b, c := left[i], above[i], corner[i]
		sub[i], up[i] = x-a, x-b
		average[i] = x - uint8((uint(a)+uint(b))/2)
		pa, pb := int(b)-int(c), int(a)-int(c)
		pc := pa + pb
		pa, pb, pc = max(pa, -pa), max(pb, -pb), max(pc, -pc)
		p := c
		if pb <= pc {
			p = b
		}
		if pa <= pb && pa <= pc {
			p = a
		}
		paeth[i] = x - p
	}
}
