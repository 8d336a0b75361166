package preprocess

import "math"

// ToFloat16 rounds to IEEE 754 half precision, to nearest even; larger values
// become infinities.
func ToFloat16(f float32) uint16 {
	bits := math.Float32bits(f)
	sign := uint16(bits >> 16 & 0x8000)
	exponent := int(bits>>23&0xff) - 127
	mantissa := bits & 0x7fffff
	switch {
	case exponent == 128: // infinity or NaN
		if mantissa != 0 {
			return sign | 0x7e00
		}
		return sign | 0x7c00
	case exponent > 15:
		return sign | 0x7c00
	case exponent >= -14:
		half := uint32(exponent+15)<<10 | mantissa>>13
		return sign | uint16(roundEven(half, mantissa&0x1fff, 0x1000))
	case exponent >= -25: // subnormal
		mantissa |= 0x800000
		shift := uint(-exponent - 1) // 13 more bits than at exponent -14
		return sign | uint16(roundEven(mantissa>>shift, mantissa&(1<<shift-1), 1<<(shift-1)))
	}
	return sign
}

// roundEven rounds v up where the rest that was cut off is above half, or is half
// and v is odd. A carry out of the mantissa raises the exponent, as it should.
func roundEven(v, rest, half uint32) uint32 {
	if rest > half || rest == half && v&1 == 1 {
		v++
	}
	return v
}

// Float16ToFloat32 widens a half-precision value; this is exact.
func Float16ToFloat32(h uint16) float32 {
	sign := uint32(h&0x8000) << 16
	exponent := uint32(h >> 10 & 0x1f)
	mantissa := uint32(h & 0x3ff)
	switch exponent {
	case 0:
		f := float32(mantissa) / (1 << 24)
		return math.Float32frombits(math.Float32bits(f) | sign)
	case 0x1f:
		return math.Float32frombits(sign | 0x7f800000 | mantissa<<13)
	}
	return math.Float32frombits(sign | (exponent+112)<<23 | mantissa<<13)
}
