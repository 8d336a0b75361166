package preprocess

import "math"

// Blur blurs an image by a Gaussian of a standard deviation of radius pixels, in place: Pillow's
// ImageFilter.GaussianBlur to the bit, three box blurs a direction (libImaging/BoxBlur.c). Beyond the edges
// pixels are those of the edge. A radius of 0 or less does nothing.
func (img *Image) Blur(radius float64) {
	if !(radius > 0) {
		return
	}
	box := gaussianBox(float32(radius))
	line := make([]byte, 2*max(img.Width, img.Height))
	for y := range img.Height {
		for c := range img.Channels {
			blurLine(img.Pix[y*img.Width*img.Channels+c:], img.Width, img.Channels, box, line)
		}
	}
	for x := range img.Width * img.Channels {
		blurLine(img.Pix[x:], img.Height, img.Width*img.Channels, box, line)
	}
}

// blurPasses is how many box blurs stand for a Gaussian.
const blurPasses = 3

// gaussianBox is the radius of the boxes: _gaussian_blur_radius.
func gaussianBox(radius float32) float32 {
	sigma2 := radius * radius / blurPasses
	length := float32(math.Sqrt(12*float64(sigma2) + 1))
	l := float32(math.Floor((float64(length) - 1) / 2))
	a := (2*l + 1) * (l*(l+1) - 3*sigma2)
	a /= 6 * (sigma2 - (l+1)*(l+1))
	return l + a
}

// blurLine blurs n values that stand step apart. line has room for 2n.
func blurLine(pix []byte, n, step int, box float32, line []byte) {
	from, to := line[:n], line[n:2*n]
	for i := range n {
		from[i] = pix[i*step]
	}
	radius := int(box)
	ww := uint32(float32(1<<24) / (box*2 + 1))
	fw := (1<<24 - uint32(radius*2+1)*ww) / 2
	for range blurPasses {
		boxLine(to, from, radius, ww, fw)
		from, to = to, from
	}
	for i := range n {
		pix[i*step] = from[i]
	}
}

// boxLine is a box blur of 2*radius+1 whole values, of a weight of ww each, and one at both ends, of fw.
func boxLine(to, from []byte, radius int, ww, fw uint32) {
	last := len(from) - 1
	at := func(i int) uint32 { return uint32(from[min(max(i, 0), last)]) }
	sum := uint32(from[0]) * uint32(radius+1)
	for i := range min(radius, len(from)) {
		sum += uint32(from[i])
	}
	if radius > len(from) {
		sum += uint32(from[last]) * uint32(radius-len(from))
	}
	for x := range from {
		sum += at(x+radius) - at(x-radius-1)
		to[x] = byte((sum*ww + (at(x-radius-1)+at(x+radius+1))*fw + 1<<23) >> 24)
	}
}
