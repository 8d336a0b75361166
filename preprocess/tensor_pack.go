package preprocess

import (
	"math"
	"slices"
)

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
func (s *Spec) value(p float64, c int) float64 { return s.valueOf(p, c, 255) }

// valueOf is value where a pixel of white, and not of 255, becomes Range[1].
func (s *Spec) valueOf(p float64, c int, white float64) float64 {
	if s.Invert {
		p = white - p
	}
	v := float64(p/white*(s.Range[1]-s.Range[0])) + s.Range[0]
	return (v - s.Mean[c]) / s.Std[c]
}

// What a value becomes as an element of each type. Whole numbers are rounded half to even, and
// saturate.
func toFloat32(v float64) uint32  { return math.Float32bits(float32(v)) }
func toFloat16(v float64) uint16  { return ToFloat16(float32(v)) }
func toBFloat16(v float64) uint16 { return bfloat16(float32(v)) }
func toUint8(v float64) uint8     { return uint8(wholeNumber(v, 0, math.MaxUint8)) }
func toInt8(v float64) uint8      { return uint8(int8(wholeNumber(v, math.MinInt8, math.MaxInt8))) }
func toUint16(v float64) uint16   { return uint16(wholeNumber(v, 0, math.MaxUint16)) }
func toInt16(v float64) uint16    { return uint16(int16(wholeNumber(v, math.MinInt16, math.MaxInt16))) }
func toUint32(v float64) uint32   { return uint32(wholeNumber(v, 0, math.MaxUint32)) }
func toInt32(v float64) uint32    { return uint32(int32(wholeNumber(v, math.MinInt32, math.MaxInt32))) }
func toInt64(v float64) uint64    { return uint64(wholeNumber(v, math.MinInt64, 0x1p63-1024)) } // the largest float64 below 2^63

func wholeNumber(v, lo, hi float64) int64 { return int64(min(max(math.RoundToEven(v), lo), hi)) }

// bfloat16 rounds to the nearest, half to even; what is larger becomes infinity.
func bfloat16(f float32) uint16 {
	bits := math.Float32bits(f)
	if f != f {
		return uint16(bits>>16) | 0x40
	}
	return uint16((bits + 0x7fff + bits>>16&1) >> 16)
}

// colorTables hold, for each colour and value of a pixel, the element that it becomes.
type colorTables [3 * 256 * 8]byte

// tabulate computes the elements that every colour's values become.
func (s *Spec) tabulate(tables *colorTables) {
	switch s.Type {
	case Float32:
		tabulate(s, tables, toFloat32)
	case Float16:
		tabulate(s, tables, toFloat16)
	case Uint8:
		tabulate(s, tables, toUint8)
	case Int8:
		tabulate(s, tables, toInt8)
	case Float64:
		tabulate(s, tables, math.Float64bits)
	case BFloat16:
		tabulate(s, tables, toBFloat16)
	case Uint16:
		tabulate(s, tables, toUint16)
	case Int16:
		tabulate(s, tables, toInt16)
	case Uint32:
		tabulate(s, tables, toUint32)
	case Int32:
		tabulate(s, tables, toInt32)
	case Int64:
		tabulate(s, tables, toInt64)
	}
}

// wide makes a tensor of elements of 8 bytes, which pack can't make: a byte for each pixel's value
// first, and their elements of these.
func (s *Spec) wide(m *scratch, dst []byte, pack func(*Spec, []byte)) {
	s.tabulate(&m.tables)
	elements := slices.Clone(view[uint64](m.tables[:]))
	m.identity()
	values := *s
	values.Type = Uint8
	pixels := make([]byte, values.Bytes())
	pack(&values, pixels)
	out, plane := view[uint64](dst), s.Height*s.Width
	for i, p := range pixels {
		c := i / plane
		if s.Layout == NHWC {
			c = i % s.Channels
		}
		out[i] = elements[256*s.position(c)+int(p)]
	}
}

// peak makes a tensor whose values are parts of the image's own largest: a byte for each pixel's value first,
// then what these become. A black image stays black.
func (s *Spec) peak(m *scratch, dst []byte, pack func(*Spec, []byte)) {
	m.identity()
	values := *s
	values.Type, values.Peak = Uint8, false
	pixels := make([]byte, values.Bytes())
	pack(&values, pixels)
	white := float64(max(1, slices.Max(pixels)))
	plane := s.Height * s.Width
	channel := func(i int) int {
		if s.Layout == NHWC {
			return i % s.Channels
		}
		return i / plane
	}
	switch s.Type {
	case Float16:
		out := view[uint16](dst)
		for i, p := range pixels {
			out[i] = toFloat16(s.valueOf(float64(p), channel(i), white))
		}
	default:
		var tables [3][256]uint32
		for c := range s.Channels {
			for p := range 256 {
				tables[c][p] = toFloat32(s.valueOf(float64(p), c, white))
			}
		}
		out := view[uint32](dst)
		for i, p := range pixels {
			out[i] = tables[channel(i)][p]
		}
	}
}

func tabulate[T uint8 | uint16 | uint32 | uint64](s *Spec, tables *colorTables, convert func(float64) T) {
	out := view[T](tables[:])
	for c := range s.Channels {
		for p := range 256 {
			out[256*c+p] = convert(s.value(float64(p), s.position(c)))
		}
	}
}

// fill gives every pixel of the tensor the colour Fill; 0, where padding is of the tensor itself.
func (s *Spec) fill(dst []byte, tables *colorTables) {
	if s.PadEnd {
		clear(dst)
		return
	}
	switch s.Type.Size() {
	case 8:
		fill[uint64](s, dst, tables)
	case 4:
		fill[uint32](s, dst, tables)
	case 2:
		fill[uint16](s, dst, tables)
	default:
		fill[uint8](s, dst, tables)
	}
}

func fill[T uint8 | uint16 | uint32 | uint64](s *Spec, dst []byte, tables *colorTables) {
	out, table, p := view[T](dst), view[T](tables[:]), s.placement(0, 0)
	for c := range s.Channels {
		for i := range s.Height * s.Width {
			out[p.channel[c]+i*p.pixel] = table[256*c+int(s.Fill[c])]
		}
	}
}
