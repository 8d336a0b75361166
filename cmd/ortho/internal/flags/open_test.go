package flags

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ortho/models"
)

// TestOpenForInput: a model that does not say what its outputs mean is opened all the same,
// and takes images as its files and the flags say.
func TestOpenForInput(t *testing.T) {
	const folder = "../../../../models/testdata/"
	for _, c := range []struct {
		name  string
		given map[string]string
		image bool
	}{
		{"embedding", map[string]string{"input-range": "0,1"}, true},
		{"float32_nchw", map[string]string{"input-range": "0,1"}, true},
		{"float32_nchw", nil, false}, // nothing says how its pixels are read
		{"tokens", nil, false},
	} {
		o := &Overrides{}
		for key, value := range c.given {
			if err := o.Given.Set(key, value); err != nil {
				t.Fatal(err)
			}
		}
		m, err := o.openForInput(folder + c.name)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if _, err := m.ImageLoader(); (err == nil) != c.image {
			t.Errorf("%s %v: %v", c.name, c.given, err)
		}
	}
	if m, err := (&Overrides{}).openForInput("span-x2"); err != nil || m.Task != models.Generate {
		t.Errorf("%+v, %v", m, err)
	}
	if _, err := (&Overrides{}).openForInput("none"); err == nil {
		t.Error("a model that is not there was opened")
	}
}

// TestModelsBelow: of a folder that holds no model, those below that do are named.
func TestModelsBelow(t *testing.T) {
	data, err := os.ReadFile("../../../../models/testdata/float32_nchw/model.onnx")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		folder, files string
		want          []string // with DIR for the folder
	}{
		{"models--a--b", "blobs/0f refs/main=22 snapshots/11/model.onnx snapshots/22/onnx/model.onnx", []string{"-m DIR/snapshots/22, -m DIR/snapshots/11"}},
		{"models--a--b-c--d", "refs/main=22 snapshots/22/model.safetensors", []string{"DIR/snapshots/22", "-m a/b-c/d FOLDER"}},
		{"models--a--b", "refs/main=../.. x", []string{"there is no .onnx file in it"}},
		{"hub", "models--a--b/snapshots/22/model.onnx models--a--b/refs/main=22 version.txt", []string{"-m DIR/models--a--b/snapshots/22"}},
		{"hub", "sd/model_index.json sd/unet/model.onnx sd/vae_decoder/model.onnx", []string{"-m DIR/sd"}},
		{"exports", "one/model.onnx one/._model.onnx two/onnx/model.onnx .three/model.onnx", []string{"-m DIR/one, -m DIR/two"}},
		{"mac", "sub/._model.onnx", []string{"there is no .onnx file in it"}},
	} {
		dir := filepath.Join(t.TempDir(), c.folder)
		for file := range strings.FieldsSeq(c.files) {
			name, text, given := strings.Cut(file, "=")
			content := []byte(text)
			if !given && filepath.Ext(name) == ".onnx" {
				content = data
			}
			name = filepath.Join(dir, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, content, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		_, err := OpenModel(dir, models.Settings{})
		if err == nil {
			t.Fatalf("%s: opened", c.files)
		}
		for _, want := range c.want {
			if want = filepath.FromSlash(strings.ReplaceAll(want, "DIR", dir)); !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v; want %q", c.files, err, want)
			}
		}
		if strings.Contains(err.Error(), ", -m "+dir+"/.") || strings.Contains(err.Error(), "sd/unet") {
			t.Errorf("%s: %v", c.files, err)
		}
	}
}
