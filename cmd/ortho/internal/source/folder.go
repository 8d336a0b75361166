package source

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Endings are those of the files that are taken from a folder.
var Endings = []string{".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".apng", ".gif", ".bmp", ".dib", ".tif", ".tiff", ".webp", ".avif", ".avifs", ".heic", ".heics", ".heif", ".heifs", ".hif", ".jxl", ".jp2", ".j2k", ".jpc", ".jpf", ".jpx", ".j2c", ".ppm", ".pgm", ".pbm", ".pnm", ".pfm"}

func checkFolder(path string) error {
	var broken error
	empty := walk(path, Endings, nil, func(item Item) bool {
		if item.Name == path {
			_, broken = item.Read(context.Background())
		}
		return false
	})
	switch {
	case broken != nil:
		return barren{fmt.Errorf("folder %s: %w", path, broken)}
	case empty:
		return barren{fmt.Errorf("folder %s %w", path, noImages(path))}
	}
	return nil
}

// noImages says of a folder that it holds no images, and what there is in it.
func noImages(path string) error {
	hint := ""
	walk(path, []string{".tar"}, nil, func(item Item) bool {
		hint = fmt.Sprintf(", but tar archives; give them as '%s'", filepath.Join(filepath.Dir(item.Name), "*"+filepath.Ext(item.Name)))
		return false
	})
	if hint == "" {
		var passed Passed
		walk(path, Endings, &passed, func(Item) bool { return false })
		hint = passed.besides()
	}
	return fmt.Errorf("holds no images (files ending in %s)%s", strings.Join(Endings, " "), hint)
}

// walk yields the files below a folder that have one of the endings. Links to files are followed, links to
// folders are not, so none is entered twice; hidden files and folders are left out. passed counts
// the others. A folder that can't be read is an item that fails.
func walk(dir string, endings []string, passed *Passed, yield func(Item) bool) bool {
	entries, err := entriesOf(dir, func(name string, mode fs.FileMode) bool {
		if !strings.HasPrefix(name, ".") && (mode.IsDir() || slices.Contains(endings, strings.ToLower(filepath.Ext(name)))) {
			return true
		}
		if passed != nil && mode&fs.ModeSymlink != 0 && !strings.HasPrefix(name, ".") && isDir(filepath.Join(dir, name), mode) {
			passed.add(linkedFolder, 1)
		} else {
			passed.file(name)
		}
		return false
	})
	for _, e := range entries {
		path := filepath.Join(dir, e.name)
		if e.mode.IsDir() && !walk(path, endings, passed, yield) || !e.mode.IsDir() && !yield(File(path)) {
			return false
		}
	}
	return err == nil || yield(failed(dir, fmt.Errorf("read folder: %w", reason(err))))
}

type entry struct {
	name string
	mode fs.FileMode // type only
}

// entriesOf lists the wanted entries of a folder by name. It holds no others, and of
// them little: folders of millions of files exist.
func entriesOf(dir string, want func(name string, mode fs.FileMode) bool) ([]entry, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var entries []entry
	for {
		some, err := f.ReadDir(1024)
		for _, e := range some {
			if want(e.Name(), e.Type()) {
				entries = append(entries, entry{e.Name(), e.Type()})
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
