package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"ortho/models/text"
)

// sidecarSettings reads an ortho.json: the settings of [Settings.Set] in
// snake_case with JSON values, for what no exporter's file says. Unknown keys
// are errors. Labels are a list of names, an object as [ReadLabels] takes it, or
// the name of a file in the folder; the vocabulary is that of a file in it.
func sidecarSettings(config Object, folder fs.FS) (s Settings, err error) {
	for _, key := range slices.Sorted(maps.Keys(config)) {
		name := strings.ReplaceAll(key, "_", "-")
		if strings.Contains(key, "-") || !slices.ContainsFunc(byName, func(k named) bool { return k.name == name }) {
			return s, fmt.Errorf("unknown key %q%s", key, meant(key))
		}
		if name == "labels" {
			if err = sidecarLabels(config, folder, &s); err != nil {
				return s, fmt.Errorf("labels: %w", err)
			}
			continue
		}
		if name == GivenInputs.name {
			if err = sidecarConstants(config[key], folder, &s); err != nil {
				return s, fmt.Errorf("set: %w", err)
			}
			continue
		}
		if name == "vocabulary" {
			if err = sidecarVocabulary(config, folder, &s); err != nil {
				return s, fmt.Errorf("vocabulary: %w", err)
			}
			continue
		}
		value, err := flagSyntax(name, config[key])
		if err != nil {
			return s, fmt.Errorf("%s: %w", key, err)
		}
		if err := s.set(name, value, ""); err != nil {
			return s, err
		}
	}
	return s, nil
}

// alike are the names that other programs' files have for some settings.
var alike = map[string]string{"size": "input_size", "imagesize": "input_size", "cropsize": "input_size", "imgsize": "input_size", "imagemean": "mean", "imagestd": "std",
	"resample": "interpolation", "names": "labels", "classes": "labels", "classnames": "labels", "channelorder": "color_order", "colourorder": "color_order"}

// meant says which key an unknown one is likely to stand for: the same letters, another
// program's name, or a slip of one letter.
func meant(key string) string {
	letters := func(s string) string {
		return strings.ToLower(strings.NewReplacer("_", "", "-", "", " ", "").Replace(s))
	}
	typed := letters(key)
	best := alike[typed]
	for _, k := range byName {
		name := strings.ReplaceAll(k.name, "-", "_")
		if letters(name) == typed {
			best = name
			break
		}
		if best == "" && slip(typed, letters(name)) {
			best = name
		}
	}
	if best == "" {
		return "; the keys are the flags' names in snake_case, such as input_size, mean, std, labels"
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// slip reports whether two words differ by one letter that is missing, replaced or swapped
// with its neighbour.
func slip(a, b string) bool {
	for a != "" && b != "" && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for a != "" && b != "" && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return len(a) <= 1 && len(b) <= 1 || len(a) == 2 && len(b) == 2 && a[0] == b[1] && a[1] == b[0]
}

// Alike reports whether two names are the same but for their case, signs or a slip of one letter.
func Alike(a, b string) bool {
	letters := strings.NewReplacer("_", "", "-", "", " ", "", ":", "", "/", "", ".", "")
	return slip(letters.Replace(strings.ToLower(a)), letters.Replace(strings.ToLower(b)))
}

// flagSyntax writes a JSON value as the command line would.
func flagSyntax(name string, raw json.RawMessage) (string, error) {
	var v any
	if err := json.Unmarshal(raw, &v); err != nil {
		return "", err
	}
	separator := ","
	if name == "input-size" || name == "resize" {
		separator = "x"
	}
	switch v := v.(type) {
	case string:
		return v, nil
	case float64:
		return FormatFloats(v), nil
	case bool:
		return fmt.Sprint(v), nil
	case []any:
		texts := make([]string, len(v))
		for i, e := range v {
			f, ok := e.(float64)
			if !ok {
				return "", fmt.Errorf("%s is no list of numbers", Shorten(raw))
			}
			texts[i] = FormatFloats(f)
		}
		return strings.Join(texts, separator), nil
	}
	return "", fmt.Errorf("%s is neither a number, a text, true, false nor a list of numbers", Shorten(raw))
}

// SidecarSyntax writes a value as ortho.json has it: the inverse of flagSyntax.
func SidecarSyntax(key, value string) string {
	if key == "input-range" || key == "output-range" || key == "mean" || key == "std" {
		if list := "[" + strings.ReplaceAll(strings.ReplaceAll(value, " ", ""), ",", ", ") + "]"; strings.Contains(value, ",") && json.Valid([]byte(list)) {
			return list
		}
	}
	if json.Valid([]byte(value)) {
		return value
	}
	return fmt.Sprintf("%q", value)
}

func sidecarLabels(config Object, folder fs.FS, s *Settings) error {
	var file string
	if ok, err := config.Get("labels", &file); !ok || err != nil {
		list, err := jsonLabels(config["labels"])
		s.putList(list, "")
		return err
	}
	data, err := ReadText(folder, file)
	if err != nil {
		return err
	}
	list, err := parseLabels(file, data)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	s.putList(list, file+" (named by ortho.json)")
	return nil
}

func sidecarVocabulary(config Object, folder fs.FS, s *Settings) error {
	var file string
	if _, err := config.Get("vocabulary", &file); err != nil {
		return err
	}
	v, err := readVocabulary(folder, file)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	s.put(Vocabulary.name, statement{v, file, file + " (named by ortho.json)"})
	return nil
}

func readVocabulary(folder fs.FS, name string) (*text.Vocabulary, error) {
	data, err := ReadText(folder, name)
	if err != nil {
		return nil, err
	}
	return text.ReadVocabulary(bytes.NewReader(data))
}
