package bundled

import (
	"fmt"
	"image/png"
	"math"
	"os"
	"slices"
	"testing"

	"ortho/runner"
	"ortho/runner/npz"
	"ortho/runner/onnx"
)

const esrganGoldens = "testdata/esrgan-slim/"

var esrganScales = []int{2, 4}

// upscaler opens esrgan-slim at a scale.
func upscaler(t *testing.T, scale int) *runner.Session {
	t.Helper()
	return open(t, fmt.Sprintf("esrgan-slim-x%d", scale))
}

// TestESRGANEqualsTensorFlow: the numbers of TensorFlow.js, from one pixel on, where all is border, to
// more than the receptive field: scripts/goldens/esrgan.py.
func TestESRGANEqualsTensorFlow(t *testing.T) {
	const tolerance = 1e-3 // of values to 255; float32 sums in another order differ by 3e-4
	for _, scale := range esrganScales {
		s := upscaler(t, scale)
		arrays, err := npz.ReadFile(fmt.Sprintf("%sx%d.npz", esrganGoldens, scale))
		if err != nil {
			t.Fatal(err)
		}
		if len(arrays) == 0 {
			t.Fatal("no goldens")
		}
		for pair := range slices.Chunk(arrays, 2) {
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

// TestESRGANEqualsPackage: the picture that comes with the npm package becomes the results
// that come with it.
func TestESRGANEqualsPackage(t *testing.T) {
	fixture, width, height := pixels(t, "fixture.png")
	for _, scale := range esrganScales {
		s := upscaler(t, scale)
		image, err := runner.NewTensor(onnx.Float, []int64{1, 3, int64(height), int64(width)})
		if err != nil {
			t.Fatal(err)
		}
		defer image.Close()
		copy(image.Float32s(), fixture)
		got := run(t, s, image).Float32s()

		want, w, h := pixels(t, fmt.Sprintf("%dx_result.png", scale))
		if w != scale*width || h != scale*height || len(got) != len(want) {
			t.Fatalf("x%d: %d values, want %dx%dx3", scale, len(got), w, h)
		}
		var sum float64
		for i, v := range got {
			d := math.RoundToEven(min(max(float64(v), 0), 255)) - float64(want[i])
			sum += d * d
		}
		psnr := 10 * math.Log10(255*255*float64(len(want))/sum)
		t.Logf("x%d: %.1f dB", scale, psnr)
		if !(psnr >= 90) { // 94 and 96; a truncated instead of a rounded result: 51
			t.Errorf("x%d: %.1f dB to the package's result", scale, psnr)
		}
	}
}

// pixels reads a picture's colours as planes of 0-255.
func pixels(t *testing.T, name string) (planes []float32, width, height int) {
	t.Helper()
	file, err := os.Open(esrganGoldens + name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	picture, err := png.Decode(file)
	if err != nil {
		t.Fatal(err)
	}
	width, height = picture.Bounds().Dx(), picture.Bounds().Dy()
	planes = make([]float32, 3*width*height)
	for y := range height {
		for x := range width {
			r, g, b, _ := picture.At(x, y).RGBA() // opaque
			for c, v := range []uint32{r, g, b} {
				planes[(c*height+y)*width+x] = float32(v >> 8)
			}
		}
	}
	return planes, width, height
}
