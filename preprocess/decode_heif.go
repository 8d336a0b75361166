package preprocess

import (
	"encoding/binary"
	"fmt"
	"slices"

	"ortho/preprocess/codecs"
)

// isHEIF reports whether a file's first box says that it holds HEIC, by the brands that pillow-heif knows. AVIF, which
// may have some of them, is looked for before.
func isHEIF(data []byte) bool {
	return len(data) >= 12 && string(data[4:8]) == "ftyp" &&
		slices.Contains([]string{"heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs", "mif1", "msf1"}, string(data[8:12]))
}

// decodeHEIF is pillow-heif. libheif turns the picture, and its EXIF orientation counts no more.
func decodeHEIF(data []byte, ask request) (picture, error) {
	if err := codecs.FindHEIF().Err; err != nil {
		return picture{}, fmt.Errorf("it needs libheif (apt install libheif1, brew install libheif)%s: %w", convertFirst, err)
	}
	if err := heifAffordable(data, ask.maxPixels); err != nil {
		return picture{}, err
	}
	h, err := codecs.OpenHEIF(data, ask.maxPixels)
	if err != nil {
		return picture{}, err
	}
	defer h.Close()
	// Planes of up to 16 bits, those of tiles, R, G, B and A side by side, and what these become.
	if err := ask.admit(h.Width, h.Height, 2*6+4+4); err != nil {
		return picture{}, err
	}
	if err := h.Decode(); err != nil {
		return picture{}, err
	}
	if err := checkSize(h.Width, h.Height, ask.maxPixels); err != nil {
		return picture{}, err
	}
	p := picture{upright: true}
	if ask.extras {
		exif := boxedEXIF(h.EXIF)
		p.icc, p.metadata = h.ICC, Metadata{EXIF: exif, XMP: h.XMP, Resolution: exifResolution(exif)}
	}
	switch {
	case h.Channels == 4:
		pix := make([]byte, h.Width*h.Height*4)
		if err := h.Pixels(pix); err != nil {
			return picture{}, err
		}
		if h.Premultiplied {
			straighten(pix)
		}
		p.img = ask.image(h.Width, h.Height, 3)
		dropAlpha(p.img.Pix, pix)
		if ask.extras {
			p.alpha = fourths(pix)
		}
	case h.Channels == 1 && h.Bits > 8:
		pix := make([]byte, h.Width*h.Height*2)
		if err := h.Pixels(pix); err != nil {
			return picture{}, err
		}
		p.img = ask.image(h.Width, h.Height, 1)
		narrow(p.img.Pix, pix, ask.extras)
	default:
		p.img = ask.image(h.Width, h.Height, h.Channels)
		if err := h.Pixels(p.img.Pix); err != nil {
			return picture{}, err
		}
	}
	return p, nil
}

// boxedEXIF is EXIF data as boxes have it: behind a number of bytes to pass over, which some writers leave out.
func boxedEXIF(box []byte) []byte {
	if len(box) < 8 || isTIFF(box) {
		return box
	}
	skip := int64(be32(box))
	if skip > int64(len(box)-4) {
		return nil
	}
	return withoutMark(box[4+skip:])
}

// straighten is Pillow's conversion of RGBa, whose colours are multiplied by alpha, to RGBA.
func straighten(pix []byte) {
	for ; len(pix) > 0; pix = pix[4:] {
		if a := pix[3]; a != 0 {
			pix[0], pix[1], pix[2] = unpremultiply(pix[0], a), unpremultiply(pix[1], a), unpremultiply(pix[2], a)
		}
	}
}

// narrow makes 8 bits of gray samples of 16: their high bytes for a picture, else as Pillow's mode I;16 has it.
func narrow(dst, samples []byte, high bool) {
	for i := range dst {
		v := binary.NativeEndian.Uint16(samples[2*i:])
		if high {
			dst[i] = highByte(v)
		} else {
			dst[i] = clip16(v)
		}
	}
}
