package output

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"ortho/cmd/ortho/internal/term"
	"ortho/runner/appear"
	"ortho/runner/regular"
)

// Check refuses, before any work is done, an output that can't be written: one that would
// replace what the run reads, a folder, one in a folder that is missing, a name that is too
// long and, without overwrite, a file that exists. device reports whether it is a
// device or a pipe, which is written to directly.
func (r *Reads) Check(name string, overwrite bool) (device bool, err error) {
	if err := r.Refuse(name); err != nil {
		return false, err
	}
	if strings.Contains(name, "://") {
		if _, err := os.Stat(filepath.Dir(name)); errors.Is(err, fs.ErrNotExist) {
			return false, fmt.Errorf("output %s is an address: into a store (s3://, gs://) go rows alone (-o)", name)
		}
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
	if _, link := os.Lstat(name); err != nil && link == nil && !overwrite {
		return false, fmt.Errorf("output %s exists, a link that leads nowhere: --overwrite replaces it", name)
	}
	if _, err := os.Stat(filepath.Dir(name)); errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("output %s: folder %s does not exist: make it first", name, filepath.Dir(name))
	}
	return false, nil
}

// File is an output file that appears under its name only when it is complete; see [appear.File].
type File struct {
	*os.File
	screen io.Writer // the file, as all writes to it go; a terminal can't be acted on
	reads  *Reads
	file   *appear.File // nil: a device or a pipe, which is written to directly
	name   string
	over   bool // it may replace another
}

// Create begins an output, or opens a device or a pipe as it is: until ctx is done, see [regular.Sink].
// It refuses what Check does.
func (r *Reads) Create(ctx context.Context, name string, overwrite bool) (*File, error) {
	device, err := r.Check(name, overwrite)
	if err != nil {
		return nil, err
	}
	if device {
		return r.device(ctx, name)
	}
	return r.begin(name, overwrite)
}

// Begin is Create of what must be a regular file, and waits for nothing.
func (r *Reads) Begin(name string, overwrite bool) (*File, error) {
	switch device, err := r.Check(name, overwrite); {
	case err != nil:
		return nil, err
	case device:
		return nil, fmt.Errorf("output %s is there, and is no file", name)
	}
	return r.begin(name, overwrite)
}

func (r *Reads) begin(name string, overwrite bool) (*File, error) {
	f, err := appear.Create(name)
	if err != nil {
		return nil, fmt.Errorf("create output %s: %w", name, err)
	}
	return &File{f.File, f.File, r, f, name, overwrite}, nil
}

// device opens what is no regular file.
func (r *Reads) device(ctx context.Context, name string) (*File, error) {
	f, err := regular.Sink(ctx, name)
	if err != nil {
		return nil, fmt.Errorf("open output: %w", err)
	}
	return &File{File: f, screen: term.Safe(f), reads: r, name: name}, nil
}

// Commit makes the file appear under its name, unless that turned out to be one that the run has
// read, or that another run has taken meanwhile and that may not be replaced.
func (f *File) Commit() error { return f.commit(f.over) }

// CommitNew is Commit of what may replace nothing: where something stands under the name by now,
// the error is [fs.ErrExist].
func (f *File) CommitNew() error { return f.commit(false) }

func (f *File) commit(over bool) error {
	if f.file == nil {
		return f.File.Close()
	}
	err := f.reads.Late()
	switch {
	case err != nil:
		f.file.Discard()
	case over:
		err = f.file.Commit()
	default:
		if err = f.file.CommitNew(); errors.Is(err, fs.ErrExist) {
			err = fmt.Errorf("another run has made it meanwhile, and it stays: %w", err)
		}
	}
	if err != nil {
		return fmt.Errorf("write output %s: %w", f.name, err)
	}
	return nil
}

// Discard removes what was written.
func (f *File) Discard() {
	if f.file == nil {
		f.File.Close()
		return
	}
	f.file.Discard()
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
