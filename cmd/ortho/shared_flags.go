package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/models"
)

// dimSizes reads NAME=N.
func dimSizes(texts []string) (map[string]int64, error) {
	sizes := map[string]int64{}
	for _, text := range texts {
		name, size, ok := strings.Cut(text, "=")
		n, err := strconv.ParseInt(size, 10, 64)
		if !ok || name == "" || err != nil || n < 1 || n > 1<<31 {
			return nil, commandline.Usagef("--dim %q: write NAME=N, such as sequence=128", text)
		}
		sizes[name] = n
	}
	return sizes, nil
}

// graphFile returns the path of the model's graph; a bundled one is written to folder.
func graphFile(m *models.Model, folder string) (string, error) {
	if m.Data == nil {
		return filepath.Abs(m.Path)
	}
	path := filepath.Join(folder, "model.onnx")
	if err := os.WriteFile(path, m.Data, 0o600); err != nil {
		return "", fmt.Errorf("hand over the bundled model: %w", err)
	}
	return path, nil
}
