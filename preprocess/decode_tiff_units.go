package preprocess

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"golang.org/x/image/ccitt"
	"golang.org/x/image/tiff/lzw"

	"ortho/preprocess/codecs"
)

// unpacked reads strips and tiles that are not compressed, as Pillow's raw decoder does.
func (f *tiffFile) unpacked(data []byte, out *tiffPixels) error {
	if f.planes && f.layout.samples > 1 && f.bits != 8 {
		return fmt.Errorf("planes of %d bits that are not compressed are not supported", f.bits)
	}
	offsets := f.offsets
	if f.unitWidth == f.width && f.unitHeight == f.height && !f.planes {
		offsets = offsets[len(offsets)-1:] // each of them covers the picture
	}
	line := f.lineBytes()
	return f.units(func(u tiffUnit) error {
		if u.number >= len(offsets) {
			return io.ErrUnexpectedEOF
		}
		rows := min(f.unitHeight, f.height-u.y)
		at := offsets[u.number]
		if at < 0 || at > int64(len(data)) || int64(len(data))-at < int64(line)*int64(rows) {
			return io.ErrUnexpectedEOF
		}
		f.place(u, data[at:][:line*rows], f.order, out)
		return nil
	})
}

// byLibTIFF has libtiff unpack them, as Pillow's TiffDecode.c does.
func (f *tiffFile) byLibTIFF(data []byte, out *tiffPixels) error {
	t, err := codecs.OpenTIFF(data)
	if err != nil {
		return err
	}
	defer t.Close()
	unit := codecs.Strip
	if f.tiled {
		unit = codecs.Tile
	}
	f.reversed = false // libtiff has put them right
	jpeg := f.compression == 7 && !f.planes
	out.luma = nil // libtiff makes RGB of YCbCr
	if f.photo == 6 && f.layout.samples == 3 && !jpeg {
		return f.byRGBA(t, unit, out)
	}
	if f.photo == 6 && f.layout.samples == 3 {
		f.layout.colours = tiffRGB
	}
	rows := make([]byte, f.lineBytes()*f.unitHeight)
	if size := t.Size(unit); size < 0 || size > int64(len(rows)) {
		return fmt.Errorf("strips or tiles of %d bytes, and not of %d: the file is damaged", size, len(rows))
	}
	var order binary.ByteOrder = binary.NativeEndian
	if f.bits == 32 || f.bits == 16 && f.format == 2 {
		order = f.order // which Pillow takes them for, though libtiff has swapped them
	}
	return f.units(func(u tiffUnit) error {
		n, err := t.Read(unit, u.number, rows, jpeg && f.photo == 6)
		if err != nil {
			return err
		}
		clear(rows[n:])
		f.place(u, rows, order, out)
		return nil
	})
}

// byRGBA is of YCbCr, which libtiff converts.
func (f *tiffFile) byRGBA(t *codecs.TIFF, unit codecs.Unit, out *tiffPixels) error {
	dst := make([]uint32, f.unitWidth*f.unitHeight)
	planes := f.planes
	f.planes = false
	defer func() { f.planes = planes }()
	return f.units(func(u tiffUnit) error {
		if err := t.RGBA(unit, u.x, u.y, dst); err != nil {
			return err
		}
		rows := min(f.unitHeight, f.height-u.y)
		for y := range rows {
			from := rows - 1 - y // strips have as many rows as there are, tiles all
			if unit == codecs.Tile {
				from = f.unitHeight - 1 - y
			}
			for x := range min(f.unitWidth, f.width-u.x) {
				v := dst[from*f.unitWidth+x]
				at := 3 * ((u.y+y)*f.width + u.x + x)
				out.img.Pix[at], out.img.Pix[at+1], out.img.Pix[at+2] = uint8(v), uint8(v>>8), uint8(v>>16)
			}
		}
		return nil
	})
}

func (f *tiffFile) needsLibTIFF() error {
	return fmt.Errorf("its compression (%s, PhotometricInterpretation %d) needs libtiff, which was %w", tiffCompressions[f.compression], f.photo, codecs.ErrNone)
}

// byGo unpacks what Go can.
func (f *tiffFile) byGo(data []byte, out *tiffPixels) error {
	if f.layout.colours == tiffYCC {
		return f.needsLibTIFF()
	}
	const most = 1 << 30
	size := int64(f.lineBytes()) * int64(f.unitHeight)
	if size > most {
		return fmt.Errorf("strips or tiles of %d bytes are too large", size)
	}
	rows := make([]byte, size)
	reversed := f.reversed
	f.reversed = false
	return f.units(func(u tiffUnit) error {
		if u.number >= len(f.offsets) || u.number >= len(f.counts) {
			return io.ErrUnexpectedEOF
		}
		at, n := f.offsets[u.number], f.counts[u.number]
		if at < 0 || n < 0 || at > int64(len(data)) || n > int64(len(data))-at {
			return io.ErrUnexpectedEOF
		}
		packed := data[at : at+n]
		if reversed {
			packed = bytes.Clone(packed)
			for i, b := range packed {
				packed[i] = reversedBits[b]
			}
		}
		here := rows
		if !f.tiled {
			here = rows[:f.lineBytes()*min(f.unitHeight, f.height-u.y)]
		}
		if err := f.inflate(here, packed); err != nil {
			return err
		}
		if err := f.unpredict(here); err != nil {
			return err
		}
		f.place(u, here, f.order, out)
		return nil
	})
}

// inflate fills rows with what is packed.
func (f *tiffFile) inflate(rows, packed []byte) error {
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
			kind = ccitt.Group3
		}
		from = ccitt.NewReader(bytes.NewReader(packed), ccitt.MSB, kind, f.unitWidth, len(rows)/f.lineBytes(), &ccitt.Options{Invert: true})
	default:
		return f.needsLibTIFF()
	}
	switch _, err := io.ReadFull(from, rows); {
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return io.ErrUnexpectedEOF
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
func (f *tiffFile) unpredict(rows []byte) error {
	kind := f.one(tagPredictor, 1)
	samples := f.samples
	if f.planes {
		samples = 1
	}
	line := f.lineBytes()
	switch {
	case kind == 1 || f.compression != 5 && f.compression != 8 && f.compression != 32946:
		return nil
	case kind == 2 && f.bits == 8:
		for ; len(rows) >= line; rows = rows[line:] {
			for i := samples; i < line; i++ {
				rows[i] += rows[i-samples]
			}
		}
	case kind == 2 && f.bits == 16:
		for ; len(rows) >= line; rows = rows[line:] {
			for i := 2 * samples; i+1 < line; i += 2 {
				f.order.PutUint16(rows[i:], f.order.Uint16(rows[i:])+f.order.Uint16(rows[i-2*samples:]))
			}
		}
	case kind == 2 && f.bits == 32:
		for ; len(rows) >= line; rows = rows[line:] {
			for i := 4 * samples; i+3 < line; i += 4 {
				f.order.PutUint32(rows[i:], f.order.Uint32(rows[i:])+f.order.Uint32(rows[i-4*samples:]))
			}
		}
	case kind == 3 && f.format == 3 && f.bits == 32:
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
		return fmt.Errorf("predictor %d of %d bits is not known", kind, f.bits)
	}
	return nil
}
