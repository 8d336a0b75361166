package scratch

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"ortho/runner/regular"
)

// Folder is a folder for temporary files, which only its user can read.
type Folder struct {
	Path string
	lock *os.File // held while the folder is in use; nil: there are no locks
}

const lockName = "lock"

// named are folders of this package.
var named = regexp.MustCompile(`^ortho-[a-z]+-[0-9]+$`)

// New makes a folder for temporary files of a kind ("bench"), and clears away what runs that
// were killed have left of any kind. Remove it after use.
func New(kind string) (*Folder, error) {
	clear(os.TempDir())
	path, err := os.MkdirTemp("", "ortho-"+kind+"-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for temporary files: %w", err)
	}
	return &Folder{path, hold(path)}, nil
}

// Remove removes the folder and what is in it.
func (f *Folder) Remove() error {
	err := os.RemoveAll(f.Path) // the lock is held until all is gone, where the system removes open files
	if f.lock != nil {
		f.lock.Close()
		if err != nil {
			err = os.RemoveAll(f.Path)
		}
	}
	return err
}

// Create makes a file in the folder, to be written and read.
func (f *Folder) Create(name string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(f.Path, name), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("make a temporary file: %w", err)
	}
	return file, nil
}

// hold locks the folder at path for this process. The lock's file has its name only once it is
// locked: a folder with a lock that nobody holds is one that was left behind. Where there are
// no locks the folder has none, and is never cleared.
func hold(path string) *os.File {
	fresh := filepath.Join(path, lockName+".new")
	f, err := os.OpenFile(fresh, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil
	}
	if locked, err := lock(f); err != nil || !locked || os.Rename(fresh, filepath.Join(path, lockName)) != nil {
		f.Close()
		os.Remove(fresh)
		return nil
	}
	return f
}

// clear removes the folders in temp that were left behind. It follows no links, and touches
// no folder of another user, none without a lock, and none that is in use.
func clear(temp string) {
	entries, err := os.ReadDir(temp)
	if err != nil {
		return
	}
	for _, e := range entries {
		if !e.IsDir() || !named.MatchString(e.Name()) {
			continue
		}
		path := filepath.Join(temp, e.Name())
		info, err := os.Lstat(path)
		if err != nil || !info.IsDir() || !own(info) {
			continue
		}
		name := filepath.Join(path, lockName)
		file, err := os.Lstat(name)
		if err != nil || !file.Mode().IsRegular() || !own(file) {
			continue
		}
		f, err := regular.OpenFile(name, os.O_RDWR, 0)
		if err != nil {
			continue
		}
		opened, err := f.Stat()
		if err != nil || !os.SameFile(file, opened) {
			f.Close()
			continue
		}
		if free, err := lock(f); err == nil && free {
			(&Folder{path, f}).Remove()
			continue
		}
		f.Close()
	}
}
