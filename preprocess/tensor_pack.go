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
func (s *Spec) value(p, c int) float64 {
	if s.Invert {
		p = 255 - p
	}
	v := float64(float64(p)/255*(s.Range[1]-s.Range[0])) + s.Range[0]
	return (v - s.Mean[c]) / s.Std[c]
}

// tabulate computes the elements that every colour's values become.
func (s *Spec) tabulate(tables *[3 * 256 * 4]byte) {
	switch s.Type {
	case Float32:
		tabulate(s, tables, func(v float64) uint32 { return math.Float32bits(float32(v)) })
	case Float16:
		tabulate(s, tables, func(v float64) uint16 { return ToFloat16(float32(v)) })
	case Uint8:
		tabulate(s, tables, func(v float64) uint8 { return uint8(min(max(math.RoundToEven(v), 0), 255)) })
	case Int8:
		tabulate(s, tables, func(v float64) uint8 { return uint8(int8(saturated(v, math.MinInt8, math.MaxInt8))) })
	case BFloat16:
		tabulate(s, tables, func(v float64) uint16 { return toBFloat16(float32(v)) })
	case Uint16:
		tabulate(s, tables, func(v float64) uint16 { return uint16(saturated(v, 0, math.MaxUint16)) })
	case Int16:
		tabulate(s, tables, func(v float64) uint16 { return uint16(int16(saturated(v, math.MinInt16, math.MaxInt16))) })
	case Uint32:
		tabulate(s, tables, func(v float64) uint32 { return uint32(saturated(v, 0, math.MaxUint32)) })
	case Int32:
		tabulate(s, tables, func(v float64) uint32 { return uint32(int32(saturated(v, math.MinInt32, math.MaxInt32))) })
	}
}

// saturated rounds half to even, and saturates.
func saturated(v, lo, hi float64) int64 { return int64(min(max(math.RoundToEven(v), lo), hi)) }

// toBFloat16 rounds to the nearest, half to even; what is larger becomes infinity.
func toBFloat16(f float32) uint16 {
	bits := math.Float32bits(f)
	if f != f {
		return uint16(bits>>16) | 0x40
	}
	return uint16((bits + 0x7fff + bits>>16&1) >> 16)
}

// wide makes a tensor of elements of 8 bytes: the pixels' values first, a byte each, and their
// elements of these.
func (s *Spec) wide(m *scratch, dst []byte, pack func(*Spec, []byte)) {
	for c := range 3 {
		for p := range 256 {
			m.tables[256*c+p] = byte(p)
		}
	}
	bytes := *s
	bytes.Type = Uint8
	pixels := make([]byte, bytes.Bytes())
	pack(&bytes, pixels)
	var elements [3][256]uint64
	for c := range s.Channels {
		for p := range 256 {
			v := s.value(p, c)
			if elements[c][p] = math.Float64bits(v); s.Type == Int64 {
				elements[c][p] = uint64(int64(min(max(math.RoundToEven(v), math.MinInt64), math.MaxInt64-1023))) // the largest float64 below 2^63
			}
		}
	}
	out, plane := view[uint64](dst), s.Height*s.Width
	for i, p := range pixels {
		c := i / plane
		if s.Layout == NHWC {
			c = i % s.Channels
		}
		out[i] = elements[c][p]
	}
}

func tabulate[T uint8 | uint16 | uint32](s *Spec, tables *[3 * 256 * 4]byte, convert func(float64) T) {
	out := view[T](tables[:])
	for c := range s.Channels {
		for p := range 256 {
			out[256*c+p] = convert(s.value(p, s.position(c)))
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
