package onnx

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// CheckWeights looks at the files with weights that the graph in a file names: the
// error names one that is missing or not a regular file.
func (g *Graph) CheckWeights(path string) error {
	for _, name := range g.ExternalData {
		if err := checkWeights(filepath.Join(filepath.Dir(path), filepath.FromSlash(name))); err != nil {
			return fmt.Errorf("%s: its weights are in %s, which %w", path, name, err)
		}
	}
	return nil
}

func checkWeights(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return errors.New("is missing: copy it there from where the model comes")
	}
	if err != nil {
		return fmt.Errorf("can't be read: %w", err)
	}
	defer f.Close()
	head := make([]byte, len(lfsPointer))
	n, err := io.ReadFull(f, head)
	switch {
	case string(head) == lfsPointer:
		return errors.New("is a Git LFS pointer in place of the file: fetch the file itself (git lfs pull)")
	case n == 0 && errors.Is(err, io.EOF):
		return errors.New("is empty: fetch it anew")
	}
	return nil
}
