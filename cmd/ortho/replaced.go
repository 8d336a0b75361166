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
func filesRead(c *cli.Context, m *models.Model, from source.Options) iter.Seq[string] {
	return func(yield func(string) bool) {
		more := func(name string) bool { return c.Context.Err() == nil && yield(name) }
		for _, flag := range []string{"settings", "labels", "vocabulary", "latents", "texts"} {
			if c.IsSet(flag) && !more(c.String(flag)) {
				return
			}
		}
		if m.Path != "" && !filesOfModel(c.String("model"), m, more) {
			return
		}
		for name := range source.Files(c.Args().Slice(), from) {
			if !more(name) {
				return
			}
		}
	}
}

// filesOfModel yields all in a model's folder, or the graph's file with its weights.
func filesOfModel(name string, m *models.Model, yield func(string) bool) bool {
	if !yield(m.Path) {
		return false
	}
	for _, weights := range m.Graph.ExternalData {
		if !yield(filepath.Join(filepath.Dir(m.Path), filepath.FromSlash(weights))) {
			return false
		}
	}
	if info, err := os.Stat(name); err != nil || !info.IsDir() {
		return true
	}
	stopped := false
	filepath.WalkDir(name, func(file string, d fs.DirEntry, err error) error { // what can't be read is passed over
		if err == nil && !d.IsDir() && !yield(file) {
			stopped = true
			return filepath.SkipAll
		}
		return nil
	})
	return !stopped
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
