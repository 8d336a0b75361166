package appear

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// open opens a file that may be renamed and removed while it is open, as os.OpenFile's may not;
// nothing that a link leads to.
func open(name string, flag int) (*os.File, error) {
	path, err := windows.UTF16PtrFromString(name)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	var mode uint32 = windows.OPEN_EXISTING
	if flag&os.O_EXCL != 0 {
		mode = windows.CREATE_NEW
	}
	h, err := windows.CreateFile(path, windows.GENERIC_READ|windows.GENERIC_WRITE,
		windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE|windows.FILE_SHARE_DELETE, nil, mode, windows.FILE_ATTRIBUTE_NORMAL|windows.FILE_FLAG_OPEN_REPARSE_POINT, 0)
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return os.NewFile(uintptr(h), name), nil
}

// lock takes the file for this process until it is closed. Locks are mandatory here: one byte far
// behind the end leaves what is written readable for others.
func lock(f *os.File) error {
	far := windows.Overlapped{OffsetHigh: 1 << 30}
	err := windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &far)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return ErrHeld
	}
	return err
}

// own is true: files of others can't be removed.
func own(fs.FileInfo) bool { return true }

// linked is not known here.
func linked(fs.FileInfo) bool { return false }
