package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
)

// results is where rows go: a stream (standard output, a device or a pipe), or a file,
// whose run can be resumed.
type results struct {
	format string
	unit   string                     // what a row is of: "image", "text"
	name   string                     // of the file
	folder string                     // with the pictures that rows are of; "": there are none
	run    *record.Run[rows.Pictures] // nil: a stream

	stream output.Writer[rows.Pictures]
	device *output.File // nil: standard output
	screen *term.Screen // nil: not a terminal that progress is shown on, too
	rows   int64        // of the stream
	failed int64
}

// openResults chooses the format and opens the output, before any work.
func openResults(c *cli.Context, reads *output.Reads) (*results, error) {
	return openResultsAs(c, reads, func(format string) string { return format })
}

// openResultsAs is openResults for rows that have a variant of each format.
func openResultsAs(c *cli.Context, reads *output.Reads, variant func(format string) string) (*results, error) {
	name := c.String("output")
	if c.IsSet("output") && name == "" {
		return nil, usagef("--output names no file (- is standard output)")
	}
	toFile := name != "" && name != "-"
	terminal, width := !toFile && term.IsTerminal(c.App.Writer), 0
	if terminal {
		width = grid.Width(c.App.Writer)
	}
	format, err := output.Format(c.String("format"), name, terminal)
	if err != nil {
		return nil, usageError{err}
	}
	raw := format == "jsonl" || format == "parquet"
	switch {
	case !raw && c.Bool("logits"), format == "csv" && c.IsSet("output-name"):
		return nil, usagef("raw outputs need -f jsonl or parquet")
	case format == "parquet" && terminal:
		return nil, usagef("Parquet is no text for a terminal: give -o FILE, or redirect standard output")
	}
	format = variant(format)
	mode, err := outputMode(c)
	if err != nil {
		return nil, err
	}
	device := false
	if toFile {
		if device, err = reads.Check(name, true); err != nil {
			return nil, err
		}
	}
	r := &results{format: format, unit: "image", name: name}
	if toFile && !device {
		r.run, err = openRun(c.Args().Slice(), reads, name, format, mode)
		return r, err
	}
	if mode == record.Resume || mode == record.RetryFailed {
		return nil, usagef("only a file can be resumed: name it with -o FILE")
	}
	var w io.Writer = c.App.Writer
	switch {
	case device:
		if r.device, err = reads.Create(name, true); err != nil {
			return nil, err
		}
		w = r.device
	case term.SameFile(c.App.Writer, c.App.ErrWriter):
		r.screen = &term.Screen{To: c.App.Writer}
		w = r.screen
	}
	r.stream, err = rows.PicturesCodec.Writer(format, w, width)
	return r, err
}

// openRun opens the rows of a file, of a run over arguments.
func openRun(args []string, reads *output.Reads, name, format string, mode record.Mode) (*record.Run[rows.Pictures], error) {
	run, err := record.Open(reads, rows.PicturesCodec, name, format, mode)
	if err != nil || !source.Globbed(args) {
		return run, err
	}
	if err := reads.Recheck(name); err != nil {
		run.Abandon()
		return nil, err
	}
	return run, nil
}

func outputMode(c *cli.Context) (record.Mode, error) {
	return modeOf(c.Bool("overwrite"), c.Bool("resume"), c.Bool("retry-failed"))
}

func modeOf(overwrite, resume, retry bool) (record.Mode, error) {
	switch {
	case overwrite && (resume || retry):
		return 0, usagef("--overwrite starts anew, --resume and --retry-failed go on with what is there: give one of them")
	case overwrite:
		return record.Overwrite, nil
	case retry:
		return record.RetryFailed, nil
	case resume:
		return record.Resume, nil
	}
	return record.Fresh, nil
}

// many is a count of rows in words.
func (r *results) many(n int64) string { return term.Counted(n, r.unit) }

// above has rows appear above the progress line where both go to one terminal.
func (r *results) above(p *term.Progress) {
	if r.screen != nil {
		r.screen.Progress = p
	}
}

func (r *results) progress(c *cli.Context, wanted bool, unit string, count func(stop func() bool) (int64, bool)) *term.Progress {
	return reportingOf(c).bar(r, wanted, unit, count)
}

// complete tells that an earlier run has left nothing to do.
func (r *results) complete() bool { return r.run != nil && r.run.Complete() }

// pending are those of a run's items whose rows are to be made.
func pending[T any](ctx context.Context, r *results, items iter.Seq[T], name func(T) string) iter.Seq[T] {
	if r.run == nil {
		return items
	}
	return record.Items(ctx, r.run, items, name)
}

func (r *results) write(row rows.Pictures) (err error) {
	if r.run != nil {
		err = r.run.Write(row)
	} else {
		err = r.stream.Write(row)
		r.rows++
		if row.Error != nil {
			r.failed++
		}
	}
	if err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	return nil
}

// counts returns all rows that are there, and those of them that failed.
func (r *results) counts() (rows, failed int64) {
	if r.run == nil {
		return r.rows, r.failed
	}
	return r.run.Counts()
}

// resumed returns the rows that an earlier run has left to this one.
func (r *results) resumed() (rows, failed int64) {
	if r.run == nil {
		return 0, 0
	}
	return r.run.Resumed()
}

// finish completes the output.
func (r *results) finish(ctx context.Context, speed record.Speed) error {
	if r.run == nil {
		if err := r.stream.Close(); err != nil {
			return r.abandon(fmt.Errorf("write results: %w", err))
		}
		if r.device != nil {
			return r.device.Commit()
		}
		return nil
	}
	if err := r.run.Finish(ctx, speed); err != nil {
		if !errors.Is(err, record.ErrMisfit) {
			r.kept()
		}
		return fmt.Errorf("finish output: %w", err)
	}
	return nil
}

// abandon ends a run that has not begun: it leaves nothing behind.
func (r *results) abandon(err error) error {
	if r.run != nil {
		r.run.Abandon()
	}
	if r.device != nil {
		r.device.Discard()
	}
	return err
}

// keep ends a run early: what was finished is kept, but not under the name of a
// complete output.
func (r *results) keep(why error, speed record.Speed) error {
	if r.run != nil {
		if err := r.run.Stop(speed); err != nil {
			slog.Warn(err.Error())
		}
		r.kept()
		return why
	}
	if err := r.stream.Close(); err != nil {
		return r.abandon(fmt.Errorf("write results: %w", err))
	}
	if r.device != nil {
		r.device.Close()
	}
	return why
}

func (r *results) kept() {
	rows, _ := r.run.Counts()
	slog.Warn(fmt.Sprintf("the output is not complete: what was finished (%s) is in %s; --resume continues it", r.many(rows), r.run.Partial()))
}
