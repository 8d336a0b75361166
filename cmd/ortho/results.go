package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"ortho/cmd/ortho/internal/output"
)

// results is where rows go: standard output, or a file that appears at the end.
type results struct {
	output.Writer
	file   *output.File // nil: standard output
	screen *screen      // nil: not a terminal that progress is shown on, too
}

// openResults chooses the format and opens the output, before any work.
func openResults(c *cli.Context) (*results, error) {
	name := c.String("output")
	toFile := name != "" && name != "-"
	terminal := !toFile && isTerminal(c.App.Writer)
	format, err := output.Format(c.String("format"), name, terminal)
	if err != nil {
		return nil, usageError{err}
	}
	if format != "jsonl" && c.Bool("logits") || format == "csv" && c.IsSet("output-name") {
		return nil, usagef("raw outputs need -f jsonl")
	}
	r := &results{}
	var w io.Writer = c.App.Writer
	switch {
	case toFile:
		if r.file, err = output.Create(name, c.Bool("overwrite")); err != nil {
			return nil, err
		}
		w = r.file
	case sameFile(c.App.Writer, c.App.ErrWriter):
		r.screen = &screen{to: c.App.Writer}
		w = r.screen
	}
	r.Writer, err = output.New(format, w, terminal)
	return r, err
}

// above has rows appear above the progress line where both go to one terminal.
func (r *results) above(p *progress) {
	if r.screen != nil {
		r.screen.progress = p
	}
}

func (r *results) finish() error {
	if err := r.Close(); err != nil {
		return r.abandon(fmt.Errorf("write results: %w", err))
	}
	if r.file != nil {
		return r.file.Commit()
	}
	return nil
}

// abandon leaves no half file behind.
func (r *results) abandon(err error) error {
	if r.file != nil {
		r.file.Discard()
	}
	return err
}

// keep ends a run early: what was finished is kept, but not under the name of a
// complete output.
func (r *results) keep(why error, done int) error {
	if err := r.Close(); err != nil {
		return r.abandon(fmt.Errorf("write results: %w", err))
	}
	if r.file == nil {
		return why
	}
	name, err := r.file.Keep()
	if err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	slog.Warn(fmt.Sprintf("the output is not complete: what was finished (%s) is in %s", images(done), name))
	return why
}

// screen writes to a terminal that may show progress at its end.
type screen struct {
	to       io.Writer
	progress *progress
}

func (s *screen) Write(text []byte) (int, error) {
	if s.progress.running() {
		return s.progress.bars.Write(text)
	}
	return s.to.Write(text)
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// sameFile tells whether both are open on one terminal, pipe or file.
func sameFile(a, b any) bool {
	f, ok := a.(*os.File)
	g, too := b.(*os.File)
	if !ok || !too {
		return false
	}
	x, err := f.Stat()
	if err != nil {
		return false
	}
	y, err := g.Stat()
	return err == nil && os.SameFile(x, y)
}
