package models

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"ortho/models/config"
	"ortho/runner/onnx"
)

// opened resolves a graph, and files beside it.
func opened(t *testing.T, g *onnx.Graph, files map[string]string, flags Settings) *Model {
	t.Helper()
	m := &Model{Name: "model", given: "vit", Graph: g}
	folder := fstest.MapFS{}
	for name, data := range files {
		folder[name] = &fstest.MapFile{Data: []byte(data)}
	}
	if err := m.resolve(folder, flags); err != nil {
		t.Fatal(err)
	}
	return m
}

// TestExampleKeepsFlags: what a message shows is what was given and what lacks, so that
// pasting it loses nothing; and it is all that it takes.
func TestExampleKeepsFlags(t *testing.T) {
	dir := t.TempDir()
	labels := filepath.Join(dir, "my names.txt")
	if err := os.WriteFile(labels, []byte("a\nb\nc\nd\ne\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	vit := map[string]string{config.ConfigFile: strings.ReplaceAll(vitConfig, "224", "64"), config.ProcessorFile: strings.ReplaceAll(processorFast, "224", "64")}
	open := []any{"n", "num_channels", "height", "width"}
	for _, c := range []struct {
		name    string
		dims    []any
		op      string
		files   map[string]string
		flags   []string
		example string
		sidecar string
	}{
		{"another size", open, "", vit, []string{"input-size", "224"}, "input-size 224 resize 224 photo.jpg", `{"input_size": 224, "resize": 224}`},
		{"a preset of another size", []any{"n", 3, 64, 64}, "", nil, []string{"preset", "torchvision"}, "preset torchvision input-size 64x64 resize 64 photo.jpg",
			`{"preset": "torchvision", "input_size": "64x64", "resize": 64}`},
		{"half of it", []any{"n", 3, 64, 64}, "", nil, []string{"mean", "0.1,0.2, 0.3", "invert", "true", "color-order", "bgr"},
			"color-order bgr invert true mean 0.1,0.2, 0.3 std 0.229,0.224,0.225 photo.jpg", `{"color_order": "bgr", "invert": true, "mean": [0.1, 0.2, 0.3], "std": [0.229, 0.224, 0.225]}`},
		{"labels", []any{"n", 3, 64, 64}, "", nil, []string{"labels", labels, "mean", "0"}, "mean 0 labels " + labels + " std 0.229,0.224,0.225 photo.jpg",
			`{"mean": 0, "labels": "my names.txt", "std": [0.229, 0.224, 0.225]}`},
		{"a mean of bytes", []any{"n", 3, 64, 64}, "", nil, []string{"mean", "104,117,123"}, "vit mean 104,117,123 input-range 0,255 std 58.395,57.12,57.375 photo.jpg",
			`{"mean": [104, 117, 123], "input_range": [0, 255], "std": [58.395, 57.12, 57.375]}`},
		{"a std of bytes", []any{"n", 1, 64, 64}, "", nil, []string{"input-range", "0,255", "std", "60"}, "vit input-range 0,255 std 60 mean 127.5 photo.jpg", `{"input_range": [0, 255], "std": 60, "mean": 127.5}`},
		{"channels that are not", []any{"n", 3, 64, 64}, "", nil, []string{"channels", "1", "mean", "0"}, "vit mean 0 std 0.229,0.224,0.225 photo.jpg", `{"mean": 0, "std": [0.229, 0.224, 0.225]}`},
		{"Rescaling in Keras's graph", []any{"n", 64, 64, 3}, "Mul", nil, []string{"resize", "64"}, "resize 64 preset keras-raw photo.jpg", `{"resize": 64, "preset": "keras-raw"}`},
		{"mean in torch's graph", []any{"n", 3, 64, 64}, "Sub", nil, nil, "vit input-range 0,255 photo.jpg", `{"input_range": [0, 255]}`},
		{"Keras without", []any{"n", 64, 64, 3}, "Conv", nil, nil, "vit preset keras-tf photo.jpg", `{"preset": "keras-tf"}`},
	} {
		in := tensor("pixel_values", onnx.Float, c.op, c.dims...)
		g := &onnx.Graph{Inputs: list(in), Outputs: list(tensor("logits", onnx.Float, "Gemm", "n", 5))}
		_, err := opened(t, g, c.files, settings(t, c.flags...)).Classifier()
		if err == nil {
			t.Errorf("%s: nothing is missing", c.name)
			continue
		}
		example := strings.TrimSuffix(exampleOf(err), "\n")
		if !strings.HasSuffix(example, c.example) || !strings.HasPrefix(example, "classify vit ") {
			t.Errorf("%s: example %s, want %s", c.name, example, c.example)
		}
		_, sidecar, _ := strings.Cut(err.Error(), " an ortho.json beside it")
		_, sidecar, _ = strings.Cut(strings.SplitN(sidecar, "\n", 2)[0], ": ")
		if sidecar != c.sidecar || !json.Valid([]byte(sidecar)) {
			t.Errorf("%s: ortho.json %s, want %s", c.name, sidecar, c.sidecar)
		}
		files := map[string]string{config.SidecarFile: sidecar, "my names.txt": "a\nb\nc\nd\ne\n"}
		for name, data := range c.files {
			files[name] = data
		}
		if _, err := opened(t, g, files, Settings{}).Classifier(); err != nil {
			t.Errorf("%s: with that ortho.json: %v", c.name, err)
		}
		var given []string
		for _, s := range exampleIn(err).Settings {
			given = append(given, s.Key, s.Value)
		}
		if _, err := opened(t, g, c.files, settings(t, given...)).Classifier(); err != nil {
			t.Errorf("%s: as %s: %v", c.name, example, err)
		}
		if strings.Contains(err.Error(), "model's own values") {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// exampleIn is an error's example, of nothing where it has none.
func exampleIn(err error) *Example {
	var e *UnsettledError
	if !errors.As(err, &e) || e.Example == nil {
		return &Example{}
	}
	return e.Example
}

// exampleOf are an example's settings in one line, "" where there are none.
func exampleOf(err error) string {
	e := exampleIn(err)
	words := []string{string(e.Task), e.Model}
	for _, s := range e.Settings {
		words = append(words, s.Key, s.Value)
	}
	if e.Image {
		words = append(words, "photo.jpg")
	}
	return strings.TrimSpace(strings.Join(words, " ")) + "\n"
}

// TestExampleSays: of invented values it is said that they are.
func TestExampleSays(t *testing.T) {
	nchw, nhwc := []any{"n", 3, 64, 64}, []any{"n", 64, 64, 3}
	for _, c := range []struct {
		name    string
		dims    []any
		op      string
		classes int
		files   map[string]string
		want    []string
		not     []string
	}{
		{"torch", nchw, "Conv", 5, nil, []string{"ImageNet's usual mean and std, to be replaced by what it was trained with", "nor the order of colours", "colours are taken as RGB", "labels does"}, []string{"imagenet-1k"}},
		{"torch on ImageNet", nchw, "Conv", 1000, nil, []string{"labels does"}, nil},
		{"torch with it inside", nchw, "Div", 5, nil, []string{"the graph begins with Div and so seems to scale them itself", "input-range 0,1"}, []string{"ImageNet's"}},
		{"Keras", nhwc, "Conv", 5, nil, []string{"keras-tf", "keras-raw", "to be replaced by what it was trained with"}, []string{"nor how to resize", "begins with"}},
		{"Keras with it inside", nhwc, "Mul", 5, nil, []string{"keras-raw", "the graph begins with Mul"}, []string{"keras-tf"}},
		{"an ortho.json that is not enough", nchw, "Conv", 5, map[string]string{config.SidecarFile: `{"mean": 0}`}, []string{`added to its ortho.json: {"std"`, "usual std,"}, []string{"mean and std"}},
	} {
		in := tensor("x", onnx.Float, c.op, c.dims...)
		g := &onnx.Graph{Inputs: list(in), Outputs: list(tensor("y", onnx.Float, "Gemm", "n", c.classes))}
		_, err := opened(t, g, c.files, Settings{}).Classifier()
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s:\n%v\nlacks %q", c.name, err, want)
			}
		}
		for _, not := range c.not {
			if err == nil || strings.Contains(err.Error(), not) {
				t.Errorf("%s:\n%v\nsays %q", c.name, err, not)
			}
		}
	}
}

// TestUnfit: a graph that can't classify is told what it looks like, and is asked nothing.
func TestUnfit(t *testing.T) {
	image := tensor("image", onnx.Float, "Conv", "n", 3, 64, 64)
	for _, c := range []struct {
		name    string
		in, out []onnx.Value
		ops     map[string]int
		want    string
		output  string // that is taken as it is
	}{
		{"yunet", list(image), list(tensor("cls_8", onnx.Float, "", 1, 6400, 1), tensor("bbox_8", onnx.Float, "", 1, 6400, 4)), nil, "looks like a detector", ""},
		{"yolo", list(image), list(tensor("output0", onnx.Float, "", 1, 84, 8400)), nil, "looks like a detector", "output0"},
		{"suppressed", list(image), list(tensor("output0", onnx.Float, "", "n", 6, 1)), map[string]int{"NonMaxSuppression": 1}, "looks like a detector", ""},
		{"a grid", list(image), list(tensor("758", onnx.Float, "", 1, 85, 22, 22)), nil, "", "758"},
		{"a segmenter", list(image), list(tensor("logits", onnx.Float, "", "n", 150, 16, 16)), nil, "for each place of an image, as segmenters", "logits"},
		{"features", list(image), list(tensor("last_hidden_state", onnx.Float, "", "n", 197, 768)), nil, "a model without its last layers", "last_hidden_state"},
		{"a UNet", list(tensor("sample", onnx.Float, "Conv", "n", 4, 64, 64), tensor("timestep", onnx.Int64, "", "s"), tensor("encoder_hidden_states", onnx.Float, "", "n", "s", 768)),
			list(tensor("out_sample", onnx.Float, "", "n", 4, 64, 64)), nil, "a part of a diffusion pipeline", ""},
		{"a text encoder", list(tensor("input_ids", onnx.Int32, "", "n", 77)), list(tensor("last_hidden_state", onnx.Float, "", "n", 77, 768)), nil, "a part of a model of texts", ""},
	} {
		_, err := opened(t, &onnx.Graph{Inputs: c.in, Outputs: c.out, Ops: c.ops}, nil, Settings{}).Classifier()
		var none *NoClassesError
		if unfit := errors.As(err, &none); err == nil || !strings.Contains(err.Error(), c.want) || unfit && none.Output != c.output || !unfit && c.output != "" {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
			continue
		}
		for _, not := range []string{"for example", "does not say", "mean"} {
			if strings.Contains(err.Error(), not) {
				t.Errorf("%s: %v", c.name, err)
			}
		}
	}
}

// TestLabelsOfAnother: labels that are too few are told; where nothing else lacks, no
// example can name better ones.
func TestLabelsOfAnother(t *testing.T) {
	file := filepath.Join(t.TempDir(), "names.txt")
	if err := os.WriteFile(file, []byte("a\nb\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		classes int
		flags   []string
		want    string
		example string
	}{
		{5, []string{"labels", file, "mean", "0", "std", "1"}, "holds 2 labels, but model gives 5 classes: give other labels", ""},
		{3, []string{"labels", file, "mean", "0", "std", "1"}, "a class of the background before all others", ""},
		{4, []string{"labels", file}, "model gives 4 classes: give", "vit mean 0.485,0.456,0.406 std 0.229,0.224,0.225 photo.jpg"},
	} {
		g := &onnx.Graph{Inputs: list(tensor("x", onnx.Float, "Conv", "n", 3, 64, 64)), Outputs: list(tensor("y", onnx.Float, "Gemm", "n", c.classes))}
		_, err := opened(t, g, nil, settings(t, c.flags...)).Classifier()
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(exampleOf(err), c.example) || c.example == "" && strings.Contains(err.Error(), "for example") {
			t.Errorf("%d classes, %q: %v", c.classes, c.flags, err)
		}
	}
}

// TestNotices holds what is done as stated, and told.
func TestNotices(t *testing.T) {
	open := []any{"n", "num_channels", "height", "width"}
	vit := map[string]string{config.ConfigFile: vitConfig, config.ProcessorFile: processorFast}
	for _, c := range []struct {
		name  string
		dims  []any
		op    string
		files map[string]string
		flags []string
		want  string
	}{
		{"another size", open, "Gemm", vit, []string{"input-size", "64", "resize", "64"}, "flag states an input of 64x64, but config.json (image_size) says that model was configured for 224x224"},
		{"timm's other size", open, "Gemm", map[string]string{config.ConfigFile: `{"architecture": "x", "input_size": [3, 224, 224], "mean": [0.5, 0.5, 0.5]}`}, []string{"input-size", "64"}, "config.json says that model was configured for 224x224"},
		{"the same size", open, "Gemm", vit, []string{"input-size", "224"}, ""},
		{"the files differ", open, "Gemm", map[string]string{config.ConfigFile: strings.Replace(vitConfig, "224", "518", 1), config.ProcessorFile: processorFast}, nil, ""},
		{"twice", open, "Softmax", vit, []string{"activation", "softmax"}, "has applied Softmax already: both are applied"},
		{"once", open, "Softmax", vit, []string{"activation", "none"}, ""},
		{"outside", open, "Gemm", vit, []string{"activation", "softmax"}, ""},
	} {
		g := &onnx.Graph{Inputs: list(tensor("pixel_values", onnx.Float, "Conv", c.dims...)), Outputs: list(tensor("logits", onnx.Float, c.op, "n", 5)),
			Body: onnx.NewBody(&onnx.Node{Op: c.op, Inputs: []string{"h"}, Outputs: []string{"logits"}})}
		m := opened(t, g, c.files, settings(t, c.flags...))
		if got := fmt.Sprint(m.Notices); c.want == "" && got != "[]" || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// TestSidecarSlips: a key or a quote that is amiss is told with what is right.
func TestSidecarSlips(t *testing.T) {
	for data, want := range map[string]string{
		`{"inputsize": 224}`:         `unknown key "inputsize"; did you mean "input_size"?`,
		`{"input-size": 224}`:        `did you mean "input_size"?`,
		`{"Mean": 0.5}`:              `did you mean "mean"?`,
		`{"image_size": 224}`:        `did you mean "input_size"?`,
		`{"labls": "a.txt"}`:         `did you mean "labels"?`,
		`{"interpoaltion": "box"}`:   `did you mean "interpolation"?`,
		`{"provider": "cuda"}`:       `unknown key "provider"; the keys are the flags' names`,
		`{mean: 0.5}`:                `keys stand in double quotes`,
		`{'mean': 0.5}`:              `keys stand in double quotes`,
		`{"mean": 0.5, "std": 0.5,}`: `no comma stands before }`,
		`{"mean": 0.5`:               "not JSON: unexpected end",
	} {
		m := &Model{Name: "model", Graph: &onnx.Graph{}}
		err := m.resolve(fstest.MapFS{config.SidecarFile: {Data: []byte(data)}}, Settings{})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), config.SidecarFile+": ") {
			t.Errorf("%s: %v, want %q", data, err, want)
		}
	}
}
