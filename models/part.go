package models

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"path/filepath"

	"ortho/runner/onnx"
	"ortho/runner/regular"
)

// Part is a graph that is one of several of a folder, or a part of one of its graphs.
type Part struct {
	Name string // the model's
	Path string // the .onnx file
	// Inputs and Outputs are the values that the part leads from and to; none: it is all of the
	// file. Type is that of those which lie within the graph.
	Inputs, Outputs []string
	Type            onnx.ElementType
	Configs         fs.FS // the folder with the config files that are its; nil: there are none
}

// OpenPart reads a part of a model. A part of a file is held in memory, with its weights. See [Open].
func OpenPart(p Part, flags Settings) (*Model, error) {
	m := &Model{Name: p.Name, Path: p.Path, given: p.Path}
	var err error
	if len(p.Outputs) == 0 {
		m.Graph, err = onnx.ReadFile(p.Path)
	} else {
		err = m.extract(p)
	}
	if err != nil {
		return nil, fmt.Errorf("open model: %w", err)
	}
	if err := m.resolve(p.Configs, flags); err != nil {
		return nil, fmt.Errorf("open model %s: %w", p.Path, err)
	}
	return m, nil
}

// extract reads a part of a file into memory. What identifies it are the files that it is of.
func (m *Model) extract(p Part) error {
	whole, err := onnx.ReadFile(p.Path)
	if err != nil {
		return err
	}
	all := Model{Name: p.Name, Path: p.Path, Graph: whole}
	id, err := all.Identity(context.Background())
	if err != nil {
		return err
	}
	data, err := regular.ReadFile(p.Path, onnx.MaxBytes)
	if err != nil {
		return err
	}
	fail := func(err error) error {
		return fmt.Errorf("%s: the part that gives %q: %w", filepath.Base(p.Path), p.Outputs, err)
	}
	if m.Data, err = onnx.Extract(data, p.Type, p.Inputs, p.Outputs); err != nil {
		return fail(err)
	}
	if m.Graph, err = onnx.Read(bytes.NewReader(m.Data), int64(len(m.Data))); err != nil {
		return fail(err)
	}
	if len(m.Graph.External) > 0 {
		if m.Data, err = m.Graph.Embed(m.Data, regular.Folder(filepath.Dir(p.Path))); err != nil {
			return fail(err)
		}
		if m.Graph, err = onnx.Read(bytes.NewReader(m.Data), int64(len(m.Data))); err != nil {
			return fail(err)
		}
	}
	m.files = &id
	return nil
}
