// Command soak tries for a given time to make ortho fail: damaged images, graphs and configurations,
// kills, signals, full disks, hostile servers, long runs (make soak, docs/reliability.md). It starts ortho
// as others do, knows nothing of its insides, and follows from a seed: each turn of an area can be
// repeated by its number.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		stop()
		os.Exit(1)
	}
}

// run carries a campaign out. An error is one of its own, or tells that something has failed.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	c := campaign{said: stderr, scale: 1}
	set := flag.NewFlagSet("soak", flag.ContinueOnError)
	set.SetOutput(stderr)
	var names, page string
	var length time.Duration
	only := -1
	set.DurationVar(&length, "for", time.Hour, "how long; the turns that are then under way end")
	set.Uint64Var(&c.seed, "seed", 1, "what all chance follows from")
	set.StringVar(&c.ortho, "ortho", "bin/ortho", "the binary")
	set.StringVar(&c.root, "root", ".", "the repository's folder")
	set.StringVar(&c.keep, "o", "bin/soak", "a folder for what has failed: a folder each, with its inputs and the command that repeats it")
	set.StringVar(&names, "areas", "", "areas, such as images,kills (all: "+strings.Join(areaNames(), ",")+")")
	set.IntVar(&only, "turn", only, "this turn of the areas alone: to repeat a failure")
	set.StringVar(&page, "page", "", "a page whose table, between its markers, is replaced by that of this campaign")
	if err := set.Parse(args); err != nil {
		return err
	}
	chosen, err := chooseAreas(names)
	if err != nil {
		return err
	}
	for _, name := range []*string{&c.ortho, &c.root, &c.keep} {
		if *name, err = filepath.Abs(*name); err != nil {
			return err
		}
	}
	if err := c.ready(ctx); err != nil {
		return err
	}
	start := time.Now()
	var tallies []*tally
	if only >= 0 {
		tallies, err = c.repeat(ctx, chosen, only)
	} else {
		tallies, err = c.last(ctx, chosen, length)
	}
	if err != nil {
		return err
	}
	table := c.table(ctx, tallies, start, time.Since(start))
	fmt.Fprint(stdout, table)
	if page != "" {
		if err := writeTable(page, table); err != nil {
			return err
		}
	}
	failures := 0
	for _, t := range tallies {
		failures += t.failures
	}
	if failures > 0 {
		return fmt.Errorf("%d failures: see %s", failures, c.keep)
	}
	return ctx.Err()
}
