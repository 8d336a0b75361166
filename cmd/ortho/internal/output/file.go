package output

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"ortho/cmd/ortho/internal/term"
)

// Check refuses, before any work is done, an output that can't be written: one that would
// replace what the run reads, a folder, one in a folder that is missing, a name that is too
// long and, without overwrite, a file that exists. device reports whether it is a
// device or a pipe, which is written to directly.
func (r *Reads) Check(name string, overwrite bool) (device bool, err error) {
	if err := r.Refuse(name); err != nil {
		return false, err
	}
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir():
		return false, fmt.Errorf("output %s is a folder", name)
	case err == nil && !info.Mode().IsRegular():
		return true, nil
	case err == nil && !overwrite:
		return false, fmt.Errorf("output %s exists: --overwrite replaces it", name)
	case errors.Is(err, syscall.ENAMETOOLONG):
		return false, fmt.Errorf("output %s: the name is too long for a file: give a shorter one", name)
	}
	if _, err := os.Stat(filepath.Dir(name)); errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("output %s: folder %s does not exist: make it first", name, filepath.Dir(name))
	}
	return false, nil
}

// File is an output file that appears under its name only when it is complete.
// Until then it stands beside it as NAME.partial or, where that is too long for a name, as
// ortho-DIGEST.partial, of NAME's digest.
type File struct {
	*os.File
	screen io.Writer // the file, as all writes to it go; a terminal can't be acted on
	reads  *Reads
	name   string
}

// Create opens NAME.partial, or a device or a pipe as it is. It refuses what Check
// does and, without overwrite, the NAME.partial that an earlier run has left or another
// one is writing.
func (r *Reads) Create(name string, overwrite bool) (*File, error) {
	device, err := r.Check(name, overwrite)
	if err != nil {
		return nil, err
	}
	if device {
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return nil, fmt.Errorf("open output: %w", err)
		}
		return &File{f, term.Safe(f), r, ""}, nil
	}
	mode := os.O_WRONLY | os.O_CREATE | os.O_EXCL
	if overwrite {
		mode = os.O_WRONLY | os.O_CREATE | os.O_TRUNC
	}
	partial := name + ".partial"
	f, err := os.OpenFile(partial, mode, 0o666)
	if errors.Is(err, syscall.ENAMETOOLONG) {
		partial = shortPartial(name)
		f, err = os.OpenFile(partial, mode, 0o666)
	}
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("%s exists: a run that was interrupted left it, or one is writing it; move it away, or --overwrite starts anew", partial)
	}
	if err != nil {
		return nil, fmt.Errorf("create output: %w", err)
	}
	return &File{f, f, r, name}, nil
}

// Commit makes the file appear under its name, unless that turned out to be one that the
// run has read.
func (f *File) Commit() error {
	if f.name == "" {
		return f.File.Close()
	}
	err := errors.Join(f.Sync(), f.File.Close(), f.reads.Late())
	if err == nil {
		err = os.Rename(f.File.Name(), f.name)
	}
	if err != nil {
		os.Remove(f.File.Name())
		return fmt.Errorf("write output %s: %w", f.name, err)
	}
	return nil
}

// Discard removes what was written.
func (f *File) Discard() {
	f.File.Close()
	if f.name != "" {
		os.Remove(f.File.Name())
	}
}

// End is Commit where all of it is written, and Discard where an error, which is returned,
// has kept it from that.
func (f *File) End(err error) error {
	if err != nil {
		f.Discard()
		return err
	}
	return f.Commit()
}
