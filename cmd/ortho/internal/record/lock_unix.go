//go:build !windows

package record

import (
	"errors"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"ortho/runner/regular"
)

// open opens a file that may be renamed and removed while it is open.
func open(name string, flag int) (*os.File, error) { return regular.OpenFile(name, flag, 0o666) }

// lock takes the file for this process until it is closed. Where the file system has
// no locks it can only warn.
func lock(f *os.File, warn func(string)) error {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	for errors.Is(err, unix.EINTR) {
		err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	}
	switch {
	case errors.Is(err, unix.EWOULDBLOCK):
		return errLocked
	case errors.Is(err, unix.ENOTSUP), errors.Is(err, unix.EOPNOTSUPP), errors.Is(err, unix.ENOSYS), errors.Is(err, unix.ENOLCK):
		warn("the file system of " + f.Name() + " has no locks: nothing keeps another run from writing it, too")
		return nil
	}
	return err
}

// rename returns once the new name is on the disk, too, as far as the file system reports that.
func rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	if dir, err := os.Open(filepath.Dir(to)); err == nil {
		toDisk(dir)
		dir.Close()
	}
	return nil
}
