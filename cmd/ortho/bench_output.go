package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/pages"
	"ortho/runner/bench"
)

// benchOutput is what bench run writes, and whether it may replace or continue it.
type benchOutput struct {
	reads                   *output.Reads
	results, html, settings string // files; "": not written
	resume, overwrite       bool
}

// benchFiles refuses files that can't be written before any work.
func benchFiles(c *cli.Context) (benchOutput, error) {
	f := benchOutput{results: c.String("output"), html: c.String("html"), settings: c.String("save-settings"), resume: c.Bool("resume"), overwrite: c.Bool("overwrite")}
	if f.resume && f.results == "" {
		return f, usagef("--resume continues -o FILE: name it")
	}
	if f.resume && f.overwrite {
		return f, usagef("--overwrite starts anew, --resume goes on with what is there: give one of them")
	}
	if f.results == "-" {
		return f, usagef("-o - : results go to a file; standard output gets the summary")
	}
	var err error
	if f.reads, err = protect(c, noFiles); err != nil {
		return f, err
	}
	for _, named := range []struct {
		flag, name string
		kind       output.Kind
	}{{"output", f.results, output.JSONLines}, {"html", f.html, output.HTML}, {"save-settings", f.settings, output.JSON}} {
		if err := fits(named.flag, named.name, named.kind); err != nil {
			return f, err
		}
	}
	if f.complete() {
		return f, nil
	}
	for _, name := range []string{f.results, f.html, f.settings} {
		if name != "" {
			if _, err := f.reads.Check(name, f.overwrite); err != nil {
				return f, err
			}
		}
	}
	return f, nil
}

// complete reports whether an earlier run has left nothing to --resume.
func (f benchOutput) complete() bool {
	if !f.resume {
		return false
	}
	_, done := os.Stat(f.results)
	_, rounds := os.Stat(f.rounds())
	return done == nil && errors.Is(rounds, fs.ErrNotExist)
}

const roundsEnding = ".rounds"

func (f benchOutput) rounds() string { return f.results + roundsEnding }

// withRemedy adds the flag that helps where results that are there can't be used.
func withRemedy(err error) error {
	var other *bench.ContinueError
	switch {
	case errors.As(err, &other):
		return fmt.Errorf("%w; --overwrite starts anew", err)
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

// benchLog may be nil: nothing is kept.
type benchLog struct{ *bench.Log }

func (f benchOutput) openLog(s *bench.Sweep) (*benchLog, error) {
	if f.results == "" {
		return nil, nil
	}
	err := f.reads.Refuse(f.results)
	if err != nil {
		return nil, err
	}
	var l *bench.Log
	if f.resume {
		l, err = bench.ContinueLog(f.rounds(), s.Run)
		err = withRemedy(err)
	} else {
		if _, missing := os.Stat(f.rounds()); !errors.Is(missing, fs.ErrNotExist) && !f.overwrite {
			return nil, fmt.Errorf("%s exists: a run that was interrupted left it; --resume continues it, --overwrite starts anew", f.rounds())
		}
		l, err = bench.CreateLog(f.rounds(), s.Run)
	}
	if err != nil {
		return nil, err
	}
	s.Keep(l)
	return &benchLog{l}, nil
}

func (l *benchLog) close(remove bool) {
	if l == nil {
		return
	}
	if err := l.Close(remove); err != nil {
		slog.Warn(err.Error())
	}
}

// write writes all files, each whole or not at all.
func (f benchOutput) write(result *bench.File, settings *bench.Settings) error {
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
		if err := writeOutput(f.reads, w.name, f.overwrite, w.to); err != nil {
			return err
		}
	}
	return nil
}

func writeOutput(reads *output.Reads, name string, overwrite bool, write func(io.Writer) error) error {
	file, err := reads.Create(name, overwrite)
	if err != nil {
		return err
	}
	if err := write(file); err != nil {
		file.Discard()
		return fmt.Errorf("write %s: %w", filepath.Base(name), err)
	}
	return file.Commit()
}
