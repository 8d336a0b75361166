package classify_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ortho/models"
	"ortho/models/classify"
	"ortho/preprocess"
	"ortho/preprocess/codecs"
)

const bundledModel = "../bundled/efficientnet-lite0"

// golden is what Pillow + ONNX Runtime answer in Python: scripts/goldens/classify.py.
type golden struct {
	Input         string
	Top           []int
	Probabilities []float64
	CropSHA256    string `json:"crop_sha256"` // of its pixels before normalisation
}

func goldens(t *testing.T, name string) []golden {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var rows []golden
	if err := json.Unmarshal(data, &rows); err != nil {
		t.Fatal(err)
	}
	return rows
}

func open(t *testing.T, path string, opt classify.Options, settings ...string) *classify.Classifier {
	t.Helper()
	var s models.Settings
	for i := 0; i < len(settings); i += 2 {
		if err := s.Set(settings[i], settings[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	m, err := models.Open(path, s)
	if err != nil {
		t.Fatal(err)
	}
	c, err := classify.Open(t.Context(), m, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func file(path string) classify.Input {
	return classify.Input{Name: filepath.Base(path), Read: func(context.Context) ([]byte, error) { return os.ReadFile(path) }}
}

func all(t *testing.T, c *classify.Classifier, paths ...string) []classify.Item {
	t.Helper()
	inputs := make([]classify.Input, len(paths))
	for i, p := range paths {
		inputs[i] = file(p)
	}
	items := slices.Collect(c.Stream(t.Context(), slices.Values(inputs)))
	if len(items) != len(paths) {
		t.Fatalf("%d results for %d inputs", len(items), len(paths))
	}
	return items
}

func shared(t *testing.T, parts ...string) string {
	t.Helper()
	path := filepath.Join(append([]string{"../../../shared"}, parts...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("needs %s beside the repository", filepath.Join(append([]string{"shared"}, parts...)...))
	}
	return path
}

func TestPhotosEqualPython(t *testing.T) {
	for _, m := range []struct {
		path, goldens string
		exact, other  float64 // tolerances of a probability
	}{
		// The same pixels, so the same tensor; but for JPEGs by Go, whose inverse DCT rounds
		// otherwise.
		{bundledModel, "photos.json", 1e-5, 0.012},
		// Where a tensor's last bit, or another CPU's kernel, rounds an early code up instead
		// of down, later codes follow: a probability moves by up to 0.012 (PNG), 0.019 (JPEG).
		{bundledModel + "-int8", "photos_int8.json", 0.02, 0.03},
	} {
		for _, batch := range []int{1, 3} {
			c := open(t, m.path, classify.Options{Batch: batch})
			for _, g := range goldens(t, m.goldens) {
				item := all(t, c, filepath.Join("../../cmd/ortho/testdata/photos", g.Input))[0]
				if item.Err != nil {
					t.Fatal(item.Err)
				}
				tolerance := m.exact
				if filepath.Ext(g.Input) == ".jpg" && !turboJPEG() {
					tolerance = m.other
				}
				if got := item.Result.Predictions[0].Index; got != g.Top[0] {
					t.Errorf("%s, batch %d: %s: class %d, Python says %d", m.path, batch, g.Input, got, g.Top[0])
				}
				for i, class := range g.Top {
					got := probability(item.Result, class)
					if !(math.Abs(got-g.Probabilities[i]) <= tolerance) {
						t.Errorf("%s, batch %d: %s: class %d: probability %.6f, Python says %.6f", m.path, batch, g.Input, class, got, g.Probabilities[i])
					}
				}
			}
		}
	}
}

func probability(r classify.Result, class int) float64 {
	for _, p := range r.Predictions {
		if p.Index == class {
			return p.Probability
		}
	}
	return math.NaN()
}

func turboJPEG() bool {
	err := codecs.FindJPEG().Err
	return err == nil
}

// TestCropsEqualPython compares the pixels that the model sees, all 150,528 of each.
func TestCropsEqualPython(t *testing.T) {
	crops := func(t *testing.T, folder string, rows []golden, exact func(golden) bool) {
		spec, err := must(models.Open(bundledModel, models.Settings{})).Classifier()
		if err != nil {
			t.Fatal(err)
		}
		crop := spec.Input
		crop.Type, crop.Layout, crop.Range = preprocess.Uint8, preprocess.NHWC, [2]float64{0, 255}
		crop.Mean, crop.Std = []float64{0, 0, 0}, []float64{1, 1, 1}
		pixels, same := make([]byte, crop.Bytes()), 0
		for _, g := range rows {
			data, err := os.ReadFile(filepath.Join(folder, g.Input))
			if err != nil {
				t.Fatal(err)
			}
			if _, _, err := crop.Load(pixels, data, preprocess.LoadOptions{}); err != nil {
				t.Fatal(err)
			}
			if digest := sha256.Sum256(pixels); hex.EncodeToString(digest[:]) == g.CropSHA256 {
				same++
			} else if exact(g) {
				t.Errorf("%s: not Pillow's crop", g.Input)
			}
		}
		t.Logf("%d of %d crops are Pillow's to the bit", same, len(rows))
	}
	t.Run("photos", func(t *testing.T) {
		crops(t, "../../cmd/ortho/testdata/photos", goldens(t, "photos.json"), func(g golden) bool { return turboJPEG() || filepath.Ext(g.Input) == ".png" })
	})
	t.Run("shared", func(t *testing.T) {
		if !turboJPEG() {
			t.Skip("needs libjpeg-turbo")
		}
		crops(t, shared(t, "images"), goldens(t, "shared_images.json"), func(golden) bool { return true })
	})
}

// TestSharedImages holds the figures of ImageNet samples: one JPEG of every
// tenth class, of which Pillow and ONNX Runtime get 89 right.
func TestSharedImages(t *testing.T) {
	folder := shared(t, "images")
	rows := goldens(t, "shared_images.json")
	paths := make([]string, len(rows))
	for i, g := range rows {
		paths[i] = filepath.Join(folder, g.Input)
	}
	// With libjpeg-turbo the pixels are Pillow's.
	tolerance, wantRight, wantSame, wantNear := 0.001, 89, 100, 100
	if !turboJPEG() {
		tolerance, wantRight, wantSame, wantNear = 0.012, 88, 98, 90
	}
	right, same, near := 0, 0, 0
	for i, item := range all(t, open(t, bundledModel, classify.Options{}), paths...) {
		if item.Err != nil {
			t.Fatal(item.Err)
		}
		top := item.Result.Predictions[0].Index
		if top == 10*i {
			right++
		}
		if top == rows[i].Top[0] {
			same++
		}
		if math.Abs(probability(item.Result, rows[i].Top[0])-rows[i].Probabilities[0]) <= tolerance {
			near++
		}
	}
	t.Logf("right %d, same top-1 as Python %d, top probability within %v %d, of %d", right, same, tolerance, near, len(rows))
	if right < wantRight || same < wantSame || near < wantNear {
		t.Errorf("right %d (want %d), same top-1 %d (want %d), within %v %d (want %d)", right, wantRight, same, wantSame, tolerance, near, wantNear)
	}
}

// TestInt8AgreesWithFloat holds what the 8-bit variant's README says of the same images: 99 of 100 in Python.
func TestInt8AgreesWithFloat(t *testing.T) {
	folder := shared(t, "images")
	var paths []string
	for _, g := range goldens(t, "shared_images.json") {
		paths = append(paths, filepath.Join(folder, g.Input))
	}
	float := all(t, open(t, bundledModel, classify.Options{Top: 1}), paths...)
	right, same := 0, 0
	for i, item := range all(t, open(t, bundledModel+"-int8", classify.Options{Top: 1}), paths...) {
		if item.Err != nil || float[i].Err != nil {
			t.Fatal(item.Err, float[i].Err)
		}
		top := item.Result.Predictions[0].Index
		if top == 10*i {
			right++
		}
		if top == float[i].Result.Predictions[0].Index {
			same++
		}
	}
	t.Logf("right %d, same top-1 as float32 %d, of %d", right, same, len(paths))
	if right < 86 || same < 96 {
		t.Errorf("right %d (want 86), same top-1 as float32 %d (want 96), of %d", right, same, len(paths))
	}
}

func TestOtherPeoplesGraphs(t *testing.T) {
	t.Run("squeezenet_fp16", func(t *testing.T) {
		model, folder := shared(t, "models", "squeezenet_fp16.onnx"), shared(t, "images")
		c := open(t, model, classify.Options{Top: 1},
			"input-range", "0,255", "color-order", "bgr", "mean", "104,117,123", "std", "1", "resize", "256", "interpolation", "bilinear")
		var paths []string
		for _, g := range goldens(t, "shared_images.json") {
			paths = append(paths, filepath.Join(folder, g.Input))
		}
		right := 0
		for i, item := range all(t, c, paths...) {
			if item.Err != nil {
				t.Fatal(item.Err)
			}
			if item.Result.Predictions[0].Index == 10*i {
				right++
			}
		}
		t.Logf("%d of 100 right", right)
		if right < 64 || right > 66 {
			t.Errorf("%d of 100 right; Python gets 65", right)
		}
	})
	t.Run("mnist", func(t *testing.T) {
		model := shared(t, "models", "mnist.onnx")
		for _, c := range []struct {
			image, invert string
			want          int
		}{{"digit_seven.png", "true", 7}, {"digit_eight.png", "false", 8}} {
			item := all(t, open(t, model, classify.Options{Top: 1}, "input-range", "0,255", "invert", c.invert), shared(t, "images", c.image))[0]
			if item.Err != nil || item.Result.Predictions[0].Index != c.want {
				t.Errorf("%s: %+v, %v; want %d", c.image, item.Result.Predictions, item.Err, c.want)
			}
		}
	})
}

func TestErrorsCostOneItem(t *testing.T) {
	folder := t.TempDir()
	broken := filepath.Join(folder, "broken.png")
	if err := os.WriteFile(broken, []byte("\x89PNG\r\n\x1a\nnot a picture"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := filepath.Join(folder, "text.jpg")
	if err := os.WriteFile(text, []byte("hello"), 0o600); err != nil {
		t.Fatal(err)
	}
	good := "../../cmd/ortho/testdata/photos/coffee.png"
	for _, opt := range []classify.Options{{Top: 1}, {Top: 1, Batch: 4}, {Top: 1, Batch: 2, Concurrency: 3}} {
		items := all(t, open(t, bundledModel, opt), good, broken, good, filepath.Join(folder, "missing.png"), text, good, good)
		for i, want := range []string{"", "decode", "", "read", "unsupported", "", ""} {
			switch err := items[i].Err; {
			case want == "" && (err != nil || items[i].Result.Predictions[0].Index != 967):
				t.Errorf("%+v: item %d: %+v, %v", opt, i, items[i].Result, err)
			case want != "" && (err == nil || string(models.StageOf(err)) != want):
				t.Errorf("%+v: item %d: error %v, want kind %q", opt, i, err, want)
			}
		}
	}
	_, err := open(t, bundledModel, classify.Options{MaxPixels: 1000}).Image(t.Context(), must(os.ReadFile(good)))
	if err == nil || models.StageOf(err) != "too_large" {
		t.Errorf("more than MaxPixels: %v", err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestCancel(t *testing.T) {
	c := open(t, bundledModel, classify.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Image(ctx, must(os.ReadFile("../../cmd/ortho/testdata/photos/coffee.png"))); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want context.Canceled", err)
	}
}

// TestNoRead: an input without a Read costs its item.
func TestNoRead(t *testing.T) {
	c := open(t, bundledModel, classify.Options{})
	n := 0
	for item := range c.Stream(t.Context(), slices.Values([]classify.Input{{Name: "nothing"}})) {
		if n++; item.Err == nil || !strings.Contains(item.Err.Error(), "nothing") || models.StageOf(item.Err) != "read" {
			t.Errorf("%v", item.Err)
		}
	}
	if n != 1 {
		t.Errorf("%d items", n)
	}
}
