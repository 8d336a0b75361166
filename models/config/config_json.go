package config

import (
	"errors"
	"fmt"
	"strings"

	"ortho/preprocess"
)

// isTimm reports whether a config.json is timm's; otherwise it is Hugging Face's.
func isTimm(config Object) bool {
	return config.Has("pretrained_cfg") || config.Has("architecture") && config.Has("input_size")
}

func configLabels(config Object, s *Settings) error {
	read := timmLabels
	if config.Has("id2label") {
		read = hfLabels
	}
	labels, err := read(config)
	s.putLabels(labels, "")
	return err
}

// configClasses reads how many classes a config.json states.
func configClasses(config Object, s *Settings) error {
	for _, key := range []string{"num_classes", "num_labels"} {
		var n int
		if ok, err := config.Get(key, &n); err != nil {
			return err
		} else if ok && n > 0 && n <= MaxClasses {
			Classes.put(s, n, "")
		}
	}
	return nil
}

// configOutput reads what a config.json says of what the output means.
func configOutput(config Object, s *Settings) error {
	var name string
	var names []string
	if ok, err := config.Get("architectures", &name); ok && err == nil { // other programs write one so
		names = []string{name}
	} else if _, err := config.Get("architectures", &names); err != nil {
		return err
	}
	if len(names) > 0 {
		Architectures.put(s, names, ConfigFile+" (architectures)")
	}
	var labels Object
	if ok, err := config.Get("id2label", &labels); err != nil {
		return err
	} else if ok {
		NamesClasses.put(s, len(labels) > 0, ConfigFile+" (id2label)")
		NumLabels.put(s, len(labels), ConfigFile+" (id2label)")
	}
	cfg := config
	if !config.Has("num_classes") {
		if _, err := config.Get("pretrained_cfg", &cfg); err != nil {
			return err
		}
	}
	for _, key := range []string{"num_classes", "num_labels"} { // transformers drops id2label where num_labels differs
		var n int
		if ok, err := cfg.Get(key, &n); err != nil {
			return err
		} else if ok && n >= 0 && n <= MaxClasses {
			NumLabels.put(s, n, ConfigFile+" ("+key+")")
		}
	}
	var depth string
	if _, err := config.Get("depth_estimation_type", &depth); err != nil {
		return err
	} else if depth != "" {
		DepthKind.put(s, depth, ConfigFile+" (depth_estimation_type)")
	}
	return configActivation(config, s)
}

// configActivation reads what turns the output into probabilities. problem_type has precedence
// over function_to_apply, as in transformers' pipeline.
func configActivation(config Object, s *Settings) error {
	var problem, function string
	_, err := config.Get("function_to_apply", &function)
	if _, err2 := config.Get("problem_type", &problem); err != nil || err2 != nil {
		return errors.Join(err, err2)
	}
	switch activation := Activation(strings.ToLower(function)); activation {
	case Softmax, Sigmoid, None:
		OutputActivation.put(s, activation, ConfigFile+" (function_to_apply)")
	case "":
	default:
		return fmt.Errorf("function_to_apply: %q is not one of %s, %s, %s", function, Softmax, Sigmoid, None)
	}
	switch problem {
	case MultiLabel:
		OutputActivation.put(s, Sigmoid, ConfigFile+" (problem_type)")
	case SingleLabel:
		OutputActivation.put(s, Softmax, ConfigFile+" (problem_type)")
	case Regression:
	default: // of another program
		return nil
	}
	ProblemType.put(s, problem, ConfigFile+" (problem_type)")
	return nil
}

// configImage reads what transformers' config.json says of the image that the model was
// configured for, itself or in its vision part. It has the lowest precedence, so what can't be
// read of it is ignored.
func configImage(config Object, s *Settings) {
	if !config.Has("model_type") || isTimm(config) {
		return
	}
	DataFormat.put(s, preprocess.NCHW, ConfigFile+" (transformers' models take channels first)")
	var vision Object
	config.Get("vision_config", &vision)
	for _, o := range []Object{vision, config} {
		var channels int
		if ok, err := o.Get("num_channels", &channels); ok && err == nil {
			Channels.put(s, channels, ConfigFile+" (num_channels)")
		}
		var pair []int
		if edge, ok, err := o.edge("image_size"); ok && err == nil {
			pair = []int{edge, edge}
		} else if _, err := o.Get("image_size", &pair); err != nil || len(pair) != 2 {
			continue
		}
		at := Size{pair[0], pair[1]}
		// Perceiver's image_size is that of its own grid, not of the image.
		if _, err := parseSize(at.String()); err == nil && string(config["model_type"]) != `"perceiver"` {
			ImageSize.put(s, at, ConfigFile+" (image_size)")
		}
	}
}
