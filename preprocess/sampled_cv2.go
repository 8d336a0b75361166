package preprocess

import "math"

// OpenCV's cv2.resize of images of bytes (modules/imgproc/src/resize.cpp), to the bit, as it
// computes them on any processor: fixed point for INTER_LINEAR, single precision for
// INTER_AREA. The conversions to float32 and float64 keep a compiler from fusing a
// multiplication with an addition.

const coefficientBits = 11 // INTER_RESIZE_COEF_BITS

// scaleCV2 is how many pixels an output stands for: resize divides twice.
func scaleCV2(of resize1D) (scale, inverse float64) {
	inverse = float64(of.out) / float64(of.in)
	return 1 / inverse, inverse
}

func nearestCV2(at []int32, of resize1D) []int32 {
	scale, _ := scaleCV2(of)
	at = grown(at, of.to-of.from)
	for i := range at {
		at[i] = int32(min(int(float64(float64(of.from+i)*scale)), of.in-1))
	}
	return at
}

// pairsCV2 are the two taps of INTER_LINEAR; AreaCV2: of INTER_AREA where it enlarges. Columns
// stop at the edges, where rows go on with the last row twice.
func pairsCV2(pairs []pair, of resize1D, f Filter, columns bool) []pair {
	scale, inverse := scaleCV2(of)
	pairs = grown(pairs, of.to-of.from)
	for i := range pairs {
		n := float64(of.from + i)
		var at int
		var by float32
		if f == AreaCV2 {
			at = int(math.Floor(n * scale))
			if by = float32((n + 1) - float64(float64(at+1)*inverse)); by <= 0 {
				by = 0
			} else {
				by -= float32(math.Floor(float64(by)))
			}
		} else {
			by = float32(float64((n+0.5)*scale) - 0.5)
			at = int(math.Floor(float64(by)))
			by -= float32(at)
		}
		if columns && at < 0 {
			at, by = 0, 0
		}
		if columns && at >= of.in-1 {
			at, by = of.in-1, 0
		}
		const one = 1 << coefficientBits
		pairs[i] = pair{
			[2]int32{int32(min(max(at, 0), of.in-1)), int32(min(max(at+1, 0), of.in-1))},
			[2]int32{int32(math.RoundToEven(float64((1 - by) * one))), int32(math.RoundToEven(float64(by * one)))},
		}
	}
	return pairs
}

// prepareArea is for images that shrink, or stay, in both directions.
func (s *sampled) prepareArea(x, y resize1D) {
	scaleX, _ := scaleCV2(x)
	scaleY, _ := scaleCV2(y)
	s.block = [2]int{int(math.RoundToEven(scaleX)), int(math.RoundToEven(scaleY))}
	const epsilon = 0x1p-52 // DBL_EPSILON
	if math.Abs(scaleX-float64(s.block[0])) < epsilon && math.Abs(scaleY-float64(s.block[1])) < epsilon {
		s.made = (*sampled).blocks
		s.sums[0] = grown(s.sums[0], len(s.out))
		return
	}
	s.acrossParts, s.endAcross = partsCV2(s.acrossParts, s.endAcross, x)
	s.downParts, s.endDown = partsCV2(s.downParts, s.endDown, y)
	s.rows[0], s.rows[1] = grown(s.rows[0], len(s.out)), grown(s.rows[1], len(s.out))
	s.made = (*sampled).areas
}

// blocks is ResizeAreaFast: the mean of whole pixels.
func (s *sampled) blocks(y int) {
	n, sums := s.img.Channels, s.sums[0]
	clear(sums)
	for k := range s.block[1] {
		row := s.line((s.region.y+y)*s.block[1] + k)[s.region.x*s.block[0]*n:]
		for i := range s.region.width {
			for range s.block[0] {
				for c := range n {
					sums[i*n+c] += int32(row[c])
				}
				row = row[n:]
			}
		}
	}
	share := 1 / float32(s.block[0]*s.block[1])
	for i, sum := range sums {
		if s.block == [2]int{2, 2} {
			s.out[i] = uint8((sum + 2) >> 2)
		} else {
			s.out[i] = rounded(float32(sum) * share)
		}
	}
}

// rounded is saturate_cast<uchar>.
func rounded(v float32) uint8 { return uint8(min(max(math.RoundToEven(float64(v)), 0), 255)) }

// partsCV2 is computeResizeAreaTab: the pixels that an output's area covers, and how much of
// it. ends says where the parts of each output end.
func partsCV2(parts []part, ends []int32, of resize1D) ([]part, []int32) {
	scale, _ := scaleCV2(of)
	parts, ends = parts[:0], ends[:0]
	const least = 1e-3
	for i := of.from; i < of.to; i++ {
		from := float64(float64(i) * scale)
		to := from + scale
		cell := min(scale, float64(of.in)-from)
		last := min(int(math.Floor(to)), of.in-1)
		first := min(int(math.Ceil(from)), last)
		if float64(first)-from > least {
			parts = append(parts, part{int32(first - 1), float32((float64(first) - from) / cell)})
		}
		for at := first; at < last; at++ {
			parts = append(parts, part{int32(at), float32(1 / cell)})
		}
		if to-float64(last) > least {
			parts = append(parts, part{int32(last), float32(min(min(to-float64(last), 1), cell) / cell)})
		}
		ends = append(ends, int32(len(parts)))
	}
	return parts, ends
}

// areas is ResizeArea.
func (s *sampled) areas(y int) {
	begin := int32(0)
	if y > 0 {
		begin = s.endDown[y-1]
	}
	sums := s.rows[1]
	for k, p := range s.downParts[begin:s.endDown[y]] {
		row := s.areasAcross(p.at)[:len(sums)]
		if k == 0 {
			for i, v := range row {
				sums[i] = float32(p.share * v)
			}
			continue
		}
		for i, v := range row {
			sums[i] += float32(p.share * v)
		}
	}
	for i, v := range sums {
		s.out[i] = rounded(v)
	}
}

// areasAcross is a row of the image by areas. The next output begins with the row that this
// one ends with.
func (s *sampled) areasAcross(y int32) []float32 {
	sums := s.rows[0]
	if s.held[0] == y {
		return sums
	}
	s.held[0] = y
	row, begin := s.line(int(y)), int32(0)
	for i, end := range s.endAcross {
		if s.img.Channels == 1 {
			var sum float32
			for _, p := range s.acrossParts[begin:end] {
				sum += float32(float32(row[p.at]) * p.share)
			}
			sums[i] = sum
		} else {
			var r, g, b float32
			for _, p := range s.acrossParts[begin:end] {
				from := row[3*p.at:][:3]
				r += float32(float32(from[0]) * p.share)
				g += float32(float32(from[1]) * p.share)
				b += float32(float32(from[2]) * p.share)
			}
			sums[3*i], sums[3*i+1], sums[3*i+2] = r, g, b
		}
		begin = end
	}
	return sums
}
