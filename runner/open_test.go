package runner

import (
	"encoding/json"
	"errors"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"ortho/runner/onnx"
)

// openFile opens a session on a graph's file.
func openFile(t *testing.T, path string, opt Options) (*Session, error) {
	t.Helper()
	graph, err := onnx.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	s, err := Open(t.Context(), Model{Path: path, Graph: graph}, opt)
	if err == nil {
		t.Cleanup(func() { s.Close() })
	}
	return s, err
}

// TestQuantized: graphs of all defaults of ONNX Runtime's quantiser run, whether or not the CPU
// saturates, and answer about what the float graph does, optimised or not.
// scripts/goldens/quantized.py makes them.
func TestQuantized(t *testing.T) {
	for _, unoptimized := range []bool{false, true} {
		testQuantized(t, unoptimized)
	}
}

func testQuantized(t *testing.T, unoptimized bool) {
	const folder = "testdata/quantized"
	var cases struct {
		Inputs  [][]float32
		Outputs map[string][][]float32
	}
	data, err := os.ReadFile(folder + "/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(folder + "/*.onnx")
	if len(files) < 10 {
		t.Fatalf("%d graphs", len(files))
	}
	open(t, "float32_nchw", Options{}) // loads ONNX Runtime, or skips
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".onnx")
		s, err := openFile(t, file, Options{Unoptimized: unoptimized, Dims: func(string) map[string]int64 { return map[string]int64{"n": int64(len(cases.Inputs))} }})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		// Signed activations of ONNX Runtime's own quantised operators, and zero points that are
		// shared, are what the setting against saturation can't load; in a reduced range nothing
		// saturates.
		own := strings.Contains(name, "qoperator_s8s8") && !strings.Contains(name, "reduced") || strings.HasSuffix(name, "_shared") && !unoptimized
		if s.Saturates != (own && saturates) || !s.Fixed {
			t.Errorf("%s: saturates %t, fixed %t", name, s.Saturates, s.Fixed)
		}
		level := Optimized
		if unoptimized {
			level = AsWritten
			if saturates && !s.Saturates && !strings.Contains(name, "qdq") {
				level = ExactInt8
			}
		}
		if s.Optimization != level {
			t.Errorf("%s: optimised %s, want %s", name, s.Optimization, level)
		}
		kind, _, _ := strings.Cut(name, "_")
		want := cases.Outputs[kind]
		in, err := NewTensor(onnx.Float, []int64{int64(len(want)), int64(len(cases.Inputs[0]))})
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		for i, row := range cases.Inputs {
			copy(in.Float32s()[i*len(row):], row)
		}
		out := make([]*Tensor, 1)
		if err := s.Run(t.Context(), []*Tensor{in}, out); err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		defer out[0].Close()
		for i, row := range want {
			for j, v := range row {
				if got := out[0].Float32s()[i*len(row)+j]; math.Abs(float64(got-v)) > 0.25 { // of values up to 4
					t.Errorf("%s: row %d, value %d: %v, want about %v", name, i, j, got, v)
				}
			}
		}
	}
}

func TestIdle(t *testing.T) {
	p := Provider{Name: "openvino", Options: map[string]string{"device_type": "AUTO", "num_streams": "2"}}
	for _, c := range []struct {
		nodes map[string]int
		want  string
	}{
		{nil, ""},              // not known
		{map[string]int{}, ""}, // a graph without nodes
		{map[string]int{"openvino": 1, "cpu": 11}, ""},
		{map[string]int{"cpu": 12}, "execution provider openvino cannot be used: it runs 0 of the graph's 12 nodes with device_type=AUTO num_streams=2"},
	} {
		err := idle(p, c.nodes)
		if got := ""; err != nil {
			if got = err.Error(); got != c.want {
				t.Errorf("%v: %s, want %s", c.nodes, got, c.want)
			}
		} else if c.want != "" {
			t.Errorf("%v: no error", c.nodes)
		}
	}
}

func TestNeedsCPU(t *testing.T) {
	providers := []Provider{{Name: "tensorrt"}, {Name: "cuda", Options: map[string]string{"device_id": "1"}}}
	a := assignment{"cuda": {"Conv": 3, "Relu": 2}, CPU: {"A": 1, "B": 2, "C": 1, "D": 1, "E": 1, "F": 1}}
	const want = "tensorrt and cuda can't run 7 of the graph's 12 nodes (A, B, C, D, E, ...) with device_id=1, and the CPU, which could, is not among the providers asked for"
	if got := needsCPU(providers, a).Error(); got != want {
		t.Errorf("%s", got)
	}
	if got := needsCPU(providers[:1], nil).Error(); !strings.HasPrefix(got, "tensorrt can't run some of the graph's nodes, and") {
		t.Errorf("%s", got)
	}
}

func TestDevicesIn(t *testing.T) {
	for device, want := range map[string]string{
		"": "", "AUTO": "", "CPU": "CPU", "gpu.1": "GPU.1", "BOGUS": "BOGUS", "GPU:0": "GPU:0", "AUTO:GPU,CPU": "GPU CPU", "hetero:NPU, cpu": "NPU CPU",
		"BATCH:GPU(16)": "GPU", "AUTO:-NPU": "NPU", "MULTI:": "",
	} {
		if got := strings.Join(devicesIn(device), " "); got != want {
			t.Errorf("%q: %q, want %q", device, got, want)
		}
	}
	for name, real := range map[string]bool{"CPU": true, "GPU.1": true, "NPU": true, "GPU_FP16": true, "BOGUS": false, "GPU:0": false, "": false, "GPUX": false} {
		if realDevice.MatchString(name) != real {
			t.Errorf("%q: %t", name, !real)
		}
	}
}

// What ONNX Runtime 1.24.1 and 1.32.0 say.
func TestRefusal(t *testing.T) {
	for text, want := range map[string]string{
		"Error creating C session from file: Load model from m failed:Fatal error: ai.onnx.contrib:FancyPool(-1) is not a registered function/op":                                                                                                 "the graph has the custom operator FancyPool of the domain ai.onnx.contrib, which is that of onnxruntime-extensions",
		"Fatal error: com.example:Wave(3) is not a registered function/op":                                                                                                                                                                        "the graph has the custom operator Wave of the domain com.example, which ONNX Runtime doesn't have",
		"Error creating C session from file: Exception during initialization: /onnxruntime/a/basic_backend.cc:136 x::X(y&) /onnxruntime/b/ov_interface.cc:28 auto f() [with T = {}] [OpenVINO-EP] Exception while Reading network: Check 'false'": "Exception while Reading network: Check 'false'",
		"something else": "something else",
	} {
		if got := refusal(errors.New(text)).Error(); got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
	}
	if err := refusal(errors.New("Fatal error: ai.onnx:Nonsense(17) is not a registered function/op")); !strings.Contains(err.Error(), "newer ONNX") {
		t.Error(err)
	}
}

// TestLinkedWeights: weights are found where they are links out of the model's folder, as in
// Hugging Face's cache, or on another way there.
func TestLinkedWeights(t *testing.T) {
	open(t, "float32_nchw", Options{}) // loads ONNX Runtime, or skips
	const from = "../models/testdata/external"
	layouts := map[string]map[string]string{ // links, to where
		"cache":        {"snapshots/r1/model.onnx": "../../blobs/a1", "snapshots/r1/weights.bin": "../../blobs/b2"},
		"weights only": {"snapshots/r1/weights.bin": "../../blobs/b2"},
		"folder":       {"snapshots/r1": "../real"},
	}
	for name, links := range layouts {
		dir := t.TempDir()
		model, weights := "blobs/a1", "blobs/b2"
		switch name {
		case "weights only":
			model = "snapshots/r1/model.onnx"
		case "folder":
			model, weights = "real/model.onnx", "real/weights.bin"
		}
		for from, to := range map[string]string{from + "/model.onnx": model, from + "/weights.bin": weights} {
			data, err := os.ReadFile(from)
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(dir, to)
			if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, data, 0o600)); err != nil {
				t.Fatal(err)
			}
		}
		for link, to := range links {
			link = filepath.Join(dir, link)
			if err := os.MkdirAll(filepath.Dir(link), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(to, link); err != nil {
				t.Skipf("no symbolic links here: %v", err)
			}
		}
		path := filepath.Join(dir, "snapshots/r1/model.onnx")
		if _, err := openFile(t, path, Options{}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		// A graph that itself names a file elsewhere is refused, with links and without.
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, elsewhere := range []string{"../../blobs/b2", filepath.ToSlash(filepath.Join(dir, "blobs/b2"))} {
			data, err := onnx.MoveWeights(data, func(string) string { return elsewhere })
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, weights), make([]byte, 1<<16), 0o600); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(os.MkdirAll(filepath.Join(dir, "blobs"), 0o700), os.WriteFile(filepath.Join(dir, "blobs/b2"), make([]byte, 1<<16), 0o600), os.WriteFile(path, data, 0o600)); err != nil {
				t.Fatal(err)
			}
			if _, err := openFile(t, path, Options{}); err == nil {
				t.Errorf("%s: %s is read", name, elsewhere)
			}
		}
	}
}

// TestCustomOps runs an operator of onnxruntime-extensions.
func TestCustomOps(t *testing.T) {
	plain := open(t, "float32_nchw", Options{}) // loads ONNX Runtime, or skips
	const graph = "testdata/custom/model.onnx"
	var missing *OperatorError
	if _, err := openFile(t, graph, Options{}); !errors.As(err, &missing) || missing.Domain != ExtensionsDomain || missing.Operator != "NegPos" {
		t.Errorf("without its library: %v", err)
	}
	for path, want := range map[string]string{"testdata/nothing.so": "no such file", "testdata": "not a file", graph: "can't be loaded as a shared library: ",
		plain.Library.Path: "no function RegisterCustomOps"} {
		if _, err := openFile(t, graph, Options{CustomOps: []string{path}}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
	path := os.Getenv("ORTHO_TEST_EXTENSIONS")
	if path == "" {
		out, err := exec.Command("python3", "-c", "import onnxruntime_extensions as e; print(e.get_library_path())").Output()
		if path = strings.TrimSpace(string(out)); err != nil {
			t.Skipf("needs onnxruntime-extensions (pip install onnxruntime-extensions, or its library in ORTHO_TEST_EXTENSIONS): %v", err)
		}
	}
	s, err := openFile(t, graph, Options{CustomOps: []string{path}})
	if err != nil {
		t.Fatal(err)
	}
	in, err := NewTensor(onnx.Float, []int64{1, 4})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	copy(in.Float32s(), []float32{-2, 3, 0, -0.5})
	out := make([]*Tensor, 2)
	if err := s.Run(t.Context(), []*Tensor{in}, out); err != nil {
		t.Fatal(err)
	}
	defer out[0].Close()
	defer out[1].Close()
	for i, want := range []float32{-2, 0, 0, -0.5, 0, 3, 0, 0} {
		if got := out[i/4].Float32s()[i%4]; got != want {
			t.Errorf("value %d: %v, want %v", i, got, want)
		}
	}
}
