package models

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"ortho/runner"
	"ortho/runner/library"
	"ortho/runner/onnx"
)

const parts = "testdata/external_parts"

// TestWeightsElsewhere: a model of a file system runs with the weights that lie there, wherever
// the graph names them, and never with files of their names in the process's folder.
func TestWeightsElsewhere(t *testing.T) {
	if _, err := library.Find(""); err != nil {
		t.Skipf("needs ONNX Runtime: %v", err)
	}
	fromFolder, err := Open(parts, Settings{})
	if err != nil {
		t.Fatal(err)
	}
	for _, above := range []string{"", "onnx/"} {
		fsys := fstest.MapFS{}
		for _, name := range append(slices.Clone(fromFolder.Graph.ExternalData), "model.onnx") {
			data, err := os.ReadFile(filepath.Join(parts, name))
			if err != nil {
				t.Fatal(err)
			}
			fsys[above+name] = &fstest.MapFile{Data: data}
		}
		inMemory, err := OpenFS(fsys, filepath.Base(parts), Settings{})
		if err != nil {
			t.Fatal(err)
		}
		want, err := fromFolder.Identity(t.Context())
		got, digestErr := inMemory.Identity(t.Context())
		if err != nil || digestErr != nil || got.SHA256 != want.SHA256 || got.Name != want.Name || !slices.Equal(got.Weights, want.Weights) {
			t.Errorf("%v, %v, want %v, %v", got, digestErr, want, err)
		}
		if digest, err := inMemory.GraphDigest(t.Context()); err != nil || digest != want.SHA256 {
			t.Errorf("%s, %v, want %s", digest, err, want.SHA256)
		}
		const all = "efc70b13ac8c47a9e8964f94f8205721e734a3e7595ed25777cc68aec9ae7f04" // see Identity.Digest
		if digest, err := inMemory.Digest(t.Context()); err != nil || digest != all || want.Digest() != all {
			t.Errorf("%s and %s, %v, want %s", digest, want.Digest(), err, all)
		}
		path, err := inMemory.GraphFile(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		written, err := onnx.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		back := decoys(t, fromFolder.Graph.ExternalData)
		for from, m := range map[string]runner.Model{"memory": {Data: inMemory.Data, Graph: inMemory.Graph}, "GraphFile": {Path: path, Graph: written}} {
			if got := logits(t, m); !slices.Equal(got, []float32{18, 22.5, 19.25}) {
				t.Errorf("from %s: %v", from, got)
			}
		}
		back()
	}
	if _, err := OpenFS(fstest.MapFS{"model.onnx": {Data: graph(t, "external_parts")}}, "m", Settings{}); err == nil || !strings.Contains(err.Error(), "deep/constant.bin, which is missing") {
		t.Errorf("without weights: %v", err)
	}
	graph := fromFolder.Graph
	if _, err := runner.Open(t.Context(), runner.Model{Data: []byte("x"), Graph: graph}, runner.Options{}); err == nil || !strings.Contains(err.Error(), "deep/constant.bin") {
		t.Errorf("a graph in memory with weights elsewhere: %v", err)
	}
}

// decoys makes a folder the process's own that has files of those names, which hold other
// weights, until back is called.
func decoys(t *testing.T, names []string) (back func()) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), make([]byte, 100), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	before, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chdir(dir); err != nil {
		t.Fatal(err)
	}
	return func() { os.Chdir(before) }
}

// logits are those of an image of ones.
func logits(t *testing.T, m runner.Model) []float32 {
	t.Helper()
	s, err := runner.Open(t.Context(), m, runner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	in, err := runner.NewTensor(onnx.Float, []int64{1, 3, 32, 32})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	for i := range in.Float32s() {
		in.Float32s()[i] = 1
	}
	out := make([]*runner.Tensor, 1)
	if err := s.Run(t.Context(), []*runner.Tensor{in}, out); err != nil {
		t.Fatal(err)
	}
	defer out[0].Close()
	return slices.Clone(out[0].Float32s())
}
