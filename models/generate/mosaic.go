package generate

// mosaic puts the tiles of an image together. They come row by row, from the left, and
// leave it as rows of bytes:
//
//	tile -> float pixels of a row -> across: + what the tile to the left has left here
//	                              -> down:   + what the tiles above have left here -> bytes
//
// Of a tile only the strips where it fades into the next ones are kept.
type mosaic struct {
	columns, rows           []span
	width, height, channels int       // of the output, which may end before the tiles do
	left                    []float32 // faded ends of the rows of the tile to the left
	strip                   int       // floats that each of these ends has room for
	above                   []float32 // faded last rows of the tiles above
	pixels                  []float32 // of a row of a tile
	seen                    levels
}

func newMosaic(columns, rows []span, width, height, channels int) *mosaic {
	wide, strip := largest(columns)
	tall, fading := largest(rows)
	m := &mosaic{columns: columns, rows: rows, width: width, height: height, channels: channels, strip: strip * channels,
		seen: levels{channels: channels}}
	m.left = make([]float32, tall*m.strip)
	m.above = make([]float32, fading*width*channels)
	m.pixels = make([]float32, wide*channels)
	return m
}

// largest returns the longest part of a tile that counts, and the widest seam.
func largest(spans []span) (part, fading int) {
	for _, s := range spans {
		part = max(part, s.to-s.from)
		if s.after != nil {
			fading = max(fading, s.after.hi-s.after.lo)
		}
	}
	return part, fading
}

// completed are the rows of pixels that a row of tiles completes.
func (m *mosaic) completed(row int) (from, to int) {
	r := m.rows[row]
	to = r.to
	if r.after != nil {
		to = r.after.lo
	}
	return min(r.from, m.height), min(to, m.height)
}

// band is the most bytes that a row of tiles completes.
func (m *mosaic) band() int {
	most := 0
	for row := range m.rows {
		from, to := m.completed(row)
		most = max(most, to-from)
	}
	return most * m.width * m.channels
}

// add adds a tile; band gets the bytes of the rows that its row of tiles completes.
// Returned is how many of its values are NaN or infinite.
func (m *mosaic) add(row, column int, p *plane, band []byte) (bad int, err error) {
	r, c := m.rows[row], m.columns[column]
	to := min(c.to, m.width)
	whole := to // the columns before it are complete but for the tiles above and below
	if c.after != nil {
		whole = min(to, c.after.lo)
	}
	if to <= c.from {
		return 0, nil
	}
	first, last := m.completed(row)
	for y := r.from; y < min(r.to, m.height); y++ {
		n, err := p.Unpack(m.pixels[:(to-c.from)*m.channels], p.data, c.from-c.start, y-r.start, to-c.from)
		if err != nil {
			return 0, err
		}
		bad += n
		pixels, fading := m.pixels[:(whole-c.from)*m.channels], m.pixels[(whole-c.from)*m.channels:(to-c.from)*m.channels]
		strip := m.left[(y-r.from)*m.strip:]
		if c.before != nil {
			fadeIn(pixels, strip, c.before.weight, m.channels)
		}
		if c.after != nil {
			fadeOut(strip, fading, c.after.weight, m.channels)
		}
		at := c.from * m.channels
		if r.before != nil && y < r.before.hi {
			addTo(pixels, m.above[(y-r.before.lo)*m.width*m.channels+at:], r.before.weight[y-r.before.lo])
		}
		if y < last {
			m.seen.round(band[(y-first)*m.width*m.channels+at:], pixels)
		} else {
			weigh(m.above[(y-last)*m.width*m.channels+at:], pixels, 1-r.after.weight[y-last])
		}
	}
	return bad, nil
}

// fadeIn weighs the first pixels, and adds what the tile before has left.
func fadeIn(pixels, strip, weight []float32, channels int) {
	weight = weight[:min(len(weight), len(pixels)/channels)]
	for i, w := range weight {
		for c := i * channels; c < (i+1)*channels; c++ {
			pixels[c] = strip[c] + pixels[c]*w
		}
	}
}

// fadeOut leaves pixels for the tile after.
func fadeOut(strip, pixels, weight []float32, channels int) {
	weight = weight[:len(pixels)/channels]
	for i, w := range weight {
		for c := i * channels; c < (i+1)*channels; c++ {
			strip[c] = pixels[c] * (1 - w)
		}
	}
}

// addTo weighs a row, and adds the weighted one above.
func addTo(pixels, above []float32, weight float32) {
	above = above[:len(pixels)]
	for i, v := range pixels {
		pixels[i] = above[i] + v*weight
	}
}

func weigh(dst, pixels []float32, weight float32) {
	dst = dst[:len(pixels)]
	for i, v := range pixels {
		dst[i] = v * weight
	}
}
