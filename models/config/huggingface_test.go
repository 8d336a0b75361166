package config

import (
	"fmt"
	"strings"
	"testing"
)

// TestProcessors holds the rules of transformers' classes that the goldens of
// preprocess don't have, worked out from its source.
func TestProcessors(t *testing.T) {
	for _, c := range []struct{ config, want string }{
		{`{"image_processor_type": "ViTImageProcessor"}`, "224x224; 224x224; bilinear; 0,1; 0.5,0.5,0.5; 0.5,0.5,0.5; rgb"},
		{`{"image_processor_type": "ViTImageProcessorFast"}`, "224x224; 224x224; bilinear; 0,1; 0.5,0.5,0.5; 0.5,0.5,0.5; rgb"},
		{`{"feature_extractor_type": "ViTFeatureExtractor", "size": 384, "resample": 2, "do_resize": true, "do_normalize": true}`,
			"384x384; 384x384; bilinear; 0,1; 0.5,0.5,0.5; 0.5,0.5,0.5; rgb"},
		{`{"image_processor_type": "DeiTImageProcessor", "size": [300, 200], "crop_size": 192}`, "192x192; 300x200; bicubic; 0,1; 0.5,0.5,0.5; 0.5,0.5,0.5; rgb"},
		{`{"image_processor_type": "CLIPFeatureExtractor", "size": 336, "crop_size": 336}`,
			"336x336; 336; bicubic; 0,1; 0.48145466,0.4578275,0.40821073; 0.26862954,0.26130258,0.27577711; rgb"},
		{`{"image_processor_type": "ConvNextImageProcessor"}`, "384x384; 384x384; bicubic; 0,1; 0.5,0.5,0.5; 0.5,0.5,0.5; rgb"},
		{`{"image_processor_type": "ConvNextFeatureExtractor", "size": 224, "crop_pct": 0.9}`, "224x224; 248; bicubic; 0,1; 0.5,0.5,0.5; 0.5,0.5,0.5; rgb"},
		{`{"image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": 224}, "crop_pct": null}`,
			"224x224; 256; bicubic; 0,1; 0.5,0.5,0.5; 0.5,0.5,0.5; rgb"},
		{`{"image_processor_type": "EfficientNetImageProcessor"}`, "346x346; 346x346; bicubic; 0,1; 0.5,0.5,0.5; 0.25,0.25,0.25; rgb"},
		{`{"image_processor_type": "EfficientNetImageProcessor", "resample": 0, "size": {"height": 224, "width": 224}, "rescale_factor": 0.0078125,
			"rescale_offset": true, "include_top": false}`, "224x224; 224x224; nearest; -1,0.9921875; 0.5,0.5,0.5; 0.5,0.5,0.5; rgb"},
		{`{"image_processor_type": "EfficientNetImageProcessor", "do_normalize": false}`, "346x346; 346x346; bicubic; 0,1; 0; 0.5,0.5,0.5; rgb"},
		{`{"image_processor_type": "LevitFeatureExtractor"}`, "224x224; 256; bicubic; 0,1; 0.485,0.456,0.406; 0.229,0.224,0.225; rgb"},
		{`{"image_processor_type": "LevitImageProcessor", "size": {"shortest_edge": 192}}`, "224x224; 219; bicubic; 0,1; 0.485,0.456,0.406; 0.229,0.224,0.225; rgb"},
		{`{"image_processor_type": "MobileViTImageProcessor", "do_normalize": true}`, "256x256; 224; bicubic; 0,1; 0; 1; bgr"},
		{`{"image_processor_type": "MobileViTImageProcessor", "do_flip_channel_order": false}`, "256x256; 224; bicubic; 0,1; 0; 1; rgb"},
		{`{"image_processor_type": "PerceiverImageProcessor"}`, "224x224; 224x224; bicubic; 0,1; 0.485,0.456,0.406; 0.229,0.224,0.225; rgb"},
		{`{"image_processor_type": "PerceiverFeatureExtractor", "size": 192, "crop_size": 256, "do_center_crop": false}`,
			"192x192; 192x192; bicubic; 0,1; 0.485,0.456,0.406; 0.229,0.224,0.225; rgb"},
		{`{"image_processor_type": "PoolFormerImageProcessor"}`, "224x224; 248; bicubic; 0,1; 0.485,0.456,0.406; 0.229,0.224,0.225; rgb"},
		{`{"image_processor_type": "ViTImageProcessor", "do_rescale": false, "do_normalize": false}`, "224x224; 224x224; bilinear; 0,255; 0; 1; rgb"},
		{`{"image_processor_type": "BitImageProcessor", "do_resize": false, "crop_size": {"height": 64, "width": 96}}`,
			"64x96; none; ; 0,1; 0.48145466,0.4578275,0.40821073; 0.26862954,0.26130258,0.27577711; rgb"},
		{`{"image_processor_type": "ViTImageProcessor", "do_rescale": null, "do_normalize": null, "size": {"height": 8, "width": 9, "shortest_edge": null}}`,
			"8x9; 8x9; bilinear; 0,255; 0; 1; rgb"}, // null is no yes
		{`{"image_processor_type": "DeiTImageProcessor", "do_center_crop": null}`, "256x256; 256x256; bicubic; 0,1; 0.5,0.5,0.5; 0.5,0.5,0.5; rgb"},
		{`{"image_processor_type": "MobileViTImageProcessor", "do_flip_channel_order": null}`, "256x256; 224; bicubic; 0,1; 0; 1; rgb"},
		{`{"image_processor_type": "PoolFormerImageProcessor", "crop_pct": null}`, "224x224; 224; bicubic; 0,1; 0.485,0.456,0.406; 0.229,0.224,0.225; rgb"},
		{`{"image_processor_type": "PPLCNetImageProcessor", "resize_short": null}`, "224x224; 256x256; bilinear; 0,1; 0.485,0.456,0.406; 0.229,0.224,0.225; bgr"},
		{`{"image_processor_type": "DINOv3ViTImageProcessor"}`, "224x224; 224x224; linear-torch; 0,1; 0.485,0.456,0.406; 0.229,0.224,0.225; rgb"},
		{`{"image_processor_type": "DINOv3ViTImageProcessor", "do_rescale": false}`, "224x224; 224x224; bilinear; 0,255; 0.485,0.456,0.406; 0.229,0.224,0.225; rgb"},
		{`{"image_processor_type": "PI0ImageProcessor"}`, "224x224; {7 0 224 224 0 0 false}; bicubic; 0,1; 0.5,0.5,0.5; 0.5,0.5,0.5; rgb"}, // its pad_size is its class's
		{`{"feature_extractor_type": "DetrFeatureExtractor", "format": "coco_detection", "max_size": 1333, "size": 800, "pad_and_return_pixel_mask": true}`, // as of 2022
			"; {1 800 0 0 1333 0 false}; bilinear; 0,1; 0.485,0.456,0.406; 0.229,0.224,0.225; rgb"},
		{`{"image_processor_type": "YolosFeatureExtractor", "size": {"shortest_edge": 512, "longest_edge": 864}}`,
			"; {1 512 0 0 864 16 true}; bilinear; 0,1; 0.485,0.456,0.406; 0.229,0.224,0.225; rgb"},
		{`{"image_processor_type": "RTDetrImageProcessor", "do_convert_annotations": true, "pad_size": null}`, "640x640; 640x640; bilinear; 0,1; 0; 1; rgb"},
		{`{"do_resize": true, "size": {"shortest_edge": 40}, "resample": 5, "do_center_crop": true,
			"crop_size": 32, "do_rescale": true, "rescale_factor": 1, "do_normalize": true, "image_mean": 3, "image_std": [1, 2, 3]}`,
			"32x32; 40; hamming; 0,255; 3; 1,2,3; rgb"},
	} {
		config, err := ParseObject([]byte(c.config))
		if err != nil {
			t.Fatal(err)
		}
		s, err := hfSettings(config, ProcessorFile, "")
		if err != nil {
			t.Errorf("%s: %v", c.config, err)
			continue
		}
		var got []string
		for _, key := range []string{"input-size", "resize", "interpolation", "input-range", "mean", "std", "color-order"} {
			got = append(got, s.values[key].text)
		}
		if strings.Join(got, "; ") != c.want {
			t.Errorf("%s:\n%s, want\n%s", c.config, strings.Join(got, "; "), c.want)
		}
	}
}

func TestProcessorErrors(t *testing.T) {
	for _, c := range []struct{ config, want string }{
		{`{}`, "do_resize is missing, and no image_processor_type"},
		{`{"image_processor_type": "PixtralImageProcessor"}`, "does more than its keys say"},
		{`{"image_processor_type": "CLIPImageProcessor", "do_center_crop": false}`, "shortest_edge without do_center_crop"},
		{`{"image_processor_type": "CLIPImageProcessor", "resample": 9}`, "resample: 9"},
		{`{"image_processor_type": "CLIPImageProcessor", "size": {"longest_edge": 9}}`, "rule that ortho doesn't know"},
		{`{"image_processor_type": "CLIPImageProcessor", "size": {"max_height": 9}}`, "rule that ortho doesn't know"},
		{`{"image_processor_type": "ViTImageProcessor", "size": {"shortest_edge": 8, "longest_edge": 9}}`, "gives inputs of any size"},
		{`{"image_processor_type": "TextNetImageProcessor"}`, "gives inputs of any size"},
		{`{"image_processor_type": "CLIPImageProcessor", "do_pad": true, "pad_size": 256}`, "pad_size: images that are cropped to 224x224"},
		{`{"image_processor_type": "DINOv3ViTImageProcessor", "resample": 3}`, "resizes decimals, which bicubic takes beyond"},
		{`{"image_processor_type": "PPLCNetImageProcessor", "resample": 0}`, "takes the nearest pixel as torch does"},
		{`{"image_processor_type": "ViTImageProcessor", "do_dewarp": true}`, `key "do_dewarp" is none that ortho knows of ViTImageProcessor`},
		{`{"do_resize": true, "do_flip_channel_order": true}`, `key "do_flip_channel_order": what it does depends on the image processor`},
		{`{"image_processor_type": "Siglip2ImageProcessor"}`, "Siglip2ImageProcessor does more"},
		{`{"image_processor_type": "CLIPImageProcessor", "size": {"shortest_edge": 9, "height": 9, "width": 9}}`, "is more than one size"},
		{`{"image_processor_type": "PI0ImageProcessor", "do_pad": null}`, "gives inputs of any size"},
		{`{"image_processor_type": "CLIPImageProcessor", "size": {}}`, "size: {} gives neither"},
		{`{"image_processor_type": "CLIPImageProcessor", "image_mean": "x"}`, `image_mean: "x"`},
		{`{"image_processor_type": "CLIPImageProcessor", "image_std": [1, 0, 1]}`, "std:"},
		{`{"image_processor_type": "PerceiverImageProcessor", "size": 300}`, "those of size no larger"},
		{`{"image_processor_type": "PerceiverImageProcessor", "do_resize": false}`, "do_resize"},
		{`{"image_processor_type": "ConvNextImageProcessor", "crop_pct": 0}`, "crop_pct: 0"},
		{`{"image_processor_type": "MineImageProcessor", "do_resize": true, "resample": 2, "size": 224}`, "MineImageProcessor is none that ortho knows"},
		{`{"do_resize": true, "resample": 2, "size": 224}`, "size: 224 may be a square or a short edge"},
		{`{"image_processor_type": 7}`, "image_processor_type: 7"},
	} {
		config, err := ParseObject([]byte(c.config))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := hfSettings(config, ProcessorFile, ""); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error that says %q", c.config, err, c.want)
		}
	}
}

// TestProcessorKeys holds what becomes of keys that no common step looks at.
func TestProcessorKeys(t *testing.T) {
	for _, c := range []struct{ config, modelType, passedOver, mean string }{
		{`{"image_processor_type": "ViTImageProcessor", "do_dewarp": false, "a": 0, "b": null, "_c": 1, "processor_class": "X", "device": "cpu", "do_convert_rgb": true}`, "", "", "0.5,0.5,0.5"},
		{`{"image_processor_type": "ViTImageProcessor", "do_flip_channel_order": true, "crop_pct": 0.9}`, "", "crop_pct, do_flip_channel_order", "0.5,0.5,0.5"},
		{`{"image_processor_type": "SegformerImageProcessor", "do_center_crop": true, "crop_size": 64}`, "", "crop_size, do_center_crop", "0.485,0.456,0.406"},
		{`{"image_processor_type": "PPLCNetImageProcessor"}`, "", "", "0.485,0.456,0.406"},
		{`{}`, "pvt_v2", "", "0.485,0.456,0.406"},
		{`{}`, "swinv2", "", "0.5,0.5,0.5"},
	} {
		o, err := ParseObject([]byte(c.config))
		if err != nil {
			t.Fatal(err)
		}
		s, err := hfSettings(o, ProcessorFile, c.modelType)
		if err != nil {
			t.Errorf("%s: %v", c.config, err)
			continue
		}
		l := Layer{Source: ProcessorFile, Settings: s}
		over, _ := PassedOver.In(l)
		mean, _ := Mean.In(l)
		if over.Text != c.passedOver || mean.Text != c.mean {
			t.Errorf("%s: passed over %q, mean %s; want %q, %s", c.config, over.Text, mean.Text, c.passedOver, c.mean)
		}
	}
}

// TestNestedProcessor holds that a processor_config.json's image processor comes first, and
// that one without any says nothing.
func TestNestedProcessor(t *testing.T) {
	read := func(text string) Object {
		o, err := ParseObject([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	both := map[string]Object{ProcessorFile: read(`{"image_processor_type": "A"}`), NestedFile: read(`{"image_processor": {"image_processor_type": "B"}}`)}
	if o, name, err := imageProcessor(both); err != nil || name != NestedFile || string(o["image_processor_type"]) != `"B"` {
		t.Errorf("%s, %s, %v", o, name, err)
	}
	both[NestedFile] = read(`{"processor_class": "CLIPProcessor"}`)
	if o, name, err := imageProcessor(both); err != nil || name != ProcessorFile || string(o["image_processor_type"]) != `"A"` {
		t.Errorf("%s, %s, %v", o, name, err)
	}
	both[NestedFile] = read(`{"image_processor": 7}`)
	if _, name, err := imageProcessor(both); err == nil || name != NestedFile {
		t.Errorf("%s, %v", name, err)
	}
}

func TestTransformersDefaultsAreReadable(t *testing.T) {
	if n := len(transformers().Classes); n < 90 {
		t.Fatalf("%d classes", n)
	}
	for class, defaults := range transformers().Classes {
		if defaults == nil || class == "TextNetImageProcessor" { // which makes inputs of any size by default
			continue
		}
		if _, err := hfSettings(Object{"image_processor_type": []byte(`"` + class + `"`)}, ProcessorFile, ""); err != nil {
			t.Errorf("%s with its own defaults: %v", class, err)
		}
	}
}

// TestProcessorTransparency holds of which classes a colour that is made transparent becomes white.
func TestProcessorTransparency(t *testing.T) {
	for config, want := range map[string]string{
		`{"image_processor_type": "CLIPImageProcessor"}`:                            "true by preprocessor_config.json (CLIPImageProcessor default)",
		`{"image_processor_type": "CLIPImageProcessor", "do_convert_rgb": false}`:   "false by preprocessor_config.json",
		`{"image_processor_type": "CLIPImageProcessor", "do_convert_rgb": null}`:    "false by preprocessor_config.json",
		`{"image_processor_type": "ViTImageProcessor"}`:                             "false by ",
		`{"image_processor_type": "ViTImageProcessorFast", "do_convert_rgb": true}`: "true by preprocessor_config.json",
	} {
		o, err := ParseObject([]byte(config))
		if err != nil {
			t.Fatal(err)
		}
		s, err := hfSettings(o, ProcessorFile, "")
		if err != nil {
			t.Fatal(err)
		}
		white, _ := KeyWhite.In(Layer{Source: ProcessorFile, Settings: s})
		if got := fmt.Sprintf("%v by %s", white.Value, white.Source); got != want {
			t.Errorf("%s: %s, want %s", config, got, want)
		}
	}
}
