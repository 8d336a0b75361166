package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/term"
	"ortho/runner/bench"
)

// benchOutput says what bench run writes, and whether it may replace or continue it.
type benchOutput struct {
	results, html, settings string // files; "": not written
	resume, overwrite       bool
	goesOn                  bool // with a run that was begun, whose files may be replaced
	markdown                bool // on standard output
	reads                   *output.Reads
}

func (f *benchOutput) Flags() []cli.Flag {
	const out = "Output"
	return []cli.Flag{
		&cli.StringFlag{Name: "output", Destination: &f.results, Aliases: []string{"o"}, Category: out, Usage: "write all figures and samples to `FILE`.jsonl (of a pipeline: to a folder, a file for each part); until it is complete, rounds are kept in FILE.rounds"},
		&cli.BoolFlag{Name: "overwrite", Destination: &f.overwrite, Category: out, Usage: "replace existing files"},
		&cli.BoolFlag{Name: "resume", Destination: &f.resume, Category: out, Usage: "continue where a run of -o FILE that was interrupted ended"},
		&cli.StringFlag{Name: "html", Destination: &f.html, Category: out, Usage: "write a report with figures to `FILE`"},
		&cli.BoolFlag{Name: "markdown", Destination: &f.markdown, Category: out, Usage: "print Markdown"},
		&cli.StringFlag{Name: "save-settings", Destination: &f.settings, Category: out, Usage: "write the winner's settings to `FILE`, for classify --settings"},
	}
}

func (f *benchOutput) Read(call *flags.Call) error {
	f.reads = call.Reads
	return nil
}

// check refuses files that can't be written before any work.
func (f *benchOutput) check() error {
	switch {
	case f.resume && f.results == "":
		return commandline.Usagef("--resume continues -o FILE: name it")
	case f.resume && f.overwrite:
		return commandline.Usagef("--overwrite starts anew, --resume goes on with what is there: give one of them")
	case f.results == "-":
		return commandline.Usagef("-o - : results go to a file; standard output gets the summary")
	}
	for _, named := range []struct {
		flag, name string
		kind       output.Kind
	}{{"output", f.results, output.JSONLines}, {"html", f.html, output.HTML}, {"save-settings", f.settings, output.JSON}} {
		if err := flags.Fits(named.flag, named.name, named.kind); err != nil {
			return err
		}
	}
	if f.complete() {
		return nil
	}
	f.goesOn = f.continues()
	for _, name := range []string{f.results, f.html, f.settings} {
		if name != "" {
			if _, err := f.reads.Check(name, f.overwrite || f.goesOn); err != nil {
				return err
			}
		}
	}
	return nil
}

// complete reports whether an earlier run has finished, so that --resume has nothing to do: its
// rounds go last.
func (f benchOutput) complete() bool {
	if !f.resume {
		return false
	}
	_, done := os.Stat(f.results)
	_, rounds := os.Lstat(f.rounds())
	return done == nil && errors.Is(rounds, fs.ErrNotExist)
}

// continues reports whether an earlier run has left its rounds. It may have been ended while it wrote
// its files.
func (f benchOutput) continues() bool {
	_, err := os.Lstat(f.rounds())
	return f.resume && err == nil
}

const roundsEnding = ".rounds"

func (f benchOutput) rounds() string { return f.results + roundsEnding }

// withRemedy adds the flag that helps where existing results can't be used.
func withRemedy(err error) error {
	var other *bench.ContinueError
	switch {
	case errors.As(err, &other):
		return fmt.Errorf("%w; --overwrite starts anew", err)
	case errors.Is(err, bench.ErrForeign):
		return fmt.Errorf("%w: move it away", err)
	case errors.Is(err, bench.ErrUnfinished):
		return fmt.Errorf("%w; `ortho bench run --resume` continues it", err)
	}
	return err
}

// readResults reads a results file.
func readResults(name string) (*bench.File, error) {
	f, err := bench.ReadFile(name)
	return f, withRemedy(err)
}

// benchLog keeps a run's rounds; nil keeps none.
type benchLog struct {
	*bench.Log
	ui *term.UI
}

func (f *benchOutput) openLog(ui *term.UI, s *bench.Sweep) (*benchLog, error) {
	if f.results == "" {
		return nil, nil
	}
	err := f.reads.Refuse(f.results)
	if err != nil {
		return nil, err
	}
	var l *bench.Log
	f.goesOn = f.continues()
	if f.resume {
		l, err = bench.ContinueLog(f.rounds(), s.Run)
	} else {
		if _, missing := os.Lstat(f.rounds()); !errors.Is(missing, fs.ErrNotExist) && !f.overwrite {
			return nil, fmt.Errorf("%s exists: a run that was interrupted left it; --resume continues it, --overwrite starts anew", f.rounds())
		}
		l, err = bench.CreateLog(f.rounds(), s.Run)
	}
	if err != nil {
		return nil, withRemedy(err)
	}
	s.Keep(l)
	return &benchLog{l, ui}, nil
}

func (l *benchLog) close(remove bool) {
	if l == nil {
		return
	}
	if err := l.Close(remove); err != nil {
		l.ui.Warn(err.Error())
	}
}

// write writes all files, each whole or not at all.
func (f benchOutput) write(ctx context.Context, result *bench.File, settings *bench.Settings) error {
	for _, w := range []struct {
		name string
		to   func(io.Writer) error
	}{
		{f.results, result.Write},
		{f.html, func(w io.Writer) error { return pages.Bench(result).WriteHTML(w) }},
		{f.settings, func(w io.Writer) error { return settings.Write(w) }},
	} {
		if w.name == "" || w.name == f.settings && settings == nil {
			continue
		}
		if err := writeOutput(ctx, f.reads, w.name, f.overwrite || f.goesOn, w.to); err != nil {
			return err
		}
	}
	return nil
}

func writeOutput(ctx context.Context, reads *output.Reads, name string, overwrite bool, write func(io.Writer) error) error {
	file, err := reads.Create(ctx, name, overwrite)
	if err != nil {
		return err
	}
	if err := write(file); err != nil {
		file.Discard()
		return fmt.Errorf("write %s: %w", filepath.Base(name), err)
	}
	return file.Commit()
}
