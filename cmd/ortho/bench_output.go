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

// outputFiles are what bench run writes.
type outputFiles struct {
	c                       *cli.Context
	reads                   *output.Reads
	results, html, settings string
}

// benchFiles refuses files that can't be written before any work.
func benchFiles(c *cli.Context) (outputFiles, error) {
	f := outputFiles{c: c, results: c.String("output"), html: c.String("html"), settings: c.String("save-settings")}
	if c.Bool("resume") && f.results == "" {
		return f, usagef("--resume continues -o FILE: name it")
	}
	if c.Bool("resume") && c.Bool("overwrite") {
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
			if _, err := f.reads.Check(name, c.Bool("overwrite")); err != nil {
				return f, err
			}
		}
	}
	return f, nil
}

// complete tells that an earlier run has left nothing to --resume.
func (f outputFiles) complete() bool {
	if !f.c.Bool("resume") {
		return false
	}
	_, done := os.Stat(f.results)
	_, rounds := os.Stat(f.rounds())
	return done == nil && errors.Is(rounds, fs.ErrNotExist)
}

const roundsEnding = ".rounds"

func (f outputFiles) rounds() string { return f.results + roundsEnding }

// benchLog may be nil: nothing is kept.
type benchLog struct{ *bench.Log }

func (f outputFiles) openLog(s *bench.Sweep) (*benchLog, error) {
	if f.results == "" {
		return nil, nil
	}
	err := f.reads.Refuse(f.results)
	if err != nil {
		return nil, err
	}
	var l *bench.Log
	if f.c.Bool("resume") {
		l, err = bench.ContinueLog(f.rounds(), s.Run)
	} else {
		if _, missing := os.Stat(f.rounds()); !errors.Is(missing, fs.ErrNotExist) && !f.c.Bool("overwrite") {
			return nil, fmt.Errorf("%s exists: a run that was interrupted left it; --resume continues it, --overwrite starts anew", f.rounds())
		}
		l, err = bench.CreateLog(f.rounds(), s.Run)
	}
	if err != nil {
		return nil, err
	}
	s.Done, s.Peaks, s.Elapsed = l.Rounds()
	s.Log = l.Add
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
func (f outputFiles) write(result *bench.File, settings *bench.Settings) error {
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
		if err := writeOutput(f.reads, w.name, f.c.Bool("overwrite"), w.to); err != nil {
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
