// Package imagehash makes perceptual hashes: images that look alike have hashes that differ in few
// bits. They are those of the Python library imagehash (https://github.com/JohannesBuchner/imagehash)
// of an image that is upright.
package imagehash

import (
	"fmt"
	"math"
	"math/bits"
	"slices"

	"ortho/preprocess"
)

// Hash is a perceptual hash of 64 bits. String is as Python's prints it.
type Hash uint64

func (h Hash) String() string { return fmt.Sprintf("%016x", uint64(h)) }

// Distance is in how many bits two hashes differ: 0 to 64.
func (h Hash) Distance(other Hash) int { return bits.OnesCount64(uint64(h ^ other)) }

// Hashes are the hashes of an image, and its size in pixels, upright.
type Hashes struct {
	// P compares an image's low frequencies with their median: imagehash.phash. It stands
	// changes of size, contrast and compression.
	P Hash
	// D compares each pixel of a small image with its neighbour: imagehash.dhash.
	D             Hash
	Width, Height int
}

// The small images that hashes are of: height and width.
const (
	edge      = 8
	frequency = 4 * edge
)

// Of decodes an image file. Errors and limits are those of [preprocess.Spec.Load].
func Of(file []byte, opt preprocess.LoadOptions) (h Hashes, err error) {
	var whole [frequency * frequency]byte
	if h.Width, h.Height, err = gray(whole[:], file, frequency, frequency, opt); err != nil {
		return h, err
	}
	var small [edge * (edge + 1)]byte
	if _, _, err = gray(small[:], file, edge, edge+1, opt); err != nil {
		return h, err
	}
	h.P, h.D = perceptual(&whole), difference(&small)
	return h, nil
}

// gray is the image's luma, squashed by Pillow's Lanczos filter.
func gray(dst, file []byte, height, width int, opt preprocess.LoadOptions) (int, int, error) {
	spec := preprocess.Spec{Height: height, Width: width, Channels: 1, Resize: preprocess.Resize{Mode: preprocess.Exact, Height: height, Width: width},
		Interpolation: preprocess.Lanczos, Range: [2]float64{0, 255}, Mean: []float64{0}, Std: []float64{1}, Type: preprocess.Uint8, Orientation: preprocess.ApplyOrientation}
	return spec.Load(dst, file, opt)
}

func difference(pixels *[edge * (edge + 1)]byte) (h Hash) {
	for y := range edge {
		for x := range edge {
			h <<= 1
			if pixels[y*(edge+1)+x+1] > pixels[y*(edge+1)+x] {
				h |= 1
			}
		}
	}
	return h
}

func perceptual(pixels *[frequency * frequency]byte) (h Hash) {
	var rows [frequency][frequency]float64
	for x := range frequency {
		column := make([]float64, frequency)
		for y := range frequency {
			column[y] = float64(pixels[y*frequency+x])
		}
		for y, v := range cosines(column) {
			rows[y][x] = v
		}
	}
	low := make([]float64, 0, edge*edge)
	for y := range edge {
		low = append(low, cosines(rows[y][:])[:edge]...)
	}
	sorted := slices.Sorted(slices.Values(low))
	median := (sorted[edge*edge/2-1] + sorted[edge*edge/2]) / 2
	for _, v := range low {
		h <<= 1
		if v > median {
			h |= 1
		}
	}
	return h
}

// cosines is the discrete cosine transform of type 2, of a power of two of values, by halves (B. G.
// Lee, 1984): what is symmetrical has exact zeros.
func cosines(values []float64) []float64 {
	n := len(values)
	if n == 1 {
		return []float64{values[0]}
	}
	even, odd := make([]float64, n/2), make([]float64, n/2)
	for i := range n / 2 {
		a, b := values[i], values[n-1-i]
		even[i] = a + b
		odd[i] = (a - b) / (2 * math.Cos((float64(i)+0.5)*math.Pi/float64(n)))
	}
	even, odd = cosines(even), cosines(odd)
	all := make([]float64, n)
	for i := range n / 2 {
		all[2*i] = even[i]
		all[2*i+1] = odd[i]
		if i+1 < n/2 {
			all[2*i+1] += odd[i+1]
		}
	}
	return all
}
