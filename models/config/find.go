package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"ortho/runner/onnx"
)

// Folder is where a model folder's config files lie: above it where it is
// the onnx folder of a repository that has them there.
func Folder(folder string) string {
	if filepath.Base(folder) != "onnx" {
		return folder
	}
	above := filepath.Dir(folder)
	for _, name := range []string{SidecarFile, NestedFile, ProcessorFile, ConfigFile} {
		if _, err := os.Stat(filepath.Join(folder, name)); err == nil {
			return folder
		}
		if _, err := os.Stat(filepath.Join(above, name)); err == nil {
			return above
		}
	}
	return folder
}

// VariantsOnly reports whether a folder's .onnx files are one model.
func VariantsOnly(folder string) bool {
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

func NameOf(path string, folder bool) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	if name := filepath.Base(path); !folder || name != "onnx" {
		return name
	}
	return filepath.Base(filepath.Dir(path))
}

// escapeGlob makes a pattern that matches a path itself.
func escapeGlob(path string) string {
	if filepath.Separator == '\\' {
		return path
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// ErrNoGraph is what a folder without a graph fails with.
var ErrNoGraph = errors.New("there is no .onnx file in it, nor in a folder onnx")

// FindGraph returns the .onnx file of a model folder, which has a name.
func FindGraph(fsys fs.FS, folder string) (string, error) {
	for _, dir := range []string{"", "onnx"} {
		names, err := fs.Glob(fsys, path.Join(dir, "*.onnx"))
		if err != nil {
			return "", err
		}
		model := path.Join(dir, "model.onnx")
		switch {
		case slices.Contains(names, model):
			return model, nil
		case len(names) == 1:
			return names[0], nil
		case len(names) > 1:
			for i, name := range names {
				names[i] = filepath.Join(folder, filepath.FromSlash(name))
			}
			return "", fmt.Errorf("it holds %d .onnx files and none is model.onnx: name one of %q", len(names), names)
		}
	}
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return "", err
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if name, what := onnx.Foreign(names); name != "" {
		return "", fmt.Errorf("%w; by its name, %s in it is %s", ErrNoGraph, name, what)
	}
	return "", ErrNoGraph
}
