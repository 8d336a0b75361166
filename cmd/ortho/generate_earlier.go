package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/term"
	"ortho/runner/appear"
	"ortho/runner/regular"
)

// earlierPictures are those of a run that --overwrite replaces, or --update: what they do not, stays,
// and is told.
type earlierPictures struct {
	mu    sync.Mutex
	files map[string]string // in the folder, with slashes; the inputs that they were made of
	since time.Time         // the end of the run that has made them; zero: it did not
}

// read takes the pictures of the folder's rows, as far as they can be read, those that had none any more, and those
// of a run that did not finish.
func (e *earlierPictures) read(folder string) {
	e.files = map[string]string{}
	if r, err := record.Read(filepath.Join(folder, flags.RowsFile)); err == nil {
		e.since = r.Finished
		for _, left := range r.Orphans {
			if filepath.IsLocal(filepath.FromSlash(left.Key)) {
				e.files[left.Key] = left.Value
			}
		}
	}
	for _, name := range output.Beside(flags.RowsFile)[:2] {
		e.readRows(filepath.Join(folder, name))
	}
}

func (e *earlierPictures) readRows(name string) {
	const most = 1 << 20
	f, err := regular.Stream(name)
	if err != nil {
		return
	}
	defer f.Close()
	lines := output.NewLines(f, output.MaxRow)
	for len(e.files) < most {
		text, _, err := lines.Next()
		if err != nil {
			return
		}
		var row struct{ Input, File string }
		if json.Unmarshal(text, &row) == nil && filepath.IsLocal(filepath.FromSlash(row.File)) {
			e.files[row.File] = row.Input
		}
	}
}

// replaced notes a picture that this run has made.
func (e *earlierPictures) replaced(file string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.files, file)
}

// has reports whether a picture is one of them, and not replaced yet.
func (e *earlierPictures) has(file string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	_, is := e.files[file]
	return is
}

// made reports whether a picture is one of them, of an input.
func (e *earlierPictures) made(file, input string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	of, is := e.files[file]
	return is && of == input
}

// left are those that are still there.
func (e *earlierPictures) left(folder string) []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.DeleteFunc(slices.Sorted(maps.Keys(e.files)), func(file string) bool {
		info, err := os.Lstat(filepath.Join(folder, filepath.FromSlash(file)))
		return err != nil || !info.Mode().IsRegular()
	})
}

// remove removes those that are left, but for what the run reads, and what was made of inputs that
// are there and have failed.
func (e *earlierPictures) remove(ui *term.UI, folder string, reads *output.Reads, failed map[string]bool) error {
	left := slices.DeleteFunc(e.left(folder), func(file string) bool { return failed[e.files[file]] })
	for _, file := range left {
		name := filepath.Join(folder, filepath.FromSlash(file))
		if err := reads.Refuse(name); err != nil {
			return err
		}
		if err := appear.Remove(folder, filepath.FromSlash(file)); err != nil {
			return fmt.Errorf("remove a picture that is gone: %w", err)
		}
	}
	if len(left) > 0 {
		ui.Info(fmt.Sprintf("%s of inputs that are gone removed from %s, such as %s", term.Counted(int64(len(left)), "picture"), folder, left[0]))
	}
	return nil
}

// tell says which are left.
func (e *earlierPictures) tell(ui *term.UI, folder string) {
	if left := e.left(folder); len(left) > 0 {
		ui.Warn(fmt.Sprintf("%s of an earlier run in %s, such as %s, was not replaced, and stays there without a row; --update --remove-gone removes such",
			term.Counted(int64(len(left)), "picture"), folder, left[0]))
	}
}

// keep has a later run know those that are left.
func (e *earlierPictures) keep(folder string) error {
	files := map[string]string{}
	for _, file := range e.left(folder) {
		files[file] = e.files[file]
	}
	return record.KeepOrphans(filepath.Join(folder, flags.RowsFile), files)
}
