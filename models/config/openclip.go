package config

import (
	"fmt"
	"strconv"

	"ortho/preprocess"
)

// OpenCLIPFile is what open_clip says of how images become the input of a model's visual half.
const OpenCLIPFile = "preprocess_cfg.json"

// openCLIPSettings reads it as open_clip 3's image_transform_v2 does. What the file does not say is
// as open_clip's PreprocessCfg has it.
func openCLIPSettings(config Object) (s Settings, err error) {
	mode, resize, filter := "RGB", "shortest", "bicubic"
	for key, to := range map[string]*string{"mode": &mode, "resize_mode": &resize, "interpolation": &filter} {
		if _, err := config.Get(key, to); err != nil {
			return s, err
		}
	}
	if mode != "RGB" {
		return s, fmt.Errorf("mode: %q is not known: RGB is", mode)
	}
	size, err := openCLIPSize(config)
	if err != nil {
		return s, err
	}
	sets := [][2]string{{"input-size", size.String()}, {"interpolation", filter}}
	switch {
	case resize == "squash":
		sets = append(sets, [2]string{"resize", size.String()})
	case resize == "shortest" && size.Height == size.Width:
		sets = append(sets, [2]string{"resize", strconv.Itoa(size.Height)})
	default:
		return s, fmt.Errorf("resize_mode: %q to %s is not known: squash is, and shortest to a square", resize, size)
	}
	for key, byDefault := range map[string]string{"mean": clipMean, "std": clipStd} {
		values, err := config.numbers(key)
		if err != nil {
			return s, err
		}
		value, source := byDefault, OpenCLIPFile+" (open_clip's default)"
		if len(values) > 0 {
			value, source = FormatFloats(values...), ""
		}
		if err := s.set(key, value, source); err != nil {
			return s, err
		}
	}
	for _, set := range sets {
		if err := s.set(set[0], set[1], ""); err != nil {
			return s, err
		}
	}
	InputRange.put(&s, [2]float64{0, 1}, "")
	ColorOrder.put(&s, preprocess.RGB, "")
	CropOffset.put(&s, preprocess.RoundHalfEven, "")
	DataFormat.put(&s, preprocess.NCHW, OpenCLIPFile+" (open_clip's models take channels first)")
	return s, nil
}

// openCLIPSize is one number, or height and width.
func openCLIPSize(config Object) (Size, error) {
	var one int
	if _, err := config.Get("size", &one); err == nil && one > 0 {
		return Size{one, one}, nil
	}
	var two []int
	if _, err := config.Get("size", &two); err != nil || len(two) != 2 {
		return Size{}, fmt.Errorf("size: it is no number, and no list of height and width")
	}
	return Size{two[0], two[1]}, nil
}
