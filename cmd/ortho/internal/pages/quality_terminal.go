package pages

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"

	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/term"
)

// The most that a terminal is told: classes, and failures.
const shownClasses, shownFailures = 20, 20

// Print writes the summary for people.
func (q *Quality) Print(w io.Writer) {
	line := func(key, text string) {
		fmt.Fprintln(w, grid.Sentence(w, fmt.Sprintf("%-18s ", key), term.Clean(text)))
	}
	line("model", q.Model.Name)
	line("data", q.Data.Path+": "+q.Data.String())
	partial := ""
	if !q.Complete {
		partial = " (PARTIAL: the run ended before the last one)"
	}
	line("images", fmt.Sprintf("%d judged, %d failed%s", q.Judged, q.Failed, partial))
	if q.Throughput != nil {
		line("throughput", fmt.Sprintf("%.1f images/s; provider %s, batch %d, %d at once", *q.Throughput, q.Ran(q.Provider), q.Batch, q.Concurrency))
	}
	if text := q.Verdict(); text != "" {
		line("against", text)
	}
	for i := range q.Parts {
		q.printPart(w, i)
	}
	if len(q.Failures) > 0 {
		fmt.Fprintln(w, "\nfailed")
	}
	for i, f := range q.Failures[:min(shownFailures, len(q.Failures))] {
		fmt.Fprintln(w, grid.Sentence(w, "  ", term.Clean(f.Error.Message)))
		if more := q.Failed - int64(i+1); i+1 == shownFailures && more > 0 {
			fmt.Fprintf(w, "  and %d more (--json tells them)\n", more)
		}
	}
}

func (q *Quality) printPart(w io.Writer, i int) {
	p := &q.Parts[i]
	fmt.Fprintf(w, "\n%s; in percent\n", term.Clean(p.Of))
	width := 0
	for _, f := range p.Figures {
		width = max(width, len(f.Name))
	}
	for _, a := range p.Advice {
		width = max(width, len(term.Clean(a.Of)))
	}
	lead := func(name string) string { return fmt.Sprintf("  %-*s  ", width, name) }
	for k, f := range p.Figures {
		text := figureText(f)
		if q.Against != nil {
			text = q.compared(i, k)
		}
		fmt.Fprintln(w, grid.Sentence(w, lead(f.Name), text))
	}
	for _, a := range p.Advice {
		text := fmt.Sprintf("best F1 %s above a score of %.4g: precision %s, recall %s", hundredths(a.F1), a.Threshold, hundredths(a.Precision), hundredths(a.Recall))
		if a.Flag != "" {
			text += " (" + a.Flag + ")"
		}
		fmt.Fprintln(w, grid.Sentence(w, lead(term.Clean(a.Of)), term.Clean(text)))
	}
	if len(p.Classes) == 0 {
		return
	}
	t := grid.New(grid.Text("class"), grid.Number(p.Counted), grid.Number(p.ClassFigure), grid.Text("95 %"), grid.Number("threshold").Optional(), grid.Number("F1").Optional())
	classes := worstFirst(p.Classes)
	for _, c := range classes[:min(shownClasses, len(classes))] {
		value, interval, at, f1 := grid.Absent, grid.Absent, grid.Absent, grid.Absent
		if c.Value != nil {
			value = hundredths(*c.Value)
		}
		if c.Low != nil {
			interval = hundredths(*c.Low) + " to " + hundredths(*c.High)
		}
		if c.Best != nil {
			at, f1 = fmt.Sprintf("%.4g", c.Best.Threshold), hundredths(c.Best.F1)
		}
		t.Row(classText(c), c.N, value, interval, at, f1)
	}
	if more := len(classes) - t.Len(); more > 0 {
		fmt.Fprintf(w, "\nthe %d worst of %d classes (--json and --html have all)\n", t.Len(), len(classes))
	}
	t.Print(w)
}

// compared is a figure beside the other model's.
func (q *Quality) compared(part, k int) string {
	own, other, d := q.Parts[part].Figures[k], q.Against.Figures[part][k], q.Against.Differences[part][k]
	if own.Value == nil || other.Value == nil || d.Value == nil {
		return figureText(own)
	}
	text := fmt.Sprintf("%s against %s: %+.2f", hundredths(*own.Value), hundredths(*other.Value), 100**d.Value)
	if d.Low != nil {
		text += fmt.Sprintf("   95 %% interval %+.2f to %+.2f", 100**d.Low, 100**d.High)
	}
	return text
}

// classText is a class as tables have it.
func classText(c QualityClass) string {
	if c.Label != "" {
		return term.Clean(c.Label)
	}
	return className(c.Name)
}

// worstFirst are classes by their figures; those that have none come last.
func worstFirst(classes []QualityClass) []QualityClass {
	value := func(c QualityClass) float64 {
		if c.Value == nil {
			return math.Inf(1)
		}
		return *c.Value
	}
	sorted := slices.Clone(classes)
	slices.SortStableFunc(sorted, func(a, b QualityClass) int { return cmp.Compare(value(a), value(b)) })
	return sorted
}
