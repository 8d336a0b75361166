package preprocess

// pngPixels is what a PNG's rows become: gray or RGB, and alpha where it is asked for.
type pngPixels struct {
	f        *pngFile
	channels int
	img      *Image     // a row alone, where they are reduced
	reduced  *reduction // as they come; nil: they are kept
	alpha    []byte     // nil: none, or not wanted
	wide     to8        // of 16-bit gray

	palette      [256][3]uint8
	transparency [256]uint8 // of the palette
	key          []uint16   // what is transparent of gray or RGB; nil: nothing
	scratch      []byte     // a row of a pass
}

func (f *pngFile) pixels(ask request) *pngPixels {
	channels := 3
	if f.color == pngGray || f.color == pngGrayA {
		channels = 1
	}
	out := &pngPixels{f: f, channels: channels, wide: highByte}
	if f.color == pngGray && !ask.extras {
		out.wide = clip16 // Pillow's mode I;16, of which convert makes no picture
	}
	for i := range out.palette { // what the file leaves out is black, in Pillow, too
		if 3*i+3 <= len(f.palette) {
			out.palette[i] = [3]uint8(f.palette[3*i:])
		}
	}
	return out
}

// begin takes the memory.
func (out *pngPixels) begin(ask request) error {
	f := out.f
	if out.reduced != nil {
		out.img = newImage(f.width, 1, out.channels)
		return ask.admitBytes(f.width, f.height, out.reduced.bytes())
	}
	each := out.channels + 3 // converted
	if ask.extras {
		each++
	}
	if err := ask.admit(f.width, f.height, each); err != nil {
		return err
	}
	out.img = ask.image(f.width, f.height, out.channels)
	if !ask.extras {
		return nil
	}
	switch f.color {
	case pngGrayA, pngRGBA:
		out.alpha = make([]byte, f.width*f.height)
	case pngPalette:
		if len(f.key) > 0 {
			out.alpha = make([]byte, f.width*f.height)
		}
		for i := range out.transparency {
			if out.transparency[i] = 255; i < len(f.key) {
				out.transparency[i] = f.key[i]
			}
		}
	default:
		for i := range pngSamples[f.color] {
			if f.key == nil {
				break
			}
			out.alpha = make([]byte, f.width*f.height)
			out.key = append(out.key, be16(f.key[2*i:]))
		}
		if f.depth == 1 && out.key != nil && out.key[0] != 0 {
			out.key[0] = 255
		}
	}
	return nil
}

// row unpacks the n pixels of a row from x on.
func (o *pngPixels) row(row []byte, x, y, n int) {
	if o.reduced != nil {
		o.unpack(o.img.Pix, nil, row)
		o.reduced.Write(o.img.Pix) // its error stays until it is closed
		return
	}
	at := y*o.f.width + x
	var alpha []byte
	if o.alpha != nil {
		alpha = o.alpha[at : at+n]
	}
	o.unpack(o.img.Pix[at*o.img.Channels:(at+n)*o.img.Channels], alpha, row)
}

// scatter unpacks n pixels, each right from the last one.
func (o *pngPixels) scatter(row []byte, x, right, y, n int) {
	c := o.img.Channels
	o.scratch = grown(o.scratch, n*(c+1))
	pix, alpha := o.scratch[:n*c], o.scratch[n*c:n*(c+1)]
	if o.alpha == nil {
		alpha = nil
	}
	o.unpack(pix, alpha, row)
	for i := range n {
		at := y*o.f.width + x + i*right
		copy(o.img.Pix[at*c:(at+1)*c], pix[i*c:])
		if alpha != nil {
			o.alpha[at] = alpha[i]
		}
	}
}

// black fills rows with what Pillow has where none came: zeros.
func (o *pngPixels) black(from, to int) {
	zeros := make([]byte, o.f.width*8)
	for y := from; y < to; y++ {
		o.row(zeros, 0, y, o.f.width)
	}
}

// unpack makes a row's pixels of its samples, as Pillow's Unpack.c and convert do.
func (o *pngPixels) unpack(pix, alpha, row []byte) {
	depth := int(o.f.depth)
	switch o.f.color {
	case pngGray:
		switch depth {
		case 8:
			copy(pix, row)
		case 16:
			for i := range pix {
				v := be16(row[2*i:])
				if pix[i] = o.wide(v); alpha != nil {
					alpha[i] = opaqueUnless(v == o.key[0])
				}
			}
			return
		default:
			scale := 255 / (1<<depth - 1)
			for i := range pix {
				pix[i] = uint8(packedSample(row, i, depth) * scale)
			}
		}
	case pngRGB:
		if depth == 8 {
			copy(pix, row)
		} else {
			for i := range pix {
				pix[i] = row[2*i]
			}
		}
	case pngPalette:
		for i := range len(pix) / 3 {
			v := packedSample(row, i, depth)
			copy(pix[3*i:3*i+3], o.palette[v][:])
			if alpha != nil {
				alpha[i] = o.transparency[v]
			}
		}
		return
	case pngGrayA, pngRGBA:
		o.unpackAlpha(pix, alpha, row, depth/8)
		return
	}
	if alpha == nil {
		return
	}
	n := len(o.key)
	for i := range alpha {
		same := true
		for c, k := range o.key {
			same = same && uint16(pix[i*n+c]) == k
		}
		alpha[i] = opaqueUnless(same)
	}
}

// unpackAlpha is of pixels with alpha, of which it takes the high bytes.
func (o *pngPixels) unpackAlpha(pix, alpha, row []byte, size int) {
	c := o.img.Channels
	if c == 3 && size == 1 && alpha == nil {
		dropAlpha(pix, row)
		return
	}
	for i := range len(pix) / c {
		at := i * (c + 1) * size
		for k := range c {
			pix[i*c+k] = row[at+k*size]
		}
		if alpha != nil {
			alpha[i] = row[at+c*size]
		}
	}
}

func opaqueUnless(transparent bool) uint8 {
	if transparent {
		return 0
	}
	return 255
}

// packedSample is sample i of a row of samples of up to 8 bits.
func packedSample(row []byte, i, depth int) int {
	if depth == 8 {
		return int(row[i])
	}
	per := 8 / depth
	return int(row[i/per]) >> (8 - depth - i%per*depth) & (1<<depth - 1)
}
