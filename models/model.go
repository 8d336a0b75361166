package models

import (
	"errors"
	"io/fs"

	"ortho/runner/onnx"
)

// Model is a graph with everything that is known about its use.
type Model struct {
	Name     string
	Path     string      // the .onnx file; "" where Data holds it
	Data     []byte      // the graph's bytes where it comes from a file system, else nil
	Graph    *onnx.Graph // the header of the file
	Exporter string      // "timm", "huggingface", "ultralytics", "keras", "pytorch", ...; "" unknown
	Facts    []Fact      // in a fixed order; see [Fact]
}

// Fact is one resolved value and the source that states it. Where nothing does,
// Source is empty and Value says what to give.
type Fact struct{ Key, Value, Source string }

// Open reads a model folder or a bare .onnx file. It succeeds for any readable
// graph: what is missing to use it is told by Facts and [Model.Classifier].
func Open(path string, flags Settings) (*Model, error) { return nil, errors.ErrUnsupported }

// OpenFS reads a model folder that is the root of fsys, such as an embedded one;
// name is the model's name.
func OpenFS(fsys fs.FS, name string, flags Settings) (*Model, error) {
	return nil, errors.ErrUnsupported
}

// Classifier returns how to run the model as an image classifier. The error
// names every flag that is missing.
func (m *Model) Classifier() (*ClassifierSpec, error) { return nil, errors.ErrUnsupported }
