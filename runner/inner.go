package runner

import (
	"fmt"
	"path/filepath"
	"slices"

	"google.golang.org/protobuf/encoding/protowire"

	"ortho/runner/onnx"
	"ortho/runner/regular"
)

// reaching returns the model with those of the outputs that lie within its graph made outputs:
// what ZipMap makes maps of can be had as a tensor.
//
// A message that is written twice is merged: the graph goes on behind the file's end.
func (m Model) reaching(outputs []string) (Model, error) {
	var inner []string
	for _, name := range outputs {
		if !slices.ContainsFunc(m.Graph.Outputs, func(v onnx.Value) bool { return v.Name == name }) && m.Graph.Body != nil && m.Graph.Body.Gives(name) {
			inner = append(inner, name)
		}
	}
	if len(inner) == 0 {
		return m, nil
	}
	data := m.Data
	if data == nil {
		var err error
		if data, err = regular.ReadFile(m.Path, onnx.MaxBytes); err != nil {
			return m, fmt.Errorf("read model: %w", err)
		}
		m.folder = filepath.Dir(m.Path)
	}
	g := *m.Graph
	g.Outputs = slices.Clone(g.Outputs)
	var more []byte
	for _, name := range inner {
		value := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), name)
		more = protowire.AppendBytes(protowire.AppendTag(more, 12, protowire.BytesType), value)
		g.Outputs = append(g.Outputs, onnx.Value{Name: name, Type: onnx.Float, Kind: "tensor"})
	}
	m.Data = protowire.AppendBytes(protowire.AppendTag(slices.Clip(data), 7, protowire.BytesType), more)
	m.Graph = &g
	return m, nil
}
