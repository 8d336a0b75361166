package models

import (
	"testing"

	"ortho/models/config"
)

func FuzzProcessor(f *testing.F) {
	f.Add([]byte(`{"image_processor_type": "ViTImageProcessor", "size": 224}`))
	f.Add([]byte(`{"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 224}, "crop_pct": 1e-300}`))
	f.Add([]byte(`{"image_processor_type": "EfficientNetImageProcessor", "rescale_factor": 1e308, "image_std": [1e308, 1, 1]}`))
	f.Add([]byte(`{"image_processor_type": "PerceiverImageProcessor", "size": 32, "crop_size": {"height": 33, "width": 1e9}, "data_format": "channels_last"}`))
	f.Add([]byte(`{"feature_extractor_type": "LevitFeatureExtractor", "size": {"height": -1, "width": 1e30}}`))
	fuzzConfig(f, config.ProcessorFile)
}

func FuzzTimm(f *testing.F) {
	f.Add([]byte(timmConfig))
	f.Add([]byte(`{"pretrained_cfg": {"input_size": [3, 0, 99999999999], "test_input_size": [3, 32, 32], "test_crop_pct": 1}}`))
	f.Add([]byte(`{"model_type": "clip", "num_channels": 3, "image_size": 32, "vision_config": {"image_size": [32, 32], "num_channels": -1}}`))
	f.Add([]byte(`{"id2label": {"0": "a", "1": "b", "2": "c"}, "problem_type": "multi_label_classification"}`))
	fuzzConfig(f, config.ConfigFile)
}

func FuzzSidecar(f *testing.F) {
	f.Add([]byte(`{"input_size": [32, 32], "mean": [1, 2, 3], "std": 1, "invert": true, "labels": ["a", "b", "c"]}`))
	f.Add([]byte(`{"preset": "torchvision", "resize": "long:64", "crop_mode": "border"}`))
	f.Add([]byte(`{"labels": "../../x", "input_range": "0,255"}`))
	fuzzConfig(f, config.SidecarFile)
}

func FuzzOpenCLIP(f *testing.F) {
	f.Add([]byte(`{"size": [32, 32], "mode": "RGB", "mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "interpolation": "bicubic", "resize_mode": "shortest", "fill_color": 0}`))
	f.Add([]byte(`{"size": 1e9, "resize_mode": "squash", "interpolation": "random"}`))
	f.Add([]byte(`{"size": [-1, 32], "resize_mode": "longest"}`))
	fuzzConfig(f, config.OpenCLIPFile)
}

// fuzzConfig opens a model with a config file: whatever is in it, an opened model
// has facts, and a spec that resolved is one that preprocess can carry out.
func fuzzConfig(f *testing.F, name string) {
	models := []string{"float32_nchw", "dynamic_size", "gray", "uint8_nhwc_softmax"}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, model := range models {
			m, err := OpenFS(folder(t, model, name, string(data)), "model", Settings{})
			if err != nil {
				continue
			}
			if len(m.Facts) == 0 {
				t.Error("no facts")
			}
			if spec, err := m.Classifier(); err == nil {
				if err := spec.Input.Validate(); err != nil {
					t.Errorf("resolved to a spec that can't be used: %v", err)
				}
			}
		}
	})
}
