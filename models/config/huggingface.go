package config

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"ortho/preprocess"
)

// processor is an image processor's file with its class's defaults below it.
type processor struct {
	file     string
	class    string
	known    bool     // the class is
	looksAt  []string // the keys that it looks at
	config   Object
	defaults Object
	settings Settings
}

// hfSettings reads what file says of the image processor as transformers 5.24 does on its PIL
// backend. modelType is that of config.json. Of a class or a key that it does not know it
// states nothing.
func hfSettings(config Object, file, modelType string) (Settings, error) {
	p := processor{file: file, config: config}
	if err := p.findClass(modelType); err != nil {
		return Settings{}, err
	}
	if err := p.keys(); err != nil {
		return Settings{}, err
	}
	err := errors.Join(p.format(), p.geometry(), p.values(), p.transparency())
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
	DataFormat.put(&p.settings, order, p.file+" ("+strings.Replace(format, "_", " ", 1)+")")
	return nil
}

// none reports whether the file says null of a key.
func (p *processor) none(key string) bool { return len(p.config[key]) > 0 && !p.config.Has(key) }

// source is what states a key: "" for the file itself.
func (p *processor) source(key string) string {
	if p.config.Has(key) {
		return ""
	}
	return fmt.Sprintf("%s (%s default)", p.file, p.class)
}

// at returns the object that states a key's value. Where the class's default is hidden by null,
// transformers 5 fails, and older releases took the default: so does this.
func (p *processor) at(key string) (Object, error) {
	switch {
	case p.config.Has(key):
		return p.config, nil
	case p.defaults.Has(key):
		return p.defaults, nil
	case p.known:
		return nil, fmt.Errorf("%s is missing, and %s has no default for it", key, p.class)
	}
	return nil, fmt.Errorf("%s is missing, and no image_processor_type tells its default", key)
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
	if !p.looks(key) || !p.config.Has(key) && !p.defaults.Has(key) {
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
	var out Size // after the crop, where there is one
	if crop {
		p.offset()
		s, err := p.size("crop_size")
		if err != nil {
			return err
		}
		if s.height == 0 {
			return errors.New("crop_size: only height and width say what can be cropped to")
		}
		out = s.size()
		if err := p.state("input-size", out.String(), "crop_size"); err != nil {
			return err
		}
	}
	padded, err := p.pad(out)
	if err != nil {
		return err
	}
	if !resize {
		return p.state("resize", "none", "do_resize")
	}
	if err := p.filter(); err != nil {
		return err
	}
	if p.class == glpnProcessor { // whose size is the image's own
		multiple, err := p.multiple()
		if err != nil {
			return err
		}
		return p.keepRatio(preprocess.Resize{Mode: preprocess.Multiples, Multiple: multiple}, "size_divisor", false)
	}
	s, err := p.size("size")
	if err != nil {
		return err
	}
	return p.resize(s, crop, padded)
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
	by, decimals := preprocess.Filter(filter), false
	if p.class == "DINOv3ViTImageProcessor" { // rescales first
		if decimals, err = p.flag("do_rescale"); err != nil {
			return err
		}
	}
	switch {
	case decimals && (by == preprocess.Bicubic || by == preprocess.Lanczos):
		return fmt.Errorf("resample: DINOv3ViTImageProcessor resizes decimals, which %s takes beyond black and white", by)
	case decimals && by == preprocess.Bilinear:
		by = preprocess.LinearTorch
	case p.torchvision() && by == preprocess.Nearest:
		return fmt.Errorf("resample: %s takes the nearest pixel as torch does, which at some sizes is another than Pillow's", p.class)
	case p.torchvision():
		Near.put(&p.settings, p.class, p.file+" ("+p.class+")")
	}
	return p.state("interpolation", by.String(), "resample")
}

// offset states center_crop's d//2.
func (p *processor) offset() {
	rule := preprocess.Floor
	if p.torchvision() {
		rule = preprocess.FloorBoth
	}
	CropOffset.put(&p.settings, rule, "")
}

// torchvision reports whether the class has no backend but torchvision's.
func (p *processor) torchvision() bool { return p.defaults.Has("torchvision") }

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
// fixed says that the size after the resize is the input's, by a crop or by padding.
func (p *processor) resize(s hfSize, crop, padded bool) error {
	fixed := crop || padded
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
		if p.none("crop_pct") {
			break
		}
		if edge := max(s.edge, s.height); s.edge > 0 || s.height == s.width {
			return p.short(int(float64(edge)/pct), crop)
		}
		return errors.New("size: PoolFormerImageProcessor needs a square")
	case "PPLCNetImageProcessor":
		if o, err := p.at("resize_short"); err == nil && !p.none("resize_short") {
			edge, _, err := o.edge("resize_short")
			if err != nil {
				return err
			}
			multiple, err := p.multiple()
			if err != nil {
				return err
			}
			return p.keepRatio(preprocess.Resize{Mode: preprocess.ShortEdgeRounded, Size: edge, Multiple: multiple}, "resize_short", fixed)
		}
	case "TextNetImageProcessor":
		multiple, err := p.multiple()
		if err != nil {
			return err
		}
		if s.edge == 0 {
			return errors.New("size: TextNetImageProcessor needs shortest_edge")
		}
		return p.keepRatio(preprocess.Resize{Mode: preprocess.ShortEdge, Size: s.edge, Multiple: multiple}, "size", fixed)
	case "LevitImageProcessor":
		if s.edge > 0 {
			ratio := 256.0
			ratio /= 224
			return p.short(int(ratio*float64(s.edge)), crop)
		}
	}
	divisor := 0
	if p.queries() {
		var err error
		if divisor, err = p.divisor(); err != nil {
			return err
		}
	}
	switch {
	case p.class == dptProcessor:
		return p.constrained(s)
	case (p.detects() || p.queries()) && s.edge > 0 && s.longest == 0:
		return fmt.Errorf("size: %s needs height and width, or shortest_edge and longest_edge", p.class)
	case s.edge > 0 && p.class == yolosProcessor:
		return p.keepRatio(preprocess.Resize{Mode: preprocess.ShortEdge, Size: s.edge, Longest: s.longest, Multiple: yolosMultiple, Down: true}, "size", fixed)
	case s.edge > 0:
		return p.keepRatio(preprocess.Resize{Mode: preprocess.ShortEdge, Size: s.edge, Longest: s.longest, Multiple: divisor}, "size", fixed)
	case s.within != Size{}:
		return p.keepRatio(preprocess.Resize{Mode: preprocess.FitWithin, Height: s.within.Height, Width: s.within.Width}, "size", fixed)
	}
	to := s.size()
	if divisor > 1 {
		to = Size{(to.Height + divisor - 1) / divisor * divisor, (to.Width + divisor - 1) / divisor * divisor}
	}
	if !fixed {
		if err := p.state("input-size", to.String(), "size"); err != nil {
			return err
		}
	}
	return p.state("resize", to.String(), "size")
}

// multiple is a class's size_divisor.
func (p *processor) multiple() (int, error) {
	o, err := p.at("size_divisor")
	if err != nil {
		return 0, err
	}
	n, _, err := o.edge("size_divisor")
	return n, err
}

func (p *processor) short(edge int, crop bool) error {
	return p.keepRatio(preprocess.Resize{Mode: preprocess.ShortEdge, Size: edge}, "size", crop)
}

// keepRatio states a resize to a size that the image's ratio tells.
func (p *processor) keepRatio(r preprocess.Resize, key string, fixed bool) error {
	switch {
	case fixed:
	case p.ownSizes():
		OwnSize.put(&p.settings, true, p.source(key))
	default:
		return fmt.Errorf("%s: shortest_edge without do_center_crop gives inputs of any size", key)
	}
	for _, edge := range []int{r.Size, r.Height, r.Width, r.Longest, r.Multiple} {
		if edge > preprocess.MaxSize {
			return fmt.Errorf("%s: %d is above %d", key, edge, preprocess.MaxSize)
		}
	}
	p.offset()
	if r == (preprocess.Resize{Mode: preprocess.ShortEdge, Size: r.Size}) {
		return p.state("resize", strconv.Itoa(r.Size), key)
	}
	Resize.put(&p.settings, r, p.source(key))
	return nil
}

// pad states do_pad: zeros at the right and at the bottom, after all else. Where no pad_size
// is given, images are padded to the largest of their batch, which for one is nothing.
// cropped is the size after the crop, where there is one.
func (p *processor) pad(cropped Size) (bool, error) {
	pad, err := p.optional("do_pad")
	if p.queries() {
		pad, err = true, nil
	}
	if pad && p.class == dptProcessor {
		return false, errors.New("do_pad: DPTImageProcessor pads by zeros around the image, which ortho does not")
	}
	if err != nil || !pad || !p.looks("pad_size") || p.none("pad_size") || !p.config.Has("pad_size") && !p.defaults.Has("pad_size") {
		return false, err
	}
	s, err := p.size("pad_size")
	switch {
	case err != nil:
		return false, err
	case s.height == 0:
		return false, errors.New("pad_size: only height and width say what can be padded to")
	case cropped == s.size():
		return false, nil
	case cropped != Size{}:
		return false, fmt.Errorf("pad_size: images that are cropped to %s aren't padded to %s by ortho", cropped, s.size())
	}
	PadEnd.put(&p.settings, true, p.source("pad_size"))
	return true, p.state("input-size", s.size().String(), "pad_size")
}

// hfLabels reads id2label.
func hfLabels(config Object) ([]Label, error) {
	var names Object
	if _, err := config.Get("id2label", &names); err != nil {
		return nil, err
	}
	labels, err := indexedLabels(names, false)
	if err != nil && strings.Contains(string(config["architectures"]), "ForObjectDetection") { // classes are often COCO's category ids
		if list, ok := gappedLabels(names); ok {
			return list, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("id2label: %w", err)
	}
	return labels, nil
}
