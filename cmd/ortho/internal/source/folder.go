package source

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Endings are those of the files that are taken from a folder.
var Endings = []string{".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp"}

func checkFolder(path string) error {
	var broken error
	empty := walk(path, func(item Item) bool {
		if item.Name == path {
			_, broken = item.Read()
		}
		return false
	})
	switch {
	case broken != nil:
		return fmt.Errorf("folder %s: %w", path, broken)
	case empty:
		return fmt.Errorf("folder %s holds no images (files ending in %s)", path, strings.Join(Endings, " "))
	}
	return nil
}

// walk yields the image files below a folder. Links to files are followed, links to
// folders are not, so none is entered twice; hidden files and folders are left out.
// A folder that can't be read is an item that fails.
func walk(dir string, yield func(Item) bool) bool {
	entries, err := entriesOf(dir, func(name string, isDir bool) bool {
		return !strings.HasPrefix(name, ".") && (isDir || slices.Contains(Endings, strings.ToLower(filepath.Ext(name))))
	})
	for _, e := range entries {
		path := filepath.Join(dir, e.name)
		if e.dir && !walk(path, yield) || !e.dir && !yield(fileItem(path)) {
			return false
		}
	}
	return err == nil || yield(failed(dir, fmt.Errorf("read folder: %w", reason(err))))
}

type entry struct {
	name string
	dir  bool
}

// entriesOf lists the wanted entries of a folder by name. It holds no others, and of
// them little: folders of millions of files exist.
func entriesOf(dir string, want func(name string, isDir bool) bool) ([]entry, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var entries []entry
	for {
		some, err := f.ReadDir(1024)
		for _, e := range some {
			if want(e.Name(), e.IsDir()) {
				entries = append(entries, entry{e.Name(), e.IsDir()})
			}
		}
		if err != nil {
			slices.SortFunc(entries, func(a, b entry) int { return cmp.Compare(a.name, b.name) })
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return entries, err
		}
	}
}
