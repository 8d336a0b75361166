package generate

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"ortho/runner/onnx"
)

// FuzzCandidates: whatever constants a graph has, few multiples are tried, of sizes that a run can have.
func FuzzCandidates(f *testing.F) {
	files, err := filepath.Glob("testdata/graphs/multiple_*.onnx")
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
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
		all := candidates(g)
		if len(all) > 100 || all[0] != 1 {
			t.Fatalf("%d candidates: %v", len(all), all)
		}
		for _, m := range all {
			if w, h := sizeOf(m); m < 1 || m > 128 || w < m || h < m || w > 79*128 || h > 79*128 || w%m != 0 || h%m != 0 {
				t.Fatalf("multiple %d: %dx%d", m, w, h)
			}
		}
	})
}
