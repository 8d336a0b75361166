package scratch

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// lock reports whether the file is locked for this process now, until it is closed.
func lock(f *os.File) (bool, error) {
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, new(windows.Overlapped))
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return false, nil
	}
	return err == nil, err
}

// own is true: the folder for temporary files is the user's.
func own(fs.FileInfo) bool { return true }
