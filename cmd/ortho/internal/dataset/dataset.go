package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ortho/cmd/ortho/internal/source"
)

// Set is the images of one dataset.
type Set struct {
	Kind  string   // "ImageFolder" or "CSV"
	Names []string // of the classes, as the data writes them, each once
	Notes []string // what was left out

	// Ranks are the places of Names among all sub-folders in the order of their names as text, as
	// torchvision's ImageFolder numbers classes; Folders is how many there are. Of a CSV: nil, 0.
	Ranks   []int
	Folders int

	Passed source.Passed // what Items passes over in sub-folders

	items func(passed *source.Passed, yield func(Item) bool) bool
}

// Item is an image; Class is an index of Set.Names.
type Item struct {
	source.Item
	Class int
}

// Open reads a dataset's labels, and none of its images. A folder is an
// ImageFolder as torchvision's: each sub-folder is a class, and all images below it are of
// it; hidden files and folders are left out. A file is a CSV with the columns input and
// label under such a header, the inputs relative to the CSV's folder or absolute.
func Open(path string) (*Set, error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("data %s: there is no such folder or CSV file", path)
	case err != nil:
		return nil, fmt.Errorf("data %s: %w", path, err)
	case info.IsDir():
		return openFolder(path)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("data %s: neither a folder nor a regular file", path)
	case slices.Contains(source.Endings, strings.ToLower(filepath.Ext(path))):
		return nil, fmt.Errorf("data %s is an image: give a folder with a sub-folder for each class, or a CSV file with the columns input,label", path)
	}
	return openCSV(path)
}

// Items yields the images in order: a folder's by the names of classes and files, a CSV's
// as its rows. Those of a folder are found as they are needed.
func (s *Set) Items() iter.Seq[Item] {
	return func(yield func(Item) bool) {
		s.Passed.Begin()
		s.items(&s.Passed, yield)
	}
}

// Count goes over the images without reading them; it gives up where stop says so.
func (s *Set) Count(stop func() bool) (n int64, known bool) {
	known = s.items(nil, func(Item) bool {
		n++
		return !stop()
	})
	return n, known
}

// Files yields the files that a dataset is read from, as far as they are known: a folder's, a file itself, and the
// images that a CSV names.
func Files(path string) iter.Seq[string] {
	return func(yield func(string) bool) {
		if !yield(path) {
			return
		}
		if info, err := os.Stat(path); err == nil && info.IsDir() {
			more := true
			filepath.WalkDir(path+string(filepath.Separator), func(file string, d fs.DirEntry, err error) error { // the separator follows a link
				if err == nil && !d.IsDir() {
					if more = yield(file); !more {
						return filepath.SkipAll
					}
				}
				return nil
			})
			if !more {
				return
			}
		}
		for item := range named(path) {
			if !yield(item.Name) {
				return
			}
		}
	}
}

// named are the images of classes, tags or texts.
func named(path string) iter.Seq[source.Item] {
	for _, column := range []string{"tags", "text"} {
		if !HasColumn(path, column) {
			continue
		}
		if t, err := openTexts(path, column, splitTags); err == nil {
			return slices.Values(t.Images)
		}
	}
	return func(yield func(source.Item) bool) {
		set, err := Open(path)
		if err != nil {
			return
		}
		for item := range set.Items() {
			if !yield(item.Item) {
				return
			}
		}
	}
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func openFolder(path string) (*Set, error) {
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, fmt.Errorf("data %s: %w", path, err)
	}
	s := &Set{Kind: "ImageFolder"}
	var empty []string
	loose := 0
	for _, e := range entries {
		in := filepath.Join(path, e.Name())
		if strings.HasPrefix(e.Name(), ".") {
			continue
		}
		if info, err := os.Stat(in); err != nil || !info.IsDir() { // a link to a folder is one
			loose++
			continue
		}
		if source.Check([]string{in}) != nil {
			empty = append(empty, e.Name())
			s.Folders++
			continue
		}
		s.Names, s.Ranks = append(s.Names, e.Name()), append(s.Ranks, s.Folders)
		s.Folders++
	}
	switch {
	case len(s.Names) == 0 && len(empty) > 0:
		return nil, fmt.Errorf("data %s: no sub-folder holds images (files ending in %s)", path, strings.Join(source.Endings, " "))
	case len(s.Names) == 0:
		return nil, fmt.Errorf("data %s has no sub-folders: an ImageFolder has one for each class, named by the class's id, label or index; or give a CSV file with the columns input,label", path)
	}
	if len(empty) > 0 {
		s.Notes = append(s.Notes, plural(len(empty), "sub-folder holds", "sub-folders hold")+" no images: "+some(empty))
	}
	if loose > 0 {
		s.Notes = append(s.Notes, fmt.Sprintf("%s %s itself, of no class, and left out", plural(loose, "file is in", "files are in"), path))
	}
	s.items = func(passed *source.Passed, yield func(Item) bool) bool {
		for class, name := range s.Names {
			var own source.Passed
			for item := range source.Items([]string{filepath.Join(path, name)}, source.Options{Passed: &own}) {
				if !yield(Item{item, class}) {
					return false
				}
			}
			passed.Join(&own)
		}
		return true
	}
	return s, nil
}

// some are the first of many names.
func some(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
