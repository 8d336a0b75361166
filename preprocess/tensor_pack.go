package preprocess

import "math"

// placement says where in the tensor the pixels of a window go whose first row and
// column are top and left.
func (s *Spec) placement(left, top int) placement {
	p := placement{element: s.Type.Size(), pixel: 1, row: s.Width}
	first, channel := top*s.Width+left, s.Height*s.Width
	if s.Layout == NHWC {
		p.pixel, p.row = s.Channels, s.Width*s.Channels
		first, channel = first*s.Channels, 1
	}
	for c := range s.Channels {
		p.channel[c] = first + s.position(c)*channel
	}
	return p
}

// position is the tensor's channel in which colour c of a pixel stands.
func (s *Spec) position(c int) int {
	if s.ColorOrder == BGR {
		return s.Channels - 1 - c
	}
	return c
}

// value is what pixel p becomes in channel c of the tensor.
func (s *Spec) value(p float64, c int) float64 {
	if s.Invert {
		p = 255 - p
	}
	v := float64(p/255*(s.Range[1]-s.Range[0])) + s.Range[0]
	return (v - s.Mean[c]) / s.Std[c]
}

// What a value becomes as an element of each type.
func toFloat32(v float64) uint32 { return math.Float32bits(float32(v)) }
func toFloat16(v float64) uint16 { return ToFloat16(float32(v)) }
func toUint8(v float64) uint8    { return uint8(min(max(math.RoundToEven(v), 0), 255)) }
func toInt8(v float64) uint8     { return uint8(int8(min(max(math.RoundToEven(v), -128), 127))) }

// tabulate computes the elements that every colour's values become.
func (s *Spec) tabulate(tables *[3 * 256 * 4]byte) {
	switch s.Type {
	case Float32:
		tabulate(s, tables, toFloat32)
	case Float16:
		tabulate(s, tables, toFloat16)
	case Uint8:
		tabulate(s, tables, toUint8)
	case Int8:
		tabulate(s, tables, toInt8)
	}
}

func tabulate[T uint8 | uint16 | uint32](s *Spec, tables *[3 * 256 * 4]byte, convert func(float64) T) {
	out := view[T](tables[:])
	for c := range s.Channels {
		for p := range 256 {
			out[256*c+p] = convert(s.value(float64(p), s.position(c)))
		}
	}
}

// fill gives every pixel of the tensor the colour Fill.
func (s *Spec) fill(dst []byte, tables *[3 * 256 * 4]byte) {
	switch s.Type.Size() {
	case 4:
		fill[uint32](s, dst, tables)
	case 2:
		fill[uint16](s, dst, tables)
	default:
		fill[uint8](s, dst, tables)
	}
}

func fill[T uint8 | uint16 | uint32](s *Spec, dst []byte, tables *[3 * 256 * 4]byte) {
	out, table, p := view[T](dst), view[T](tables[:]), s.placement(0, 0)
	for c := range s.Channels {
		for i := range s.Height * s.Width {
			out[p.channel[c]+i*p.pixel] = table[256*c+int(s.Fill[c])]
		}
	}
}
