package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/term"
	"ortho/runner/bench"
)

// benchCompareOptions is what the flags of bench compare say.
type benchCompareOptions struct {
	minEffect   string // a percentage
	force, json bool
}

func newBenchCompareCommand() *cli.Command {
	o := &benchCompareOptions{}
	own := flags.Own{
		&cli.StringFlag{Name: "min-effect", Destination: &o.minEffect, Value: fmt.Sprintf("%g%%", 100*bench.MinEffect), Usage: "changes of less than `PERCENT` count as none"},
		&cli.BoolFlag{Name: "force", Destination: &o.force, Usage: "compare runs of another model, input, machine, set of cells or provider options, too"},
		&cli.BoolFlag{Name: "json", Destination: &o.json, Usage: "print JSON"},
	}
	return flags.Command(cli.Command{
		Name:        "compare",
		Usage:       "say whether a benchmark became slower",
		ArgsUsage:   "OLD.jsonl NEW.jsonl",
		Description: help("bench_compare"),
	}, o.run, own)
}

func (o *benchCompareOptions) run(_ context.Context, call *flags.Call) error {
	if len(call.Args) != 2 {
		return commandline.Usagef("give two results files of bench run: the old one and the new one")
	}
	percent, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(o.minEffect, "%")), 64)
	if err != nil || !(percent >= 0 && percent <= 100) {
		return commandline.Usagef("--min-effect %q: a percentage from 0 to 100, such as 5%%", o.minEffect)
	}
	old, err := readResults(call.Args[0])
	if err != nil {
		return err
	}
	new, err := readResults(call.Args[1])
	if err != nil {
		return err
	}
	result, err := bench.Compare(old, new, percent/100, o.force)
	if err != nil {
		return fmt.Errorf("%w; --force compares what they have in common", err)
	}
	for _, d := range result.Differences {
		call.Warn("compared although they differ: " + term.Clean(d))
	}
	if err := pages.WriteBenchComparison(call.Out, result, build.Version(), o.json); err != nil {
		return err
	}
	switch result.Verdict {
	case bench.VerdictSlower, bench.VerdictBroken:
		return commandline.ErrVerdict
	case bench.VerdictUnknown:
		return fmt.Errorf("%d of %d cells can't be compared", result.Counts.Unknown, len(result.Cells))
	}
	return nil
}
