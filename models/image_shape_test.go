package models

import (
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"ortho/models/config"
	"ortho/runner/onnx"
)

// imageClassifier resolves a graph of one input of these dimensions, and files beside it.
func imageClassifier(t *testing.T, dims []any, files map[string]string, flags ...string) (*Model, error) {
	t.Helper()
	m := &Model{Name: "model", given: "my models/vit", Graph: &onnx.Graph{Inputs: list(tensor("pixel_values", onnx.Float, "", dims...)), Outputs: list(tensor("logits", onnx.Float, "Gemm", "n", 5))}}
	folder := fstest.MapFS{}
	for name, data := range files {
		folder[name] = &fstest.MapFile{Data: []byte(data)}
	}
	if err := m.resolve(folder, settings(t, flags...)); err != nil {
		t.Fatal(err)
	}
	_, err := m.Classifier()
	return m, err
}

const (
	vitConfig     = `{"model_type": "vit", "num_channels": 3, "image_size": 224}`
	processorFast = `{"image_processor_type": "ViTImageProcessorFast", "crop_size": null, "do_center_crop": null, "data_format": "channels_first", "do_resize": true,
		"size": {"height": 224, "width": 224}, "resample": 2, "do_rescale": true, "rescale_factor": 0.00392156862745098, "do_normalize": true,
		"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}`
)

// TestShape derives layout, channels and size from the graph's sizes and names, and from the
// files.
func TestShape(t *testing.T) {
	norm := []string{"mean", "0.5", "std", "0.5"}
	optimum := []any{"batch_size", "num_channels", "height", "width"}
	open := []any{"s77", "s0", "s53", "s1"}
	hf := map[string]string{config.ConfigFile: vitConfig, config.ProcessorFile: processorFast}
	for _, c := range []struct {
		name  string
		dims  []any
		files map[string]string
		flags []string
		want  []Fact
	}{
		{"optimum", optimum, hf, nil, []Fact{{"layout", "nchw", "graph (dimensions num_channels, height, width)"}, {"channels", "3", "config.json (num_channels)"},
			{"input-size", "224x224", config.ProcessorFile}}},
		{"names that say nothing", open, hf, nil, []Fact{{"layout", "nchw", config.ProcessorFile + " (channels first)"}, {"channels", "3", "config.json (num_channels)"}}},
		{"no processor", open, map[string]string{config.ConfigFile: vitConfig}, norm, []Fact{{"layout", "nchw", "config.json (transformers' models take channels first)"},
			{"input-size", "224x224", "config.json (image_size)"}}},
		{"the mean counts", optimum, map[string]string{config.ProcessorFile: processorFast}, nil, []Fact{{"channels", "3", config.ProcessorFile + " has 3 values of mean"}}},
		{"the std counts", optimum, nil, []string{"mean", "0", "std", "1,2,3", "input-size", "32"}, []Fact{{"channels", "3", "flag has 3 values of std"}}},
		{"a preset counts", optimum, nil, []string{"preset", "torchvision"}, []Fact{{"channels", "3", "preset torchvision has 3 values of mean"}, {"input-size", "224x224", "preset torchvision"}}},
		{"CLIP", optimum, map[string]string{config.ConfigFile: `{"model_type": "clip", "vision_config": {"num_channels": 1, "image_size": [32, 32]}}`}, norm,
			[]Fact{{"channels", "1", "config.json (num_channels)"}, {"input-size", "32x32", "config.json (image_size)"}}},
		{"configured for another size", optimum, map[string]string{config.ConfigFile: `{"model_type": "dinov2", "num_channels": 3, "image_size": 518}`, config.ProcessorFile: processorFast}, nil,
			[]Fact{{"input-size", "224x224", config.ProcessorFile}, {"image-size", "518x518, which the model was configured for", "config.json (image_size)"}}},
		{"a fixed size", []any{"batch", 3, 96, 96}, map[string]string{config.ConfigFile: vitConfig}, norm, []Fact{{"input-size", "96x96", "graph"},
			{"image-size", "224x224, which the model was configured for", "config.json (image_size)"}}},
		{"timm by Optimum", optimum, map[string]string{config.ConfigFile: `{"architecture": "vit_tiny", "input_size": [3, 224, 224], "mean": [0.5, 0.5, 0.5]}`}, nil,
			[]Fact{{"channels", "3", config.ConfigFile}, {"input-size", "224x224", config.ConfigFile}}},
		{"dynamo", []any{"s77", 3, "s53", "s0"}, nil, append(norm, "input-size", "32"), []Fact{{"layout", "nchw", "graph"}}},
		{"tf2onnx", []any{"unk__6", "unk__7", "unk__8", 3}, nil, append(norm, "input-size", "32"), []Fact{{"layout", "nhwc", "graph"}, {"channels", "3", "graph"}}},
		{"TensorFlow by name", []any{"N", "Height", "Width", "Channels"}, nil, append(norm, "input-size", "32", "channels", "1"),
			[]Fact{{"layout", "nhwc", "graph (dimensions Height, Width, Channels)"}, {"channels", "1", "flag"}}},
		{"Perceiver by Optimum", []any{"batch_size", "sequence_length", "width", "height"}, hf, nil, []Fact{{"layout", "nchw", "graph (dimensions width, height)"}}},
		{"channels can't be last", []any{"n", "a", 224, 224}, nil, append(norm, "channels", "3"), []Fact{{"layout", "nchw", "graph (its last dimension, 224, counts no channels)"}}},
		{"channels can't be second", []any{"n", 224, 224, "a"}, nil, append(norm, "channels", "3"), []Fact{{"layout", "nhwc", "graph (its second dimension, 224, counts no channels)"}}},
		{"stated", open, nil, append(norm, "layout", "nhwc", "channels", "3", "input-size", "32"), []Fact{{"layout", "nhwc", "flag"}}},
		{"channels last by the processor", open, map[string]string{config.ProcessorFile: strings.Replace(processorFast, "channels_first", "channels_last", 1)}, nil,
			[]Fact{{"layout", "nhwc", config.ProcessorFile + " (channels last)"}}},
	} {
		m, err := imageClassifier(t, c.dims, c.files, c.flags...)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for _, want := range c.want {
			if got := fact(t, m, want.Key); got != want {
				t.Errorf("%s: %+v, want %+v", c.name, got, want)
			}
		}
	}
}

// TestAtOnce holds the one message that names all that is missing, and which of two sources
// contradict each other.
func TestAtOnce(t *testing.T) {
	open := []any{"a", "b", "c", "d"}
	for _, c := range []struct {
		name  string
		dims  []any
		files map[string]string
		flags []string
		want  []string
	}{
		{"nothing said", open, nil, nil, []string{
			"model does not say in which order its dimensions stand, nor how many channels it takes, nor what size of image it takes, nor how its pixels are normalised: " +
				"give layout and channels and input-size; mean and std (and input-range if pixels are not scaled to 0-1), or preset NAME",
			"classify my models/vit layout nchw channels 3 input-size 224 mean 0.485,0.456,0.406 std 0.229,0.224,0.225 photo.jpg",
			`{"layout": "nchw", "channels": 3, "input_size": 224, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225]}`, "nor how to resize", "labels does"}},
		{"an unknown processor", []any{"n", "num_channels", "height", "width"}, map[string]string{config.ProcessorFile: `{"image_processor_type": "PixtralImageProcessor"}`}, nil,
			[]string{"how many channels it takes, nor what size of image it takes, nor how images are resized, nor how its pixels are normalised", "resize 224", "PixtralImageProcessor does more"}},
		{"labels there", open, map[string]string{config.ConfigFile: `{"model_type": "vit", "id2label": {"0": "a", "1": "b", "2": "c", "3": "d", "4": "e"}}`}, []string{"mean", "0", "std", "1"},
			[]string{"model does not say how many channels it takes, nor what size of image it takes: give channels and input-size\n", "a preprocessor_config.json beside it"}},
		{"Keras", []any{"unk__1", 64, 64, 3}, nil, nil, []string{"preset keras-tf photo.jpg", `{"preset": "keras-tf"}`}},
		{"one channel", []any{"n", 1, 28, 28}, nil, nil, []string{"mean 0.5 std 0.5 photo.jpg", `{"mean": 0.5, "std": 0.5}`}},
		{"sizes against names", []any{"n", "channels", "height", 3}, nil, []string{"mean", "0", "std", "1"},
			[]string{"say that it is nhwc, but the names of its dimensions nchw: give layout\n", "layout nhwc input-size 224 photo.jpg"}},
		{"one channel and three means", []any{"n", "num_channels", "height", "width"}, map[string]string{config.ConfigFile: `{"model_type": "vit", "num_channels": 1}`, config.ProcessorFile: processorFast}, nil,
			[]string{"config.json (num_channels) says that model takes 1 channel, but preprocessor_config.json has 3 values of mean: give channels\n", "channels 3 photo.jpg"}},
		{"a processor of another size", []any{"n", 3, 96, 96}, map[string]string{config.ProcessorFile: processorFast}, nil,
			[]string{"preprocessor_config.json states an input of 224x224, but the graph takes 96x96 only: give input-size\n", "how to resize for an input of 96x96",
				"my models/vit input-size 96x96 resize 96 photo.jpg\n", `{"input_size": "96x96", "resize": 96}`}},
		{"no square", []any{"n", 3, 96, 64}, nil, []string{"mean", "0", "std", "1"}, []string{"how to resize for an input of 96x64, which is no square: give resize or crop-mode\n", "resize 96x64 photo.jpg"}},
		{"half a size", []any{"n", 3, 96, "width"}, map[string]string{config.ConfigFile: vitConfig}, []string{"mean", "0", "std", "1", "crop-mode", "squash"}, []string{"what size of image", "input-size 96x224 photo.jpg"}},
		{"six channels", []any{"n", "num_channels", "height", "width"}, map[string]string{config.ConfigFile: `{"model_type": "vit", "num_channels": 6, "image_size": 32}`}, []string{"mean", "0", "std", "1"},
			[]string{"an input of 6 channels"}},
		{"wrong order", open, map[string]string{config.ProcessorFile: `{"data_format": "sideways"}`}, nil, []string{`data_format: "sideways"`}},
	} {
		_, err := imageClassifier(t, c.dims, c.files, c.flags...)
		if err == nil {
			t.Errorf("%s: no error", c.name)
			continue
		}
		for _, want := range c.want {
			if text := err.Error() + "\n" + exampleOf(err); !strings.Contains(text, want) {
				t.Errorf("%s:\n%v\nlacks %q", c.name, err, want)
			}
		}
		if _, sidecar, ok := strings.Cut(err.Error(), "in an ortho.json beside it: "); ok { // which is all that it takes
			files := map[string]string{config.SidecarFile: strings.SplitN(sidecar, "\n", 2)[0]}
			maps.Copy(files, c.files)
			if _, err := imageClassifier(t, c.dims, files, c.flags...); err != nil {
				t.Errorf("%s with %s: %v", c.name, files[config.SidecarFile], err)
			}
		}
		if n := strings.Count(err.Error(), "does not say"); n > 1 {
			t.Errorf("%s: asked %d times: %v", c.name, n, err)
		}
		if has := strings.Contains(err.Error(), "labels does"); has == (c.name == "labels there") && strings.Contains(err.Error(), "does not say") {
			t.Errorf("%s: of labels: %v", c.name, err)
		}
	}
}
