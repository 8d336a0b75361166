package config

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
)

// Label names one class: "tench", "n01440764". Both are empty where nothing
// names the class: its index then stands for it. Gloss says in a few words what the
// class is, and Category of which kind it is ("character"), where the label's file does.
type Label struct{ Name, ID, Gloss, Category string }

// Activation turns a classifier's output into probabilities.
type Activation string

const (
	Softmax Activation = "softmax"
	Sigmoid Activation = "sigmoid"
	None    Activation = "none" // the graph has applied it
)

// LabelList is the labels of a model's classes, in order; Form is what beside names their
// file was taken to hold, if anything.
type LabelList struct {
	Labels []Label
	Form   string
	From   int    // the index of the first, as the file counts: 0, or 1
	Note   string // what was assumed where the file might mean otherwise; "" where it is plain
}

// MaxClasses bounds the index of a label.
const MaxClasses = 1 << 20

// ReadLabels reads the labels of classes, in order, from a file, by its ending and what is in
// it:
//
//   - .json: a list of names, of [id, name] or of objects; an object of index to name or to
//     [id, name], or of name to index, also within a key such as classes, names or class_to_idx;
//     a config.json of Hugging Face or timm
//   - .csv, .tsv: columns for index, id, label and gloss under such a heading, or without one index,
//     WordNet id and label in any order
//   - .yaml, .yml: names, labels or classes as a list or by index, as Ultralytics' data.yaml
//   - .pbtxt: the items of TensorFlow's label maps
//   - any other: one name a line, which its index or WordNet id may precede, or its index follow; a
//     Python dict or list; or one of the forms above
//
// Indices count from 0, or from 1. Files of more than 16 MiB are refused.
func ReadLabels(path string) ([]Label, error) {
	list, err := readLabels(path)
	return list.Labels, err
}

func readLabels(path string) (list LabelList, err error) {
	data, err := readStream(path)
	if err != nil {
		var failed *fs.PathError
		if errors.As(err, &failed) {
			err = failed.Err // the path is told
		}
		return list, fmt.Errorf("read labels %s: %w", path, err)
	}
	if list, err = parseLabels(path, data); err != nil {
		return LabelList{}, fmt.Errorf("labels %s: %w", path, err)
	}
	return list, nil
}

func parseLabels(name string, data []byte) (list LabelList, err error) {
	if err := notText(data); err != nil {
		return list, err
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	data = bytes.ReplaceAll(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n")) // as Python reads text
	switch strings.ToLower(filepath.Ext(name)) {
	case ".json":
		list, err = jsonLabels(data)
	case ".csv", ".tsv":
		list, err = csvLabels(data)
	case ".yaml", ".yml":
		list, err = yamlLabels(string(data))
	case ".pbtxt":
		list, err = pbtxtLabels(string(data))
	default:
		list, err = textLabels(data)
	}
	if err == nil && len(list.Labels) == 0 {
		err = errors.New("there are none in it")
	}
	if len(list.Labels) > MaxClasses {
		err = fmt.Errorf("more than %d", MaxClasses)
	}
	return list, err
}
