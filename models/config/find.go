package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"ortho/runner/onnx"
	"ortho/runner/regular"
)

// Folder is where a model folder's config files lie: above it where it is
// the onnx folder of a repository that has them there.
func Folder(folder string) string {
	if filepath.Base(folder) != "onnx" {
		return folder
	}
	above := filepath.Dir(folder)
	for _, name := range Names {
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
	names, err := Graphs(regular.Folder(folder), ".")
	if err != nil || len(names) == 1 {
		return err == nil
	}
	for _, n := range names {
		if !strings.HasPrefix(n, "model") {
			return false
		}
	}
	return len(names) > 0
}

// Graphs returns the paths of the .onnx files in a folder, in the order of their names; none where
// there is no such folder. Hidden files are none: macOS leaves a ._NAME.onnx beside a NAME.onnx
// on other systems' disks and in archives, and tools call so what they have not finished.
func Graphs(fsys fs.FS, dir string) (paths []string, err error) {
	if info, err := fs.Stat(fsys, dir); errors.Is(err, fs.ErrNotExist) || err == nil && !info.IsDir() {
		return nil, nil
	}
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		if p, ok := errors.AsType[*fs.PathError](err); ok {
			err = p.Err
		}
		if dir == "." {
			return nil, fmt.Errorf("its files can't be listed: %w", err)
		}
		return nil, fmt.Errorf("the files of its folder %s can't be listed: %w", dir, err)
	}
	for _, e := range entries {
		if name := e.Name(); strings.EqualFold(path.Ext(name), ".onnx") && !strings.HasPrefix(name, ".") && !e.IsDir() {
			paths = append(paths, path.Join(dir, name))
		}
	}
	return paths, nil
}

// NameOf is what a model is called by its path: the last part of it, or, in the Hugging Face Hub's cache, the
// repository with its commit: hf:ORG/NAME@COMMIT, and the path in it.
func NameOf(path string, folder bool) string {
	if abs, err := filepath.Abs(path); err == nil {
		path = abs
	}
	if name := nameOnHub(filepath.ToSlash(path)); name != "" {
		return name
	}
	if name := filepath.Base(path); !folder || name != "onnx" {
		return name
	}
	return filepath.Base(filepath.Dir(path))
}

// nameOnHub reads .../models--ORG--NAME/snapshots/COMMIT/PATH; "": that it is not. See
// https://huggingface.co/docs/huggingface_hub/guides/manage-cache.
func nameOnHub(path string) string {
	parts := strings.Split(path, "/")
	for i := len(parts) - 1; i > 1; i-- {
		repo, is := strings.CutPrefix(parts[i-2], "models--")
		if is && parts[i-1] == "snapshots" && commit.MatchString(parts[i]) {
			name := "hf:" + strings.ReplaceAll(repo, "--", "/") + "@" + parts[i]
			return strings.Join(append([]string{name}, parts[i+1:]...), "/")
		}
	}
	return ""
}

var commit = regexp.MustCompile(`^[0-9a-f]{40}$`)

// ErrNoGraph is what a folder without a graph fails with.
var ErrNoGraph = errors.New("there is no .onnx file in it, nor in a folder onnx")

// FindGraph returns the .onnx file of a model folder, which has a name.
func FindGraph(fsys fs.FS, folder string) (string, error) {
	for _, dir := range []string{".", "onnx"} {
		names, err := Graphs(fsys, dir)
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
		if !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		}
	}
	if name, what := onnx.Foreign(names); name != "" {
		return "", fmt.Errorf("%w; by its name, %s in it is %s", ErrNoGraph, name, what)
	}
	return "", ErrNoGraph
}
