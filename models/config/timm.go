package config

import (
	"errors"
	"fmt"
	"maps"
	"strconv"

	"ortho/preprocess"
)

// timmSettings reads the config.json that timm writes: the defaults of absent
// keys are those of timm's resolve_data_config. Where the graph's input has the
// size under test_input_size, the test_ keys apply.
func timmSettings(config Object, fixed *Size) (s Settings, err error) {
	cfg := config
	if _, err := config.Get("pretrained_cfg", &cfg); err != nil {
		return s, err
	}
	const byDefault = "config.json (timm default)"
	state := func(key, value, source string) { err = errors.Join(err, s.set(key, value, source)) }

	test := ""
	shape := []int{3, 224, 224}
	if at, ok, err := timmSize(cfg, "test_input_size"); err != nil {
		return s, err
	} else if ok && fixed != nil && *fixed == (Size{at[1], at[2]}) {
		test, shape = "test_", at
	}
	at, ok, err := timmSize(cfg, "input_size")
	if err != nil {
		return s, err
	}
	source := ""
	switch {
	case test != "":
	case ok:
		shape = at
	default:
		source = byDefault
	}
	state("input-size", Size{shape[1], shape[2]}.String(), source)
	state("channels", strconv.Itoa(shape[0]), source)

	word := func(key, value string) (string, string, error) {
		var own string
		if _, err := cfg.Get(key, &own); err != nil || own == "" {
			return value, byDefault, err
		}
		return own, "", nil
	}
	interpolation, source, err2 := word("interpolation", "bicubic")
	if err2 != nil {
		return s, err2
	}
	state("interpolation", interpolation, source)

	pct := 0.875
	source = byDefault
	for _, key := range []string{test + "crop_pct", "crop_pct"} {
		if ok, err := cfg.Get(key, &pct); err != nil {
			return s, err
		} else if ok {
			source = ""
			break
		}
	}
	mode, modeSource, err2 := word("crop_mode", "center")
	if err2 != nil {
		return s, err2
	}
	var crop Settings // the two say one thing: neither counts without the other
	if err2 := errors.Join(crop.set("crop-pct", FormatFloats(pct), source), crop.set("crop-mode", mode, modeSource)); err2 == nil {
		maps.Copy(s.values, crop.values)
	} else {
		err = errors.Join(err, err2)
	}

	for _, k := range []struct{ key, value string }{{"mean", ImageNetMean}, {"std", ImageNetStd}} {
		values, err := cfg.numbers(k.key)
		if err != nil {
			return s, err
		}
		source := byDefault
		if len(values) > 0 {
			k.value, source = FormatFloats(values...), ""
		}
		state(k.key, k.value, source)
	}
	InputRange.put(&s, [2]float64{0, 1}, "")
	ColorOrder.put(&s, preprocess.RGB, "")
	CropOffset.put(&s, preprocess.RoundHalfEven, "")
	DataFormat.put(&s, preprocess.NCHW, "config.json (timm's models take channels first)")
	return s, err
}

func timmSize(cfg Object, key string) ([]int, bool, error) {
	var shape []int
	ok, err := cfg.Get(key, &shape)
	if err != nil || !ok {
		return nil, false, err
	}
	if len(shape) != 3 {
		return nil, false, fmt.Errorf("%s: %v is not [channels, height, width]", key, shape)
	}
	return shape, true, nil
}

// timmLabels reads label_names and label_descriptions. A name that has a
// description, such as a WordNet id, becomes the label's ID. label_glosses, which timm
// does not write, has the glosses by name.
func timmLabels(config Object) ([]Label, error) {
	var names []string
	descriptions, glosses := map[string]string{}, map[string]string{}
	cfg := config
	if !config.Has("label_names") {
		if _, err := config.Get("pretrained_cfg", &cfg); err != nil {
			return nil, err
		}
	}
	if _, err := cfg.Get("label_names", &names); err != nil {
		return nil, err
	}
	if _, err := cfg.Get("label_descriptions", &descriptions); err != nil {
		return nil, err
	}
	if _, err := cfg.Get("label_glosses", &glosses); err != nil {
		return nil, err
	}
	if len(names) > MaxClasses {
		return nil, fmt.Errorf("label_names: more than %d", MaxClasses)
	}
	labels := make([]Label, len(names))
	for i, name := range names {
		labels[i] = Label{Name: name, Gloss: glosses[name]}
		if d, ok := descriptions[name]; ok {
			labels[i].Name, labels[i].ID = d, name
		}
	}
	return labels, nil
}
