package meaning

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"ortho/runner/onnx"
)

// FuzzOf reads damaged graphs: circles, branches without outputs, functions that call
// themselves.
func FuzzOf(f *testing.F) {
	files, err := filepath.Glob("testdata/*.onnx")
	if err != nil || len(files) == 0 {
		f.Fatal("no graphs", err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		g, err := onnx.Read(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		for _, out := range g.Outputs {
			if m := Of(g, out.Name); m.Factor < 0 {
				t.Errorf("%s: a factor of %v", out.Name, m.Factor)
			}
		}
	})
}
