package preprocess

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"ortho/preprocess/codecs"
)

const (
	tagWidth, tagHeight, tagBitsPerSample         = 256, 257, 258
	tagCompression, tagPhotometric, tagFillOrder  = 259, 262, 266
	tagStripOffsets, tagSamplesPerPixel           = 273, 277
	tagRowsPerStrip, tagStripCounts, tagPlanar    = 278, 279, 284
	tagT4Options, tagPredictor, tagColorMap       = 292, 317, 320
	tagTileWidth, tagTileHeight                   = 322, 323
	tagTileOffsets, tagTileCounts                 = 324, 325
	tagExtraSamples, tagSampleFormat, tagWMPhotos = 338, 339, 0xbc01
	tagJPEGTables, tagXMP, tagProfile             = 347, 700, 34675
)

// tiffFile is the first directory of a TIFF, as Pillow's TiffImagePlugin reads it.
type tiffFile struct {
	order              binary.ByteOrder
	tags               map[uint16][]int64
	width, height      int
	compression, photo int
	planes             bool // one for each sample
	stored             tiffStored
	layout             tiffLayout
	extra              []int64
	jpegTables         []byte
	oddXMP             bool // that Pillow can't search for an orientation
}

// tiffNumbers are the tags of which numbers are kept: any may have as many as the file has bytes.
var tiffNumbers = []uint16{tagWidth, tagHeight, tagBitsPerSample, tagCompression, tagPhotometric, tagFillOrder, tagStripOffsets, tagSamplesPerPixel, tagRowsPerStrip, tagStripCounts,
	tagPlanar, tagT4Options, tagPredictor, tagColorMap, tagTileWidth, tagTileHeight, tagTileOffsets, tagTileCounts, tagExtraSamples, tagSampleFormat, tagWMPhotos, tagXMP, tagOrientation}

// tiffStored is how samples lie in a row.
type tiffStored struct {
	bits, format int  // of a sample; 1: unsigned, 2: signed, 3: floating point
	samples      int  // side by side
	reversed     bool // bits of a byte, as FillOrder 2 has it
	inverted     bool // white is 0
	order        binary.ByteOrder
}

// lineBytes are those of a row of so many pixels.
func (s tiffStored) lineBytes(width int) int { return (width*s.bits*s.samples + 7) / 8 }

// tiffCompressions are the kinds that Pillow knows, by libtiff's names.
var tiffCompressions = map[int]string{1: "none", 2: "CCITT modified Huffman", 3: "CCITT group 3", 4: "CCITT group 4", 5: "LZW", 6: "old JPEG", 7: "JPEG", 8: "deflate",
	32771: "CCITT modified Huffman of words", 32773: "PackBits", 32809: "ThunderScan", 32946: "deflate", 34676: "SGI log", 34677: "SGI log 24", 34925: "LZMA", 50000: "Zstandard", 50001: "WebP"}

// decodeTIFF reads the first picture of a TIFF. What is compressed libtiff unpacks, where it is there.
func decodeTIFF(data []byte, ask request) (picture, error) {
	f, err := readTIFF(data)
	if err != nil {
		return picture{}, err
	}
	orientation := orientationOf(data, tiffBytes(data, tagXMP))
	out, err := f.newPixels(ask, orientation)
	if err != nil {
		return picture{}, err
	}
	switch library := findTIFF(); {
	case f.compression == 1:
		err = f.unpacked(data, out)
	case library.Err == nil:
		err = f.byLibTIFF(data, out)
	case errors.Is(library.Err, codecs.ErrNone):
		err = f.byGo(data, out)
	default:
		err = library.Err
	}
	if err == nil {
		err = out.err
	}
	if err == nil && f.layout.colours == tiffLab {
		err = labToRGB(out.img)
	}
	if err != nil {
		return picture{}, err
	}
	p, err := out.lines.picture()
	if err != nil {
		return picture{}, err
	}
	p.luma, p.alpha, p.inks, p.orientation, p.upright = out.luma, out.alpha, out.inks, orientation, true
	if ask.extras {
		p.icc, p.metadata = tiffBytes(data, tagProfile), tiffMetadata(data)
	}
	return p, nil
}

// bytes is how much memory it takes: of each pixel colours and what they become, and what is kept of it; beside
// them strips or tiles, and where they are.
func (f *tiffFile) bytes(ask request) (each, beside int64) {
	each = 3 + 3
	if f.layout.colours == tiffYCC {
		each++
	}
	if ask.extras {
		each += 4 + 1
	}
	bits := int64(f.stored.bits) * int64(f.layout.samples)
	if f.planes {
		each += (bits + 7) / 8
	}
	for _, numbers := range f.tags {
		beside += 8 * int64(len(numbers))
	}
	if f.compression == 1 {
		const cell = 256 // of the list of them
		beside += cell * int64(max(len(f.tags[tagStripOffsets]), len(f.tags[tagTileOffsets])))
	}
	w, h := f.unit()
	return each, beside + 2*w*h*(bits+7)/8
}

// unit is about the size of a strip or tile.
func (f *tiffFile) unit() (w, h int64) {
	width, height := int64(f.width), int64(f.height)
	if f.tags[tagTileOffsets] != nil {
		return min(width+1024, max(1, f.one(tagTileWidth, 1))), min(height+1024, max(1, f.one(tagTileHeight, 1)))
	}
	return width, min(height, max(1, f.one(tagRowsPerStrip, height)))
}

// band is how many rows strips or tiles have that come from the top, and as colours; else all.
func (f *tiffFile) band(orientation int) int {
	w, h := f.unit()
	whole := f.tags[tagStripOffsets] != nil && f.tags[tagTileOffsets] != nil // which of them counts is the decoder's to say
	switch l := f.layout.colours; {
	case f.planes, whole, orientation > 1, l != tiffGray && l != tiffRGB && l != tiffPalette:
		return f.height
	case f.compression == 1 && int64(max(len(f.tags[tagStripOffsets]), len(f.tags[tagTileOffsets]))) < ((int64(f.width)-1)/w+1)*((int64(f.height)-1)/h+1):
		return f.height // some are not there
	case f.compression == 1 && f.tags[tagTileOffsets] == nil:
		return 1
	}
	return int(min(h, int64(f.height)))
}

// findTIFF is what tests without the library replace.
var findTIFF = codecs.FindTIFF

// tiffBytes is a tag of the first directory that holds bytes.
func tiffBytes(data []byte, tag uint16) []byte {
	for e := range tiffEntries(data) {
		if e.tag == tag && (e.kind == 1 || e.kind == 7) { // BYTE, UNDEFINED
			return e.value
		}
	}
	return nil
}

// one is a tag's first number.
func (f *tiffFile) one(tag uint16, otherwise int64) int64 {
	if n := f.tags[tag]; len(n) > 0 {
		return n[0]
	}
	return otherwise
}

// readTags takes the numbers of the first directory's entries: -1 of what should be some, but is text or a
// fraction.
func (f *tiffFile) readTags(data []byte) error {
	order, big := tiffOrder(data)
	if f.order = order; big && order == binary.BigEndian {
		return errors.New("it is a BigTIFF whose numbers are big-endian, which Pillow can't read: convert it to a plain TIFF or PNG")
	}
	f.tags = map[uint16][]int64{}
	for e := range tiffEntries(data) {
		if !slices.Contains(tiffNumbers, e.tag) {
			continue
		}
		n := e.numbers(len(data))
		switch {
		case e.kind == 1 && (e.tag == tagStripOffsets || e.tag == tagTileOffsets || e.tag == tagColorMap):
			for _, b := range e.value { // Python's bytes are numbers there
				n = append(n, int64(b))
			}
		case e.tag == tagPhotometric && len(n) > 1:
			continue // Pillow leaves it out, where it takes the first number of others
		case n == nil:
			n = []int64{-1}
		}
		f.tags[e.tag] = n
	}
	if f.oddXMP = f.tags[tagXMP] != nil && tiffBytes(data, tagXMP) == nil; f.oddXMP && f.tags[tagOrientation] != nil {
		f.oddXMP = f.one(tagOrientation, 0) >= 2 && f.one(tagOrientation, 0) <= 8 && f.tags[tagXMP][0] >= 0 // which is changed, then
	}
	f.jpegTables = tiffBytes(data, tagJPEGTables)
	return nil
}

func readTIFF(data []byte) (*tiffFile, error) {
	f := &tiffFile{}
	if err := f.readTags(data); err != nil {
		return nil, err
	}
	if f.tags[tagWidth] == nil || f.tags[tagHeight] == nil {
		return nil, errors.New("it does not state its size: the file is damaged")
	}
	if f.oddXMP {
		return nil, errors.New("its XMP packet is no bytes: the file is damaged")
	}
	if f.tags[tagWMPhotos] != nil {
		return nil, errors.New("it is a Windows Media Photo: convert it to PNG")
	}
	f.width, f.height = int(min(f.one(tagWidth, 0), math.MaxInt32)), int(min(f.one(tagHeight, 0), math.MaxInt32))
	f.compression, f.photo = int(f.one(tagCompression, 1)), int(f.one(tagPhotometric, 0))
	f.planes = f.one(tagPlanar, 1) == 2
	f.stored.order, f.stored.reversed = f.order, f.one(tagFillOrder, 1) == 2
	if order := f.one(tagFillOrder, 1); order != 1 && order != 2 {
		return nil, fmt.Errorf("bits in order %d are not known", order)
	}
	if tiffCompressions[f.compression] == "" {
		return nil, fmt.Errorf("compression of kind %d is not known: convert it to PNG, or to a TIFF by LZW", f.compression)
	}
	if f.compression == 6 {
		f.photo = 6 // old JPEGs most certainly are
	}
	if err := f.readSamples(); err != nil {
		return nil, err
	}
	var err error
	f.layout, err = f.newLayout()
	f.stored.inverted = f.layout.inverted
	return f, err
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
		return fmt.Errorf("%d samples a pixel of %d bits are not known", samples, bits[:min(len(bits), 9)])
	}
	formats := f.tags[tagSampleFormat]
	if formats == nil {
		formats = []int64{1}
	}
	if len(formats) > 1 && slices.Max(formats) != slices.Min(formats) {
		return fmt.Errorf("samples of kinds %d are not known", formats[:min(len(formats), 9)])
	}
	f.stored.bits, f.stored.format, f.stored.samples = int(bits[0]), int(formats[0]), int(samples)
	f.layout.samples = int(samples)
	return nil
}
