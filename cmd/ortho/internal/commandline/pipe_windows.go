package commandline

import (
	"errors"
	"syscall"
)

// KeepClosedPipes does nothing: a write to a closed pipe returns its error.
func KeepClosedPipes() {}

// closedPipe knows ERROR_BROKEN_PIPE and ERROR_NO_DATA.
func closedPipe(err error) bool {
	return errors.Is(err, syscall.ERROR_BROKEN_PIPE) || errors.Is(err, syscall.Errno(232))
}
