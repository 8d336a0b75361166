package preprocess

// torch's interpolate(mode="bilinear", antialias=True) of float tensors, which torchvision's
// Resize calls of them, and by it transformers' DINOv3ViTImageProcessor: Pillow's filter in
// single precision, with a result that is not rounded to bytes
// (aten/src/ATen/native/cpu/UpSampleKernel.cpp, HelperInterpBase::_compute_indices_min_size_weights_aa).

func (s *sampled) prepareTorch(x, y resize1D) {
	s.acrossParts, s.endAcross = partsTorch(s.acrossParts[:0], s.endAcross, x)
	s.downParts, s.endDown = partsTorch(s.downParts[:0], s.endDown, y)
	s.floats = grown(s.floats, len(s.out))
	first, last := s.downParts[0].at, s.downParts[len(s.downParts)-1].at
	s.filtered = grown(s.filtered, int(last-first+1)*len(s.out))
	for line := first; line <= last; line++ {
		s.filterAcross(s.filtered[int(line-first)*len(s.out):][:len(s.out)], s.line(int(line)))
	}
	s.made = (*sampled).filteredDown
}

// partsTorch gives the pixels that each output is made of, and where in parts they end.
func partsTorch(parts []part, ends []int32, of resize1D) ([]part, []int32) {
	ends = grown(ends, of.to-of.from)
	scale := float32(of.in) / float32(of.out)
	wide := max(scale, 1)
	for i := range ends {
		center := float32(scale * (float32(of.from+i) + 0.5))
		lo, hi := max(0, int(center-wide+0.5)), min(of.in, int(center+wide+0.5))
		sum, from := float32(0), len(parts)
		for at := lo; at < hi; at++ {
			by := float32((float32(at) - center + 0.5) * (1 / wide))
			parts = append(parts, part{int32(at), max(0, 1-max(by, -by))})
			sum += parts[len(parts)-1].share
		}
		for k := from; k < len(parts); k++ {
			parts[k].share /= sum
		}
		ends[i] = int32(len(parts))
	}
	return parts, ends
}

// filterAcross fills out with a row of the image.
func (s *sampled) filterAcross(out []float32, row []byte) {
	n, from := s.img.Channels, int32(0)
	for i, end := range s.endAcross {
		for c := range n {
			sum := float32(0)
			for _, p := range s.acrossParts[from:end] {
				sum += float32(float32(row[int(p.at)*n+c]) * p.share)
			}
			out[i*n+c] = sum
		}
		from = end
	}
}

// filteredDown fills floats with row y of the region.
func (s *sampled) filteredDown(y int) {
	from := int32(0)
	if y > 0 {
		from = s.endDown[y-1]
	}
	clear(s.floats)
	for _, p := range s.downParts[from:s.endDown[y]] {
		row := s.filtered[int(p.at-s.downParts[0].at)*len(s.floats):][:len(s.floats)]
		for i, v := range row {
			s.floats[i] += float32(v * p.share)
		}
	}
}
