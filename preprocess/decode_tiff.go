package preprocess

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"ortho/preprocess/codecs"
)

const (
	tagWidth, tagHeight, tagBitsPerSample         = 256, 257, 258
	tagCompression, tagPhotometric, tagFillOrder  = 259, 262, 266
	tagStripOffsets, tagSamplesPerPixel           = 273, 277
	tagRowsPerStrip, tagStripCounts, tagPlanar    = 278, 279, 284
	tagPredictor, tagColorMap                     = 317, 320
	tagTileWidth, tagTileHeight                   = 322, 323
	tagTileOffsets, tagTileCounts                 = 324, 325
	tagExtraSamples, tagSampleFormat, tagWMPhotos = 338, 339, 0xbc01
)

// tiffFile is the first directory of a TIFF, as Pillow's TiffImagePlugin reads it.
type tiffFile struct {
	order                 binary.ByteOrder
	tags                  map[uint16][]int64
	width, height         int
	compression, photo    int
	planes                bool // one for each sample
	reversed              bool // bits of a byte, as FillOrder 2 has it
	bits, format          int  // of a sample; 1: unsigned, 2: signed, 3: floating point
	samples               int  // of a pixel, as stored
	extra                 []int64
	tiled                 bool
	unitWidth, unitHeight int // of a strip or tile
	offsets, counts       []int64
	layout                tiffLayout
}

// tiffCompressions are the kinds that Pillow knows, by libtiff's names.
var tiffCompressions = map[int]string{1: "none", 2: "CCITT modified Huffman", 3: "CCITT group 3", 4: "CCITT group 4", 5: "LZW", 6: "old JPEG", 7: "JPEG", 8: "deflate",
	32771: "16-bit padding", 32773: "PackBits", 32809: "ThunderScan", 32946: "deflate", 34676: "SGI log", 34677: "SGI log 24", 34925: "LZMA", 50000: "Zstandard", 50001: "WebP"}

// decodeTIFF reads the first picture of a TIFF. What is compressed libtiff unpacks, where it is there.
func decodeTIFF(data []byte, ask request) (picture, error) {
	f, err := readTIFF(data)
	if err != nil {
		return picture{}, err
	}
	if err := checkSize(f.width, f.height, ask.maxPixels); err != nil {
		return picture{}, err
	}
	out, err := f.newPixels(ask)
	if err != nil {
		return picture{}, err
	}
	switch library := codecs.FindTIFF(); {
	case f.compression == 1:
		err = f.unpacked(data, out)
	case library.Err == nil:
		err = f.byLibTIFF(data, out)
	case errors.Is(library.Err, codecs.ErrNone):
		err = f.byGo(data, out)
	default:
		err = library.Err
	}
	if err != nil {
		return picture{}, err
	}
	p := picture{img: out.img, luma: out.luma, alpha: out.alpha, inks: out.inks, orientation: int(f.one(tagOrientation, 0)), upright: true}
	if ask.extras {
		p.icc = tiffProfile(data)
	}
	return p, nil
}

// one is a tag's first number.
func (f *tiffFile) one(tag uint16, otherwise int64) int64 {
	if n := f.tags[tag]; len(n) > 0 {
		return n[0]
	}
	return otherwise
}

func readTIFF(data []byte) (*tiffFile, error) {
	f := &tiffFile{tags: map[uint16][]int64{}}
	f.order, _ = tiffOrder(data)
	for e := range tiffEntries(data) {
		if n := e.numbers(len(data)); n != nil {
			f.tags[e.tag] = n
		}
	}
	if f.tags[tagWidth] == nil || f.tags[tagHeight] == nil {
		return nil, errors.New("it does not state its size")
	}
	if f.tags[tagWMPhotos] != nil {
		return nil, errors.New("it is a Windows Media Photo")
	}
	f.width, f.height = int(f.one(tagWidth, 0)), int(f.one(tagHeight, 0))
	f.compression, f.photo = int(f.one(tagCompression, 1)), int(f.one(tagPhotometric, 0))
	f.planes, f.reversed = f.one(tagPlanar, 1) == 2, f.one(tagFillOrder, 1) == 2
	if tiffCompressions[f.compression] == "" {
		return nil, fmt.Errorf("compression of kind %d is not known", f.compression)
	}
	if f.compression == 6 {
		f.photo = 6 // old JPEGs most certainly are
	}
	if err := f.readSamples(); err != nil {
		return nil, err
	}
	var err error
	if f.layout, err = f.newLayout(); err != nil {
		return nil, err
	}
	return f, f.readUnits()
}

// readSamples settles how many samples a pixel has, of how many bits.
func (f *tiffFile) readSamples() error {
	bits := f.tags[tagBitsPerSample]
	if bits == nil {
		bits = []int64{1}
	}
	f.extra = f.tags[tagExtraSamples]
	samples := int64(1)
	if f.compression == 6 {
		samples = 3
	}
	samples = f.one(tagSamplesPerPixel, samples)
	f.samples = int(min(samples, 64))
	if f.planes && len(f.extra) > 0 && slices.Max(f.extra) == 0 { // further planes are passed over
		bits = bits[:max(0, len(bits)-len(f.extra))]
		samples -= int64(len(f.extra))
		f.extra = nil
	}
	const most = 6
	switch {
	case samples < 1 || samples > most:
		return fmt.Errorf("%d samples a pixel are not known", samples)
	case samples < int64(len(bits)):
		bits = bits[:samples]
	case len(bits) == 1:
		bits = slices.Repeat(bits, int(samples))
	}
	if int64(len(bits)) != samples || slices.Max(bits) != slices.Min(bits) || bits[0] < 1 || bits[0] > 32 {
		return fmt.Errorf("%d samples a pixel of %d bits are not known", samples, bits)
	}
	f.bits = int(bits[0])
	if !f.planes {
		f.samples = int(samples)
	}
	f.layout.samples = int(samples)
	formats := f.tags[tagSampleFormat]
	if formats == nil {
		formats = []int64{1}
	}
	if len(formats) > 1 && slices.Max(formats) != slices.Min(formats) {
		return fmt.Errorf("samples of kinds %d are not known", formats)
	}
	f.format = int(formats[0])
	return nil
}

// readUnits settles where the strips or tiles are.
func (f *tiffFile) readUnits() error {
	offsets, counts := uint16(tagStripOffsets), uint16(tagStripCounts)
	f.unitWidth, f.unitHeight = f.width, int(min(f.one(tagRowsPerStrip, int64(f.height)), int64(f.height)))
	if f.tags[tagStripOffsets] == nil || f.compression != 1 && f.tags[tagTileWidth] != nil {
		offsets, counts, f.tiled = tagTileOffsets, tagTileCounts, true
		f.unitWidth, f.unitHeight = int(f.one(tagTileWidth, 0)), int(f.one(tagTileHeight, 0))
	}
	f.offsets, f.counts = f.tags[offsets], f.tags[counts]
	switch {
	case f.offsets == nil:
		return errors.New("it does not say where its pixels are")
	case f.unitWidth < 1 || f.unitHeight < 1 || f.unitWidth > 1<<24 || f.unitHeight > 1<<24:
		return fmt.Errorf("strips or tiles of %dx%d pixels: the file is damaged", f.unitWidth, f.unitHeight)
	}
	return nil
}

// tiffUnit is a strip or tile: where it lies, of which sample it is (0 of all together), and its number.
type tiffUnit struct{ x, y, plane, number int }

// units calls use with each strip and tile that the picture has.
func (f *tiffFile) units(use func(u tiffUnit) error) error {
	n, planes := 0, 1
	if f.planes {
		planes = f.layout.samples
	}
	for plane := range planes {
		for y := 0; y < f.height; y += f.unitHeight {
			for x := 0; x < f.width; x += f.unitWidth {
				if err := use(tiffUnit{x, y, plane, n}); err != nil {
					return err
				}
				n++
			}
		}
	}
	return nil
}

// lineBytes are those of a row of a strip or tile.
func (f *tiffFile) lineBytes() int {
	samples := f.samples
	if f.planes {
		samples = 1
	}
	return (f.unitWidth*f.bits*samples + 7) / 8
}

// place unpacks what lies within the picture of a strip's or tile's rows.
func (f *tiffFile) place(u tiffUnit, rows []byte, order binary.ByteOrder, out *tiffPixels) {
	line := f.lineBytes()
	width := min(f.unitWidth, f.width-u.x)
	for y := u.y; y < min(u.y+f.unitHeight, f.height) && len(rows) >= line; y++ {
		out.row(rows[:line], u.x, y, width, u.plane, order)
		rows = rows[line:]
	}
}
