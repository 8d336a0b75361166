package preprocess

import (
	"bytes"
	"slices"
)

// profileLimit is the largest colour profile that is read.
const profileLimit = 16 << 20

// fits reports whether an ICC profile is for an image of so many channels, alpha
// included: the specification's data colour space field (ICC.1:2022, 7.2.6).
func fits(icc []byte, channels int) bool {
	const header = 128
	if len(icc) < header || len(icc) > profileLimit {
		return false
	}
	if channels <= 2 {
		return string(icc[16:20]) == "GRAY"
	}
	return string(icc[16:20]) == "RGB "
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
	for data = data[8:]; len(data) >= 12; {
		n := int64(be32(data))
		if n+12 > int64(len(data)) || string(data[4:8]) == "IDAT" {
			break
		}
		if string(data[4:8]) == kind {
			return data[8 : 8+n]
		}
		data = data[12+n:]
	}
	return nil
}
