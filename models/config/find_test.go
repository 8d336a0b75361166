package config

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// TestFindGraph: a folder's graph, whatever systems, editors and downloads leave beside it.
func TestFindGraph(t *testing.T) {
	for _, c := range []struct {
		files, want, problem string
		variants             bool
	}{
		{"resnet.onnx", "resnet.onnx", "", true},
		{"resnet.onnx ._resnet.onnx", "resnet.onnx", "", true},
		{"resnet.onnx ._resnet.onnx .resnet.onnx __MACOSX/._resnet.onnx .DS_Store Thumbs.db desktop.ini", "resnet.onnx", "", true},
		{"resnet.onnx resnet.onnx.data ._resnet.onnx.data resnet.onnx~ other.onnx.crdownload other.onnx.part", "resnet.onnx", "", true},
		{"model.onnx model_fp16.onnx ._model.onnx", "model.onnx", "", true},
		{"model.onnx other.onnx ._model.onnx", "model.onnx", "", false},
		{"a.onnx b.onnx", "", `name one of ["m/a.onnx" "m/b.onnx"]`, false},
		{"onnx/model.onnx onnx/._model.onnx", "onnx/model.onnx", "", false},
		{"onnx resnet.onnx", "resnet.onnx", "", true}, // onnx: a file
		{"RESNET.ONNX", "RESNET.ONNX", "", true},
		{"model.onnx/x net.onnx", "net.onnx", "", true}, // model.onnx: a folder
		{"._resnet.onnx", "", "no .onnx file in it", false},
		{"._model.pt model.safetensors", "", "by its name, model.safetensors in it is", false},
		{"model.onnx.crdownload", "", "model.onnx.crdownload in it is a download that was not finished", false},
	} {
		fsys := fstest.MapFS{}
		dir := t.TempDir()
		for name := range strings.FieldsSeq(c.files) {
			fsys[name] = &fstest.MapFile{}
			if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for _, fsys := range []fs.FS{fsys, os.DirFS(dir)} {
			got, err := FindGraph(fsys, "m")
			if got != c.want || (err == nil) != (c.problem == "") || err != nil && !strings.Contains(err.Error(), c.problem) {
				t.Errorf("%s: %q, %v; want %q, %q", c.files, got, err, c.want, c.problem)
			}
		}
		if got := VariantsOnly(dir); got != c.variants {
			t.Errorf("%s: one model: %v", c.files, got)
		}
	}
	loop := t.TempDir()
	if err := os.Symlink("onnx", filepath.Join(loop, "onnx")); err == nil {
		if _, err := FindGraph(os.DirFS(loop), "m"); err == nil || !strings.Contains(err.Error(), "symbolic links") {
			t.Errorf("a link to itself: %v", err)
		}
	}
}
