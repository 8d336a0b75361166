package shelf

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"ortho/cmd/ortho/internal/output"
	"ortho/runner/appear"
	"ortho/runner/regular"
)

// Shelf is a folder that pictures are put into. Its methods may be called concurrently.
type Shelf struct {
	// Reads are the files that the run reads, as output.Reads.In the folder has them where
	// pictures are many.
	Reads *output.Reads
	// Folder is where names are relative to.
	Folder string
	// Overwrite replaces pictures that are there already.
	Overwrite bool
	// Again says that an earlier run may have made some of the pictures: those that are
	// there and equal are left as they are.
	Again bool
	// Replaces, if not nil, reports of a picture's name whether one that is there, and not equal, was made
	// by an earlier run, so that it is replaced.
	Replaces func(name string) bool
	// Returns says that inputs come again, changed: their pictures replace those that this run has made.
	Returns bool

	mutex sync.Mutex
	open  map[*File]struct{}
	made  map[[16]byte]struct{} // names, where inputs come again
}

// ErrExists is wrapped where a picture is there already.
var ErrExists = errors.New("move it away and run again with --retry-failed, or let --overwrite make all anew")

// File is a picture that is being written. It appears under its name at Commit.
type File struct {
	*bufio.Writer
	// Made says that an earlier run has made what has the name: it is replaced, as by [Shelf.Replaces].
	Made bool

	shelf  *Shelf
	file   *output.File
	name   string
	target string
	failed error
}

// Create begins a picture; name is relative, with slashes. input is the file that it is
// made of, which is never replaced; "": none. Close or Commit it.
func (s *Shelf) Create(name, input string) (*File, error) {
	if _, err := filepath.Localize(strings.ToValidUTF8(name, "_")); err != nil { // UTF-8 is all that it asks besides
		return nil, fmt.Errorf("its picture can't be called %s here", name)
	}
	target := filepath.Join(s.Folder, filepath.FromSlash(name))
	if err := s.free(name, target, input); err != nil {
		return nil, err
	}
	if err := appear.Below(s.Folder, filepath.FromSlash(name), 0o777); err != nil {
		return nil, ofDisk(fmt.Errorf("make the folder of %s: %w", name, err))
	}
	file, err := s.Reads.Begin(target, true) // what is there has been checked
	if err != nil {
		return nil, ofDisk(err)
	}
	f := &File{shelf: s, file: file, name: name, target: target}
	f.Writer = bufio.NewWriterSize(disk{f}, 1<<18)
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.open == nil {
		s.open = map[*File]struct{}{}
	}
	s.open[f] = struct{}{}
	return f, nil
}

// ofDisk is an error which, where there is no room for anything more, is an [output.DiskError].
func ofDisk(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EROFS) {
		return &output.DiskError{Err: err}
	}
	return err
}

// free returns an error where a picture may not get a name.
func (s *Shelf) free(name, target, input string) error {
	if err := s.Reads.Refuse(target); err != nil {
		return err
	}
	info, err := os.Stat(target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is there, and is no file", target)
	}
	if of, err := os.Stat(input); err == nil && os.SameFile(info, of) {
		return fmt.Errorf("its picture would replace it, as %s: give another output folder", target)
	}
	if !s.Overwrite && !s.Again && !s.hasMade(name) {
		return fmt.Errorf("%s exists: %w", target, ErrExists)
	}
	return nil
}

// disk is what is buffered before.
type disk struct{ *File }

func (d disk) Write(p []byte) (int, error) {
	n, err := d.file.Write(p)
	if err != nil && d.failed == nil {
		d.failed = &output.DiskError{Err: fmt.Errorf("write %s: %w", d.target, err)}
	}
	return n, err
}

// Failed is why the file can't be written, such as a full disk: an [output.DiskError].
func (f *File) Failed() error { return f.failed }

// Complete flushes all bytes to the disk.
func (f *File) Complete() error {
	if err := errors.Join(f.Flush(), f.file.Sync()); err != nil && f.failed == nil {
		f.failed = &output.DiskError{Err: fmt.Errorf("write %s: %w", f.target, err)}
	}
	return f.failed
}

// Commit makes the picture, which is complete, appear under its name. Where another one is
// there by now, it is an error that wraps ErrExists.
func (f *File) Commit() error {
	over := f.shelf.Overwrite || f.shelf.hasMade(f.name)
	if f.shelf.Again && !over {
		there, err := sameBytes(f.target, f.file.Name())
		over = errors.Is(err, ErrExists) && (f.Made || f.shelf.Replaces != nil && f.shelf.Replaces(f.name))
		if there || err != nil && !over {
			f.Discard()
			return f.noted(err)
		}
	}
	f.forget()
	if over {
		return f.noted(f.file.Commit())
	}
	err := f.file.CommitNew()
	if errors.Is(err, fs.ErrExist) {
		err = fmt.Errorf("%s exists by now: %w", f.target, ErrExists)
	}
	return f.noted(err)
}

// noted notes a picture that this run has made.
func (f *File) noted(err error) error {
	s := f.shelf
	if err != nil || !s.Returns {
		return err
	}
	s.mutex.Lock()
	defer s.mutex.Unlock()
	if s.made == nil {
		s.made = map[[16]byte]struct{}{}
	}
	s.made[keyOf(f.name)] = struct{}{}
	return nil
}

func (s *Shelf) hasMade(name string) bool {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	_, is := s.made[keyOf(name)]
	return is
}

// Discard removes what was written.
func (f *File) Discard() {
	f.forget()
	f.file.Discard()
}

func (f *File) forget() {
	f.shelf.mutex.Lock()
	defer f.shelf.mutex.Unlock()
	delete(f.shelf.open, f)
}

// Sweep removes the pictures that were begun, and did not appear. No one may be writing
// them.
func (s *Shelf) Sweep() {
	s.mutex.Lock()
	left := s.open
	s.open = nil
	s.mutex.Unlock()
	for f := range left {
		f.file.Discard()
	}
}

// sameBytes reports whether the target exists and equals a file. One that differs is an
// error.
func sameBytes(target, name string) (bool, error) {
	a, err := regular.Open(target)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer a.Close()
	b, err := regular.Open(name)
	if err != nil {
		return false, err
	}
	defer b.Close()
	x, y := make([]byte, 1<<16), make([]byte, 1<<16)
	for {
		n, errA := io.ReadFull(a, x)
		m, errB := io.ReadFull(b, y)
		if !bytes.Equal(x[:n], y[:m]) {
			return false, fmt.Errorf("%s exists, and is not what this run makes: %w", target, ErrExists)
		}
		if errA != nil || errB != nil {
			return true, nil
		}
	}
}
