package bundled

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"ortho/runner/npz"
)

const spanGoldens = "testdata/span/"

var spanScales = []int{2, 4}

func goldens(t *testing.T, name string) []npz.Array {
	t.Helper()
	arrays, err := npz.ReadFile(spanGoldens + name)
	if err != nil {
		t.Fatal(err)
	}
	if len(arrays) == 0 {
		t.Fatal("no goldens")
	}
	return arrays
}

// TestSPANEqualsNCNN: the numbers of ncnn with the files that the weights come from, from one pixel on, where all
// is border, to more than the receptive field: scripts/goldens/span.py.
func TestSPANEqualsNCNN(t *testing.T) {
	const tolerance = 1e-2 // of values to 255; float32 sums in another order differ by 5e-4
	for _, scale := range spanScales {
		s := open(t, fmt.Sprintf("span-x%d", scale))
		for pair := range slices.Chunk(goldens(t, fmt.Sprintf("x%d.npz", scale)), 2) {
			image, want := tensorOf(t, pair[0]), tensorOf(t, pair[1])
			got := run(t, s, image)
			if !slices.Equal(got.Shape, want.Shape) {
				t.Errorf("x%d of %v: shape %v, want %v", scale, image.Shape, got.Shape, want.Shape)
				continue
			}
			for i, w := range want.Float32s() {
				if g := got.Float32s()[i]; !(math.Abs(float64(g-w)) <= tolerance) {
					t.Errorf("x%d of %v: value %d is %v, want %v", scale, image.Shape, i, g, w)
					break
				}
			}
		}
	}
}

// TestSPANIsBounded: what no photograph has comes out as itself, and not as noise. Without the bounds, the means of
// the blocks are off by 91 to 140 of 255.
func TestSPANIsBounded(t *testing.T) {
	const most = 30 // RMS; 26 and less
	for _, scale := range spanScales {
		s := open(t, fmt.Sprintf("span-x%d", scale))
		for _, a := range goldens(t, "hard.npz") {
			image := tensorOf(t, a)
			in, out := image.Float32s(), run(t, s, image).Float32s()
			height, width := int(image.Shape[2]), int(image.Shape[3])
			means := make([]float64, len(in))
			for i, v := range out {
				row, column := i/(scale*width), i%(scale*width) // of all channels, one below the other
				means[row/scale*width+column/scale] += min(max(float64(v), 0), 255) / float64(scale*scale)
			}
			var sum float64
			for i, m := range means {
				sum += (m - float64(in[i])) * (m - float64(in[i]))
			}
			if rms := math.Sqrt(sum / float64(len(in))); !(rms <= most) {
				t.Errorf("x%d of %s, %dx%d: %.0f from what it was", scale, a.Name, width, height, rms)
			}
		}
	}
}
