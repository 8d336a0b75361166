package config

import (
	"errors"
	"iter"
	"maps"
	"slices"
)

const (
	ImageNetMean = "0.485,0.456,0.406"
	ImageNetStd  = "0.229,0.224,0.225"

	clipMean = "0.48145466,0.4578275,0.40821073"
	clipStd  = "0.26862954,0.26130258,0.27577711"
)

// presets say every preprocessing value of exporters that write none of it
// beside the graph. torchvision's are the weights' transforms() of torchvision
// 0.29; where several weights share one, it is named after the best known.
// Keras's are keras.applications' preprocess_input modes after
// keras.utils.load_img, which squashes with the nearest pixel.
var presets = map[string]map[string]string{
	"clip": merge(cropped("224", "224", "bicubic"), map[string]string{
		"mean": clipMean, "std": clipStd}),
	"keras-tf":    keras(map[string]string{"input-range": "-1,1", "mean": "0", "std": "1", "color-order": "rgb"}),
	"keras-torch": keras(map[string]string{"input-range": "0,1", "mean": ImageNetMean, "std": ImageNetStd, "color-order": "rgb"}),
	"keras-caffe": keras(map[string]string{"input-range": "0,255", "mean": "103.939,116.779,123.68", "std": "1", "color-order": "bgr"}),
	"keras-raw":   keras(map[string]string{"input-range": "0,255", "mean": "0", "std": "1", "color-order": "rgb"}),

	"wd-tagger": merge(map[string]string{"input-size": "448"}, wdTagger),

	"torchvision":                   cropped("224", "256", "bilinear"), // most IMAGENET1K_V1 weights
	"torchvision-v2":                cropped("224", "232", "bilinear"), // most IMAGENET1K_V2 weights: resnet50, mobilenet_v2, regnet, convnext_base
	"torchvision-convnext-small":    cropped("224", "230", "bilinear"),
	"torchvision-convnext-tiny":     cropped("224", "236", "bilinear"),
	"torchvision-efficientnet-b0":   cropped("224", "256", "bicubic"),
	"torchvision-efficientnet-b1":   cropped("240", "256", "bicubic"),
	"torchvision-efficientnet-b1v2": cropped("240", "255", "bilinear"),
	"torchvision-efficientnet-b2":   cropped("288", "288", "bicubic"),
	"torchvision-efficientnet-b3":   cropped("300", "320", "bicubic"),
	"torchvision-efficientnet-b4":   cropped("380", "384", "bicubic"),
	"torchvision-efficientnet-b5":   cropped("456", "456", "bicubic"),
	"torchvision-efficientnet-b6":   cropped("528", "528", "bicubic"),
	"torchvision-efficientnet-b7":   cropped("600", "600", "bicubic"),
	"torchvision-efficientnet-v2-s": cropped("384", "384", "bilinear"),
	"torchvision-efficientnet-v2-m": cropped("480", "480", "bilinear"),
	"torchvision-efficientnet-v2-l": merge(cropped("480", "480", "bicubic"), map[string]string{"mean": "0.5,0.5,0.5", "std": "0.5,0.5,0.5"}),
	"torchvision-inception-v3":      cropped("299", "342", "bilinear"),
	"torchvision-maxvit-t":          cropped("224", "224", "bicubic"), // also the SWAG_LINEAR weights
	"torchvision-swag-384":          cropped("384", "384", "bicubic"),
	"torchvision-swag-512":          cropped("512", "512", "bicubic"),
	"torchvision-swag-518":          cropped("518", "518", "bicubic"),
	"torchvision-swin-t":            cropped("224", "232", "bicubic"),
	"torchvision-swin-s":            cropped("224", "246", "bicubic"),
	"torchvision-swin-b":            cropped("224", "238", "bicubic"),
	"torchvision-swin-v2":           cropped("256", "260", "bicubic"), // tiny and small
	"torchvision-swin-v2-b":         cropped("256", "272", "bicubic"),
	"torchvision-vit-l-16":          cropped("224", "242", "bilinear"),
}

func cropped(input, resize, interpolation string) map[string]string {
	return map[string]string{"input-size": input, "resize": resize, "interpolation": interpolation, "input-range": "0,1",
		"mean": ImageNetMean, "std": ImageNetStd, "color-order": "rgb", "crop-offset": "round"}
}

func keras(values map[string]string) map[string]string {
	return merge(map[string]string{"crop-mode": "squash", "crop-pct": "1", "interpolation": "nearest"}, values)
}

func merge(base, over map[string]string) map[string]string {
	maps.Copy(base, over)
	return base
}

// Presets returns the names that the setting "preset" takes, sorted.
func Presets() []string { return slices.Sorted(maps.Keys(presets)) }

// PresetValues yields the settings of a preset by their names, sorted, and the values as flags take them.
func PresetValues(name string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, key := range slices.Sorted(maps.Keys(presets[name])) {
			if !yield(key, presets[name][key]) {
				return
			}
		}
	}
}

func presetSettings(name string) (Settings, error) { return settingsOf(presets[name]) }

func settingsOf(values map[string]string) (Settings, error) {
	var s Settings
	var errs []error
	for k, v := range values {
		if k == CropOffset.name { // which no flag states
			errs = append(errs, CropOffset.named().state(&s, v, ""))
		} else {
			errs = append(errs, s.set(k, v, ""))
		}
	}
	return s, errors.Join(errs...)
}
