package preprocess

import "math"

// TensorFlow's tf.image.resize(method="bilinear", antialias=False), which Keras'
// image_dataset_from_directory calls: single precision, half-pixel centres, and a result that
// is not rounded to bytes (tensorflow/core/kernels/image/resize_bilinear_op.cc).

func (s *sampled) prepareTF(x, y resize1D) {
	s.acrossSpans, s.downSpans = spansTF(s.acrossSpans, x), spansTF(s.downSpans, y)
	for i := range s.rows {
		s.rows[i] = grown(s.rows[i], len(s.out))
	}
	s.floats = grown(s.floats, len(s.out))
	s.made = (*sampled).interpolated
}

// spansTF is compute_interpolation_weights with the HalfPixelScaler.
func spansTF(spans []span, of resize1D) []span {
	scale := float32(of.in) / float32(of.out)
	spans = grown(spans, of.to-of.from)
	for i := range spans {
		at := float32((float32(of.from+i)+0.5)*scale) - 0.5
		low := math.Floor(float64(at))
		spans[i] = span{
			[2]int32{int32(max(low, 0)), int32(min(int(math.Ceil(float64(at))), of.in-1))},
			at - float32(low),
		}
	}
	return spans
}

func (s *sampled) interpolated(y int) {
	p := s.downSpans[y]
	top, bottom := s.interpolatedAcross(p.at[0], p.at[1]), s.interpolatedAcross(p.at[1], p.at[0])
	bottom, out := bottom[:len(top)], s.floats[:len(top)]
	for i, v := range top {
		out[i] = v + float32((bottom[i]-v)*p.by)
	}
}

func (s *sampled) interpolatedAcross(y, other int32) []float32 {
	slot, there := s.slot(y, other)
	out := s.rows[slot]
	if there {
		return out
	}
	n, row := int32(s.img.Channels), s.line(int(y))
	for i, p := range s.acrossSpans {
		for c := range n {
			a, b := float32(row[p.at[0]*n+c]), float32(row[p.at[1]*n+c])
			out[int32(i)*n+c] = a + float32((b-a)*p.by)
		}
	}
	return out
}

// interpolate is resample for a tensor whose pixels are no whole numbers.
func (s *Spec) interpolate(m *scratch, dst []byte, img strip, width, height int, r region, to placement) {
	switch s.Type {
	case Float32:
		interpolate(s, m, view[uint32](dst), img, width, height, r, to, toFloat32)
	case Float16:
		interpolate(s, m, view[uint16](dst), img, width, height, r, to, toFloat16)
	case Uint8:
		interpolate(s, m, view[uint8](dst), img, width, height, r, to, toUint8)
	case Int8:
		interpolate(s, m, view[uint8](dst), img, width, height, r, to, toInt8)
	case Float64:
		interpolate(s, m, view[uint64](dst), img, width, height, r, to, math.Float64bits)
	case BFloat16:
		interpolate(s, m, view[uint16](dst), img, width, height, r, to, toBFloat16)
	case Uint16:
		interpolate(s, m, view[uint16](dst), img, width, height, r, to, toUint16)
	case Int16:
		interpolate(s, m, view[uint16](dst), img, width, height, r, to, toInt16)
	case Uint32:
		interpolate(s, m, view[uint32](dst), img, width, height, r, to, toUint32)
	case Int32:
		interpolate(s, m, view[uint32](dst), img, width, height, r, to, toInt32)
	case Int64:
		interpolate(s, m, view[uint64](dst), img, width, height, r, to, toInt64)
	}
}

func interpolate[T uint8 | uint16 | uint32 | uint64](s *Spec, m *scratch, out []T, img strip, width, height int, r region, to placement, convert func(float64) T) {
	rows := &m.sampled
	rows.prepare(img, width, height, r, s.Interpolation)
	defer func() { rows.img = strip{} }()
	for y := range r.height {
		rows.made(rows, y)
		for c := range img.Channels {
			at, position := y*to.row+to.channel[c], s.position(c)
			for i := c; i < len(rows.floats); i += img.Channels {
				out[at] = convert(s.value(float64(rows.floats[i]), position))
				at += to.pixel
			}
		}
	}
}
