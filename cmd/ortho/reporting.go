package main

import (
	"io"
	"log/slog"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/term"
)

// reporting is what a run says of itself while it goes on and at its end, and where.
type reporting struct {
	stdout, stderr io.Writer
	progress       string   // when it is shown: auto, always or never
	provider       bool     // it was chosen: one image, too, has a summary
	failFast       bool     // the first item that fails ends the run
	files          []string // arguments that name files
}

func reportingOf(c *cli.Context) reporting {
	r := reporting{stdout: c.App.Writer, stderr: c.App.ErrWriter, progress: c.String("progress"), provider: c.IsSet("provider"), failFast: c.Bool("fail-fast")}
	if findFlag(c.Command.Flags, "stdin-paths") != nil {
		r.files = c.Args().Slice()
	}
	return r
}

// quiet reports whether nothing but what is wrong is told.
func (r reporting) quiet() bool { return r.progress == "never" }

// progressWanted reports whether a line of progress is shown.
func (r reporting) progressWanted() (bool, error) {
	switch r.progress {
	case "auto":
		return term.IsTerminal(r.stderr), nil
	case "always", "never":
		return r.progress == "always", nil
	default:
		return false, usagef("--progress %q is not one of auto, always, never", r.progress)
	}
}

// bar shows a line of progress of rows, if it is wanted, from where an earlier run has ended.
func (r reporting) bar(rows *results, wanted bool, unit string, count func(stop func() bool) (int64, bool)) *term.Progress {
	before, failed := rows.resumed()
	if before > 0 && !r.quiet() {
		slog.Info("resumed at " + rows.many(before))
	}
	if !wanted {
		return nil
	}
	bar := term.NewProgress(r.stderr, unit, before, failed, count)
	rows.above(bar)
	return bar
}
