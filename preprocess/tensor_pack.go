package preprocess

import (
	"fmt"
	"math"
	"unsafe"
)

// pack normalises 8-bit pixels through a table for each channel and lays them out
// as the tensor's elements.
func (s *Spec) pack(dst, crop []byte) error {
	if size := s.Type.Size(); uintptr(unsafe.Pointer(unsafe.SliceData(dst)))%uintptr(size) != 0 {
		return fmt.Errorf("a tensor's memory is not aligned to its elements of %d bytes", size)
	}
	switch s.Type {
	case Float32:
		pack(s, dst, crop, func(v float64) uint32 { return math.Float32bits(float32(v)) })
	case Float16:
		pack(s, dst, crop, func(v float64) uint16 { return ToFloat16(float32(v)) })
	case Uint8:
		pack(s, dst, crop, func(v float64) uint8 { return uint8(min(max(math.RoundToEven(v), 0), 255)) })
	case Int8:
		pack(s, dst, crop, func(v float64) uint8 { return uint8(int8(min(max(math.RoundToEven(v), -128), 127))) })
	}
	return nil
}

// pack writes tensor elements as the bits that convert makes of their values. dst
// is aligned to T and holds one of it for each byte of crop.
func pack[T uint8 | uint16 | uint32](s *Spec, dst, crop []byte, convert func(float64) T) {
	out := unsafe.Slice((*T)(unsafe.Pointer(unsafe.SliceData(dst))), len(crop))
	// By the pixel's colour: where it goes, and what its values become.
	to := [3]int{0, 1, 2}
	if s.ColorOrder == BGR && s.Channels == 3 {
		to = [3]int{2, 1, 0}
	}
	var tables [3][256]T
	for c := range s.Channels {
		for p := range tables[c] {
			tables[c][p] = convert(s.value(p, to[c]))
		}
	}
	r, g, b := &tables[0], &tables[1], &tables[2]
	switch {
	case s.Channels == 1:
		for i, p := range crop {
			out[i] = r[p]
		}
	case s.Layout == NCHW:
		n := len(crop) / 3
		reds, greens, blues := out[to[0]*n:][:n], out[to[1]*n:][:n], out[to[2]*n:][:n]
		for i := range reds {
			p := crop[3*i : 3*i+3 : 3*i+3]
			reds[i], greens[i], blues[i] = r[p[0]], g[p[1]], b[p[2]]
		}
	default:
		for i := 0; i+2 < len(crop) && i+2 < len(out); i += 3 {
			p, o := (*[3]byte)(crop[i:]), (*[3]T)(out[i:])
			o[to[0]], o[to[1]], o[to[2]] = r[p[0]], g[p[1]], b[p[2]]
		}
	}
}
