package models

import (
	"path/filepath"
	"strings"

	"ortho/models/config"
	"ortho/runner/onnx"
)

// variantsOnly reports whether a folder's .onnx files are one model.
func variantsOnly(folder string) bool {
	names, err := filepath.Glob(filepath.Join(escapeGlob(folder), "*.onnx"))
	if err != nil || len(names) == 1 {
		return err == nil
	}
	for _, n := range names {
		if !strings.HasPrefix(filepath.Base(n), "model") {
			return false
		}
	}
	return len(names) > 0
}

func modelName(path string, folder bool) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	if name := filepath.Base(path); !folder || name != "onnx" {
		return name
	}
	return filepath.Base(filepath.Dir(path))
}

// fixedSize is the size of the graph's image input where it is fixed.
func fixedSize(g *onnx.Graph) *config.Size {
	for _, v := range g.Inputs {
		if !isImage(v) {
			continue
		}
		h, w := v.Dims[2], v.Dims[3]
		if isChannels(w) && !isChannels(v.Dims[1]) {
			h, w = v.Dims[1], v.Dims[2]
		}
		if h.Fixed() && w.Fixed() {
			return &config.Size{int(h.Size), int(w.Size)}
		}
	}
	return nil
}

// escapeGlob makes a pattern that matches a path itself.
func escapeGlob(path string) string {
	if filepath.Separator == '\\' {
		return path
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
