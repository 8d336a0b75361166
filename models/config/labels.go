package config

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Label names one class: "tench", "n01440764". Both are empty where nothing
// names the class: its index then stands for it. Gloss says in a few words what the
// class is, where the label's file does.
type Label struct{ Name, ID, Gloss string }

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
}

// MaxClasses bounds the index of a label.
const MaxClasses = 1 << 20

// ReadLabels reads the labels of classes, in order, from a file: .json holds a
// list of names, an object of index to name or to [id, name], or of name to index, or a
// config.json of Hugging Face or timm; .csv has the columns index, id, label and gloss
// under such a header, of which label must be there, or index and label in either order
// without one; any other file has one name a line, which its index or WordNet id may
// precede, or its index follow, or a Python dict or list. Indices count from 0, or from 1. Files of more than 16 MiB are refused.
func ReadLabels(path string) ([]Label, error) {
	labels, _, err := readLabels(path)
	return labels, err
}

func readLabels(path string) (labels []Label, form string, err error) {
	data, err := ReadText(os.DirFS(filepath.Dir(path)), filepath.Base(path))
	if err != nil {
		var failed *fs.PathError
		if errors.As(err, &failed) {
			err = failed.Err // it knows the last part of the path only
		}
		return nil, "", fmt.Errorf("read labels %s: %w", path, err)
	}
	if labels, form, err = parseLabels(path, data); err != nil {
		return nil, "", fmt.Errorf("labels %s: %w", path, err)
	}
	return labels, form, nil
}

func parseLabels(name string, data []byte) (labels []Label, form string, err error) {
	if err := notText(data); err != nil {
		return nil, "", err
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	switch strings.ToLower(filepath.Ext(name)) {
	case ".json":
		labels, err = jsonLabels(data)
	case ".csv":
		labels, err = csvLabels(data)
	default:
		labels, form, err = textLabels(data)
	}
	if err == nil && len(labels) == 0 {
		err = errors.New("there are none in it")
	}
	if len(labels) > MaxClasses {
		err = fmt.Errorf("more than %d", MaxClasses)
	}
	return labels, form, err
}

func jsonLabels(data []byte) ([]Label, error) {
	var list []string
	if json.Unmarshal(data, &list) == nil {
		labels := make([]Label, len(list))
		for i, name := range list {
			labels[i].Name = name
		}
		return labels, nil
	}
	o, err := ParseObject(data)
	if err != nil {
		return nil, fmt.Errorf("%w: neither a list of names nor an object of index to name", err)
	}
	if o.Has("id2label") {
		return hfLabels(o)
	}
	if o.Has("label_names") || o.Has("pretrained_cfg") {
		return timmLabels(o)
	}
	if o.Has("label2id") {
		var indices Object
		if _, err := o.Get("label2id", &indices); err != nil {
			return nil, err
		}
		labels, err := namedIndices(indices, "", false)
		if err != nil {
			return nil, fmt.Errorf("label2id: %w", err)
		}
		return labels, nil
	}
	return indexedLabels(o, true)
}

// indexedLabels reads {"0": "tench"}, {"0": ["n01440764", "tench"]}, and {"tench": 0}, also
// with its numbers as text.
func indexedLabels(o Object, fromOne bool) ([]Label, error) {
	var entries []entry
	for key, raw := range o {
		i, err := strconv.Atoi(key)
		if err != nil {
			return namedIndices(o, key, fromOne)
		}
		e := entry{index: i, where: fmt.Sprintf("key %q", key)}
		var pair []string
		if ok, err := o.Get(key, &e.label.Name); !ok || err != nil {
			if ok, err := o.Get(key, &pair); !ok || err != nil || len(pair) != 2 {
				return nil, fmt.Errorf("key %q: %s is neither a name nor [id, name]", key, Shorten(raw))
			}
			e.label = Label{ID: pair[0], Name: pair[1]}
		}
		entries = append(entries, e)
	}
	return placed(entries, fromOne)
}

// namedIndices reads {"tench": 0}; other is a key that is no index, or "" where none may be.
func namedIndices(o Object, other string, fromOne bool) ([]Label, error) {
	var entries []entry
	for key, raw := range o {
		i, err := strconv.Atoi(strings.Trim(string(raw), `"`))
		if err != nil && other == "" {
			return nil, fmt.Errorf("key %q: %s is no index", key, Shorten(raw))
		}
		if err != nil {
			return nil, fmt.Errorf("key %q is no index, and %s of key %q is none either: neither index to name nor name to index", other, Shorten(raw), key)
		}
		entries = append(entries, entry{i, Label{Name: key}, fmt.Sprintf("key %q", key)})
	}
	return placed(entries, fromOne)
}

func csvLabels(data []byte) ([]Label, error) {
	first, _, _ := bytes.Cut(data, []byte("\n"))
	for _, other := range []struct{ mark, name string }{{";", "semicolons"}, {"\t", "tabs"}} {
		if bytes.Contains(first, []byte(other.mark)) && !bytes.Contains(first, []byte(",")) {
			return nil, fmt.Errorf("line 1: %s stand between its columns: save it with commas between them", other.name)
		}
	}
	r := csv.NewReader(bytes.NewReader(data))
	r.TrimLeadingSpace = true
	rows, err := r.ReadAll()
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, nil
	}
	column := map[string]int{"index": -1, "id": -1, "label": -1, "gloss": -1}
	for i, name := range rows[0] {
		if _, ok := column[strings.ToLower(strings.TrimSpace(name))]; ok {
			column[strings.ToLower(strings.TrimSpace(name))] = i
		}
	}
	if len(rows[0]) == 2 && column["label"] < 0 {
		for index, text := range rows[0] {
			if _, err := strconv.Atoi(strings.TrimSpace(text)); err == nil {
				return bareLabels(rows, index)
			}
		}
	}
	if column["label"] < 0 {
		return nil, errors.New(`the first line names no column "label" (columns: index, id, label, gloss)`)
	}
	labels := make([]Label, len(rows)-1)
	seen := make([]bool, len(labels))
	for n, row := range rows[1:] {
		i := n
		if c := column["index"]; c >= 0 {
			if i, err = strconv.Atoi(strings.TrimSpace(row[c])); err != nil || i < 0 || i >= len(labels) {
				return nil, fmt.Errorf("line %d: %q is no index from 0 to %d", n+2, row[c], len(labels)-1)
			}
		}
		if seen[i] {
			return nil, fmt.Errorf("line %d: index %d stands there twice", n+2, i)
		}
		seen[i] = true
		labels[i].Name = row[column["label"]]
		if c := column["id"]; c >= 0 {
			labels[i].ID = row[c]
		}
		if c := column["gloss"]; c >= 0 {
			labels[i].Gloss = row[c]
		}
	}
	return labels, nil
}

// bareLabels reads a CSV of two columns without a header, index and name or name and index.
func bareLabels(rows [][]string, index int) ([]Label, error) {
	entries := make([]entry, len(rows))
	for n, row := range rows {
		i, err := strconv.Atoi(strings.TrimSpace(row[index]))
		if err != nil {
			return nil, fmt.Errorf("line %d: %q is no index", n+1, row[index])
		}
		entries[n] = entry{i, Label{Name: row[1-index]}, fmt.Sprintf("line %d", n+1)}
	}
	return placed(entries, true)
}
