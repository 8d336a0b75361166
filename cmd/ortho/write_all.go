package main

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/term"
)

// answer is what became of one item: its row, with what it has failed of, if so.
type answer struct {
	row rows.Pictures
	err error
	end error // ends the run: there is no row
}

// writeAll writes a row for each item, and finishes the output. speed tells how the run
// went, of the items that have not failed.
func writeAll(c *cli.Context, answers iter.Seq[answer], out *results, bar *term.Progress, speed func(done int, took time.Duration) record.Speed) error {
	return reportingOf(c).writeAll(c.Context, answers, out, bar, speed)
}

func (told reporting) writeAll(ctx context.Context, answers iter.Seq[answer], out *results, bar *term.Progress, speed func(done int, took time.Duration) record.Speed) error {
	start := time.Now()
	done := 0
	var first *rows.Pictures // that failed
	keep := func(why error) error {
		bar.End()
		return out.keep(why, speed(done, time.Since(start)))
	}
	for o := range answers {
		if o.end != nil {
			return keep(o.end)
		}
		if err := out.write(o.row); err != nil {
			return keep(err)
		}
		switch {
		case o.err == nil:
			done++
		case first == nil:
			first = &o.row
		}
		bar.Step(o.err != nil)
		if o.err != nil && told.failFast {
			return keep(fmt.Errorf("%w (--fail-fast stops here)", o.err))
		}
	}
	bar.End()
	rows, failed := out.counts()
	if err := ctx.Err(); err != nil {
		slog.Warn("interrupted after " + out.many(rows))
		return keep(err)
	}
	went := speed(done, time.Since(start))
	if err := out.finish(ctx, went); err != nil {
		return err
	}
	before, _ := out.resumed()
	if told.quiet() {
		return nil
	}
	if rows != 1 || failed > 0 || before > 0 || out.folder != "" || told.provider {
		text := out.many(rows)
		if out.folder != "" {
			text = out.folder + ": " + text
		}
		if before > 0 {
			text += fmt.Sprintf(" (resumed at %d)", before)
		}
		text += fmt.Sprintf(", %d failed", failed)
		if done > 0 {
			text += fmt.Sprintf(", %.1f %ss/s; provider %s, batch %d, %d at once", went.PerSecond, out.unit, went.Provider, went.Batch, went.Concurrency)
		}
		slog.Info(text)
	}
	if failed > 0 && !(out.run == nil && term.IsTerminal(told.stdout)) { // where the rows are seen
		told.tellFailed(out, first, failed)
	}
	return nil
}

// tellFailed says why the first of the items that have failed in this run has, and where it
// is told of the others.
func (told reporting) tellFailed(out *results, first *rows.Pictures, failed int64) {
	where := out.name
	if out.run == nil {
		where = "the rows"
	}
	if first == nil {
		slog.Warn(fmt.Sprintf("why they failed: see %s; --retry-failed does them again", where))
		return
	}
	text := reasonOf(*first)
	if failed > 1 {
		text += fmt.Sprintf("; of the other %d, see %s", failed-1, where)
	}
	if n := len(told.files); n > 1 && !slices.ContainsFunc(told.files, mayBeThere) {
		text = fmt.Sprintf("none of the %d files named is there: %s", n, text)
	}
	slog.Warn(text)
}

// reasonOf is a row's error behind the name of its input.
func reasonOf(row rows.Pictures) string {
	name := row.Input
	switch {
	case len(name) > 200:
		name = name[:200] + "..."
	case strings.TrimSpace(name) == "":
		name = fmt.Sprintf("%q", name)
	}
	return text(name + ": " + strings.TrimPrefix(row.Error.Message, text(row.Input)+": "))
}

// mayBeThere reports whether an argument stands for more than one file's name, or is there.
func mayBeThere(arg string) bool {
	_, err := os.Lstat(arg)
	return err == nil || arg == "-" || strings.HasPrefix(arg, "@") || strings.ContainsAny(arg, "*?[")
}
