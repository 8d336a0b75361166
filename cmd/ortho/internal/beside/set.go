package beside

import (
	"fmt"
	"iter"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/shelf"
	"ortho/cmd/ortho/internal/source"
)

// Folder gets a file of each image, or several in a folder for each.
type Folder struct {
	Flag, Usage string
	Ending      string // of its files, such as ".png"; "": there are several of an image, called N.png or N-NAME.png

	name  string // "": it is not asked for
	shelf *shelf.Shelf
	names *shelf.Names
}

// On reports whether the folder is asked for.
func (f *Folder) On() bool { return f.shelf != nil }

// Set are the folders of a run.
type Set struct {
	folders []*Folder
	ended   time.Time              // of an earlier run; zero: it did not, or there is none
	had     func(name string) bool // whether that has a row of an image; nil: it has none
	again   bool                   // images come again, changed
}

// New makes a set.
func New(folders ...*Folder) Set { return Set{folders: folders} }

// Flags are those that name the folders.
func (s *Set) Flags() (all []cli.Flag) {
	for _, f := range s.folders {
		all = append(all, &cli.StringFlag{Name: f.Flag, Destination: &f.name, Category: "Output", Usage: f.Usage})
	}
	return all
}

// Read refuses what is no folder.
func (s *Set) Read(c *flags.Call) error {
	for i, f := range s.folders {
		if c.Given(f.Flag) && (f.name == "" || f.name == "-") {
			return commandline.Usagef("--%s names no folder", f.Flag)
		}
		for _, other := range s.folders[:i] {
			if f.name != "" && filepath.Clean(f.name) == filepath.Clean(other.name) {
				return commandline.Usagef("--%s and --%s name one folder", other.Flag, f.Flag)
			}
		}
	}
	return nil
}

// Open makes sure that the folders can be, and that no file in them replaces what the run reads.
func (s *Set) Open(call *flags.Call, to *flags.Rows, images *flags.Images) error {
	if r, err := record.Read(to.File); err == nil && to.Resumes() {
		s.ended = r.Finished
	}
	s.again = images.Watched()
	for _, f := range s.folders {
		if f.name == "" {
			continue
		}
		if info, err := os.Stat(f.name); err == nil && !info.IsDir() {
			return fmt.Errorf("%s is there, and is no folder", f.name)
		}
		for _, from := range images.Folders() {
			if inside, err := flags.Inside(from, f.name); err != nil {
				return err
			} else if inside != "" && f.Ending != ".txt" {
				return fmt.Errorf("the folder %s of --%s lies in %s: its pictures would be inputs, too; give one outside", f.name, f.Flag, from)
			}
		}
		reads, err := call.Reads.In(f.name)
		if err != nil {
			return err
		}
		f.shelf = &shelf.Shelf{Reads: reads, Folder: f.name, Overwrite: to.Mode == record.Overwrite, Again: to.Resumes(), Returns: images.Watched()}
	}
	return nil
}

// Settings are the folders, by their flags, for the record.
func (s *Set) Settings() (all record.Settings) {
	for _, f := range s.folders {
		all = append(all, record.Setting{Key: f.Flag, Value: f.name})
	}
	return all
}

// On reports whether any folder is asked for.
func (s *Set) On() bool {
	for _, f := range s.folders {
		if f.On() {
			return true
		}
	}
	return false
}

func (s *Set) sweep() {
	for _, f := range s.folders {
		if f.On() {
			f.shelf.Sweep()
		}
	}
}

// Earlier has the set know of which images an earlier run has made files.
func (s *Set) Earlier(had func(name string) bool) { s.had = had }

// Items gives each image the names of its files. It may be gone through again.
func (s *Set) Items(items iter.Seq[source.Item]) iter.Seq[*Item] {
	return func(yield func(*Item) bool) {
		for _, f := range s.folders {
			f.names = &shelf.Names{Returns: s.again}
		}
		for item := range items {
			one := &Item{Item: item}
			for _, f := range s.folders {
				if !f.On() || one.err != nil {
					continue
				}
				inside := item.Path
				if f.Ending == "" {
					inside = strings.TrimSuffix(inside, path.Ext(inside))
				}
				var name string
				name, one.err = f.names.Take(inside, f.Ending, item.Name)
				one.files = append(one.files, named{f, name})
			}
			one.redone = s.had != nil && s.had(item.Name)
			if !yield(one) {
				return
			}
		}
	}
}

// Whole reports whether the files of an image, which an earlier run has made, are there and not damaged. parts are
// those of the folders that have several.
func (s *Set) Whole(one *Item, parts []string) bool {
	if one.err != nil {
		return false
	}
	for _, n := range one.files {
		files := []string{n.name}
		if n.folder.Ending == "" {
			files = nil
			for _, part := range parts {
				files = append(files, path.Join(n.name, part))
			}
		}
		for _, file := range files {
			if Damage(n.folder.path(file), s.ended) != "" {
				return false
			}
		}
	}
	return true
}
