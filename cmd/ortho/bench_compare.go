package main

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/term"
	"ortho/runner/bench"
)

func newBenchCompareCommand() *cli.Command {
	return &cli.Command{
		Name:      "compare",
		Usage:     "say whether a benchmark became slower",
		ArgsUsage: "OLD.jsonl NEW.jsonl",
		Description: "Compares the cells of two results files of bench run, by throughput and median latency. The unit is the round;\n" +
			"a change counts if it is larger than the minimum effect and than noise explains, with Holm's correction for the\n" +
			"number of cells. What all cells have in common is taken out unless it is more than a machine's own wandering.\n" +
			"On an idle machine, five rounds of 24 cells find one that is 20 % slower in 19 of 20 comparisons, and rarely one\n" +
			"that is 10 % slower; a cell that is too noisy to tell is \"unknown\". It can't tell software from a machine that\n" +
			"has become slower for good between the runs (a virtual machine that was moved): measure OLD again, then.\n\n" +
			"The exit code is 4 if a cell is slower, fails where it worked, or has outputs that are no longer the reference's;\n" +
			"1 if most cells can't be compared.",
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "min-effect", Value: fmt.Sprintf("%g%%", 100*bench.MinEffect), Usage: "changes of less than `PERCENT` count as none"},
			&cli.BoolFlag{Name: "force", Usage: "compare runs of another model, input, machine, set of cells or provider options, too"},
			&cli.BoolFlag{Name: "json", Usage: "print JSON"},
		},
		Action: func(c *cli.Context) error {
			if c.NArg() != 2 {
				return usagef("give two results files of bench run: the old one and the new one")
			}
			text := c.String("min-effect")
			percent, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(text, "%")), 64)
			if err != nil || !(percent >= 0 && percent <= 100) {
				return usagef("--min-effect %q: a percentage from 0 to 100, such as 5%%", text)
			}
			old, err := readResults(c.Args().Get(0))
			if err != nil {
				return err
			}
			new, err := readResults(c.Args().Get(1))
			if err != nil {
				return err
			}
			result, err := bench.Compare(old, new, percent/100, c.Bool("force"))
			if err != nil {
				return fmt.Errorf("%w; --force compares what they have in common", err)
			}
			for _, d := range result.Differences {
				slog.Warn("compared although they differ: " + term.Clean(d))
			}
			if err := pages.WriteBenchComparison(c.App.Writer, result, build.Version(), c.Bool("json")); err != nil {
				return err
			}
			switch result.Verdict {
			case bench.VerdictSlower, bench.VerdictBroken:
				return errVerdict
			case bench.VerdictUnknown:
				return fmt.Errorf("%d of %d cells can't be compared", result.Counts.Unknown, len(result.Cells))
			}
			return nil
		},
	}
}
