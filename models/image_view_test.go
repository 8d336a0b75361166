package models

import (
	"slices"
	"strings"
	"testing"

	"ortho/models/config"
	"ortho/preprocess"
	"ortho/runner/onnx"
)

// TestViews holds how inputs of other than four dimensions take images.
func TestViews(t *testing.T) {
	for _, c := range []struct {
		name   string
		kind   onnx.ElementType
		dims   []any
		flags  []string
		form   preprocess.Form
		layout preprocess.Layout
		size   [3]int // channels, height, width
		batch  int
		err    string
	}{
		{name: "a batch", kind: onnx.Float, dims: []any{"n", 3, 32, 64}, size: [3]int{3, 32, 64}},
		{name: "float64", kind: onnx.Double, dims: []any{"n", 3, 32, 64}, size: [3]int{3, 32, 64}},
		{name: "gray", kind: onnx.Float, dims: []any{"n", 28, 30}, form: preprocess.Plane, size: [3]int{1, 28, 30}},
		{name: "gray, one", kind: onnx.Float, dims: []any{1, 28, 30}, form: preprocess.Plane, size: [3]int{1, 28, 30}, batch: 1},
		{name: "colours first, one", kind: onnx.Float, dims: []any{3, 28, 30}, size: [3]int{3, 28, 30}, batch: 1},
		{name: "colours last, one", kind: onnx.Uint8, dims: []any{28, 30, 3}, layout: preprocess.NHWC, size: [3]int{3, 28, 30}, batch: 1},
		{name: "colours last, of any size", kind: onnx.Float, dims: []any{"h", "w", 3}, flags: []string{"input-size", "20x24"}, layout: preprocess.NHWC, size: [3]int{3, 20, 24}, batch: 1},
		{name: "colours last, of any height", kind: onnx.Float, dims: []any{"h", 24, 3}, flags: []string{"input-size", "20x24"}, layout: preprocess.NHWC, size: [3]int{3, 20, 24}, batch: 1},
		{name: "a series in batches", kind: onnx.Float, dims: []any{"batch", 24, 1}, err: "takes no images"},
		{name: "a series in nameless batches", kind: onnx.Float, dims: []any{"unk__1", 24, 1}, err: "takes no images"},
		{name: "a short series, three of them", kind: onnx.Float, dims: []any{3, 28, 2}, err: "takes no images"},
		{name: "a plane", kind: onnx.Float, dims: []any{28, 30}, form: preprocess.Plane, size: [3]int{1, 28, 30}, batch: 1},
		{name: "rows", kind: onnx.Float, dims: []any{"n", 784}, form: preprocess.Row, size: [3]int{1, 28, 28}},
		{name: "rows of a fixed batch", kind: onnx.Float, dims: []any{32, 784}, form: preprocess.Row, size: [3]int{1, 28, 28}, batch: 32},
		{name: "rows of features of a fixed batch", kind: onnx.Float, dims: []any{16, 512}, err: "takes no images"},
		{name: "gray, of a fixed batch", kind: onnx.Float, dims: []any{8, 28, 30}, flags: []string{"channels", "1"}, form: preprocess.Plane, size: [3]int{1, 28, 30}, batch: 8},
		{name: "gray or features", kind: onnx.Float, dims: []any{8, 28, 30}, err: "is a batch of gray images: give channels"},
		{name: "rows of oblong pixels", kind: onnx.Float, dims: []any{"n", 800}, flags: []string{"input-size", "20x40"}, form: preprocess.Row, size: [3]int{1, 20, 40}},
		{name: "rows of colours", kind: onnx.Float, dims: []any{"n", 3072}, flags: []string{"input-size", "32", "layout", "nhwc"}, form: preprocess.Row, layout: preprocess.NHWC, size: [3]int{3, 32, 32}},
		{name: "rows of colours in which order", kind: onnx.Float, dims: []any{"n", 3072}, flags: []string{"input-size", "32"}, err: "takes no images"},
		{name: "rows of features", kind: onnx.Float, dims: []any{"n", 64}, err: "it takes rows of 64 numbers"},
		{name: "rows of no square", kind: onnx.Float, dims: []any{"n", 800}, err: "takes no images"},
		{name: "no shape", kind: onnx.Float, flags: []string{"input-size", "32", "layout", "nchw", "channels", "3"}, size: [3]int{3, 32, 32}},
		{name: "no shape, and nothing said", kind: onnx.Float, err: "give input-size"},
		{name: "alpha", kind: onnx.Float, dims: []any{"n", 4, 28, 30}, err: "has neither 1 nor 3 channels"},
		{name: "alpha, by its names", kind: onnx.Float, dims: []any{"n", 4, "height", "width"}, err: "has neither 1 nor 3 channels"},
		{name: "tokens", kind: onnx.Int64, dims: []any{"n", 784}, err: "takes texts, not images"},
	} {
		in := tensor("x", c.kind, "Conv", c.dims...)
		if c.dims == nil {
			in.Ranked = false
		}
		g := &onnx.Graph{Inputs: list(in), Outputs: list(tensor("logits", onnx.Float, "Gemm", "n", 5))}
		m := opened(t, g, nil, settings(t, append(c.flags, "mean", "0", "std", "1", "resize", "20")...))
		if c.size[1] != c.size[2] {
			m = opened(t, g, nil, settings(t, append(c.flags, "mean", "0", "std", "1", "crop-mode", "squash")...))
		}
		got, err := m.Classifier()
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) || strings.HasPrefix(c.name, "alpha") && strings.Contains(err.Error(), "give") {
				t.Errorf("%s: %v, want %q", c.name, err, c.err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		told := slices.ContainsFunc(m.Notices, func(n config.Text) bool { return strings.Contains(n.String(), "has no dimension for channels") })
		if said := slices.Contains(c.flags, "channels") || slices.Contains(c.flags, "input-size"); told != (c.form != preprocess.Full && !said) {
			t.Errorf("%s: told %v: %v", c.name, told, m.Notices)
		}
		spec := got.Input
		if spec.Form != c.form || spec.Layout != c.layout || [3]int{spec.Channels, spec.Height, spec.Width} != c.size || got.Batch != c.batch {
			t.Errorf("%s: form %d, %s, %dx%dx%d, batch %d", c.name, spec.Form, spec.Layout, spec.Channels, spec.Height, spec.Width, got.Batch)
		}
	}
}

// TestIntegers holds which integers pixels become: v is what a white pixel is given.
func TestIntegers(t *testing.T) {
	half := map[string]string{config.ProcessorFile: `{"image_processor_type": "ViTImageProcessor", "size": {"height": 32, "width": 32}, "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}`}
	imagenet := map[string]string{config.ProcessorFile: `{"image_processor_type": "ViTImageProcessor", "size": {"height": 32, "width": 32}, "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}`}
	number := func(v float64) *onnx.Tensor { return &onnx.Tensor{Kept: true, Numbers: []float64{v}} }
	for _, c := range []struct {
		name         string
		kind         onnx.ElementType
		scale, zero  float64 // scale 0: nothing dequantises it
		files        map[string]string
		black, white float64
		notice       string
	}{
		{"uint8", onnx.Uint8, 0, 0, half, 0, 255, ""},
		{"int32", onnx.Int32, 0, 0, nil, 0, 255, ""},
		{"int64 with a config", onnx.Int64, 0, 0, half, 0, 255, ""},
		{"codes of values from -1 to 1", onnx.Int8, 2.0 / 255, 0, half, -127.5, 127.5, ""},
		{"codes of values from -1 to 1 in uint8", onnx.Uint8, 2.0 / 255, 127.5, half, 0, 255, ""},
		{"codes of ImageNet's", onnx.Uint8, 0.0186, 114, imagenet, -2.1179/0.0186 + 114, 2.2489/0.0186 + 114, ""},
		{"codes of pixels", onnx.Uint8, 1.0 / 255, 0, imagenet, 0, 255, ""},
		{"codes of pixels in int8", onnx.Int8, 1.0 / 255, -128, imagenet, -128, 127, ""},
		{"codes of pixels in 16 bits", onnx.Uint16, 1.0 / 65535, 0, imagenet, 0, 65535, ""},
		{"codes of pixels, and no config", onnx.Uint8, 1.0 / 255, 0, nil, 0, 255, ""},
		{"codes of who knows what", onnx.Uint8, 0.0186, 114, nil, 0, 255, "of which the graph makes -2.12 to 2.62, and nothing says how pixels become such"},
		{"codes, and no config", onnx.Int8, 1.0 / 128, 0, nil, -128, 127, "makes -1 to 0.992, and nothing says"},
		{"int8 with a config alone", onnx.Int8, 0, 0, half, -128, 127, "mean and std of its files are set aside"},
	} {
		g := &onnx.Graph{Inputs: list(tensor("x", c.kind, "", "n", 3, 32, 32)), Outputs: list(tensor("logits", onnx.Float, "Gemm", "n", 5))}
		g.Body = onnx.NewBody(&onnx.Node{Op: "Cast", Inputs: []string{"x"}, Outputs: []string{"h"}})
		if c.scale > 0 {
			g.Body = onnx.NewBody(&onnx.Node{Op: "DequantizeLinear", Inputs: []string{"x", "s", "z"}, Outputs: []string{"h"}})
			g.Body.Constants = map[string]*onnx.Tensor{"s": number(c.scale), "z": number(c.zero)}
		}
		m := opened(t, g, c.files, settings(t))
		got, err := m.Classifier()
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for pixel, want := range map[float64]float64{0: c.black, 1: c.white} {
			v := (pixel*(got.Input.Range[1]-got.Input.Range[0]) + got.Input.Range[0] - got.Input.Mean[0]) / got.Input.Std[0]
			if d := v - want; d > 0.01 || d < -0.01 {
				t.Errorf("%s: pixel %v is given %v, want %v", c.name, pixel, v, want)
			}
		}
		var told string
		for _, n := range m.Notices {
			told += n.String()
		}
		if !strings.Contains(told, c.notice) || c.notice == "" && told != "" {
			t.Errorf("%s: %q", c.name, told)
		}
	}
}

// TestInside holds which graphs are told to normalise pixels themselves.
func TestInside(t *testing.T) {
	processor := map[string]string{config.ProcessorFile: `{"image_processor_type": "ViTImageProcessor", "size": {"height": 32, "width": 32}}`}
	for _, c := range []struct {
		name  string
		op    string
		by    []float64
		flags []string
		told  string
	}{
		{"bytes", "Div", []float64{255}, nil, "begins with Div by 255, as if it normalised pixels itself, and preprocessor_config.json (ViTImageProcessor default) states mean and std"},
		{"bytes, by a product", "Mul", []float64{1.0 / 127.5}, nil, "Mul by 0.007843"},
		{"a mean of bytes", "Sub", []float64{123.675, 116.28, 103.53}, nil, "Sub by 123.675,116.28,103.53"},
		{"a mean", "Sub", []float64{0.485, 0.456, 0.406}, nil, "Sub by 0.485,0.456,0.406"},
		{"GoogLeNet", "Mul", []float64{0.458}, nil, ""},
		{"a weight", "Div", []float64{2}, nil, ""},
		{"stated by the user", "Div", []float64{255}, []string{"mean", "0.5", "std", "0.5"}, ""},
	} {
		g := &onnx.Graph{Inputs: list(tensor("x", onnx.Float, "", "n", 3, 32, 32)), Outputs: list(tensor("logits", onnx.Float, "Gemm", "n", 5))}
		g.Body = onnx.NewBody(&onnx.Node{Op: "Cast", Inputs: []string{"x"}, Outputs: []string{"c"}}, &onnx.Node{Op: c.op, Inputs: []string{"c", "k"}, Outputs: []string{"h"}})
		g.Body.Constants = map[string]*onnx.Tensor{"k": {Kept: true, Numbers: c.by}}
		m := opened(t, g, processor, settings(t, c.flags...))
		if _, err := m.Classifier(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		var told string
		for _, n := range m.Notices {
			told += n.String()
		}
		if !strings.Contains(told, c.told) || c.told == "" && told != "" {
			t.Errorf("%s: %q", c.name, told)
		}
	}
}

// TestSingle: what a graph's inputs begin with is no batch where one image is a run, and what may
// as well be a table is taken for an image where its pixels' values are known.
func TestSingle(t *testing.T) {
	norm := []string{"mean", "0", "std", "1", "crop-mode", "squash"}
	for _, c := range []struct {
		dims  []any
		flags []string
		want  bool
	}{
		{[]any{3, 28, 30}, nil, true},
		{[]any{28, 30, 3}, nil, true},
		{[]any{28, 30}, norm, true},
		{[]any{28, 30}, nil, false},
		{[]any{8, 28, 30}, nil, false},
		{[]any{"batch", 10, 1}, nil, false},
		{[]any{1, 3, 28, 30}, norm, false},
	} {
		g := &onnx.Graph{Inputs: list(tensor("x", onnx.Float, "Conv", c.dims...)), Outputs: list(tensor("logits", onnx.Float, "Gemm", 1, 5))}
		if m := opened(t, g, nil, settings(t, c.flags...)); m.Graph.Single != c.want {
			t.Errorf("%v with %q: %t", c.dims, c.flags, m.Graph.Single)
		}
	}
}
