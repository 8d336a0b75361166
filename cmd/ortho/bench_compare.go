package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/grid"
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
			if err := writeComparison(c.App.Writer, result, c.Bool("json")); err != nil {
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

func writeComparison(w io.Writer, r *bench.Comparison, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(struct {
			Kind   string `json:"kind"`
			Format int    `json:"format"` // of this document
			Ortho  string `json:"ortho"`
			*bench.Comparison
		}{"ortho bench compare", 1, build.Version(), r})
	}
	t := grid.New(grid.Text("cell"), grid.Number("rows/s"), grid.Number("change"), grid.Number("p50 ms"), grid.Number("change"), grid.Text("verdict"))
	for _, cell := range r.Cells {
		verdict := cell.Verdict
		if cell.Reason != "" {
			verdict += ": " + term.Clean(cell.Reason)
		}
		row := []any{term.Clean(cell.Config.String())}
		for _, change := range []*bench.Change{cell.Throughput, cell.Latency} {
			if change == nil {
				row = append(row, "", "")
				continue
			}
			row = append(row, term.FourDigits(*change.Old)+" -> "+term.FourDigits(*change.New), percentChange(change.Ratio))
		}
		t.Row(append(row, verdict)...)
	}
	if len(r.Cells) > 0 {
		if err := t.Print(w); err != nil {
			return err
		}
	}
	return pages.PrintLines(w, strings.Split(strings.TrimSpace(comparisonSummary(r)), "\n"))
}

// comparisonSummary says in words what came out.
func comparisonSummary(r *bench.Comparison) string {
	var b strings.Builder
	for _, f := range []struct {
		name string
		*bench.Change
	}{{"throughput", r.Throughput}, {"median latency", r.Latency}} {
		if f.Change == nil {
			continue
		}
		fmt.Fprintf(&b, "All cells together: %s %s (95 %% interval %s to %s)", f.name, percentChange(f.Ratio), percentChange(f.CI.Low), percentChange(f.CI.High))
		if f.P < r.Level {
			b.WriteString(", more than the machine's wandering explains.\n")
		} else {
			b.WriteString(", no more than the machine's wandering explains: cells are compared without it.\n")
		}
	}
	counts := []struct {
		n    int
		name string
	}{{r.Counts.Broken, bench.VerdictBroken}, {r.Counts.Slower, bench.VerdictSlower}, {r.Counts.Faster, bench.VerdictFaster},
		{r.Counts.NoChange, bench.VerdictNoChange}, {r.Counts.Unknown, bench.VerdictUnknown}}
	var parts []string
	for _, c := range counts {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.n, c.name))
		}
	}
	fmt.Fprintf(&b, "Verdict: %s (%s of %d cells; changes of less than %g %% count as none).\n", r.Verdict, cmp.Or(strings.Join(parts, ", "), "none"), len(r.Cells), 100*r.MinEffect)
	if unknown := r.Counts.Unknown; unknown > 0 && slices.ContainsFunc(r.Cells, func(c bench.CellChange) bool { return c.P != nil && c.Verdict == bench.VerdictUnknown }) {
		b.WriteString("Where it is too noisy to tell, measure again on an idle machine, or with more rounds.\n")
	}
	return b.String()
}

// percentChange writes the ratio 0.8 as "-20.0 %".
func percentChange(ratio float64) string {
	if ratio >= 10 {
		return fmt.Sprintf("x%.3g", ratio)
	}
	return fmt.Sprintf("%+.1f %%", 100*(ratio-1))
}
