package preprocess

import "math"

// Affine maps a point (x, y) to (a*x + b*y + c, d*x + e*y + f), in pixels whose centres are whole numbers.
type Affine [6]float64

// At is where a point is mapped to.
func (m Affine) At(x, y float64) (float64, float64) {
	return m[0]*x + m[1]*y + m[2], m[3]*x + m[4]*y + m[5]
}

// Inverse maps back; of a map that has no inverse all is 0. It is cv2.invertAffineTransform.
func (m Affine) Inverse() Affine {
	d := m[0]*m[4] - m[1]*m[3]
	if d != 0 {
		d = 1 / d
	}
	a, e, b, c := m[4]*d, m[0]*d, -m[1]*d, -m[3]*d
	return Affine{a, b, -a*m[2] - b*m[5], c, e, -c*m[2] - e*m[5]}
}

// Warp draws an image as a map places it, on a picture of width by height: bilinear, border where it is not. It is OpenCV
// 5's cv2.warpAffine of float32 coordinates, to within one level where a value lies between two. Border has a
// value for each channel.
func (m *Image) Warp(to Affine, width, height int, border []byte) *Image {
	out := &Image{Width: width, Height: height, Channels: m.Channels, Pix: make([]byte, width*height*m.Channels)}
	m.WarpInto(out, to, 0, 0, border)
	return out
}

// WarpInto is Warp of a part of the picture, whose first pixel is (x0, y0).
func (m *Image) WarpInto(out *Image, to Affine, x0, y0 int, border []byte) {
	from := tracing(to)
	n := m.Channels
	for y := range out.Height {
		for x := range out.Width {
			ix, iy, ax, ay := from.at(x+x0, y+y0)
			dst := out.Pix[(y*out.Width+x)*n:][:n]
			for c := range dst {
				v := func(x, y int) float32 {
					if uint(x) >= uint(m.Width) || uint(y) >= uint(m.Height) {
						return float32(border[c])
					}
					return float32(m.Pix[(y*m.Width+x)*n+c])
				}
				dst[c] = byte(min(max(math.RoundToEven(float64(between(v(ix, iy), v(ix+1, iy), v(ix, iy+1), v(ix+1, iy+1), ax, ay))), 0), 255))
			}
		}
	}
}

// WarpedOnes is how much of each pixel of a part of a picture, whose first pixel is (x0, y0), lies within an
// image of size by size that a map places there: what cv2.warpAffine makes of ones, with 0 around them.
func WarpedOnes(size int, to Affine, x0, y0, width, height int) []float32 {
	from, out := tracing(to), make([]float32, width*height)
	for y := range height {
		for x := range width {
			ix, iy, ax, ay := from.at(x+x0, y+y0)
			v := func(x, y int) float32 {
				if uint(x) >= uint(size) || uint(y) >= uint(size) {
					return 0
				}
				return 1
			}
			out[y*width+x] = between(v(ix, iy), v(ix+1, iy), v(ix, iy+1), v(ix+1, iy+1), ax, ay)
		}
	}
	return out
}

// traced says where a picture's pixels are taken from, in float32 as OpenCV has it.
type traced [6]float32

func tracing(to Affine) (s traced) {
	for i, v := range to.Inverse() {
		s[i] = float32(v)
	}
	return s
}

// at is the pixel up and left of where (x, y) is taken from, and the parts of a pixel beyond it.
func (s traced) at(x, y int) (ix, iy int, ax, ay float32) {
	const far = 1 << 24 // beyond which float32 has no fractions; no image is there
	fx, fy := float32(x), float32(y)
	sx := float32(s[0]*fx) + float32(float32(s[1]*fy)+s[2])
	sy := float32(s[3]*fx) + float32(float32(s[4]*fy)+s[5])
	if !(sx > -far && sx < far && sy > -far && sy < far) {
		return -2, -2, 0, 0
	}
	ix, iy = int(math.Floor(float64(sx))), int(math.Floor(float64(sy)))
	return ix, iy, sx - float32(ix), sy - float32(iy)
}

// between is the bilinear mean of four values.
func between(v00, v01, v10, v11, ax, ay float32) float32 {
	top := v00 + float32(ax*(v01-v00))
	low := v10 + float32(ax*(v11-v10))
	return top + float32(ay*(low-top))
}
