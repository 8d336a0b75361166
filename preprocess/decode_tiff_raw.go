package preprocess

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
)

// tiffCell is a strip or tile as far as it lies within the picture, of all samples or of one plane's.
type tiffCell struct{ x, y, width, height, plane int }

// unpacked reads strips and tiles that are not compressed, as Pillow's raw decoder does. It wants no byte
// counts: a strip is as long as its rows are. Where strips are wanting, pixels are zeros.
func (f *tiffFile) unpacked(data []byte, out *tiffPixels) error {
	s, planes := f.stored, 1
	if f.planes {
		var err error
		if s, err = f.planeStored(); err != nil {
			return err
		}
		planes = f.layout.samples
	} else if s.reversed && (f.layout.colours == tiffPalette && s.bits < 8 || s.inverted && s.bits == 8) {
		return fmt.Errorf("%d-bit samples with FillOrder 2 of PhotometricInterpretation %d, which Pillow does not read: write FillOrder 1", s.bits, f.photo)
	}
	cells, width, err := f.cells(planes)
	if err != nil {
		return err
	}
	row, done := func(row []byte, c tiffCell, y int) { out.row(row, s, c.x, y, c.width) }, func() {}
	if planes > 1 {
		const unassociated = 2
		all := out.newPlanes(planes)
		row, done = func(row []byte, c tiffCell, y int) { all.row(row, s, c.x, y, c.width, c.plane) }, func() { all.merge(unassociated) }
	} else if f.area(cells) < f.width*f.height {
		out.blank()
	}
	order := maps.Keys(cells)
	if out.lines.reduced != nil {
		order = slices.Values(slices.SortedFunc(order, func(a, b tiffCell) int { return a.y - b.y }))
	}
	for c := range order {
		at, line := cells[c], s.lineBytes(c.width)
		step := line
		if c.x+width > f.width { // the last tile of a row goes on beyond the picture
			step = f.beyond(width)
		}
		if step < line {
			return fmt.Errorf("rows of %d bytes have %d: the file is damaged", step, line)
		}
		if at < 0 || at > int64(len(data)) || int64(len(data))-at < int64(step)*int64(c.height-1)+int64(line) {
			return io.ErrUnexpectedEOF
		}
		for y := range c.height {
			row(data[at+int64(y)*int64(step):][:line], c, c.y+y)
		}
	}
	done()
	return nil
}

// planeStored is how Pillow reads planes that are not compressed: as the first letters of the name say
// that it has for what all samples together are ("R" of "RGB;16L"). What that makes noise of is refused.
func (f *tiffFile) planeStored() (tiffStored, error) {
	s := f.stored
	plain := s
	plain.samples, plain.reversed, plain.inverted, plain.order = 1, false, false, binary.LittleEndian
	l := f.layout
	noise := s.bits != 1 && s.bits != 8 && s.bits != 32 || s.reversed || s.bits == 32 && f.order != binary.LittleEndian
	switch {
	case l.samples == 1 && l.colours == tiffPalette && s.bits != 8, noise:
		return s, fmt.Errorf("planes of %d-bit samples that are not compressed, which Pillow takes for others: write the samples side by side (tiffcp -p contig)", s.bits)
	case l.samples == 2, l.colours == tiffYCC && l.samples > 1, l.premultiplied, l.samples > 4:
		return s, fmt.Errorf("planes of %d samples (PhotometricInterpretation %d) that are not compressed, which Pillow does not read: write the samples side by side (tiffcp -p contig)",
			l.samples, f.photo)
	}
	return plain, nil
}

// beyond is how long a row of a tile is that goes on beyond the picture, by Pillow's reckoning.
func (f *tiffFile) beyond(width int) int {
	bits := width * f.stored.bits * f.layout.samples
	if !f.planes {
		return bits / 8
	}
	colours := 1
	switch f.photo {
	case 2, 6, 8:
		colours = 3
	case 5:
		colours = 4
	}
	return bits / 8 / (colours + len(f.extra))
}

// cells are where the strips or tiles lie, and how wide they are. Pillow reads them in the order of their
// offsets, so that of several for one place the last in the file counts.
func (f *tiffFile) cells(planes int) (map[tiffCell]int64, int, error) {
	offsets, width, height := f.tags[tagStripOffsets], int64(f.width), f.one(tagRowsPerStrip, int64(f.height))
	if offsets == nil {
		offsets, width, height = f.tags[tagTileOffsets], f.one(tagTileWidth, 0), f.one(tagTileHeight, 0)
	}
	switch {
	case offsets == nil:
		return nil, 0, errors.New("it does not say where its pixels are")
	case width < 1 || height < 1 || width > 1<<32 || height > 1<<32:
		return nil, 0, fmt.Errorf("strips or tiles of %dx%d pixels: the file is damaged", width, height)
	}
	if width == int64(f.width) && height == int64(f.height) && !f.planes {
		offsets = offsets[len(offsets)-1:] // each of them covers the picture
	}
	cells := map[tiffCell]int64{}
	var x, y, plane int
	for _, at := range offsets {
		if plane >= planes && f.planes {
			return nil, 0, fmt.Errorf("%d strips or tiles are too many: the file is damaged", len(offsets))
		}
		c := tiffCell{x: x, y: y, width: int(min(width, int64(f.width-x))), height: int(min(height, int64(f.height-y)))}
		if f.planes {
			c.plane = plane
		}
		if last, ok := cells[c]; !ok || at > last {
			cells[c] = at
		}
		if x += int(width); x >= f.width {
			x, y = 0, y+int(height)
			if y >= f.height {
				y, plane = 0, plane+1
			}
		}
	}
	return cells, int(width), nil
}

// area is how many pixels have a strip or tile.
func (f *tiffFile) area(cells map[tiffCell]int64) int {
	n := 0
	for c := range cells {
		n += c.width * c.height
	}
	return n
}
