package models

import (
	"fmt"
	"path/filepath"

	"ortho/runner/appear"
)

// GraphFile returns the absolute path of the model's graph, for a process of its own. A graph
// that is held in memory is written to folder first. Where the graph's weights can't be used,
// that is its error.
func (m *Model) GraphFile(folder string) (string, error) {
	if m.Data == nil {
		if err := m.Graph.CheckWeights(m.Path); err != nil {
			return "", err
		}
		return filepath.Abs(m.Path)
	}
	path := filepath.Join(folder, "model.onnx")
	if err := appear.HandOver(path, m.Data); err != nil {
		return "", fmt.Errorf("hand over the bundled model: %w", err)
	}
	return path, nil
}
