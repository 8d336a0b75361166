package models

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"ortho/preprocess"
)

func settings(t *testing.T, keyValues ...string) Settings {
	t.Helper()
	var s Settings
	for i := 0; i < len(keyValues); i += 2 {
		if err := s.Set(keyValues[i], keyValues[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func graph(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name, "model.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// folder is a model folder with a test graph and config files.
func folder(t testing.TB, model string, files ...string) fstest.MapFS {
	t.Helper()
	fsys := fstest.MapFS{"model.onnx": {Data: graph(t, model)}}
	for i := 0; i < len(files); i += 2 {
		fsys[files[i]] = &fstest.MapFile{Data: []byte(files[i+1])}
	}
	return fsys
}

func classifier(t *testing.T, fsys fstest.MapFS, flags Settings) *ClassifierSpec {
	t.Helper()
	m, err := OpenFS(fsys, "model", flags)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := m.Classifier()
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func fact(t *testing.T, m *Model, key string) Fact {
	t.Helper()
	i := slices.IndexFunc(m.Facts, func(f Fact) bool { return f.Key == key })
	if i < 0 {
		t.Fatalf("no fact %s in %+v", key, m.Facts)
	}
	return m.Facts[i]
}

func TestGraphs(t *testing.T) {
	norm := []string{"mean", "0.5", "std", "0.25"}
	for _, c := range []struct {
		model      string
		flags      []string
		input      preprocess.Spec
		names      string
		batch      int
		classes    int
		activation Activation
	}{
		{"float32_nchw", norm, preprocess.Spec{}, "input logits", 0, 3, Softmax},
		{"dynamic_size", append([]string{"input-size", "32"}, norm...), preprocess.Spec{}, "input logits", 0, 3, Softmax},
		{"batch4", norm, preprocess.Spec{}, "input logits", 4, 3, Softmax},
		{"uint8_nhwc_softmax", nil, preprocess.Spec{Layout: preprocess.NHWC, Type: preprocess.Uint8, Range: [2]float64{0, 255},
			Mean: []float64{0, 0, 0}, Std: []float64{1, 1, 1}}, "image probabilities", 0, 3, None},
		{"int8_nchw", []string{"input-range", "-128,127"}, preprocess.Spec{Type: preprocess.Int8, Range: [2]float64{-128, 127},
			Mean: []float64{0, 0, 0}, Std: []float64{1, 1, 1}}, "image logits", 0, 3, Softmax},
		{"float16_nchw", norm, preprocess.Spec{Type: preprocess.Float16}, "pixels logits", 0, 3, Softmax},
		{"sigmoid", norm, preprocess.Spec{}, "input probabilities", 0, 3, None},
		{"gray", norm, preprocess.Spec{Channels: 1, Mean: []float64{.5}, Std: []float64{.25}}, "input logits", 0, 2, Softmax},
		{"pooled", norm, preprocess.Spec{}, "input logits", 0, 3, Softmax},
		{"no_shape", norm, preprocess.Spec{}, "input logits", 0, 0, Softmax},
		{"ultralytics", nil, preprocess.Spec{Mean: []float64{0, 0, 0}, Std: []float64{1, 1, 1}, Orientation: preprocess.ApplyOrientation}, "images output0", 0, 3, None},
	} {
		t.Run(c.model, func(t *testing.T) {
			got := classifier(t, folder(t, c.model), settings(t, c.flags...))
			want := c.input
			want.Height, want.Width = 32, 32
			want.Resize = preprocess.Resize{Mode: preprocess.ShortEdge, Size: 32}
			want.Interpolation = preprocess.Bilinear
			if want.Channels == 0 {
				want.Channels = 3
			}
			if want.Range == [2]float64{} {
				want.Range = [2]float64{0, 1}
			}
			if want.Mean == nil {
				want.Mean, want.Std = []float64{.5, .5, .5}, []float64{.25, .25, .25}
			}
			if !reflect.DeepEqual(got.Input, want) {
				t.Errorf("input\n%+v, want\n%+v", got.Input, want)
			}
			if names := got.InputName + " " + got.OutputName; names != c.names || got.Batch != c.batch || got.Classes != c.classes || got.Activation != c.activation {
				t.Errorf("%s, batch %d, %d classes, %s; want %+v", names, got.Batch, got.Classes, got.Activation, c)
			}
		})
	}
}

func TestEmbedding(t *testing.T) {
	got := classifier(t, folder(t, "embedding"), settings(t, "mean", "0", "std", "1", "output-name", "embedding"))
	if !got.Embedding || got.OutputName != "embedding" || got.Classes != 0 || got.Labels != nil {
		t.Errorf("%+v", got)
	}
}

func TestUltralytics(t *testing.T) {
	m, err := OpenFS(folder(t, "ultralytics"), "u", Settings{})
	if err != nil {
		t.Fatal(err)
	}
	spec, err := m.Classifier()
	if err != nil {
		t.Fatal(err)
	}
	if want := []Label{{Name: "red"}, {Name: "it's green"}, {Name: "blue"}}; !slices.Equal(spec.Labels, want) || m.Exporter != "ultralytics" {
		t.Errorf("%s: labels %q", m.Exporter, spec.Labels)
	}
	if f := fact(t, m, "resize"); f != (Fact{"resize", "short edge to 32, then centre crop", "Ultralytics' classify_transforms, of the metadata's imgsz"}) {
		t.Errorf("%+v", f)
	}
}

const (
	timmConfig = `{"architecture": "resnet", "num_classes": 3, "label_names": ["n01", "n02", "n03"],
		"label_descriptions": {"n01": "red", "n02": "green", "n03": "blue"},
		"pretrained_cfg": {"input_size": [3, 32, 32], "interpolation": "bicubic", "mean": [0.1, 0.2, 0.3], "std": [0.4, 0.5, 0.6], "crop_pct": 0.8, "crop_mode": "center"}}`
	hfConfig = `{"image_processor_type": "ViTFeatureExtractor", "size": 32, "image_mean": [0.5, 0.5, 0.5]}`
)

func TestPrecedence(t *testing.T) {
	sidecar := `{"crop_pct": 0.5, "mean": [1, 2, 3], "preset": "keras-tf"}`
	for _, c := range []struct {
		files             []string
		flags             []string
		key, value, souce string
	}{
		{[]string{"config.json", timmConfig}, nil, "mean", "0.1,0.2,0.3", "config.json"},
		{[]string{"config.json", timmConfig}, nil, "resize", "short edge to 40, then centre crop, crop-pct 0.8", "config.json"},
		{[]string{"config.json", timmConfig}, []string{"crop-mode", "squash"}, "resize", "squash to 40x40, crop-pct 0.8", "flag"},
		{[]string{"config.json", timmConfig}, []string{"crop-pct", "1"}, "resize", "short edge to 32, then centre crop, crop-pct 1", "flag"},
		{[]string{"config.json", timmConfig}, []string{"resize", "none"}, "resize", "none", "flag"},
		{[]string{"config.json", timmConfig, "preprocessor_config.json", hfConfig}, nil, "mean", "0.5,0.5,0.5", "preprocessor_config.json"},
		{[]string{"preprocessor_config.json", hfConfig}, nil, "std", "0.5,0.5,0.5", "preprocessor_config.json (ViTImageProcessor default)"},
		{[]string{"preprocessor_config.json", hfConfig}, nil, "interpolation", "bilinear", "preprocessor_config.json (ViTImageProcessor default)"},
		{[]string{"preprocessor_config.json", hfConfig}, nil, "resize", "squash to 32x32", "preprocessor_config.json"},
		{[]string{"config.json", timmConfig, "ortho.json", sidecar}, nil, "mean", "1,2,3", "ortho.json"},
		{[]string{"config.json", timmConfig, "ortho.json", sidecar}, nil, "std", "1", "preset keras-tf"},
		{[]string{"config.json", timmConfig, "ortho.json", sidecar}, []string{"preset", "keras-caffe"}, "mean", "103.939,116.779,123.68", "preset keras-caffe"},
		{[]string{"config.json", timmConfig, "ortho.json", sidecar}, []string{"preset", "keras-caffe", "mean", "7"}, "mean", "7", "flag"},
		{[]string{"ortho.json", `{"input_range": [0, 255]}`}, nil, "mean", "0", "follows from input-range"},
		{[]string{"ortho.json", `{"mean": 0.5, "std": "0.5"}`}, nil, "input-range", "0,1", "default"},
		{[]string{"config.json", timmConfig}, nil, "labels", `3, from "red" to "blue"`, "config.json"},
		{[]string{"config.json", `{"num_labels": 3, "problem_type": "multi_label_classification"}`}, nil, "activation", "sigmoid", "config.json (problem_type)"},
		{[]string{"config.json", `{"problem_type": "multi_label_classification"}`}, []string{"activation", "none"}, "activation", "none", "flag"},
		{[]string{"ortho.json", `{"temperature": 0.8}`}, nil, "temperature", "0.8", "ortho.json"},
		{[]string{"ortho.json", `{"temperature": 0.8}`}, []string{"temperature", "1.25"}, "temperature", "1.25", "flag"},
	} {
		m, err := OpenFS(folder(t, "float32_nchw", c.files...), "model", settings(t, c.flags...))
		if err != nil {
			t.Error(err)
			continue
		}
		if got, want := fact(t, m, c.key), (Fact{c.key, c.value, c.souce}); got != want {
			t.Errorf("%v, flags %q: %+v, want %+v", c.files, c.flags, got, want)
		}
	}
}

func TestMissing(t *testing.T) {
	for _, c := range []struct {
		model string
		files []string
		flags []string
		want  []string
	}{
		{"float32_nchw", nil, nil, []string{"model does not say how its pixels are normalised: give mean and std (and input-range", "preset NAME"}},
		{"float32_nchw", nil, []string{"mean", "0.5"}, []string{"give std (and"}},
		{"dynamic_size", nil, nil, []string{"what size of image it takes, nor how its pixels are normalised: give input-size; mean and std (and input-range"}},
		{"int8_nchw", nil, nil, []string{"give mean"}},
		{"two_images", nil, []string{"mean", "0", "std", "1"}, []string{"more than one image", "left float32", "right float32"}},
		{"not_an_image", nil, nil, []string{"takes no images", "x float32[batch,3]"}},
		{"embedding", nil, []string{"mean", "0", "std", "1", "output-name", "x"}, []string{`no output "x"`, "logits, embedding"}},
		{"float32_nchw", nil, []string{"mean", "0", "std", "1", "input-size", "64"}, []string{"flag states an input of 64x64", "takes 32x32 only"}},
		{"float32_nchw", nil, []string{"mean", "0", "std", "1", "channels", "1"}, []string{"channels 1, but the graph takes 3"}},
		{"sigmoid", []string{"ortho.json", `{"temperature": 2}`}, []string{"mean", "0", "std", "1"}, []string{"ortho.json states a temperature of 2", "none", "already"}},
		{"float32_nchw", nil, []string{"mean", "0", "std", "1", "activation", "sigmoid", "temperature", "2"}, []string{"flag states a temperature of 2", "sigmoid", "of its own"}},
		{"gray", nil, []string{"mean", "1,2,3", "std", "1"}, []string{"3 values of mean", "1 channel"}},
		{"float32_nchw", []string{"config.json", `{"id2label": {"0": "a", "1": "b"}}`}, []string{"mean", "0", "std", "1"}, []string{"config.json holds 2 labels", "3 classes"}},
		{"float32_nchw", []string{"preprocessor_config.json", `{"image_processor_type": "PixtralImageProcessor"}`}, nil, []string{"PixtralImageProcessor does more than its keys say", "; mean and std (and"}},
		{"float32_nchw", []string{"preprocessor_config.json", `{"image_processor_type": "OwnImageProcessor", "do_resize": false, "do_rescale": true}`}, nil,
			[]string{"image processor OwnImageProcessor is none that ortho knows"}},
		{"dynamic_size", []string{"preprocessor_config.json", `{"image_processor_type": "CLIPImageProcessor"}`}, []string{"input-size", "64"}, []string{"how to resize for an input of 64x64: give resize or crop-pct"}},
	} {
		m, err := OpenFS(folder(t, c.model, c.files...), "model", settings(t, c.flags...))
		if err != nil {
			t.Errorf("%s: %v", c.model, err)
			continue
		}
		_, err = m.Classifier()
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s, %v %q: error\n%v, want one that says\n%s", c.model, c.files, c.flags, err, want)
			}
		}
	}
}

func TestOpenErrors(t *testing.T) {
	good := graph(t, "float32_nchw")
	for name, c := range map[string]struct {
		fsys fstest.MapFS
		want string
	}{
		"empty folder":    {fstest.MapFS{}, "no .onnx file"},
		"several":         {fstest.MapFS{"a.onnx": {Data: good}, "b.onnx": {Data: good}}, `name one of ["a.onnx" "b.onnx"]`},
		"corrupt":         {fstest.MapFS{"model.onnx": {Data: good[:99]}}, "model.onnx"},
		"broken config":   {folder(t, "float32_nchw", "config.json", `{"a":`), "config.json: not JSON"},
		"list for object": {folder(t, "float32_nchw", "preprocessor_config.json", `[1]`), "preprocessor_config.json: not a JSON object"},
		"unknown key":     {folder(t, "float32_nchw", "ortho.json", `{"meen": 1}`), `ortho.json: unknown key "meen"`},
		"dash in key":     {folder(t, "float32_nchw", "ortho.json", `{"crop-pct": 1}`), `unknown key "crop-pct"`},
		"bad value":       {folder(t, "float32_nchw", "ortho.json", `{"crop_pct": 7}`), `ortho.json: crop-pct: "7"`},
		"no temperature":  {folder(t, "float32_nchw", "ortho.json", `{"temperature": 0}`), `ortho.json: temperature: "0"`},
		"null value":      {folder(t, "float32_nchw", "ortho.json", `{"crop_pct": null}`), `ortho.json: crop_pct: null`},
		"missing labels":  {folder(t, "float32_nchw", "ortho.json", `{"labels": "x.txt"}`), "x.txt"},
		"label index":     {folder(t, "float32_nchw", "config.json", `{"id2label": {"1": "a"}}`), `config.json: id2label: key "1"`},
	} {
		if _, err := OpenFS(c.fsys, "model", Settings{}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want one that says %q", name, err, c.want)
		}
	}
	if _, err := Open("testdata/missing", Settings{}); err == nil || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("missing path: %v", err)
	}
}

// TestWhereConfigsLie opens the same model as folder, file, and Optimum's onnx folder.
func TestWhereConfigsLie(t *testing.T) {
	root := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := graph(t, "float32_nchw")
	for _, at := range []string{"flat/model.onnx", "optimum/onnx/model.onnx", "optimum/onnx/model_fp16.onnx", "many/a.onnx", "many/b.onnx"} {
		write(at, good)
	}
	for _, dir := range []string{"flat", "optimum", "many"} {
		write(dir+"/config.json", []byte(timmConfig))
	}
	for path, want := range map[string]string{
		"flat": "timm", "flat/model.onnx": "timm", "optimum": "timm", "optimum/onnx": "timm",
		"optimum/onnx/model_fp16.onnx": "timm", "many/a.onnx": "make_test_models",
	} {
		m, err := Open(filepath.Join(root, path), Settings{})
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		if m.Exporter != want || m.Path == "" || m.Data != nil {
			t.Errorf("%s: exporter %q, path %q; want %q", path, m.Exporter, m.Path, want)
		}
	}
}

func TestOtherPeoplesGraphs(t *testing.T) {
	for name, c := range map[string]struct {
		flags    []string
		exporter string
		want     ClassifierSpec
	}{
		"mnist.onnx": {[]string{"input-range", "0,255", "invert", "true"}, "cntk", ClassifierSpec{InputName: "Input3", Batch: 1,
			Scores: Scores{ScoresPort: ScoresPort{OutputName: "Plus214_Output_0", Classes: 10, Activation: Softmax}}}},
		"squeezenet_fp16.onnx": {[]string{"input-range", "0,255", "color-order", "bgr", "mean", "104,117,123", "std", "1"}, "caffe2",
			ClassifierSpec{InputName: "data_0", Batch: 1, Scores: Scores{ScoresPort: ScoresPort{OutputName: "softmaxout_1", Classes: 1000, Activation: None, Certain: true}}}},
	} {
		path := filepath.Join("../../shared/models", name)
		if _, err := os.Stat(path); err != nil {
			t.Skip("needs shared/models beside the repository")
		}
		m, err := Open(path, settings(t, c.flags...))
		if err != nil {
			t.Fatal(err)
		}
		got, err := m.Classifier()
		if err != nil {
			t.Fatal(err)
		}
		c.want.Input = got.Input
		if !reflect.DeepEqual(*got, c.want) || !strings.Contains(m.Exporter, c.exporter) {
			t.Errorf("%s (%s):\n%+v, want\n%+v", name, m.Exporter, *got, c.want)
		}
	}
}

func TestFactsHaveAnOrder(t *testing.T) {
	m, err := OpenFS(folder(t, "float32_nchw"), "model", Settings{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range m.Facts {
		got = append(got, f.Key)
		if missing := f.Source == ""; missing != (f.Key == "mean" || f.Key == "std") {
			t.Errorf("%+v", f)
		}
	}
	want := "input layout channels input-size resize interpolation orientation color-order invert input-range mean std output activation classes labels"
	if strings.Join(got, " ") != want {
		t.Errorf("%s, want %s", got, want)
	}
}
