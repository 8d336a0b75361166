package preprocess

// vp8lEncoder writes lossless WebP (RFC 9649, section 3), with those of its features that
// photographs gain from: green subtracted from red and blue, a predictor for each block, and
// one set of prefix codes; of copies only those of the pixel before or above. The residual, as
// large as the image, stays in memory until Close.
type vp8lEncoder struct {
	head fileHead

	band     [][4]uint8 // a row of blocks with the row above it: G, R-G, B-G, A
	filled   int        // rows, without the one above
	y        int        // the band's first row
	modes    []uint8    // a predictor for each block
	residual []byte     // what is left of each pixel: as many bytes as it has channels, G first
}

const (
	blockBits = 5
	blockEdge = 1 << blockBits
)

func newVP8LEncoder(h fileHead) *vp8lEncoder {
	return &vp8lEncoder{head: h, band: make([][4]uint8, h.width*(1+blockEdge))}
}

func (e *vp8lEncoder) rows(packed []byte) error {
	row := e.head.width * e.head.channels
	if e.residual == nil {
		e.residual = make([]byte, 0, row*e.head.height) // append would take twice as much
	}
	for ; len(packed) > 0; packed = packed[row:] {
		e.filled++
		e.take(e.band[e.filled*e.head.width:(e.filled+1)*e.head.width], packed)
		if e.filled == blockEdge {
			e.predict()
		}
	}
	return nil
}

// take brings a row to the order and the differences in which it is coded.
func (e *vp8lEncoder) take(dst [][4]uint8, row []byte) {
	switch e.head.channels {
	case 1:
		for i := range dst {
			dst[i] = [4]uint8{row[i], 0, 0, 255}
		}
	case 2:
		for i := range dst {
			dst[i] = [4]uint8{row[2*i], 0, 0, row[2*i+1]}
		}
	case 3:
		for i := range dst {
			r, g, b := row[3*i], row[3*i+1], row[3*i+2]
			dst[i] = [4]uint8{g, r - g, b - g, 255}
		}
	case 4:
		for i := range dst {
			r, g, b := row[4*i], row[4*i+1], row[4*i+2]
			dst[i] = [4]uint8{g, r - g, b - g, row[4*i+3]}
		}
	}
}

// predict finishes the band: it finds each block's predictor and keeps what is left.
func (e *vp8lEncoder) predict() {
	width := e.head.width
	start := len(e.modes)
	for x := 0; x < width; x += blockEdge {
		e.modes = append(e.modes, e.bestMode(x, min(x+blockEdge, width)))
	}
	modes := e.modes[start:]
	for y := 1; y <= e.filled; y++ {
		row, above := e.band[y*width:(y+1)*width], e.band[(y-1)*width:y*width]
		for x, p := range row {
			guess := e.border(row, above, x, y)
			if x > 0 && e.y+y > 1 {
				guess = guessOf(modes[x>>blockBits], row[x-1], above[x], above[x-1])
			}
			e.residual = append(e.residual, p[0]-guess[0])
			if e.head.channels >= 3 {
				e.residual = append(e.residual, p[1]-guess[1], p[2]-guess[2])
			}
			if e.head.channels%2 == 0 {
				e.residual = append(e.residual, p[3]-guess[3])
			}
		}
	}
	copy(e.band, e.band[e.filled*width:(e.filled+1)*width])
	e.y += e.filled
	e.filled = 0
}

// border is what stands for a predictor along the image's top and left edges.
func (e *vp8lEncoder) border(row, above [][4]uint8, x, y int) [4]uint8 {
	switch {
	case x > 0:
		return row[x-1]
	case e.y+y > 1:
		return above[x]
	}
	return [4]uint8{0, 0, 0, 255}
}

// Predictors of the format: those that look at no pixel to the right.
const (
	predictLeft     = 1
	predictTop      = 2
	predictAverage  = 7
	predictSelect   = 11
	predictGradient = 12
)

// bestMode is the predictor that leaves least of a block of the band, by every other row.
func (e *vp8lEncoder) bestMode(from, to int) uint8 {
	best, least := uint8(predictLeft), -1
	width := e.head.width
	for _, mode := range [...]uint8{predictGradient, predictSelect, predictAverage, predictTop, predictLeft} {
		sum := 0
		for y := 1; y <= e.filled; y += 2 {
			row, above := e.band[y*width:(y+1)*width], e.band[(y-1)*width:y*width]
			if e.y+y == 1 {
				continue
			}
			for x := max(from, 1); x < to; x++ {
				p, guess := row[x], guessOf(mode, row[x-1], above[x], above[x-1])
				for c := range p {
					v := int(int8(p[c] - guess[c]))
					sum += max(v, -v)
				}
			}
		}
		if least < 0 || sum < least {
			best, least = mode, sum
		}
	}
	return best
}

// guessOf predicts a pixel from those to its left, above it, and above and left.
func guessOf(mode uint8, l, t, tl [4]uint8) (p [4]uint8) {
	switch mode {
	case predictLeft:
		return l
	case predictTop:
		return t
	case predictAverage:
		for c := range p {
			p[c] = uint8((uint32(l[c]) + uint32(t[c])) >> 1)
		}
		return p
	case predictSelect:
		fromL, fromT := 0, 0
		for c := range p {
			a, b := int(t[c])-int(tl[c]), int(l[c])-int(tl[c])
			fromL, fromT = fromL+max(a, -a), fromT+max(b, -b)
		}
		if fromL < fromT {
			return l
		}
		return t
	}
	for c := range p {
		p[c] = clamp8(int32(l[c]) + int32(t[c]) - int32(tl[c]))
	}
	return p
}

func (e *vp8lEncoder) stream() (stream riffChunkList, alpha bool, err error) {
	if e.filled > 0 {
		e.predict()
	}
	alpha = e.head.channels%2 == 0
	var b bitWriter
	b.bits(0x2f, 8)
	b.bits(uint32(e.head.width-1), 14)
	b.bits(uint32(e.head.height-1), 14)
	b.flag(alpha)
	b.bits(0, 3)
	b.bits(1|2<<1, 3) // a transform: green is subtracted
	b.bits(1|0<<1, 3) // and predictors, which are an image themselves
	b.bits(blockBits-2, 3)
	b.flag(false) // no colour cache
	writePixels(&b, pixelCoder{pix: e.modes, size: 1, width: (e.head.width + blockEdge - 1) / blockEdge, opaque: true})
	b.flag(false) // no further transform
	b.flag(false) // no colour cache
	b.flag(false) // one set of codes
	writePixels(&b, pixelCoder{pix: e.residual, size: e.head.channels, width: e.head.width})
	e.residual = nil
	stream.add("VP8L", b.end())
	return stream, alpha, nil
}
