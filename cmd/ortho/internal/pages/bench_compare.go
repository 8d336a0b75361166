package pages

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/term"
	"ortho/runner/bench"
)

// WriteBenchComparison writes what two benchmarks differ in: for people, or as the JSON of a
// version of ortho.
func WriteBenchComparison(w io.Writer, r *bench.Comparison, ortho string, asJSON bool) error {
	if asJSON {
		return WriteJSON(w, struct {
			Kind   string `json:"kind"`
			Format int    `json:"format"` // of this document
			Ortho  string `json:"ortho"`
			*bench.Comparison
		}{"ortho bench compare", 1, ortho, r})
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
	return PrintLines(w, strings.Split(strings.TrimSpace(comparisonSummary(r)), "\n"))
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
