package pages

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/term"
	"ortho/runner/bench"
	"ortho/runner/stats"
)

// PrintBench prints the table of cells and the recommendation, or the report in Markdown.
func PrintBench(w io.Writer, f *bench.File, markdown bool) error {
	if markdown {
		_, err := io.WriteString(w, Bench(f).Markdown())
		return err
	}
	rows := bench.Ranked(f.Rows, f.Verdict.Objective)
	t := grid.New(grid.Text(""), grid.Text("provider"), grid.Number("threads / batch / concurrency"), grid.Number(f.Unit()), grid.Number("p50 ms"), grid.Number("p99 ms"), grid.Number("peak MiB"))
	var others []bench.Row
	var lines []string
	withheld := false
	for _, r := range rows {
		if r.Status != bench.StatusOK {
			others = append(others, r)
			continue
		}
		t.Row(summaryRow(r, f.Verdict)...)
		withheld = withheld || r.LatencyMS != nil && r.LatencyMS.P99 == nil
	}
	if t.Len() > 0 {
		if err := t.Print(w); err != nil {
			return err
		}
		if withheld {
			lines = append(lines, fmt.Sprintf("p99 withheld (-): it takes %d samples.", stats.MinP99))
		}
		if !slices.ContainsFunc(rows, func(r bench.Row) bool { return r.Status == bench.StatusOK && (r.Equal == nil || !*r.Equal) }) {
			lines = append(lines, "All outputs are equal to the reference's.")
		}
		lines = append(lines, outputNotices(rows)...)
	}
	lines = slices.Concat(lines, notMeasured(others), f.Verdict.Reasons)
	if err := PrintLines(w, lines); err != nil {
		return err
	}
	return printFlags(w, f.Verdict.Flags)
}

// outputNotices says what was found in outputs and not compared as numbers, each once.
func outputNotices(rows []bench.Row) []string {
	var lines []string
	for _, r := range rows {
		for _, o := range r.Equality {
			if text := o.Notice(); text != "" {
				if line := fmt.Sprintf("Output %s: %s.", o.Name, text); !slices.Contains(lines, line) {
					lines = append(lines, line)
				}
			}
		}
	}
	return lines
}

// PrintRerun says whether an earlier recommendation stands: no cell is significantly better.
func PrintRerun(w io.Writer, again *bench.Rerun, v *bench.Verdict) error {
	if again.Stands(v) {
		_, err := fmt.Fprintf(w, "The recommendation of %s stands: none of its best cells is significantly better than %s.\n", again.Name, again.Best)
		return err
	}
	_, err := fmt.Fprintf(w, "The recommendation of %s does not stand: %s is not the best.\n", again.Name, again.Best)
	return err
}

// printFlags prints the flags that a benchmark recommends, if any, in one line: they are there
// to be copied.
func printFlags(w io.Writer, flags string) error {
	if flags == "" {
		return nil
	}
	_, err := fmt.Fprintf(w, "\nUse it: %s\n", term.Clean(flags))
	return err
}

// PrintLines prints sentences, a line each or, on a terminal, wrapped.
func PrintLines(w io.Writer, lines []string) error {
	for _, line := range lines {
		if _, err := fmt.Fprintln(w, grid.Sentence(w, "", term.Clean(line))); err != nil {
			return err
		}
	}
	return nil
}

// notMeasured lists the cells without figures, those with one reason together.
func notMeasured(rows []bench.Row) []string {
	var lines []string
	for len(rows) > 0 {
		first, n := rows[0], len(rows)
		rows = slices.DeleteFunc(rows, func(r bench.Row) bool { return r.Status == first.Status && r.Reason == first.Reason })
		name := first.Config.String()
		if n -= len(rows); n > 1 {
			name = fmt.Sprintf("%d cells, such as %s", n, name)
		}
		lines = append(lines, fmt.Sprintf("%s: %s: %s", name, strings.ReplaceAll(first.Status, "_", " "), first.Reason))
	}
	return lines
}

// summaryRow is a cell as a row of the table. Its faults stand with its
// provider.
func summaryRow(r bench.Row, v *bench.Verdict) []any {
	provider := r.Providers
	if r.Flavor != "" && r.Flavor != bench.FlavorOf(r.Providers) {
		provider += " (" + r.Flavor + "'s " + r.LibraryVersion + ")"
	}
	if r.Unstable {
		provider += " (unstable)"
	}
	switch {
	case r.Equal == nil:
		provider += ", not known to be equal"
	case !*r.Equal && differencesOf(&r).nothing:
		provider += ", NaN or infinite"
	case !*r.Equal:
		provider += ", NOT EQUAL"
	}
	mark := ""
	switch {
	case v.Recommended != nil && *v.Recommended == r.Config:
		mark = "*"
	case slices.Contains(v.Ties, r.Config):
		mark = "="
	}
	rate, p50, p99 := "", "", ""
	if r.ThroughputS != nil {
		rate = withInterval(*r.ThroughputS, r.ThroughputCI)
	}
	if l := r.LatencyMS; l != nil {
		p50, p99 = term.FourDigits(l.P50), "-"
		if l.P99 != nil {
			p99 = term.FourDigits(*l.P99)
		}
	}
	return []any{mark, term.Clean(provider), fmt.Sprintf("%d / %d / %d", r.Threads, r.Batch, r.Concurrency), rate, p50, p99, term.Mebibytes(r.Memory.PeakBytes)}
}

// BenchProgress says in words what a sweep is doing.
func BenchProgress(p bench.Progress) string {
	step := map[string]string{"reference": "reference outputs", "profile": "profiles", "open": "opening cells", "measure": "measuring"}[p.Step]
	line := fmt.Sprintf("%s %d of %d: %s", step, p.Done+1, p.Total, p.Cell)
	if p.Step == "measure" && p.Done >= p.Total {
		line = "measuring those that may win: " + p.Cell.String()
	}
	if p.Left < 12*time.Hour {
		line += fmt.Sprintf(" (%v left)", max(0, p.Left).Round(time.Second))
	}
	return line
}
