package preprocess

import (
	"encoding/binary"
	"math"
)

// resampleReference is Resample in the plainest terms: one sum for each sample.
// A faster kernel is held against it.
func resampleReference(img *Image, width, height int, f Filter) *Image {
	if f == Nearest {
		columns, lines := make([]int32, width), make([]int32, height)
		nearestPositions(columns, resize1D{img.Width, width, 0, width, f, 0})
		nearestPositions(lines, resize1D{img.Height, height, 0, height, f, 0})
		return build(width, height, img.Channels, func(x, y, c int) byte { return img.at(int(columns[x]), int(lines[y]), c) })
	}
	across := func(img *Image) *Image {
		if width == img.Width {
			return img
		}
		var t taps
		t.prepare(resize1D{img.Width, width, 0, width, f, 0})
		return build(width, img.Height, img.Channels, func(x, y, c int) byte {
			return t.weigh(x, img.Width, func(column int) byte { return img.at(column, y, c) })
		})
	}
	down := func(img *Image) *Image {
		if height == img.Height {
			return img
		}
		var t taps
		t.prepare(resize1D{img.Height, height, 0, height, f, 0})
		return build(img.Width, height, img.Channels, func(x, y, c int) byte {
			return t.weigh(y, img.Height, func(line int) byte { return img.at(x, line, c) })
		})
	}
	if img.Height > height && img.Height-height > 2*(img.Width-width) {
		return across(down(img))
	}
	return down(across(img))
}

func (m *Image) at(x, y, c int) byte { return m.Pix[(y*m.Width+x)*m.Channels+c] }

func build(width, height, channels int, at func(x, y, c int) byte) *Image {
	m := newImage(width, height, channels)
	for i := range m.Pix {
		m.Pix[i] = at(i/channels%width, i/channels/width, i%channels)
	}
	return m
}

// weigh is output i of a pass over n inputs.
func (t *taps) weigh(i, n int, at func(int) byte) byte {
	sum := int64(1 << 21)
	for k := range 4 * t.groups {
		group := t.weight[(i*t.groups+k/4)*8:]
		weight := int64(group[k%4]) + int64(group[4+k%4])<<16
		if in := int(t.start[i]) + k; in < n {
			sum += int64(at(in)) * weight
		} else if weight != 0 {
			panic("a tap beyond the edge")
		}
	}
	return byte(min(max(sum>>22, 0), 255))
}

// tensorReference is Spec.Tensor, element by element.
func tensorReference(s *Spec, img *Image) []byte {
	width, height := s.ResizedSize(img.Width, img.Height)
	whole := resampleReference(img, width, height, s.Interpolation)
	x0, left, n := s.window(width, s.Width)
	y0, top, m := s.window(height, s.Height)
	var out []byte
	element := func(x, y, c int) {
		from := c
		if s.ColorOrder == BGR {
			from = s.Channels - 1 - c
		}
		p := s.Fill[from]
		if x >= left && x < left+n && y >= top && y < top+m {
			p = whole.at(x-left+x0, y-top+y0, from)
		}
		if s.Invert {
			p = 255 - p
		}
		v := (float64(p)/255*(s.Range[1]-s.Range[0]) + s.Range[0] - s.Mean[c]) / s.Std[c]
		switch s.Type {
		case Float32:
			out = binary.NativeEndian.AppendUint32(out, math.Float32bits(float32(v)))
		case Float16:
			out = binary.NativeEndian.AppendUint16(out, ToFloat16(float32(v)))
		case Uint8:
			out = append(out, uint8(min(max(math.RoundToEven(v), 0), 255)))
		case Int8:
			out = append(out, uint8(int8(min(max(math.RoundToEven(v), -128), 127))))
		}
	}
	if s.Layout == NHWC {
		for i := range s.Height * s.Width * s.Channels {
			element(i/s.Channels%s.Width, i/s.Channels/s.Width, i%s.Channels)
		}
		return out
	}
	for i := range s.Channels * s.Height * s.Width {
		element(i%s.Width, i/s.Width%s.Height, i/s.Width/s.Height)
	}
	return out
}
