package main

import (
	"fmt"
	"iter"
	"log/slog"
	"time"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
)

// answer is what became of one item: its row, with what it has failed of, if so.
type answer struct {
	row output.Row
	err error
	end error // ends the run: there is no row
}

// writeAll writes a row for each item, and finishes the output. speed tells how the run
// went.
func writeAll(c *cli.Context, answers iter.Seq[answer], out *results, bar *progress, speed func(done int, took time.Duration) record.Speed) error {
	start := time.Now()
	done := 0
	keep := func(why error) error {
		bar.end()
		return out.keep(why, speed(done, time.Since(start)))
	}
	for o := range answers {
		if o.end != nil {
			return keep(o.end)
		}
		if err := out.write(o.row); err != nil {
			return keep(err)
		}
		done++
		bar.step(o.err != nil)
		if o.err != nil && c.Bool("fail-fast") {
			return keep(fmt.Errorf("%w (--fail-fast stops here)", o.err))
		}
	}
	bar.end()
	rows, failed := out.counts()
	if err := c.Context.Err(); err != nil {
		slog.Warn("interrupted after " + out.many(rows))
		return keep(err)
	}
	went := speed(done, time.Since(start))
	if err := out.finish(c.Context, went); err != nil {
		return err
	}
	before, _ := out.resumed()
	if c.String("progress") != "never" && (rows != 1 || failed > 0 || before > 0 || c.IsSet("provider")) {
		resumed := ""
		if before > 0 {
			resumed = fmt.Sprintf(" (resumed at %d)", before)
		}
		slog.Info(fmt.Sprintf("%s%s, %d failed, %.1f %ss/s; provider %s, batch %d, %d at once",
			out.many(rows), resumed, failed, went.PerSecond, out.unit, went.Provider, went.Batch, went.Concurrency))
	}
	return nil
}
