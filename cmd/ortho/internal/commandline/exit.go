package commandline

import (
	"context"
	"errors"
	"fmt"
	"io"

	"ortho/cmd/ortho/internal/term"
)

// Exit codes; the app's help lists them.
const (
	ExitOK          = 0
	ExitFailed      = 1
	ExitUsage       = 2
	ExitItems       = 3
	ExitVerdict     = 4
	ExitInterrupted = 130
)

const exitHelp = `Exit codes:
  0    all well
  1    could not do it
  2    the command line is wrong
  3    finished, but some items failed, each with its reason in the output
  4    the verdict is no (compare, bench compare, bench run --rerun)
  130  interrupted; what was finished is kept`

// UsageError is the error of a command line that can't be carried out as it was written.
type UsageError struct{ Err error }

func (e UsageError) Error() string { return e.Err.Error() }
func (e UsageError) Unwrap() error { return e.Err }

// Usage marks an error as the command line's.
func Usage(err error) error { return UsageError{err} }

// Usagef returns a [UsageError].
func Usagef(format string, args ...any) error { return UsageError{fmt.Errorf(format, args...)} }

// ErrItems ends a run that finished, but in which some items failed.
var ErrItems = errors.New("some items failed")

// ErrVerdict ends a comparison whose verdict is no.
var ErrVerdict = errors.New("the verdict is no")

// ErrQuiet ends a command that failed and must not print why.
var ErrQuiet = errors.New("nothing is to be said")

// exitStatus writes the error's message and returns the exit code. A reader of stdout that
// has seen enough (| head) is no error. A run that had finished when it was interrupted has its own code.
func exitStatus(ctx context.Context, err error, command string, stderr io.Writer) int {
	if err == nil || closedPipe(err) {
		return ExitOK
	}
	if errors.Is(err, ErrItems) {
		return ExitItems
	}
	if errors.Is(err, ErrVerdict) {
		return ExitVerdict
	}
	if !errors.Is(err, context.Canceled) && !errors.Is(err, ErrQuiet) {
		fmt.Fprintf(stderr, "ortho: %s\n", term.CleanLines(err.Error()))
	}
	var usage UsageError
	switch {
	case ctx.Err() != nil:
		return ExitInterrupted
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "See `%s --help`.\n", command)
		return ExitUsage
	}
	return ExitFailed
}
