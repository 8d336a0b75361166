package library

import (
	"fmt"
	"runtime"
	"strings"
)

// NotFoundError says that no usable library is there at all. It wraps [ErrNotFound].
type NotFoundError struct {
	Passed []Passed // libraries that can't be used
}

// Passed is a library that can't be used, with the reason.
type Passed struct {
	Source string // one of the Source constants
	Err    error
}

func (e *NotFoundError) Error() string {
	if len(e.Passed) == 0 {
		return ErrNotFound.Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%v in a usable state; passed over:", ErrNotFound)
	for _, p := range e.Passed {
		fmt.Fprintf(&b, "\n  %s: %v", p.Source, p.Err)
	}
	return b.String()
}

func (e *NotFoundError) Unwrap() error { return ErrNotFound }

// TooOldError says that a library is older than [MinVersion]. It wraps [ErrTooOld].
type TooOldError struct {
	Path    string
	Version string // as the library states it
}

func (e *TooOldError) Error() string {
	return fmt.Sprintf("%s: %v: it is %s, needed is %s or newer", e.Path, ErrTooOld, e.Version, MinVersion)
}

func (e *TooOldError) Unwrap() error { return ErrTooOld }

// NotOfferedError says that there is no official library of a flavor for this machine.
type NotOfferedError struct{ Flavor string }

func (e *NotOfferedError) Error() string {
	return fmt.Sprintf("there is no official ONNX Runtime of flavor %s for %s/%s here", e.Flavor, runtime.GOOS, runtime.GOARCH)
}

// DamagedError says that a folder which Install has made is not as it left it.
type DamagedError struct{ Err error }

func (e *DamagedError) Error() string { return e.Err.Error() }
func (e *DamagedError) Unwrap() error { return e.Err }

// OccupiedError says that another library is installed where one should be.
type OccupiedError struct {
	Folder string
	SHA256 string // of the library that is there
}

func (e *OccupiedError) Error() string {
	return fmt.Sprintf("another library is installed in %s (SHA-256 %s)", e.Folder, e.SHA256)
}
