package output

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// File is an output file that appears under its name only when it is complete.
// Until then it stands beside it as NAME.partial.
type File struct {
	*os.File
	name string
}

// Create opens NAME.partial. It refuses, before any work is done, a folder that is
// missing and, without overwrite, a file that exists, or the NAME.partial that an
// earlier run has left or another one is writing.
func Create(name string, overwrite bool) (*File, error) {
	if info, err := os.Stat(name); err == nil {
		if info.IsDir() {
			return nil, fmt.Errorf("output %s is a folder", name)
		}
		if !overwrite && info.Mode().IsRegular() {
			return nil, fmt.Errorf("output %s exists: --overwrite replaces it", name)
		}
		if !info.Mode().IsRegular() { // a device or a pipe takes what it gets
			f, err := os.OpenFile(name, os.O_WRONLY, 0)
			if err != nil {
				return nil, fmt.Errorf("open output: %w", err)
			}
			return &File{f, ""}, nil
		}
	}
	if _, err := os.Stat(filepath.Dir(name)); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("output %s: folder %s does not exist: make it first", name, filepath.Dir(name))
	}
	mode := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if overwrite {
		mode = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(name+".partial", mode, 0o666)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%s.partial exists: a run that was interrupted left it, or one is writing it; move it away, or --overwrite starts anew", name)
	}
	if err != nil {
		return nil, fmt.Errorf("create output: %w", err)
	}
	return &File{f, name}, nil
}

// Commit makes the file appear under its name.
func (f *File) Commit() error {
	if f.name == "" {
		return f.File.Close()
	}
	err := errors.Join(f.Sync(), f.File.Close())
	if err == nil {
		err = os.Rename(f.File.Name(), f.name)
	}
	if err != nil {
		os.Remove(f.File.Name())
		return fmt.Errorf("write output %s: %w", f.name, err)
	}
	return nil
}

// Keep closes the file as NAME.partial and returns that name.
func (f *File) Keep() (string, error) { return f.File.Name(), f.File.Close() }

// Discard removes what was written.
func (f *File) Discard() {
	f.File.Close()
	if f.name != "" {
		os.Remove(f.File.Name())
	}
}
