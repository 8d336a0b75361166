package models

import (
	"errors"
	"fmt"
	"io/fs"
	"ortho/runner/onnx"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	sidecarName = "ortho.json"
	hfName      = "preprocessor_config.json"
	configName  = "config.json"
)

// configFolder is where a model folder's config files lie: above it where it is
// the onnx folder of a repository that has them there.
func configFolder(folder string) string {
	if filepath.Base(folder) != "onnx" {
		return folder
	}
	above := filepath.Dir(folder)
	for _, name := range []string{sidecarName, hfName, configName} {
		if _, err := os.Stat(filepath.Join(folder, name)); err == nil {
			return folder
		}
		if _, err := os.Stat(filepath.Join(above, name)); err == nil {
			return above
		}
	}
	return folder
}

// readConfigs reads the config files that are there.
func readConfigs(folder fs.FS) (map[string]object, error) {
	files := map[string]object{}
	if folder == nil {
		return files, nil
	}
	for _, name := range []string{sidecarName, hfName, configName} {
		data, err := readText(folder, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if files[name], err = parseObject(data); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return files, nil
}

// readLayers reads all that is stated about a graph, by precedence: flags, the files in
// folder, which may be nil, and its metadata. fixed is the size of the graph's image input
// where the graph fixes it, else nil. by is what wrote the model.
func readLayers(g *onnx.Graph, fixed *size, folder fs.FS, flags Settings) (all []layer, by string, err error) {
	files, err := readConfigs(folder)
	if err != nil {
		return nil, "", err
	}
	all, err = layers(g, fixed, files, folder, flags)
	return all, exporter(g, files), err
}

// layers orders all that is stated by its precedence.
func layers(g *onnx.Graph, fixed *size, files map[string]object, folder fs.FS, flags Settings) ([]layer, error) {
	all := withPreset(layer{source: "flag", Settings: flags})
	if o, ok := files[sidecarName]; ok {
		s, err := sidecarSettings(o, folder)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", sidecarName, err)
		}
		all = append(all, withPreset(layer{source: sidecarName, Settings: s})...)
	}
	if isUltralytics(g.Metadata) {
		s, err := ultralyticsSettings(g.Metadata)
		all = append(all, layer{"ONNX metadata", s, err})
	}
	if o, ok := files[hfName]; ok {
		s, err := hfSettings(o)
		all = append(all, layer{hfName, s, err})
	}
	if o, ok := files[configName]; ok {
		l := layer{source: configName}
		var err error
		if isTimm(o) {
			l.Settings, l.problem = timmSettings(o, fixed)
		}
		if l.labels, err = configLabels(o); err != nil {
			return nil, fmt.Errorf("%s: %w", configName, err)
		}
		if err := configClasses(o, &l.Settings); err != nil {
			return nil, fmt.Errorf("%s: %w", configName, err)
		}
		configImage(o, &l.Settings)
		all = append(all, l)
	}
	return all, nil
}

// withPreset puts the values of a layer's preset right below it.
func withPreset(l layer) []layer {
	s, ok := l.values["preset"]
	if !ok {
		return []layer{l}
	}
	preset, err := presetSettings(s.value)
	return []layer{l, {"preset " + s.value, preset, err}}
}

// isTimm tells timm's config.json from Hugging Face's.
func isTimm(config object) bool {
	return config.has("pretrained_cfg") || config.has("architecture") && config.has("input_size")
}

func configLabels(config object) (*labelList, error) {
	read := timmLabels
	if config.has("id2label") {
		read = hfLabels
	}
	labels, err := read(config)
	return &labelList{labels: labels}, err
}

// configClasses reads how many classes a config.json states, and of what kind.
func configClasses(config object, s *Settings) error {
	for _, key := range []string{"num_classes", "num_labels"} {
		var n int
		if ok, err := config.get(key, &n); err != nil {
			return err
		} else if ok && n > 0 && n <= maxClasses {
			s.put("classes", strconv.Itoa(n), "")
		}
	}
	var problem string
	if _, err := config.get("problem_type", &problem); err != nil {
		return err
	}
	switch problem {
	case "multi_label_classification":
		s.put("activation", string(Sigmoid), "")
	case "single_label_classification":
		s.put("activation", string(Softmax), "")
	}
	return nil
}

// configImage reads what transformers' config.json says of the image that the model was
// configured for, itself or in its part that sees. It is what is looked at last, so that what
// can't be read of it says nothing.
func configImage(config object, s *Settings) {
	if !config.has("model_type") || isTimm(config) {
		return
	}
	s.put("data-format", "nchw", configName+" (transformers' models take channels first)")
	var vision object
	config.get("vision_config", &vision)
	for _, o := range []object{vision, config} {
		var channels int
		if ok, err := o.get("num_channels", &channels); ok && err == nil {
			s.put("channels", strconv.Itoa(channels), configName+" (num_channels)")
		}
		var pair []int
		if edge, ok, err := o.edge("image_size"); ok && err == nil {
			pair = []int{edge, edge}
		} else if _, err := o.get("image_size", &pair); err != nil || len(pair) != 2 {
			continue
		}
		at := size{pair[0], pair[1]}
		// Perceiver's image_size is that of its own grid, not of the image.
		if _, err := parseSize(at.String()); err == nil && string(config["model_type"]) != `"perceiver"` {
			s.put("image-size", at.String(), configName+" (image_size)")
		}
	}
}

// exporter names what wrote the model, as far as its files and its graph tell.
func exporter(g *onnx.Graph, files map[string]object) string {
	config := files[configName]
	switch producer := strings.ToLower(g.Producer); {
	case isUltralytics(g.Metadata):
		return "ultralytics"
	case isTimm(config):
		return "timm"
	case files[hfName] != nil || config.has("model_type") || config.has("architectures"):
		return "huggingface"
	case strings.Contains(producer, "caffe2"):
		return "caffe2"
	default:
		return producer // "pytorch", "tf2onnx", "keras2onnx", "cntk", ...
	}
}
