package boxes

import "math"

// Frame says what the coordinates of boxes are of, and how they become pixels of the image.
type Frame uint8

const (
	// Letterboxed are pixels of the input, in which the image lies by whole pixels: Ultralytics'
	// scale_boxes since 8.4, which takes back what was done along each axis, and ends boxes at
	// the image's edges.
	Letterboxed Frame = iota
	// Centred are pixels of the input, of which the smaller of both scales and half of what is
	// left are taken back, not rounded: scale_boxes of YOLOv5, YOLOv6 and earlier Ultralytics.
	Centred
	// TopLeft are pixels of the input, which begins with the image: they are divided by the
	// smaller of both scales before overlaps are looked at, and may end outside of the image: YOLOX.
	TopLeft
	// PartsOfInput are parts of the input's width and height, from 0 to 1, and Pixels those of the input;
	// they may end outside of the image.
	PartsOfInput
	Pixels
	// TopLeftByHeight is TopLeft, with the scale of the heights for both axes: InsightFace's.
	TopLeftByHeight
	// Truncated are parts of the image's width and height, that become whole pixels, cut off, before
	// overlaps are looked at: FastestDet's.
	Truncated
	// Parts are parts of the image's width and height, from 0 to 1; they may end outside of it.
	Parts
)

// first reports whether overlaps are those of boxes in the image.
func (f Frame) first() bool { return f == TopLeft || f == TopLeftByHeight || f == Truncated }

// mapping turns coordinates into pixels of the image: (v - offset) / scale, by axis.
func (f Frame) mapping(at Place) (offset, scale [2]float32) {
	one := min(float64(at.Input.Width)/float64(at.Image.Width), float64(at.Input.Height)/float64(at.Image.Height))
	switch f {
	case Centred:
		return [2]float32{float32((float64(at.Input.Width) - float64(at.Image.Width)*one) / 2), float32((float64(at.Input.Height) - float64(at.Image.Height)*one) / 2)},
			[2]float32{float32(one), float32(one)}
	case TopLeft:
		return offset, [2]float32{float32(one), float32(one)}
	case TopLeftByHeight:
		return offset, [2]float32{float32(at.ScaleY), float32(at.ScaleY)}
	case PartsOfInput:
		w, h := float64(at.Input.Width), float64(at.Input.Height)
		return [2]float32{float32(at.X / w), float32(at.Y / h)}, [2]float32{float32(at.ScaleX / w), float32(at.ScaleY / h)}
	}
	return [2]float32{float32(at.X), float32(at.Y)}, [2]float32{float32(at.ScaleX), float32(at.ScaleY)}
}

// clips reports whether boxes and key points end at the image's edges.
func (h *Head) clips() bool { return h.Frame == Letterboxed || h.Frame == Centred }

// place makes pixels of the image of the boxes' coordinates.
func (h *Head) place(all []Box, at Place) {
	edges := [2]float32{float32(at.Image.Width), float32(at.Image.Height)}
	offset, scale := h.Frame.mapping(at)
	for i := range all {
		r := &all[i].Rect
		for k := range r {
			axis := k % 2
			switch {
			case h.Frame == Parts:
				r[k] *= edges[axis]
			case h.Frame == Truncated:
				r[k] = float32(math.Trunc(float64(r[k] * edges[axis])))
			case h.Oriented && k >= 2:
				r[k] /= scale[axis]
			default:
				r[k] = (r[k] - offset[axis]) / scale[axis]
			}
			if h.clips() && !h.Oriented {
				r[k] = min(max(r[k], 0), edges[axis])
			}
			if r[k] == 0 {
				r[k] = 0 // and not -0
			}
		}
	}
}

// Points are the key points of a box, in pixels of the image; of three numbers each, the third is
// how visible it is. nil where the head gives none.
func (h *Head) Points(at Place, outputs []Tensor, b Box) []float32 {
	if h.Keypoints[0] == 0 {
		return nil
	}
	edges := [2]float32{float32(at.Image.Width), float32(at.Image.Height)}
	offset, scale := h.Frame.mapping(at)
	points := h.extra(at.Input, outputs, b.At)
	for i := range points {
		axis := i % h.Keypoints[1]
		switch {
		case axis > 1:
			continue
		case h.Frame == Parts:
			points[i] *= edges[axis]
		default:
			points[i] = (points[i] - offset[axis]) / scale[axis]
		}
		if h.clips() {
			points[i] = min(max(points[i], 0), edges[axis])
		}
	}
	return points
}
