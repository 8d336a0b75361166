package config

import "ortho/preprocess"

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

// configClasses reads how many classes a config.json states, and of what kind.
func configClasses(config Object, s *Settings) error {
	for _, key := range []string{"num_classes", "num_labels"} {
		var n int
		if ok, err := config.Get(key, &n); err != nil {
			return err
		} else if ok && n > 0 && n <= MaxClasses {
			Classes.put(s, n, "")
		}
	}
	var problem string
	if _, err := config.Get("problem_type", &problem); err != nil {
		return err
	}
	if problem != "" {
		ProblemType.put(s, problem, "")
	}
	var architectures []string
	if ok, err := config.Get("architectures", &architectures); ok && err == nil && len(architectures) > 0 {
		Architectures.put(s, architectures, "")
	}
	switch problem {
	case "multi_label_classification":
		OutputActivation.put(s, Sigmoid, "")
	case "single_label_classification":
		OutputActivation.put(s, Softmax, "")
	}
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
