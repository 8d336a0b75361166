package preprocess

import (
	"bytes"
	"errors"
	"fmt"
	"image"
)

const (
	tagWidth, tagHeight, tagBitsPerSample        = 256, 257, 258
	tagCompression, tagPhotometric, tagFillOrder = 259, 262, 266
	tagSamplesPerPixel, tagPlanar, tagPredictor  = 277, 284, 317
	tagTileWidth, tagExtraSamples                = 322, 338
)

// otherColors are kinds of photometric interpretation that are not read.
var otherColors = map[uint32]string{5: "CMYK", 6: "YCbCr", 8: "CIELab", 9: "ICCLab", 32803: "a camera's raw ones (CFA)", 32845: "LogLuv"}

// decodeTIFF leaves reading to x/image, which knows fewer kinds than libtiff; what
// it would silently misread is refused.
func decodeTIFF(data []byte, ask request) (picture, error) {
	if data[2] == '+' || data[3] == '+' {
		return picture{}, errors.New("BigTIFF is not supported")
	}
	tags := tiffTags(data)
	if kind := tags[tagPhotometric]; kind > 3 { // gray, RGB and palettes
		colors, known := otherColors[kind]
		if !known {
			colors = fmt.Sprintf("of kind %d (PhotometricInterpretation)", kind)
		}
		return picture{}, fmt.Errorf("its colours are %s, which is not supported in TIFF: convert it to RGB", colors)
	}
	if tags[tagPlanar] == 2 && tags[tagSamplesPerPixel] > 1 {
		return picture{}, errors.New("one plane per channel (PlanarConfiguration 2) is not supported")
	}
	if c := tags[tagCompression]; tags[tagFillOrder] == 2 && c != 3 && c != 4 {
		return picture{}, errors.New("reversed bits (FillOrder 2) are not supported")
	}
	if tags[tagSamplesPerPixel] == 2 {
		return decodeTIFFGrayAlpha(data, tags, ask)
	}
	m, err := decodeParts(ask.maxPixels, data)
	if err != nil {
		return picture{}, err
	}
	to8 := highByte
	switch m := m.(type) {
	case *image.Gray16:
		if ask.extras {
			break // the high byte of what Go has counted from white
		}
		to8 = clip16
		if tags[tagPhotometric] == 0 {
			invert(m.Pix) // Pillow does not count from white here
		}
	case *image.Gray:
		if c := tags[tagCompression]; (c == 3 || c == 4) && tags[tagPhotometric] != 0 {
			invert(m.Pix) // a fax's white is 0, which libtiff leaves to mean black
		}
	}
	img, err := pixels(m, to8)
	p := picture{img: img, orientation: tags.orientation(), upright: true}
	if ask.extras {
		p.alpha, p.icc = alphaOf(m), tiffProfile(data)
	}
	return p, err
}

func invert(pix []byte) {
	for i := range pix {
		pix[i] ^= 0xff
	}
}

// decodeTIFFGrayAlpha has x/image, which knows no gray with alpha, read a gray image that
// is twice as wide.
func decodeTIFFGrayAlpha(data []byte, tags tags, ask request) (picture, error) {
	const unassociated = 2
	if tags[tagPhotometric] != 1 || tags[tagBitsPerSample] != 8 || tags[tagExtraSamples] != unassociated || tags[tagPredictor] > 1 || tags[tagTileWidth] != 0 {
		return picture{}, errors.New("gray with alpha is supported in strips of 8 bits without a predictor, not premultiplied")
	}
	width, height := int(tags[tagWidth]), int(tags[tagHeight])
	if err := checkSize(width, height, ask.maxPixels); err != nil {
		return picture{}, err
	}
	data = bytes.Clone(data)
	for e := range tiffEntries(data) {
		switch e.tag {
		case tagSamplesPerPixel:
			e.set(1)
		case tagWidth:
			e.set(uint32(2 * width))
		case tagBitsPerSample:
			e.set(8)
		}
	}
	m, err := decodeParts(2*ask.maxPixels, data)
	if err != nil {
		return picture{}, err
	}
	wide, ok := m.(*image.Gray)
	if !ok || wide.Rect.Dx() != 2*width {
		return picture{}, errors.New("not gray with alpha")
	}
	p := picture{img: newImage(width, height, 1), orientation: tags.orientation(), upright: true}
	for i := range p.img.Pix {
		p.img.Pix[i] = wide.Pix[2*i]
	}
	if ask.extras {
		p.icc, p.alpha = tiffProfile(data), make([]byte, width*height)
		for i := range p.alpha {
			p.alpha[i] = wide.Pix[2*i+1]
		}
	}
	return p, nil
}
