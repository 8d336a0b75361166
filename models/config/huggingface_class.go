package config

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// transformersJSON is what transformers 5.24's image processors are.
// scripts/dump_transformers_defaults.py writes it, and says what is in it.
//
//go:embed transformers.json
var transformersJSON []byte

// imageProcessors are all that transformers has.
type imageProcessors struct {
	Classes map[string]Object // the defaults by class; nil for one whose steps do not follow from the keys
	Keys    []string          // all that any class takes
	Models  map[string]string // the class by config.json's model_type
}

var transformers = sync.OnceValue(func() imageProcessors {
	var all imageProcessors
	if err := json.Unmarshal(transformersJSON, &all); err != nil {
		panic(err) // embedded: a test reads it
	}
	return all
})

// commonKeys are those that transformers' common steps look at: all but a few classes leave
// them to it.
var commonKeys = []string{"do_resize", "size", "resample", "do_center_crop", "crop_size", "do_rescale", "rescale_factor",
	"do_normalize", "image_mean", "image_std", "do_pad", "pad_size"}

// harmlessKeys change nothing of the tensor of a colour image: names, what only segmentation
// maps and video have, and how the work is done. data_format and default_to_square are read
// for every class, do_convert_rgb for what it does with transparency: images are brought to the
// input's channels in any case.
var harmlessKeys = []string{"image_processor_type", "feature_extractor_type", "processor_class", "auto_map", "model_input_names",
	"transformers_version", "name_or_path", "model_type", "use_fast", "dtype", "torch_dtype",
	"data_format", "input_data_format", "default_to_square", "do_convert_rgb", "return_tensors", "device", "disable_grouping", "image_seq_length",
	"format", "do_convert_annotations", "pad_and_return_pixel_mask", "do_reduce_labels", "reduce_labels", "ignore_index", "num_labels", "id2label", "label2id", "class_info_file"}

// harmless reports whether a key changes nothing of the tensor.
func harmless(key string) bool {
	return strings.HasPrefix(key, "_") || slices.Contains(harmlessKeys, key)
}

// findClass settles the class: the one that the file names, or that of config.json's
// model_type, as transformers' AutoImageProcessor has it. Names of older releases and of
// the backends stand for the same class.
func (p *processor) findClass(modelType string) error {
	for _, key := range []string{"image_processor_type", "feature_extractor_type"} {
		if ok, err := p.config.Get(key, &p.class); err != nil {
			return err
		} else if ok {
			break
		}
	}
	p.class = strings.Replace(p.class, "FeatureExtractor", "ImageProcessor", 1)
	p.class = strings.TrimSuffix(strings.TrimSuffix(p.class, "Fast"), "Pil")
	all := transformers()
	if p.class == "" {
		p.class = all.Models[modelType]
	}
	if p.class == "" { // nothing tells it: the file has to state all
		return nil
	}
	p.defaults, p.known = all.Classes[p.class]
	switch {
	case !p.known:
		return fmt.Errorf("image processor %s is none that ortho knows: its steps can't be told from its keys", p.class)
	case p.defaults == nil:
		return fmt.Errorf("image processor %s does more than its keys say", p.class)
	}
	own, err := p.defaults.Get("reads", &p.looksAt)
	if !own {
		p.looksAt = commonKeys
	}
	p.switchOff()
	return err
}

// switchOff makes null false where the class's default is true: it is Python's None, which
// hides the default, and which no step takes for a yes.
func (p *processor) switchOff() {
	p.config = maps.Clone(p.config)
	for key := range p.config {
		if p.none(key) && string(p.defaults[key]) == "true" {
			p.config[key] = json.RawMessage("false")
		}
	}
}

// looks reports whether the class looks at a key.
func (p *processor) looks(key string) bool {
	return !p.known && slices.Contains(commonKeys, key) || slices.Contains(p.looksAt, key) || key == "max_size" && (p.detects() || p.queries())
}

// keys refuses what ortho does not know of, and notes what the class does not look at: a
// value of false, 0 or null asks for nothing.
func (p *processor) keys() error {
	var unread []string
	for _, key := range slices.Sorted(maps.Keys(p.config)) {
		switch {
		case !asks(p.config[key]) || harmless(key) || p.looks(key):
		case p.known && slices.Contains(transformers().Keys, key):
			unread = append(unread, key)
		case p.known:
			return fmt.Errorf("key %q is none that ortho knows of %s, and it may change the pixels", key, p.class)
		default:
			return fmt.Errorf("key %q: what it does depends on the image processor, and no image_processor_type names it", key)
		}
	}
	if len(unread) > 0 {
		PassedOver.put(&p.settings, unread, p.file+" ("+p.class+" has no use for them)")
	}
	return nil
}

// detects reports whether the class is one of detectors, whose images have sizes of their own.
func (p *processor) detects() bool {
	switch p.class {
	case "DetrImageProcessor", "ConditionalDetrImageProcessor", "DeformableDetrImageProcessor", yolosProcessor, "RTDetrImageProcessor", "RfDetrImageProcessor":
		return true
	}
	return false
}

// yolosProcessor brings both edges down to multiples of yolosMultiple.
const (
	yolosProcessor = "YolosImageProcessor"
	yolosMultiple  = 16
)

// asks reports whether a JSON value is what Python takes for true.
func asks(value json.RawMessage) bool {
	return !slices.Contains([]string{"", "null", "false", "0", "0.0", `""`, "[]", "{}"}, string(value))
}
