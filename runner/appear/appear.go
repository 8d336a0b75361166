// Package appear writes files. Those that are made whole stand beside their names until they are
// complete, and those that grow are held by one process at a time:
//
//	Create --> FOLDER/.ortho-RANDOM.tmp, locked --(write)--> Commit or CommitNew --> NAME
//	Hold   --> NAME, locked
//
// No link is followed, and nothing is opened over what another has made: temporary names are random,
// and taken only where nothing stands. What killed processes have left goes with the next Create in
// the folder: files whose names prove themselves, of this user, that nobody holds.
package appear

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// tries bounds how often a name is chosen anew, and a file that others take away is opened anew.
const tries = 100

// File is a file that is not complete yet: it has no name that anyone looks for. Commit,
// CommitNew or Discard ends it.
type File struct {
	*os.File        // may be read, too
	name     string // to appear under
	ended    bool
}

// Create begins a file that is to appear as name, with the permissions that the system gives new
// files. What is there already stays until then.
func Create(name string) (*File, error) {
	folder := filepath.Dir(name)
	Sweep(folder)
	for range tries {
		f, err := open(filepath.Join(folder, temporary()), os.O_RDWR|os.O_CREATE|os.O_EXCL)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		// A sweep may have come before the lock: then the file is lost, or is about to be.
		if err := lock(f); !errors.Is(err, ErrHeld) && still(f) {
			return &File{File: f, name: name}, nil
		}
		f.Close()
	}
	return nil, &fs.PathError{Op: "create", Path: name, Err: errors.New("temporary files beside it are taken away as soon as they are made")}
}

// Commit has the file appear, in place of what stands under its name; a link there is replaced, and
// what it leads to stays. When Commit returns, file and name are on the disk. An error leaves
// nothing of the file.
func (f *File) Commit() error { return f.commit(os.Rename, true) }

// CommitNew is Commit where nothing stands under the name by now, not even a link; else the error
// is [fs.ErrExist]. Of several processes with one name, one has it. (On file systems without hard
// links, such as FAT, two that commit within microseconds may both.)
func (f *File) CommitNew() error { return f.commit(replaceNothing, true) }

// Hand is Commit for a folder of temporary files, by which processes hand over what no crash needs
// to leave: it does not wait for the disk.
func (f *File) Hand() error { return f.commit(os.Rename, false) }

// Grow is CommitNew of a file that goes on growing: it is left open and held, as by [Hold].
func (f *File) Grow() (*os.File, error) {
	if err := f.appear(replaceNothing, true); err != nil {
		return nil, err
	}
	return f.File, nil
}

// HandOver writes a file whole, and has it appear as Hand does.
func HandOver(name string, data []byte) error {
	f, err := Create(name)
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		f.Discard()
		return err
	}
	return f.Hand()
}

func (f *File) commit(move func(from, to string) error, durable bool) error {
	if err := f.appear(move, durable); err != nil {
		return err
	}
	return f.Close()
}

func (f *File) appear(move func(from, to string) error, durable bool) (err error) {
	if f.ended {
		return &fs.PathError{Op: "commit", Path: f.name, Err: os.ErrClosed}
	}
	if durable {
		err = Sync(f.File)
	}
	if err == nil {
		err = move(f.Name(), f.name) // under the lock: nobody takes it for left behind
	}
	if err != nil {
		f.Discard()
		return err
	}
	f.ended = true
	if durable {
		syncFolder(filepath.Dir(f.name))
	}
	return nil
}

// Discard removes what was written. After Commit it does nothing.
func (f *File) Discard() {
	if !f.ended {
		f.ended = true
		os.Remove(f.Name())
		f.Close()
	}
}

// replaceNothing gives a file its name where none stands.
func replaceNothing(from, to string) error {
	err := os.Link(from, to)
	switch {
	case err == nil:
		os.Remove(from) // else the next sweep does
		return nil
	case errors.Is(err, fs.ErrExist):
		return &fs.PathError{Op: "create", Path: to, Err: fs.ErrExist}
	}
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return &fs.PathError{Op: "create", Path: to, Err: fs.ErrExist}
	}
	return os.Rename(from, to)
}

// Move gives a file another name, where nothing stands under it, not even a link; else the error is
// [fs.ErrExist]. A process that is killed leaves it under one name, or under both. On another file
// system it can't be done, and nothing has changed. It does not wait for the disk.
func Move(from, to string) error {
	err := os.Link(from, to)
	switch {
	case err == nil:
		if err = os.Remove(from); err != nil {
			os.Remove(to)
		}
		return err
	case errors.Is(err, fs.ErrExist):
		return &fs.PathError{Op: "move", Path: to, Err: fs.ErrExist}
	}
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return &fs.PathError{Op: "move", Path: to, Err: fs.ErrExist}
	}
	return os.Rename(from, to) // of file systems without hard links
}

// Link gives a file one more name, where nothing stands under it, else the error is [fs.ErrExist]: a
// hard link or, where the file systems allow none, a symbolic one.
func Link(from, to string) (symbolic bool, err error) {
	if err = os.Link(from, to); err == nil || errors.Is(err, fs.ErrExist) {
		return false, err
	}
	return true, os.Symlink(from, to)
}

// Sync waits until a file is on the disk. Tests of thousands of files do not.
var Sync = (*os.File).Sync

// syncFolder has the folder's entries on the disk, where the system can.
func syncFolder(name string) {
	if folder, err := os.Open(name); err == nil {
		Sync(folder)
		folder.Close()
	}
}

// still reports whether a file has its name.
func still(f *os.File) bool {
	here, err := f.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(f.Name())
	return err == nil && os.SameFile(here, there)
}

var (
	// ErrHeld is wrapped where another process holds a file.
	ErrHeld = errors.New("another process holds it")
	// ErrUnlocked is wrapped where the file system has no locks.
	ErrUnlocked = errors.New("the file system has no locks")
	// ErrForeign is wrapped where a name is that of what no run can have made: a link, a folder, a
	// device.
	ErrForeign = errors.New("it is not of a run")
)

// Hold opens a file that grows under its own name, for this process alone until it is closed: one
// that is there, else it is [fs.ErrNotExist]; with fresh one that is not, else it is [fs.ErrExist].
// What is no regular file, a link among them, is [ErrForeign]; what another process holds, [ErrHeld].
// Where there are no locks, the file is returned beside [ErrUnlocked].
func Hold(name string, fresh bool) (*os.File, error) {
	flag := os.O_RDWR
	if fresh {
		flag |= os.O_CREATE | os.O_EXCL
	}
	for range tries {
		f, err := hold(name, flag)
		if err == nil || errors.Is(err, ErrUnlocked) || !errors.Is(err, errMoved) {
			return f, err
		}
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: errMoved}
}

// errMoved is of a file that was renamed or removed before it was locked.
var errMoved = errors.New("another process has just taken it away")

func hold(name string, flag int) (*os.File, error) {
	if info, err := os.Lstat(name); err == nil && !info.Mode().IsRegular() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: foreign(info.Mode())}
	}
	f, err := open(name, flag)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: name, Err: foreign(info.Mode())}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	err = lock(f)
	switch {
	case err != nil && !errors.Is(err, ErrUnlocked):
	case !still(f):
		err = errMoved
	default:
		return f, err
	}
	f.Close()
	return nil, &fs.PathError{Op: "lock", Path: name, Err: err}
}

func foreign(mode fs.FileMode) error {
	what := "no regular file"
	switch {
	case mode&fs.ModeSymlink != 0:
		what = "a link, which is not followed"
	case mode.IsDir():
		what = "a folder"
	}
	return fmt.Errorf("it is %s: %w", what, ErrForeign)
}
