package preprocess

import (
	"encoding/binary"
	"math"
)

// resampleReference is Resample in the plainest terms: one sum for each sample.
// A faster kernel is held against it.
func resampleReference(img *Image, width, height int, f Filter) *Image {
	if f == Nearest {
		columns, lines := make([]int, width), make([]int, height)
		nearestPositions(columns, img.Width, width, 0)
		nearestPositions(lines, img.Height, height, 0)
		return build(width, height, img.Channels, func(x, y, c int) byte { return img.at(columns[x], lines[y], c) })
	}
	across := func(img *Image) *Image {
		if width == img.Width {
			return img
		}
		var t taps
		t.prepare(resize1D{img.Width, width, 0, width, f})
		return build(width, img.Height, img.Channels, func(x, y, c int) byte {
			return weigh(t.weight[x], func(k int) byte { return img.at(t.start[x]+k, y, c) })
		})
	}
	down := func(img *Image) *Image {
		if height == img.Height {
			return img
		}
		var t taps
		t.prepare(resize1D{img.Height, height, 0, height, f})
		return build(img.Width, height, img.Channels, func(x, y, c int) byte {
			return weigh(t.weight[y], func(k int) byte { return img.at(x, t.start[y]+k, c) })
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

func weigh(weights []int32, at func(int) byte) byte {
	sum := int64(1 << 21)
	for k, w := range weights {
		sum += int64(at(k)) * int64(w)
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
