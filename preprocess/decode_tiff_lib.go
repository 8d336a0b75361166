package preprocess

import (
	"encoding/binary"
	"fmt"
	"math"

	"ortho/preprocess/codecs"
)

// tiffByLib is a TIFF that libtiff unpacks, as Pillow's TiffDecode.c has it.
type tiffByLib struct {
	f    *tiffFile
	t    *codecs.TIFF
	info codecs.TIFFInfo
	out  *tiffPixels
}

// most is how many bytes unpacking may take besides the picture: strips or tiles of 8 bytes a pixel some times
// over, tables of where they are, what is packed. A small picture's tiles may be much larger than it.
func (f *tiffFile) most(data []byte) int64 {
	return 32*int64(f.width)*int64(f.height) + 2*int64(len(data)) + 128<<20
}

// checkTiles is the guard before anything of tiles, or strips, of so many bytes is allocated. It bounds the time,
// too: very many could go far beyond the picture.
func (f *tiffFile) checkTiles(width, height int, bytes, most int64) error {
	n := int64(f.layout.samples) * int64((f.width-1)/width+1) * int64((f.height-1)/height+1)
	if bytes > most || bytes > 8*most/n {
		return fmt.Errorf("%d strips or tiles of %dx%d pixels are too large for %dx%d", n, width, height, f.width, f.height)
	}
	return nil
}

// byLibTIFF has libtiff unpack it. The library allocates no more than most says, where it is of version 4.5
// or later (4.7: all together); JPEG's decoder at most 100 MB for a progressive one, by libtiff's own bound, and
// Zstandard's 128 MB. LZMA's takes what a stream says, of which memory is touched only as pixels are unpacked.
func (f *tiffFile) byLibTIFF(data []byte, out *tiffPixels) error {
	most := f.most(data)
	t, info, err := codecs.OpenTIFF(data, most)
	if err != nil {
		return err
	}
	defer t.Close()
	l := tiffByLib{f, t, info, out}
	switch {
	case info.Width != f.width || info.Height != f.height:
		return fmt.Errorf("it is %dx%d and %dx%d pixels large: the file is damaged", f.width, f.height, info.Width, info.Height)
	case info.UnitHeight < 1 || info.UnitWidth < 1 || info.UnitHeight > math.MaxInt32 || info.UnitWidth > math.MaxInt32:
		return fmt.Errorf("strips or tiles of %dx%d pixels: the file is damaged", info.UnitWidth, info.UnitHeight)
	case info.UnitBytes < 1 || info.UnitBytes >= math.MaxInt32 || info.RowBytes < 1:
		return fmt.Errorf("strips or tiles of %d bytes: the file is damaged", info.UnitBytes)
	}
	if err := f.checkTiles(info.UnitWidth, info.UnitHeight, info.UnitBytes, most); err != nil {
		return err
	}
	if info.Photometric == 6 && !info.RGB {
		return l.rgba(most)
	}
	return l.rows()
}

// units calls use with the place and the number of each strip and tile: of all planes before those of
// the next rows.
func (l *tiffByLib) units(planes int, use func(x, y, plane, number int) error) error {
	w, h := l.info.UnitWidth, l.info.UnitHeight
	across, down := (l.info.Width+w-1)/w, (l.info.Height+h-1)/h
	for j := range down {
		for plane := range planes {
			for i := range across {
				if err := use(i*w, j*h, plane, (plane*down+j)*across+i); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// rows reads samples as they are.
func (l *tiffByLib) rows() error {
	f, info := l.f, l.info
	s := f.stored
	s.reversed = false // libtiff has put them right
	if (s.bits == 32 || s.bits == 16 && s.format == 2) && f.order != binary.LittleEndian {
		return fmt.Errorf("numbers of %d bits, the high byte first, that are compressed, which Pillow takes for others, as libtiff has swapped them: write them with the low byte first (tiffcp -L)", s.bits)
	}
	s.order = binary.NativeEndian
	bits := s.bits * s.samples // of a pixel, as Pillow means to get it
	if f.photo == 6 {
		if l.out.layout.colours, bits = tiffRGB, 32; f.compression == 7 && !f.planes {
			bits, s.samples = 24, 3
		}
	}
	planes, bands := 1, l.out.layout.bands()
	if info.Planes && bands > 1 {
		if info.Bits != 8 && info.Bits != 16 {
			return fmt.Errorf("planes of %d bits are not known", info.Bits)
		}
		planes, s.samples, s.bits, s.inverted = bands, 1, info.Bits, false
	}
	line := (f.width*bits/planes + 7) / 8
	if info.Tiled {
		line = (info.UnitWidth*bits/planes + 7) / 8
	}
	if whole := int64(line) * int64(info.UnitHeight); int64(line) > info.RowBytes || info.UnitBytes > whole || info.Tiled && info.UnitBytes != whole {
		return fmt.Errorf("strips or tiles of %dx%d pixels have %d bytes in rows of %d, where they should have %d in rows of %d: the file is damaged",
			info.UnitWidth, info.UnitHeight, info.UnitBytes, info.RowBytes, whole, line)
	}
	var all *tiffPlanes
	if planes > 1 {
		all = l.out.newPlanes(planes)
	}
	unit := make([]byte, info.UnitBytes) // of which damaged strips leave what the ones before them had
	err := l.units(planes, func(x, y, plane, number int) error {
		if err := l.t.Read(info.Tiled, number, unit); err != nil {
			return err
		}
		n := min(info.UnitWidth, f.width-x)
		for i := range min(info.UnitHeight, f.height-y) {
			at := int64(i) * info.RowBytes
			if row := unit[at : at+int64(s.lineBytes(n))]; all == nil {
				l.out.row(row, s, x, y+i, n)
			} else {
				all.row(row, s, x, y+i, n, plane)
			}
		}
		return nil
	})
	if err != nil || all == nil {
		return err
	}
	all.merge(info.Extra)
	return nil
}

// rgba is of YCbCr, which libtiff converts.
func (l *tiffByLib) rgba(most int64) error {
	f, info := l.f, l.info
	height := info.UnitHeight
	if !info.Tiled {
		height = min(height, f.height)
	}
	if f.photo != 6 {
		return fmt.Errorf("PhotometricInterpretation is %d and %d: the file is damaged", f.photo, info.Photometric)
	}
	if err := f.checkTiles(info.UnitWidth, info.UnitHeight, 4*int64(info.UnitWidth)*int64(height), most); err != nil {
		return err
	}
	dst := make([]uint32, info.UnitWidth*height)
	return l.units(1, func(x, y, _, _ int) error {
		if err := l.t.RGBA(info.Tiled, x, y, dst); err != nil {
			return err
		}
		rows := min(info.UnitHeight, f.height-y)
		for i := range rows {
			from := rows - 1 - i // strips have as many rows as there are, tiles all
			if info.Tiled {
				from = info.UnitHeight - 1 - i
			}
			for j, v := range dst[from*info.UnitWidth:][:min(info.UnitWidth, f.width-x)] {
				at := 3 * ((y+i)*f.width + x + j)
				l.out.img.Pix[at], l.out.img.Pix[at+1], l.out.img.Pix[at+2] = uint8(v), uint8(v>>8), uint8(v>>16)
			}
		}
		return nil
	})
}
