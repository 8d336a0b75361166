package cutout_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ortho/models"
	"ortho/models/cutout"
	"ortho/models/images"
	"ortho/preprocess"
	"ortho/runner/library"
)

func model(t *testing.T, path string, given ...string) *models.Model {
	t.Helper()
	var s models.Settings
	for i := 0; i < len(given); i += 2 {
		if err := s.Set(given[i], given[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	m, err := models.Open(path, s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func pixels(t *testing.T, name string) *preprocess.Image {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	img, err := preprocess.Decode(data, preprocess.DecodeOptions{Channels: 1})
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// TestReferences: masks are those of rembg's own sessions, and of MediaPipe (scripts/goldens/cutout.py). Values that
// are cut to bytes may be one lower where another machine rounds the graph's sums otherwise.
func TestReferences(t *testing.T) {
	if _, err := library.Find(""); err != nil {
		t.Skipf("needs ONNX Runtime: %v", err)
	}
	for _, c := range []struct {
		graph, photo, mask string
		settings           []string
	}{
		{"testdata/u2net.onnx", "photo.png", "u2net.png", nil}, // told by its outputs
		{"testdata/isnet.onnx", "photo.png", "isnet.png", []string{"task", "cutout", "matte", "isnet"}},
		{"testdata/birefnet.onnx", "photo.png", "birefnet.png", []string{"task", "cutout", "matte", "birefnet"}},
		{"../bundled/selfie", "portrait.png", "selfie.png", nil},
	} {
		cutter, err := cutout.Open(t.Context(), model(t, c.graph, c.settings...), images.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer cutter.Close()
		data, err := os.ReadFile(filepath.Join("testdata", c.photo))
		if err != nil {
			t.Fatal(err)
		}
		result, err := cutter.Image(t.Context(), data)
		if err != nil {
			t.Fatalf("%s: %v", c.graph, err)
		}
		got, err := result.Alpha()
		want := pixels(t, c.mask)
		if err != nil || result.Image != (images.Size{Width: want.Width, Height: want.Height}) || len(got) != len(want.Pix) {
			t.Fatalf("%s: %d values of %v, want %dx%d: %v", c.graph, len(got), result.Image, want.Width, want.Height, err)
		}
		differ, most := 0, 0
		for i, v := range got {
			if d := int(v) - int(want.Pix[i]); d != 0 {
				differ, most = differ+1, max(most, d, -d)
			}
		}
		if most > 1 || differ*500 > len(got) {
			t.Errorf("%s: %d of %d values differ, by %d at most", c.graph, differ, len(got), most)
		}
		t.Logf("%s: %d of %d values differ, by %d at most", c.graph, differ, len(got), most)
	}
}

// TestAsked: what nothing tells is asked, and all readings are named.
func TestAsked(t *testing.T) {
	_, err := cutout.Open(t.Context(), model(t, "testdata/isnet.onnx", "task", "cutout"), images.Options{})
	if err == nil {
		t.Fatal("a map of one channel is read without a rule")
	}
	for _, part := range []string{"u2net", "isnet", "birefnet", "modnet", "probability", "give matte"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q lacks %q", err, part)
		}
	}
	if _, err := cutout.Open(t.Context(), model(t, "testdata/isnet.onnx", "task", "cutout", "matte", "magic"), images.Options{}); err == nil || !strings.Contains(err.Error(), `"magic"`) {
		t.Errorf("an unknown rule: %v", err)
	}
}

// TestWhole: alpha is of the whole image, so that a crop is refused.
func TestWhole(t *testing.T) {
	for _, resize := range []string{"400", "letterbox"} {
		_, err := cutout.Open(t.Context(), model(t, "testdata/u2net.onnx", "resize", resize), images.Options{})
		if err == nil || !strings.Contains(err.Error(), "its alpha would be of that part") {
			t.Errorf("resize %s: %v", resize, err)
		}
	}
}

// TestEach: an image that is none costs its own result.
func TestEach(t *testing.T) {
	if _, err := library.Find(""); err != nil {
		t.Skipf("needs ONNX Runtime: %v", err)
	}
	cutter, err := cutout.Open(t.Context(), model(t, "testdata/u2net.onnx"), images.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer cutter.Close()
	names := []string{"photo.png", "u2net.onnx", "photo.png"}
	failed := ""
	for r := range cutout.Each(t.Context(), cutter, func(yield func(string) bool) {
		for _, name := range names {
			if !yield(name) {
				return
			}
		}
	}, func(name string) images.Input {
		return images.Input{Name: name, Read: func(context.Context) ([]byte, error) { return os.ReadFile(filepath.Join("testdata", name)) }}
	}) {
		if r.Err != nil {
			failed += r.Item + " " + string(models.StageOf(r.Err)) + " "
		}
	}
	if failed != "u2net.onnx unsupported " {
		t.Errorf("failed: %q", failed)
	}
}
