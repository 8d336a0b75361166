package onnx

import (
	"bytes"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime/metrics"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
)

const testdata = "../../models/testdata"

func TestRead(t *testing.T) {
	for _, c := range []struct{ model, inputs, outputs, op string }{
		{"float32_nchw", "input float32[batch,3,32,32]", "logits float32[batch,3]", "Gemm"},
		{"dynamic_size", "input float32[batch,3,side,side]", "logits float32[batch,3]", "Gemm"},
		{"batch4", "input float32[4,3,32,32]", "logits float32[4,3]", "Gemm"},
		{"uint8_nhwc_softmax", "image uint8[N,32,32,3]", "probabilities float32[N,3]", "Softmax"},
		{"int8_nchw", "image int8[N,3,32,32]", "logits float32[N,3]", "Gemm"},
		{"float16_nchw", "pixels float16[batch,3,32,32]", "logits float16[batch,3]", "Gemm"},
		{"sigmoid", "input float32[batch,3,32,32]", "probabilities float32[batch,3]", "Sigmoid"},
		{"two_images", "left float32[batch,3,32,32] right float32[batch,3,32,32]", "logits float32[batch,3]", "Gemm"},
		{"pooled", "input float32[batch,3,32,32]", "logits float32[batch,3,1,1]", "Gemm"},
		{"embedding", "input float32[batch,3,32,32]", "logits float32[batch,3] embedding float32[batch,3]", "Gemm"},
		{"no_shape", "input float32[batch,3,32,32]", "logits float32[...]", "Gemm"},
		{"not_an_image", "x float32[batch,3]", "y float32[batch,3]", "Softmax"},
	} {
		g, err := ReadFile(filepath.Join(testdata, c.model, "model.onnx"))
		if err != nil {
			t.Error(err)
			continue
		}
		if got := join(g.Inputs); got != c.inputs {
			t.Errorf("%s: inputs %s, want %s", c.model, got, c.inputs)
		}
		if got := join(g.Outputs); got != c.outputs {
			t.Errorf("%s: outputs %s, want %s", c.model, got, c.outputs)
		}
		if got := g.Outputs[0].Op; got != c.op {
			t.Errorf("%s: output comes from %q, want %q", c.model, got, c.op)
		}
		if g.IRVersion != 8 || g.Producer != "make_test_models" || g.ProducerVersion != "1" || !slices.Equal(g.Opsets, []Opset{{"", 13}}) {
			t.Errorf("%s: header %+v", c.model, g)
		}
	}
}

// TestFirstUse finds what a graph begins with, moves and conversions passed over.
func TestFirstUse(t *testing.T) {
	for model, want := range map[string]string{
		"exports/keras-rescaled": "Mul", "exports/keras-fixed": "Conv", "exports/tf2onnx-nchw": "Conv", "exports/torch-torchscript-plain": "Conv",
		"uint8_nhwc_softmax": "GlobalAveragePool", "two_images": "Add", "not_an_image": "Softmax",
	} {
		g, err := ReadFile(filepath.Join(testdata, filepath.FromSlash(model), "model.onnx"))
		if err != nil {
			t.Error(err)
		} else if got := g.Inputs[0].Op; got != want {
			t.Errorf("%s begins with %q, want %q", model, got, want)
		}
	}
}

func join(values []Value) string {
	var texts []string
	for _, v := range values {
		texts = append(texts, v.String())
	}
	return strings.Join(texts, " ")
}

func TestReadDetails(t *testing.T) {
	g, err := ReadFile(filepath.Join(testdata, "ultralytics", "model.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	if g.Metadata["task"] != "classify" || g.Metadata["imgsz"] != "[32, 32]" || len(g.Metadata) != 8 {
		t.Errorf("metadata %q", g.Metadata)
	}
	if want := map[string]int{"GlobalAveragePool": 1, "Flatten": 1, "Gemm": 1, "Softmax": 1}; !maps.Equal(g.Ops, want) || g.Nodes != 4 {
		t.Errorf("ops %v (%d nodes), want %v", g.Ops, g.Nodes, want)
	}
	if half, err := ReadFile(filepath.Join(testdata, "float16_nchw", "model.onnx")); err != nil || half.Weights[Float16] != half.Initializers || g.Weights[Float] != g.Initializers {
		t.Errorf("weights %v and %v of %d (%v)", g.Weights, half.Weights, half.Initializers, err)
	}
	g, err = ReadFile(filepath.Join(testdata, "external", "model.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(g.ExternalData, []string{"weights.bin"}) || g.Initializers != 2 {
		t.Errorf("external data %q, %d initializers", g.ExternalData, g.Initializers)
	}
}

// TestOthersGraphs reads what other exporters wrote: mnist lists its
// initializers among the inputs.
func TestOthersGraphs(t *testing.T) {
	for name, want := range map[string][2]string{
		"mnist.onnx":              {"Input3 float32[1,1,28,28]", "Plus214_Output_0 float32[1,10]"},
		"squeezenet_fp16.onnx":    {"data_0 float16[1,3,224,224]", "softmaxout_1 float16[1,1000,1,1]"},
		"candy.onnx":              {"inputImage float32[None,3,720,720]", "outputImage float32[None,3,720,720]"},
		"sum_and_difference.onnx": {"1x4 Input Vector float32[1,1,4]", "1x2 Output Vector float32[1,1,2]"},
	} {
		path := filepath.Join("../../../shared/models", name)
		if _, err := os.Stat(path); err != nil {
			t.Skip("needs shared/models beside the repository")
		}
		g, err := ReadFile(path)
		if err != nil {
			t.Error(err)
			continue
		}
		if in, out := join(g.Inputs), join(g.Outputs); in != want[0] || out != want[1] {
			t.Errorf("%s: %s -> %s, want %s -> %s", name, in, out, want[0], want[1])
		}
	}
}

func TestNotONNX(t *testing.T) {
	good, err := os.ReadFile(filepath.Join(testdata, "float32_nchw", "model.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ data, want string }{
		"empty":       {"", "empty"},
		"blank":       {"\n\n", "blank"},
		"html":        {"<!DOCTYPE html><html>", "web page"},
		"refusal":     {"Invalid username or password.", "it is text (\"Invalid username"},
		"AppleDouble": {"\x00\x05\x16\x07\x00\x02\x00\x00Mac OS X", "macOS"},
		"zip":         {"PK\x03\x04rest", "zip"},
		"lfs":         {"version https://git-lfs.github.com/spec/v1\noid sha256:0", "Git LFS pointer"},
		"json":        {`{"a": 1}`, "JSON"},
		"tflite":      {"\x1c\x00\x00\x00TFL3", "TensorFlow Lite"},
		"ort":         {"\x1c\x00\x00\x00ORTM", ".ort"},
		"safetensors": {"\x10\x00\x00\x00\x00\x00\x00\x00{\"a\":1}", "safetensors"},
		"png":         {"\x89PNG\r\n\x1a\n and so on", "it is a PNG image"},
		"text":        {"hello, this is no model", "not an ONNX file"},
		"no graph":    {"\x08\x08\x12\x02ab", "no graph"},
		"half":        {string(good[:len(good)/2]), "truncated"},
		"all but one": {string(good[:len(good)-1]), "truncated"},
	} {
		_, err := Read(strings.NewReader(c.data), int64(len(c.data)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one that says %q", name, err, c.want)
		}
	}
	if _, err := ReadFile("testdata/missing.onnx"); !os.IsNotExist(err) {
		t.Errorf("missing file: %v", err)
	}
	if _, err := ReadFile(testdata); err == nil {
		t.Error("a folder was read as a file")
	}
}

// sparseFile is a file of any size whose bytes are zero but for its parts; it
// counts what is read.
type sparseFile struct {
	size  int64
	parts map[int64][]byte
	read  int64
}

func (f *sparseFile) ReadAt(p []byte, off int64) (int, error) {
	n := int(min(int64(len(p)), f.size-off))
	clear(p[:n])
	for at, data := range f.parts {
		for i, b := range data {
			if j := at + int64(i) - off; j >= 0 && j < int64(n) {
				p[j] = b
			}
		}
	}
	f.read += int64(n)
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func TestWeightsAreNotRead(t *testing.T) {
	const weights = 2 << 30
	tensor := protowire.AppendVarint(protowire.AppendTag(nil, 9, protowire.BytesType), weights)
	name := protowire.AppendString(protowire.AppendTag(nil, 8, protowire.BytesType), "w")
	value := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), "x")
	input := protowire.AppendBytes(protowire.AppendTag(nil, 11, protowire.BytesType), value)
	length := uint64(len(tensor) + weights + len(name))
	graph := protowire.AppendVarint(protowire.AppendTag(nil, 5, protowire.BytesType), length)
	body := uint64(len(graph)) + length + uint64(len(input))
	head := []byte{0x08, 0x08} // ir_version
	head = protowire.AppendVarint(protowire.AppendTag(head, 7, protowire.BytesType), body)
	head = append(append(head, graph...), tensor...)
	f := &sparseFile{parts: map[int64][]byte{0: head, int64(len(head)) + weights: append(name, input...)}}
	f.size = int64(len(head)) + weights + int64(len(name)+len(input))
	g, err := Read(f, f.size)
	if err != nil {
		t.Fatal(err)
	}
	if g.Initializers != 1 || len(g.Inputs) != 1 || g.Size != f.size {
		t.Errorf("got %+v", g)
	}
	if f.read > 1<<20 {
		t.Errorf("read %d bytes of a file whose header takes %d", f.read, len(head))
	}
}

func TestLimits(t *testing.T) {
	long := protowire.AppendString(protowire.AppendTag([]byte{0x08, 0x08}, 2, protowire.BytesType), strings.Repeat("x", maxText+1))
	if _, err := Read(bytes.NewReader(long), int64(len(long))); err == nil || !strings.Contains(err.Error(), "producer name") {
		t.Errorf("a long producer name: %v", err)
	}
	many := []byte{0x08, 0x08}
	entry := protowire.AppendString(protowire.AppendTag(nil, 2, protowire.BytesType), strings.Repeat("x", maxValue))
	for range maxKept/maxValue + 1 {
		many = protowire.AppendBytes(protowire.AppendTag(many, 14, protowire.BytesType), entry)
	}
	if _, err := Read(bytes.NewReader(many), int64(len(many))); err == nil || !strings.Contains(err.Error(), "MiB") {
		t.Errorf("much metadata: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	paths, _ := filepath.Glob(filepath.Join(testdata, "*", "model.onnx"))
	if len(paths) == 0 {
		f.Fatal("no test models")
	}
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
		f.Add(data[:len(data)/2])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		before := allocated()
		g, err := Read(bytes.NewReader(data), int64(len(data)))
		if took := allocated() - before; took > 1024*int64(len(data))+4<<20 {
			t.Errorf("%d bytes were allocated for a graph of %d", took, len(data))
		}
		if err != nil {
			return
		}
		for _, v := range slices.Concat(g.Inputs, g.Outputs) {
			_ = v.String()
			if !v.Ranked && len(v.Dims) > 0 {
				t.Errorf("%s has dimensions but no rank", v.Name)
			}
		}
	})
}

func TestForeign(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		{"m.pt", "PyTorch"}, {"M.PTH", "PyTorch"}, {"model.onnx.data", "weights of an ONNX file"}, {"model.onnx_data", "weights of an ONNX file"},
		{"saved_model.pb", "tf2onnx"}, {"m.safetensors", "optimum-cli"}, {"m.tflite", "tf2onnx"},
		{"model.onnx.crdownload", "not finished"}, {"model.onnx.part", "not finished"},
	} {
		path := filepath.Join(t.TempDir(), c.name)
		if err := os.WriteFile(path, []byte("\x7f\x00\x01"), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadFile(path); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v, want one that says %q", c.name, err, c.want)
		}
		if name, what := Foreign([]string{"README.md", "config.json", c.name}); name != c.name || !strings.Contains(what, c.want) {
			t.Errorf("a folder with %s: %q, %q", c.name, name, what)
		}
	}
	if name, what := Foreign([]string{"config.json", "tokenizer.json", "pytorch_model.bin.index.json"}); name != "" {
		t.Errorf("%q is %q", name, what)
	}
}

// allocated is what Go has allocated in all.
func allocated() int64 {
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(sample)
	return int64(sample[0].Value.Uint64())
}
