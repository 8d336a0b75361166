package equality

import (
	"encoding/binary"
	"math"
	"sync"

	"ortho/runner/onnx"
)

// SSIM is the structural similarity of images: Wang et al., Image Quality Assessment: From
// Error Visibility to Structural Similarity (2004), by a Gaussian window of 11x11 pixels
// (sigma 1.5), K1 0.01 and K2 0.03, the mean over all places where the window fits, and
// over the channels. It is what papers on image generation report, and scikit-image's
// structural_similarity(gaussian_weights=True, sigma=1.5, use_sample_covariance=False); the
// defaults there are a flat window of 7x7.
//
// The data range is the span that is stated, else 255 of uint8, else that of the reference's
// row, which is known when the row is seen; PSNR's is then that of all rows. Rows without a
// range (of one value) or with elements that are not finite count only where they are the same
// as the reference's.
type SSIM struct {
	Mean  float64 `json:"mean"`  // over the rows; 1: all are the same
	Worst float64 `json:"worst"` // row's
	Row   int     `json:"row"`   // that one
}

// similarities gathers the rows' structural similarity.
type similarities struct {
	sum   float64
	n     int
	worst float64
	row   int
}

func (s *similarities) add(v float64, row int) {
	if !(math.Abs(v) <= 1+1e-9) { // NaN, or rounding has left nothing of a tiny range
		return
	}
	if s.n == 0 || v < s.worst {
		s.worst, s.row = v, row
	}
	s.sum += v
	s.n++
}

func (s *similarities) figure() *SSIM {
	if s.n == 0 {
		return nil
	}
	return &SSIM{Mean: s.sum / float64(s.n), Worst: s.worst, Row: s.row}
}

// grid is an image's place in memory: distances are in elements.
type grid struct {
	channels, height, width int
	channel, line, pixel    int // from one to the next
}

// gridOf returns the layout of a shape that [isImage] accepts.
func gridOf(shape []int64) grid {
	a, b, c := int(shape[0]), int(shape[1]), int(shape[2])
	if channelCount(shape[0]) && b >= smallestImage && c >= smallestImage {
		return grid{a, b, c, b * c, c, 1}
	}
	return grid{c, a, b, 1, b * c, c}
}

// window is Wang's, and scipy.ndimage.gaussian_filter's with truncate=3.5: the middle and
// one half.
var window = func() (w [6]float64) {
	sum := 0.0
	for i := range w {
		w[i] = math.Exp(-float64(i*i) / (2 * 1.5 * 1.5))
		sum += 2 * w[i]
	}
	sum -= w[0]
	for i := range w {
		w[i] /= sum
	}
	return w
}()

const windowSize = 2*len(window) - 1

// ssim returns the mean structural similarity of two images whose values span a range.
func ssim(g grid, want, got []byte, types [2]onnx.ElementType, span float64) float64 {
	means := make([]float64, g.channels)
	var all sync.WaitGroup
	for c := range means {
		all.Go(func() { means[c] = g.ssim(c, want, got, types, span) })
	}
	all.Wait()
	sum := 0.0
	for _, m := range means {
		sum += m
	}
	return sum / float64(g.channels)
}

// ssim is that of one channel. It keeps as many lines as the window has, smoothed along x,
// of four images: both, the sum of their squares, and their product.
func (g grid) ssim(channel int, want, got []byte, types [2]onnx.ElementType, span float64) float64 {
	c1, c2 := 0.01*span*0.01*span, 0.03*span*0.03*span
	out := g.width - windowSize + 1
	var lines [4][windowSize][]float64
	var now [4][]float64
	for q := range lines {
		now[q] = make([]float64, g.width)
		for i := range lines[q] {
			lines[q][i] = make([]float64, out)
		}
	}
	var smooth [4][]float64
	for q := range smooth {
		smooth[q] = make([]float64, out)
	}
	sum := 0.0
	for y := range g.height {
		at := channel*g.channel + y*g.line
		read(now[0], want, types[0], at, g.pixel)
		read(now[1], got, types[1], at, g.pixel)
		for i, a := range now[0] {
			b := now[1][i]
			now[2][i], now[3][i] = a*a+b*b, a*b
		}
		for q, line := range now {
			var taps [windowSize][]float64
			for i := range taps {
				taps[i] = line[i : i+out]
			}
			weigh(lines[q][y%windowSize], &taps)
		}
		if y < windowSize-1 {
			continue
		}
		for q := range lines {
			var taps [windowSize][]float64
			for i := range taps {
				taps[i] = lines[q][(y+1+i)%windowSize]
			}
			weigh(smooth[q], &taps)
		}
		row := 0.0
		for i := range out {
			a, b := smooth[0][i], smooth[1][i]
			squares, product := a*a+b*b, a*b
			row += (2*product + c1) * (2*(smooth[3][i]-product) + c2) / ((squares + c1) * (smooth[2][i] - squares + c2))
		}
		sum += row
	}
	return sum / float64(out) / float64(g.height-windowSize+1)
}

// weigh sums the taps by the window.
func weigh(dst []float64, taps *[windowSize][]float64) {
	n := len(dst)
	a, b, c, d, e, f := taps[0][:n], taps[1][:n], taps[2][:n], taps[3][:n], taps[4][:n], taps[5][:n]
	g, h, i, j, k := taps[6][:n], taps[7][:n], taps[8][:n], taps[9][:n], taps[10][:n]
	w := window
	for x := range dst {
		dst[x] = w[0]*f[x] + w[1]*(e[x]+g[x]) + w[2]*(d[x]+h[x]) + w[3]*(c[x]+i[x]) + w[4]*(b[x]+j[x]) + w[5]*(a[x]+k[x])
	}
}

// read takes elements at a distance of step from data.
func read(dst []float64, data []byte, t onnx.ElementType, at, step int) {
	switch t { // the two that are frequent, without asking for each element
	case onnx.Float:
		for i := range dst {
			dst[i] = float64(math.Float32frombits(binary.LittleEndian.Uint32(data[4*(at+i*step):])))
		}
	case onnx.Uint8:
		for i := range dst {
			dst[i] = float64(data[at+i*step])
		}
	default:
		size := t.Size()
		for i := range dst {
			dst[i] = number(t, bitsAt(data, size, at+i*step))
		}
	}
}
