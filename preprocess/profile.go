package preprocess

import (
	"bytes"
	"fmt"
	"slices"

	"ortho/preprocess/codecs"
)

// profileLimit is the largest colour profile that is read.
const profileLimit = 16 << 20

// fits reports whether an ICC profile is for an image of so many channels, alpha
// included.
func fits(icc []byte, channels int) bool {
	if channels <= 2 {
		return colourSpace(icc) == "GRAY"
	}
	return colourSpace(icc) == "RGB "
}

// colourSpace is the specification's data colour space field (ICC.1:2022, 7.2.6); "" of what is no profile,
// or too large a one.
func colourSpace(icc []byte) string {
	const header = 128
	if len(icc) < header || len(icc) > profileLimit {
		return ""
	}
	return string(icc[16:20])
}

// inSRGB converts pixels of so many channels by a profile of such colours.
func inSRGB(icc, pix []byte, channels int) ([]byte, error) {
	space := map[int]string{1: "GRAY", 3: "RGB ", 4: "CMYK"}[channels]
	if colourSpace(icc) != space {
		return nil, fmt.Errorf("the colour profile is of %q, and the picture of %q", colourSpace(icc), space)
	}
	if err := codecs.FindLCMS().Err; err != nil {
		return nil, err
	}
	return codecs.ToSRGB(icc, pix, channels)
}

// profile puts the parts of a JPEG's profile together, by their numbers, where there are
// as many as they say (ICC.1:2022, annex B.4).
func (h *jpegHeader) profile() []byte {
	slices.SortStableFunc(h.icc, func(a, b []byte) int { return int(a[0]) - int(b[0]) })
	var icc []byte
	for _, part := range h.icc {
		if int(part[1]) != len(h.icc) {
			return nil
		}
		icc = append(icc, part[2:]...)
	}
	return icc
}

// pngProfile inflates a PNG's iCCP chunk: name, 0, method 0, deflated profile.
func pngProfile(data []byte) []byte {
	_, packed, ok := bytes.Cut(pngChunk(data, "iCCP"), []byte{0})
	if !ok || len(packed) < 1 || packed[0] != 0 {
		return nil
	}
	return inflate(packed[1:], profileLimit)
}

// pngChunk is the body of the first chunk of that kind before the pixels.
func pngChunk(data []byte, kind string) []byte {
	for name, body := range pngChunksOf(data) {
		switch name {
		case kind:
			return body
		case "IDAT":
			return nil
		}
	}
	return nil
}
