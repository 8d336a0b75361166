package models

import (
	"bytes"
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"

	"ortho/models/config"
	"ortho/preprocess"
	"ortho/runner/onnx"
	"ortho/runner/regular"
)

// Model is a graph with everything that is known about its use.
type Model struct {
	Name     string
	Path     string        // the .onnx file; "" where Data holds it
	Data     []byte        // the graph, with all its weights, where it comes from a file system, else nil
	Graph    *onnx.Graph   // the header of the file
	Task     Task          // what its outputs are for
	Exporter string        // "timm", "huggingface", "ultralytics", "tf2onnx", "pytorch", ...; "" unknown
	Facts    []Fact        // in a fixed order; see [Fact]
	Notices  []config.Text // what is done as stated, or assumed, though it may not be meant: one line each

	given string    // what it was opened by
	files *Identity // of the files that Data was made of; nil where it is the graph's file
	task  *task
	ports ports
	words map[int]func(name func(string) string) string // of facts
	err   error                                         // what stands against running it
}

// Fact is one resolved value and the source that states it: "flag", "preset
// NAME", a file's name, a file's name with the class whose default it is,
// "graph", or "default" where nothing states it and every library does so. In
// parentheses stands what states it there, where that is not the key itself: a dimension's
// name, another key. Where a value is missing, Source is empty and Value says what to give.
type Fact struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Source string `json:"source"`
}

// Open reads a model: a folder as exporters write it, or an .onnx file.
//
// A folder holds model.onnx or one other .onnx, itself or in its sub-folder
// onnx, and beside it or above onnx the files config.json (Hugging Face, timm),
// preprocessor_config.json, processor_config.json and ortho.json. An .onnx file given by its name has
// the same files only where they can mean no other: it is the only .onnx of
// its folder, or all there are variants of one model (model.onnx,
// model_fp16.onnx, ...).
//
// It succeeds for any readable graph: Facts and the error of [Model.Usable]
// say what is missing to use it.
func Open(name string, flags Settings) (*Model, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("open model: %w", err)
	}
	file, folder := name, ""
	if info.IsDir() {
		graphName, err := config.FindGraph(regular.Folder(name), name)
		if err != nil {
			return nil, fmt.Errorf("open model %s: %w", name, err)
		}
		file, folder = filepath.Join(name, filepath.FromSlash(graphName)), config.Folder(name)
	} else if config.VariantsOnly(filepath.Dir(name)) {
		folder = config.Folder(filepath.Dir(name))
	}
	graph, err := onnx.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("open model: %w", err)
	}
	m := &Model{Name: config.NameOf(name, info.IsDir()), Path: file, Graph: graph, given: name}
	var configs fs.FS
	if folder != "" {
		configs = regular.Folder(folder)
	}
	if err := m.resolve(configs, flags); err != nil {
		return nil, fmt.Errorf("open model %s: %w", name, err)
	}
	return m, nil
}

// OpenFS reads a model folder that is the root of fsys, such as an embedded one;
// name is the model's name. All of the graph is held in memory, with the weights that lie in
// files beside it, if there are such: together they may have [onnx.MaxBytes].
func OpenFS(fsys fs.FS, name string, flags Settings) (*Model, error) {
	file, err := config.FindGraph(fsys, "")
	if err != nil {
		return nil, fmt.Errorf("open model %s: %w", name, err)
	}
	m := &Model{Name: name}
	if err := m.load(fsys, file); err != nil {
		return nil, fmt.Errorf("open model %s: %s: %w", name, file, err)
	}
	if err := m.resolve(fsys, flags); err != nil {
		return nil, fmt.Errorf("open model %s: %w", name, err)
	}
	return m, nil
}

// load reads a graph of a file system into memory.
func (m *Model) load(fsys fs.FS, file string) (err error) {
	if m.Data, err = fs.ReadFile(fsys, file); err != nil {
		return err
	}
	if m.Graph, err = onnx.Read(bytes.NewReader(m.Data), int64(len(m.Data))); err != nil || len(m.Graph.External) == 0 {
		return err
	}
	folder, err := fs.Sub(fsys, path.Dir(file))
	if err != nil {
		return err
	}
	all, err := m.Graph.Embed(m.Data, folder)
	if err != nil {
		return err
	}
	if m.files, err = identityOf(m.Data, m.Graph, folder); err != nil {
		return err
	}
	m.Data = all
	m.Graph, err = onnx.Read(bytes.NewReader(all), int64(len(all)))
	return err
}

// FactsWorded are the facts, with the settings that would fill what is missing called as name
// has them; Facts has their keys.
func (m *Model) FactsWorded(name func(setting string) string) []Fact {
	facts := slices.Clone(m.Facts)
	for i, value := range m.words {
		facts[i].Value = value(name)
	}
	return facts
}

func (m *Model) resolve(configs fs.FS, flags Settings) error {
	layers, by, err := config.Read(m.Graph, fixedSize(m.Graph), configs, flags)
	if err != nil {
		return err
	}
	m.Exporter = by
	r := resolver{name: m.Name, given: cmp.Or(m.given, m.Name), by: by, graph: m.Graph, alone: configs == nil, flags: flags, layers: layers}
	if err := r.give(layers); err != nil {
		return err
	}
	m.Graph = r.graph
	r.run()
	m.Graph = r.graph // without the inputs that a task knows the values of
	m.Task, m.task, m.ports, m.Facts, m.Notices, m.words, m.err = r.task.name, r.task, r.ports, r.facts, r.notices, r.words, r.err()
	if in := m.ports.image; m.err != nil && in != nil && in.Spec.Form == preprocess.Plane {
		m.Graph.Single = false // [H,W] is a table of H rows as likely, until its pixels' values are known
	}
	if in := m.ports.image; m.err == nil && in != nil && !m.task.whole {
		m.err = in.Spec.Validate()
	}
	return nil
}
