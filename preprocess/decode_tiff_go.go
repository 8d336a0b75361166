package preprocess

import (
	"bytes"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"math"

	"golang.org/x/image/ccitt"
	"golang.org/x/image/tiff/lzw"

	"ortho/preprocess/codecs"
)

func (f *tiffFile) needsLibTIFF() error {
	return fmt.Errorf("its compression (%s, PhotometricInterpretation %d) needs libtiff, which was %w", tiffCompressions[f.compression], f.photo, codecs.ErrNone)
}

// byGo unpacks what Go can.
func (f *tiffFile) byGo(data []byte, out *tiffPixels) error {
	u, err := f.units()
	if err != nil {
		return err
	}
	if f.layout.colours == tiffYCC && (f.compression != 7 || f.planes) || f.planes && f.layout.samples > 1 && f.stored.bits != 8 && f.stored.bits != 16 {
		return f.needsLibTIFF()
	}
	if u.planes > 4 {
		return fmt.Errorf("%d planes are not known", u.planes)
	}
	if u.line > math.MaxInt32 {
		return fmt.Errorf("strips or tiles of %d pixels in a row are too large", u.width)
	}
	if err := f.checkTiles(u.width, u.height, int64(u.line)*int64(u.height), f.most(data)); err != nil {
		return err
	}
	u.stored.reversed = false // what is packed is turned round
	if f.layout.colours == tiffYCC {
		out.layout.colours = tiffRGB // JPEG's decoder makes it so
	}
	var all *tiffPlanes
	if u.planes > 1 {
		all = out.newPlanes(u.planes)
	}
	err = u.each(func(x, y, plane, number int) error {
		packed, err := u.packed(data, number)
		if err != nil {
			return err
		}
		height := min(u.height, f.height-y)
		rows := u.rows[:u.line*height]
		if u.tiled {
			rows = u.rows
		}
		if f.compression == 7 {
			err = f.inflateJPEG(rows, packed, u)
		} else if err = f.inflate(rows, packed, u); err == nil {
			err = f.unpredict(rows, u)
		}
		if err != nil {
			return err
		}
		n := min(u.width, f.width-x)
		for i := range height {
			if row := rows[i*u.line:][:u.line]; all == nil {
				out.row(row, u.stored, x, y+i, n)
			} else {
				all.row(row, u.stored, x, y+i, n, plane)
			}
		}
		return nil
	})
	if err == nil && all != nil {
		all.merge(int(f.one(tagExtraSamples, 0)))
	}
	return err
}

// tiffUnits are a file's strips or tiles.
type tiffUnits struct {
	f               *tiffFile
	stored          tiffStored
	tiled           bool
	width, height   int
	planes          int
	offsets, counts []int64
	line            int    // bytes of a row
	rows            []byte // room for one strip or tile
}

// units settles where they are.
func (f *tiffFile) units() (*tiffUnits, error) {
	u := &tiffUnits{f: f, stored: f.stored, width: f.width, planes: 1, offsets: f.tags[tagStripOffsets], counts: f.tags[tagStripCounts]}
	height := min(f.one(tagRowsPerStrip, int64(f.height)), int64(f.height))
	if f.tags[tagTileWidth] != nil || u.offsets == nil {
		u.offsets, u.counts, u.tiled = f.tags[tagTileOffsets], f.tags[tagTileCounts], true
		u.width, height = int(min(f.one(tagTileWidth, 0), math.MaxInt32)), f.one(tagTileHeight, 0)
	}
	u.height = int(min(height, math.MaxInt32))
	switch {
	case u.offsets == nil:
		return nil, errors.New("it does not say where its pixels are")
	case u.width < 1 || u.height < 1:
		return nil, fmt.Errorf("strips or tiles of %dx%d pixels: the file is damaged", u.width, height)
	}
	if f.planes {
		u.planes, u.stored.samples = f.layout.samples, 1
	}
	u.line = u.stored.lineBytes(u.width)
	return u, nil
}

// each calls use with the place and the number of each.
func (u *tiffUnits) each(use func(x, y, plane, number int) error) error {
	u.rows = make([]byte, u.line*u.height)
	n := 0
	for plane := range u.planes {
		for y := 0; y < u.f.height; y += u.height {
			for x := 0; x < u.f.width; x += u.width {
				if err := use(x, y, plane, n); err != nil {
					return err
				}
				n++
			}
		}
	}
	return nil
}

// packed is what number i has in the file, its bits in order.
func (u *tiffUnits) packed(data []byte, i int) ([]byte, error) {
	if i >= len(u.offsets) || i >= len(u.counts) {
		return nil, io.ErrUnexpectedEOF
	}
	at, n := u.offsets[i], u.counts[i]
	if at < 0 || n < 0 || at > int64(len(data)) || n > int64(len(data))-at {
		return nil, io.ErrUnexpectedEOF
	}
	packed := data[at : at+n]
	if u.f.stored.reversed && u.f.compression != 7 {
		packed = bytes.Clone(packed)
		for i, b := range packed {
			packed[i] = reversedBits[b]
		}
	}
	return packed, nil
}

// inflateJPEG fills rows from a JPEG, whose tables may be in the directory.
func (f *tiffFile) inflateJPEG(rows, packed []byte, u *tiffUnits) error {
	const start, end = "\xff\xd8", "\xff\xd9"
	samples, colours := u.stored.samples, byte(0)
	if f.layout.colours == tiffYCC {
		colours = 1
	}
	if u.stored.bits != 8 || samples != 1 && samples != 3 || samples == 1 && colours == 1 && u.planes == 1 {
		return f.needsLibTIFF()
	}
	// What Adobe's marker says of colours goes before what the components' names seem to.
	whole := []byte(start + "\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00" + string(colours))
	whole = append(whole, bytes.TrimSuffix(bytes.TrimPrefix(f.jpegTables, []byte(start)), []byte(end))...)
	whole = append(whole, bytes.TrimPrefix(packed, []byte(start))...)
	p, err := decodeJPEG(whole, request{maxPixels: int64(u.width) * int64(u.height)})
	if err != nil {
		return err
	}
	if p.img.Width != u.width || p.img.Channels != samples || p.img.Height < len(rows)/u.line {
		return fmt.Errorf("a JPEG of %dx%d pixels for a strip or tile of %dx%d: the file is damaged", p.img.Width, p.img.Height, u.width, u.height)
	}
	copy(rows, p.img.Pix)
	return nil
}

// inflate fills rows with what is packed.
func (f *tiffFile) inflate(rows, packed []byte, u *tiffUnits) error {
	var from io.Reader
	switch f.compression {
	case 5:
		z := lzw.NewReader(bytes.NewReader(packed), lzw.MSB, 8)
		defer z.Close()
		from = z
	case 8, 32946:
		z, err := zlib.NewReader(bytes.NewReader(packed))
		if err != nil {
			return fmt.Errorf("its pixels are damaged: %w", err)
		}
		defer z.Close()
		from = z
	case 32773:
		return unpackBits(rows, packed)
	case 3, 4:
		kind := ccitt.Group4
		if f.compression == 3 {
			const twoDimensions = 1
			if f.one(tagT4Options, 0)&twoDimensions != 0 {
				return f.needsLibTIFF()
			}
			kind = ccitt.Group3
		}
		from = ccitt.NewReader(bytes.NewReader(packed), ccitt.MSB, kind, u.width, len(rows)/u.line, &ccitt.Options{Invert: true})
	default:
		return f.needsLibTIFF()
	}
	switch _, err := io.ReadFull(from, rows); {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return io.ErrUnexpectedEOF
	case err != nil && (f.compression == 3 || f.compression == 4):
		return fmt.Errorf("%w, where they are not damaged (%w)", f.needsLibTIFF(), err)
	case err != nil:
		return fmt.Errorf("its pixels are damaged: %w", err)
	}
	return nil
}

// unpackBits is Apple's PackBits (TIFF 6.0, section 9).
func unpackBits(dst, packed []byte) error {
	for len(dst) > 0 {
		if len(packed) < 2 {
			return io.ErrUnexpectedEOF
		}
		switch n := int(int8(packed[0])); {
		case n >= 0:
			n = min(n+1, len(packed)-1)
			m := copy(dst, packed[1:1+n])
			dst, packed = dst[m:], packed[1+n:]
		case n == -128:
			packed = packed[1:]
		default:
			m := min(1-n, len(dst))
			for i := range m {
				dst[i] = packed[1]
			}
			dst, packed = dst[m:], packed[2:]
		}
	}
	return nil
}

// unpredict undoes differences between neighbours in a row (TIFF 6.0, section 14; technical note 3).
func (f *tiffFile) unpredict(rows []byte, u *tiffUnits) error {
	kind, samples, line := f.one(tagPredictor, 1), u.stored.samples, u.line
	switch {
	case kind == 1 || f.compression != 5 && f.compression != 8 && f.compression != 32946:
		return nil
	case kind == 2 && f.stored.bits == 8:
		for ; len(rows) >= line; rows = rows[line:] {
			for i := samples; i < line; i++ {
				rows[i] += rows[i-samples]
			}
		}
	case kind == 2 && f.stored.bits == 16:
		for ; len(rows) >= line; rows = rows[line:] {
			for i := 2 * samples; i+1 < line; i += 2 {
				f.order.PutUint16(rows[i:], f.order.Uint16(rows[i:])+f.order.Uint16(rows[i-2*samples:]))
			}
		}
	case kind == 2 && f.stored.bits == 32:
		for ; len(rows) >= line; rows = rows[line:] {
			for i := 4 * samples; i+3 < line; i += 4 {
				f.order.PutUint32(rows[i:], f.order.Uint32(rows[i:])+f.order.Uint32(rows[i-4*samples:]))
			}
		}
	case kind == 3 && f.stored.format == 3 && f.stored.bits == 32:
		for ; len(rows) >= line; rows = rows[line:] {
			row := rows[:line]
			for i := samples; i < line; i++ {
				row[i] += row[i-samples]
			}
			n := line / 4
			plain := make([]byte, line)
			for i := range n {
				v := uint32(row[i])<<24 | uint32(row[n+i])<<16 | uint32(row[2*n+i])<<8 | uint32(row[3*n+i])
				f.order.PutUint32(plain[4*i:], math.Float32bits(math.Float32frombits(v)))
			}
			copy(row, plain)
		}
	default:
		return fmt.Errorf("predictor %d of %d bits is not known", kind, f.stored.bits)
	}
	return nil
}
