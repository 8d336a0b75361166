package main

import (
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/source"
	"ortho/models"
)

// filesRead yields the files that a run reads: of its flags, its model and its inputs, but
// for paths that can be read only once.
func filesRead(c *cli.Context, model iter.Seq[string], from source.Options) iter.Seq[string] {
	return func(yield func(string) bool) {
		more := func(name string) bool { return c.Context.Err() == nil && yield(name) }
		for _, flag := range []string{"settings", "labels", "vocabulary", "latents", "texts", "image", "mask"} {
			if c.IsSet(flag) && !more(c.String(flag)) {
				return
			}
		}
		for name := range model {
			if !more(name) {
				return
			}
		}
		if isPipeline(c.String("model")) { // whose argument is a text
			return
		}
		for name := range source.Files(c.Args().Slice(), from) {
			if !more(name) {
				return
			}
		}
	}
}

// filesOfModel yields all in a model's folder, or the graph's file with its weights; of a
// bundled one nothing.
func filesOfModel(name string, m *models.Model) iter.Seq[string] {
	if m.Path == "" {
		return func(func(string) bool) {}
	}
	own := []string{m.Path}
	for _, weights := range m.Graph.ExternalData {
		own = append(own, filepath.Join(filepath.Dir(m.Path), filepath.FromSlash(weights)))
	}
	return filesBelow(name, own)
}

// filesBelow yields the files that are named, and all in a folder, if it is one.
func filesBelow(folder string, named []string) iter.Seq[string] {
	return func(yield func(string) bool) {
		for _, name := range named {
			if !yield(name) {
				return
			}
		}
		if info, err := os.Stat(folder); err != nil || !info.IsDir() {
			return
		}
		filepath.WalkDir(folder, func(file string, d fs.DirEntry, err error) error { // what can't be read is passed over
			if err == nil && !d.IsDir() && !yield(file) {
				return filepath.SkipAll
			}
			return nil
		})
	}
}

// endingsOfRun are those of an output's name, and of what stands beside it while a run is
// under way.
var endingsOfRun = []string{"", ".partial", ".tmp", ".run.json", ".run.json.tmp"}

// checkReplaced refuses, before any work, outputs that would take the place of a file that
// the run reads: by themselves, or by what stands beside them until they are complete.
func checkReplaced(read iter.Seq[string], outputs ...string) error {
	there := map[string]os.FileInfo{}
	for _, output := range outputs {
		if output == "" || output == "-" {
			continue
		}
		for _, ending := range endingsOfRun {
			if info, err := os.Stat(output + ending); err == nil && info.Mode().IsRegular() {
				there[output+ending] = info
			}
		}
	}
	if len(there) == 0 {
		return nil
	}
	for name := range read {
		info, err := os.Stat(name)
		if err != nil {
			continue
		}
		for output, old := range there {
			if os.SameFile(old, info) {
				return fmt.Errorf("this run reads %s, and its output %s would replace it: give another name", name, output)
			}
		}
	}
	return nil
}
