package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/term"
)

// Exit codes; the app's help lists them.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitItems       = 3
	exitVerdict     = 4
	exitInterrupted = 130
)

const exitHelp = `Exit codes:
  0    all well
  1    could not do it
  2    the command line is wrong
  3    finished, but some items failed, each with its reason in the output
  4    the verdict is no (compare, bench compare, bench run --rerun)
  130  interrupted; what was finished is kept`

// usageError is a command line that can't be carried out as it was written.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// fits refuses, for a flag, a file whose name says another format than it is written in.
func fits(flag, name string, kind output.Kind) error {
	if name == "" || name == "-" {
		return nil
	}
	if err := kind.Fits(name); err != nil {
		return usagef("--%s %w", flag, err)
	}
	return nil
}

// errItems ends a run that finished, but in which some items failed.
var errItems = errors.New("some items failed")

// errVerdict ends a comparison whose verdict is no.
var errVerdict = errors.New("the verdict is no")

// errQuiet ends what was asked to say nothing, and could not do it.
var errQuiet = errors.New("nothing is to be said")

// exitStatus tells what went wrong and returns the exit code. A reader of stdout that
// has seen enough (| head) is no error.
func exitStatus(ctx context.Context, err error, command string, stderr io.Writer) int {
	if err == nil || closedPipe(err) {
		return exitOK
	}
	interrupted := ctx.Err() != nil
	if errors.Is(err, errItems) && !interrupted {
		return exitItems
	}
	if errors.Is(err, errVerdict) && !interrupted {
		return exitVerdict
	}
	if !errors.Is(err, context.Canceled) && !errors.Is(err, errQuiet) {
		fmt.Fprintf(stderr, "ortho: %s\n", term.CleanLines(remedied(err)))
	}
	var usage usageError
	switch {
	case interrupted:
		return exitInterrupted
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "See `%s --help`.\n", command)
		return exitUsage
	}
	return exitFailed
}
