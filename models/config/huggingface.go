package config

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"ortho/preprocess"
)

// transformersJSON holds the defaults of transformers 5.23's image processors,
// by class; null for those whose steps do not follow from the keys.
// scripts/dump_transformers_defaults.py writes it.
//
//go:embed transformers.json
var transformersJSON []byte

var transformersDefaults = sync.OnceValue(func() map[string]Object {
	defaults := map[string]Object{}
	if err := json.Unmarshal(transformersJSON, &defaults); err != nil {
		panic(err) // embedded: a test reads it
	}
	return defaults
})

// processor is a preprocessor_config.json with its class's defaults below it.
type processor struct {
	class    string
	known    bool
	config   Object
	defaults Object
	settings Settings
}

// hfSettings reads a preprocessor_config.json as transformers 5.23 does on its
// PIL backend.
func hfSettings(config Object) (Settings, error) {
	p := processor{config: config}
	for _, key := range []string{"image_processor_type", "feature_extractor_type"} {
		if ok, err := config.Get(key, &p.class); err != nil {
			return Settings{}, err
		} else if ok {
			break
		}
	}
	p.class = strings.Replace(p.class, "FeatureExtractor", "ImageProcessor", 1)
	p.class = strings.TrimSuffix(strings.TrimSuffix(p.class, "Fast"), "Pil")
	p.defaults, p.known = transformersDefaults()[p.class]
	if p.known && p.defaults == nil {
		return Settings{}, fmt.Errorf("image processor %s does more than its keys say", p.class)
	}
	err := errors.Join(p.format(), p.geometry(), p.values())
	return p.settings, err
}

// format states the order of the tensor's dimensions.
func (p *processor) format() error {
	format := "channels_first" // the default of every processor
	if _, err := p.config.Get("data_format", &format); err != nil {
		return err
	}
	order, ok := map[string]preprocess.Layout{"channels_first": preprocess.NCHW, "channels_last": preprocess.NHWC}[format]
	if !ok {
		return fmt.Errorf("data_format: %q is neither channels_first nor channels_last", format)
	}
	DataFormat.put(&p.settings, order, "preprocessor_config.json ("+strings.Replace(format, "_", " ", 1)+")")
	return nil
}

// source is what states a key: "" for the file itself.
func (p *processor) source(key string) string {
	if p.config.Has(key) {
		return ""
	}
	return fmt.Sprintf("preprocessor_config.json (%s default)", p.class)
}

// at returns the object that states a key.
func (p *processor) at(key string) (Object, error) {
	switch {
	case p.config.Has(key):
		return p.config, nil
	case p.defaults.Has(key):
		return p.defaults, nil
	case p.known:
		return nil, fmt.Errorf("%s is missing, and %s has no default for it", key, p.class)
	case p.class == "":
		return nil, fmt.Errorf("%s is missing, and no image_processor_type tells its default", key)
	}
	return nil, fmt.Errorf("%s is missing, and the defaults of %s aren't known", key, p.class)
}

func (p *processor) flag(key string) (on bool, err error) {
	o, err := p.at(key)
	if err == nil {
		_, err = o.Get(key, &on)
	}
	return on, err
}

// optional is flag for a key that not every class has.
func (p *processor) optional(key string) (bool, error) {
	if !p.config.Has(key) && !p.defaults.Has(key) {
		return false, nil
	}
	return p.flag(key)
}

func (p *processor) state(key, value, from string) error {
	return p.settings.set(key, value, p.source(from))
}

// geometry states the resize and the crop.
func (p *processor) geometry() error {
	resize, err := p.flag("do_resize")
	if err != nil {
		return err
	}
	crop, err := p.optional("do_center_crop")
	if err != nil {
		return err
	}
	if crop && p.class == "PerceiverImageProcessor" {
		if !resize {
			return errors.New("do_resize: without it PerceiverImageProcessor gives inputs of any size")
		}
		return p.cropFirst()
	}
	if crop {
		CropOffset.put(&p.settings, preprocess.Floor, "") // center_crop's d//2
		s, err := p.size("crop_size")
		if err != nil {
			return err
		}
		if err := p.state("input-size", s.size().String(), "crop_size"); err != nil {
			return err
		}
		if s.edge > 0 {
			return errors.New("crop_size: shortest_edge says nothing that can be cropped to")
		}
	}
	if !resize {
		return p.state("resize", "none", "do_resize")
	}
	if err := p.filter(); err != nil {
		return err
	}
	s, err := p.size("size")
	if err != nil {
		return err
	}
	return p.resize(s, crop)
}

// filter states Pillow's filter of the resize.
func (p *processor) filter() error {
	var filter int
	o, err := p.at("resample")
	if err == nil {
		_, err = o.Get("resample", &filter)
	}
	if err != nil {
		return err
	}
	if filter < 0 || filter > 5 {
		return fmt.Errorf("resample: %d is none of Pillow's filters", filter)
	}
	return p.state("interpolation", preprocess.Filter(filter).String(), "resample")
}

// cropFirst states Perceiver's rule: of the image's middle, size/crop_size of its short edge
// is squashed to size.
func (p *processor) cropFirst() error {
	to, err := p.size("size")
	if err != nil {
		return err
	}
	of, err := p.size("crop_size")
	if err != nil {
		return err
	}
	if to.edge > 0 || of.edge > 0 || to.height > of.height || to.width > of.width {
		return errors.New("size, crop_size: PerceiverImageProcessor needs heights and widths, those of size no larger")
	}
	part := [2]float64{float64(to.height) / float64(of.height), float64(to.width) / float64(of.width)}
	Central.put(&p.settings, part, p.source("crop_size"))
	return errors.Join(p.filter(), p.state("input-size", to.size().String(), "size"), p.state("resize", to.size().String(), "size"))
}

// resize states the size before the crop, by the class's rule.
func (p *processor) resize(s hfSize, crop bool) error {
	pct := 0.875 // what crop_pct null means
	if o, err := p.at("crop_pct"); err == nil {
		if _, err := o.Get("crop_pct", &pct); err != nil {
			return err
		}
	}
	if !(pct > 0 && pct <= 1) {
		return fmt.Errorf("crop_pct: %v is no part of 1", pct)
	}
	switch p.class {
	case "ConvNextImageProcessor": // its own crop below 384, a squash from there on
		if s.edge == 0 {
			return errors.New("size: ConvNextImageProcessor needs shortest_edge")
		}
		if !crop {
			if err := p.state("input-size", Size{s.edge, s.edge}.String(), "size"); err != nil {
				return err
			}
		}
		if s.edge >= 384 {
			return p.state("resize", Size{s.edge, s.edge}.String(), "size")
		}
		return p.short(int(float64(s.edge)/pct), true)
	case "PoolFormerImageProcessor":
		if edge := max(s.edge, s.height); s.edge > 0 || s.height == s.width {
			return p.short(int(float64(edge)/pct), crop)
		}
		return errors.New("size: PoolFormerImageProcessor needs a square")
	case "LevitImageProcessor":
		if s.edge > 0 {
			ratio := 256.0
			ratio /= 224
			return p.short(int(ratio*float64(s.edge)), crop)
		}
	}
	if s.edge > 0 {
		return p.short(s.edge, crop)
	}
	if !crop {
		if err := p.state("input-size", s.size().String(), "size"); err != nil {
			return err
		}
	}
	return p.state("resize", s.size().String(), "size")
}

func (p *processor) short(edge int, crop bool) error {
	if !crop {
		return errors.New("size: shortest_edge without do_center_crop gives inputs of any size")
	}
	CropOffset.put(&p.settings, preprocess.Floor, "")
	return p.state("resize", strconv.Itoa(edge), "size")
}

// values states the range, mean and standard deviation of the pixels.
func (p *processor) values() error {
	rescale, err := p.flag("do_rescale")
	if err != nil {
		return err
	}
	normalize, err := p.flag("do_normalize")
	if err != nil {
		return err
	}
	low, high, from := 0.0, 255.0, "do_rescale"
	if rescale {
		o, err := p.at("rescale_factor")
		factor := 0.0
		if err == nil {
			_, err = o.Get("rescale_factor", &factor)
		}
		if err != nil {
			return err
		}
		high, from = 255*factor, "rescale_factor"
		offset, err := p.optional("rescale_offset")
		if err != nil {
			return err
		}
		if offset && p.class == "EfficientNetImageProcessor" {
			low, high, from = low-1, high-1, "rescale_offset"
		}
	}
	if err := p.state("input-range", FormatFloats(low, high), from); err != nil {
		return err
	}
	flip, err := p.optional("do_flip_channel_order")
	if err != nil {
		return err
	}
	order := preprocess.RGB
	if flip {
		order = preprocess.BGR
	}
	if err := p.state("color-order", order.String(), "do_flip_channel_order"); err != nil {
		return err
	}
	top, err := p.optional("include_top")
	if err != nil {
		return err
	}
	top = top && p.class == "EfficientNetImageProcessor"
	if p.class == "MobileViTImageProcessor" {
		normalize = false // the class has the key, but never looks at it
	}
	mean, std := []float64{0}, []float64{1}
	meanFrom, stdFrom := "do_normalize", "do_normalize"
	if normalize {
		if mean, err = p.numbers("image_mean"); err != nil {
			return err
		}
		meanFrom = "image_mean"
	}
	if normalize || top {
		if std, err = p.numbers("image_std"); err != nil {
			return err
		}
		stdFrom = "image_std"
	}
	if normalize && top { // (x-mean)/std, and that again divided by std
		for i := range std {
			std[i] *= std[i]
		}
	}
	return errors.Join(p.state("mean", FormatFloats(mean...), meanFrom), p.state("std", FormatFloats(std...), stdFrom))
}

func (p *processor) numbers(key string) ([]float64, error) {
	o, err := p.at(key)
	if err != nil {
		return nil, err
	}
	var one float64
	if _, err := o.Get(key, &one); err == nil {
		return []float64{one}, nil
	}
	var values []float64
	_, err = o.Get(key, &values)
	return values, err
}

// hfLabels reads id2label.
func hfLabels(config Object) ([]Label, error) {
	var names Object
	if _, err := config.Get("id2label", &names); err != nil {
		return nil, err
	}
	labels, err := indexedLabels(names, false)
	if err != nil {
		return nil, fmt.Errorf("id2label: %w", err)
	}
	return labels, nil
}
