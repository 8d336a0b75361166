package config

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"ortho/runner/onnx"
)

// The files that are read beside a graph.
const (
	SidecarFile   = "ortho.json"               // what a person states of the model
	ProcessorFile = "preprocessor_config.json" // transformers' image processor
	NestedFile    = "processor_config.json"    // transformers' processor of texts and images, which may hold its image processor
	ConfigFile    = "config.json"              // transformers' or timm's
)

// Names are those of all of them.
var Names = []string{SidecarFile, NestedFile, ProcessorFile, OpenCLIPFile, ConfigFile}

// readConfigs reads the config files that are there.
func readConfigs(folder fs.FS) (map[string]Object, error) {
	files := map[string]Object{}
	if folder == nil {
		return files, nil
	}
	for _, name := range Names {
		data, err := ReadText(folder, name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if files[name], err = ParseObject(data); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return files, nil
}

// Read reads all that is stated about a graph, by precedence: flags, the files in
// folder, which may be nil, and its metadata. fixed is the size of the graph's image input
// where the graph fixes it, else nil. by is what wrote the model.
func Read(g *onnx.Graph, fixed *Size, folder fs.FS, flags Settings) (all Layers, by string, err error) {
	files, err := readConfigs(folder)
	if err != nil {
		return nil, "", err
	}
	all, err = layers(g, fixed, files, folder, flags)
	return all, exporter(g, files), err
}

// layers orders all that is stated by its precedence.
func layers(g *onnx.Graph, fixed *Size, files map[string]Object, folder fs.FS, flags Settings) (Layers, error) {
	all := withPreset(Layer{Source: "flag", Settings: flags})
	if o, ok := files[SidecarFile]; ok {
		s, err := sidecarSettings(o, folder)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", SidecarFile, err)
		}
		all = append(all, withPreset(Layer{Source: SidecarFile, Settings: s})...)
	}
	l, err := taggerSettings(g, folder)
	if err != nil {
		return nil, err
	}
	all = append(all, l...)
	if isUltralytics(g.Metadata) {
		s, err := ultralyticsSettings(g.Metadata)
		all = append(all, Layer{"ONNX metadata", s, err})
	}
	if o, name, err := imageProcessor(files); err != nil {
		all = append(all, Layer{name, Settings{}, err})
	} else if o != nil {
		s, err := processorSettings(o, name, files[ConfigFile], fixed)
		all = append(all, Layer{name, s, err})
	}
	if o, ok := files[OpenCLIPFile]; ok {
		s, err := openCLIPSettings(o)
		all = append(all, Layer{OpenCLIPFile, s, err})
	}
	if o, ok := files[ConfigFile]; ok {
		l := Layer{Source: ConfigFile}
		var err error
		if isTimm(o) {
			l.Settings, l.Problem = timmSettings(o, fixed)
		}
		if err = configLabels(o, &l.Settings); err != nil {
			return nil, fmt.Errorf("%s: %w", ConfigFile, err)
		}
		if err := configClasses(o, &l.Settings); err != nil {
			return nil, fmt.Errorf("%s: %w", ConfigFile, err)
		}
		if err := configOutput(o, &l.Settings); err != nil {
			return nil, fmt.Errorf("%s: %w", ConfigFile, err)
		}
		configImage(o, &l.Settings)
		all = append(all, l)
	}
	return all, nil
}

// imageProcessor returns what states the image processor, and the name of its file: as
// transformers has it, that in a processor_config.json comes before preprocessor_config.json.
func imageProcessor(files map[string]Object) (Object, string, error) {
	var nested Object
	if ok, err := files[NestedFile].Get("image_processor", &nested); ok || err != nil {
		return nested, NestedFile, err
	}
	return files[ProcessorFile], ProcessorFile, nil
}

// processorSettings reads an image processor's file: transformers' own, or one around timm's.
func processorSettings(o Object, name string, config Object, fixed *Size) (Settings, error) {
	var class, modelType string
	o.Get("image_processor_type", &class)
	if config.Get("model_type", &modelType); class != "TimmWrapperImageProcessor" && (class != "" || modelType != "timm_wrapper") {
		return hfSettings(o, name, modelType)
	}
	for _, key := range []string{"pretrained_cfg", "data_config"} {
		var cfg Object
		if ok, err := o.Get(key, &cfg); ok || err != nil {
			s, err2 := timmSettings(cfg, fixed)
			return s, errors.Join(err, err2)
		}
	}
	return Settings{}, nil // config.json has it
}

// withPreset puts the values of a layer's preset right below it.
func withPreset(l Layer) []Layer {
	s, ok := Preset.In(l)
	if !ok {
		return []Layer{l}
	}
	preset, err := presetSettings(s.Value)
	return []Layer{l, {"preset " + s.Text, preset, err}}
}

// exporter names the program that wrote the model, as far as its files and its graph show.
func exporter(g *onnx.Graph, files map[string]Object) string {
	config := files[ConfigFile]
	switch producer := strings.ToLower(g.Producer); {
	case isUltralytics(g.Metadata):
		return "ultralytics"
	case isTimm(config):
		return "timm"
	case files[OpenCLIPFile] != nil:
		return "open_clip"
	case files[ProcessorFile] != nil || files[NestedFile].Has("image_processor") || config.Has("model_type") || config.Has("architectures"):
		return "huggingface"
	case strings.Contains(producer, "caffe2"):
		return "caffe2"
	default:
		return producer // "pytorch", "tf2onnx", "keras2onnx", "cntk", ...
	}
}
