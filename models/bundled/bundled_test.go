package bundled

import (
	"bytes"
	"io/fs"
	"slices"
	"strings"
	"testing"

	"ortho/runner"
	"ortho/runner/library"
	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// open opens a bundled model.
func open(t *testing.T, name string) *runner.Session {
	t.Helper()
	folder, err := FS(name)
	if err != nil {
		t.Fatal(err)
	}
	data, err := fs.ReadFile(folder, "model.onnx")
	if err != nil {
		t.Fatal(err)
	}
	return session(t, data)
}

// session opens a graph as the binary does: from its bytes.
func session(t *testing.T, data []byte) *runner.Session {
	t.Helper()
	if _, err := library.Find(""); err != nil {
		t.Skipf("needs ONNX Runtime: %v", err)
	}
	graph, err := onnx.Read(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	s, err := runner.Open(t.Context(), runner.Model{Data: data, Graph: graph}, runner.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func tensorOf(t *testing.T, a npz.Array) *runner.Tensor {
	t.Helper()
	tensor, err := runner.TensorOf(a)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(tensor.Close)
	return tensor
}

// run gives the one output for the one input.
func run(t *testing.T, s *runner.Session, input *runner.Tensor) *runner.Tensor {
	t.Helper()
	outputs := []*runner.Tensor{nil}
	if err := s.Run(t.Context(), []*runner.Tensor{input}, outputs); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(outputs[0].Close)
	return outputs[0]
}

func TestFS(t *testing.T) {
	for _, name := range Names() {
		folder, err := FS(name)
		if err != nil {
			t.Fatal(err)
		}
		sub, err := fs.Sub(files, name)
		if err != nil {
			t.Fatal(err)
		}
		settings := "config.json"
		if !strings.HasPrefix(name, Default) {
			settings = "ortho.json"
		}
		for _, file := range []string{"model.onnx", settings, "README.md", "LICENSE", "SHA256SUMS"} {
			got, err := fs.ReadFile(folder, file)
			want, werr := fs.ReadFile(sub, file)
			if err != nil || werr != nil || len(got) == 0 || !bytes.Equal(got, want) {
				t.Errorf("%s/%s: %v, %v", name, file, err, werr)
			}
		}
	}
	if got := Names(); !slices.Equal(got, []string{Default, Default + "-int8", "glyphs", "imagenet-descriptions", "selfie", "span-x2", "span-x4", Detector}) {
		t.Errorf("names: %q", got)
	}
	if _, err := FS("nope"); err == nil {
		t.Error("an unknown name gives no error")
	}
}

// TestInt8SharesConfig: the linker keeps equal files once.
func TestInt8SharesConfig(t *testing.T) {
	var configs [][]byte
	for _, name := range []string{Default, Default + "-int8"} {
		data, err := files.ReadFile(name + "/config.json")
		if err != nil {
			t.Fatal(err)
		}
		configs = append(configs, data)
	}
	if !bytes.Equal(configs[0], configs[1]) {
		t.Error("the two models have different labels or preprocessing")
	}
}
