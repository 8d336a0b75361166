package generate

import "ortho/preprocess"

// bled is a picture whose fully transparent pixels have the colours of what is around them. Whatever
// stands under such pixels, which is often black, the graph would draw into the edges of what is
// cut out. What is at all opaque stays as it is.
func bled(in *preprocess.Picture) *preprocess.Picture {
	hidden := false
	for _, a := range in.Alpha {
		hidden = hidden || a == 0
	}
	if !hidden {
		return in
	}
	out := *in
	image := *in.Image
	image.Pix = append([]byte(nil), in.Pix...)
	out.Image = &image
	fill(level{image.Width, image.Height, image.Channels, image.Pix, in.Alpha})
	return &out
}

// level is a picture, or one of its halvings, with the weight of each pixel; 0: it has no colour yet.
type level struct {
	width, height, channels int
	pix, weight             []byte
}

// fill gives the pixels without a weight the colours of the next smaller picture, which has been
// filled itself: from near by where there is colour, else from further away.
func fill(l level) {
	if l.width == 1 && l.height == 1 {
		return
	}
	half := l.halved()
	fill(half)
	for y := range l.height {
		for x := range l.width {
			at := y*l.width + x
			if l.weight[at] == 0 {
				from := y/2*half.width + x/2
				copy(l.pix[at*l.channels:(at+1)*l.channels], half.pix[from*l.channels:])
			}
		}
	}
}

// halved has the weighted means of two by two pixels.
func (l level) halved() level {
	h := level{width: (l.width + 1) / 2, height: (l.height + 1) / 2, channels: l.channels}
	h.pix, h.weight = make([]byte, h.width*h.height*h.channels), make([]byte, h.width*h.height)
	for y := range h.height {
		for x := range h.width {
			var sum [3]uint32
			var weight uint32
			for _, d := range [4][2]int{{0, 0}, {1, 0}, {0, 1}, {1, 1}} {
				i, j := 2*x+d[0], 2*y+d[1]
				if i >= l.width || j >= l.height {
					continue
				}
				at := j*l.width + i
				w := uint32(l.weight[at])
				weight += w
				for c := range l.channels {
					sum[c] += w * uint32(l.pix[at*l.channels+c])
				}
			}
			if weight == 0 {
				continue
			}
			at := y*h.width + x
			h.weight[at] = byte((weight + 3) / 4)
			for c := range h.channels {
				h.pix[at*h.channels+c] = byte((sum[c] + weight/2) / weight)
			}
		}
	}
	return h
}
