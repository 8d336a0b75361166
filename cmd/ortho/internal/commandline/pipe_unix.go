//go:build !windows

package commandline

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// KeepClosedPipes makes a write to a closed pipe return its error; by default it
// ends the process. (Ignoring the signal would do too, but children inherit that.)
func KeepClosedPipes() { signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE) }

func closedPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }
