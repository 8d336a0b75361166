package pages

import (
	"fmt"
	"io"

	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/term"
	"ortho/models/evaluate"
)

// Print writes the summary for people.
func (doc *Evaluation) Print(w io.Writer) {
	line := func(key, format string, args ...any) {
		fmt.Fprintln(w, grid.Sentence(w, fmt.Sprintf("%-18s ", key), term.Clean(fmt.Sprintf(format, args...))))
	}
	r := doc.Result
	line("model", "%s", doc.Model.Name)
	line("data", "%s: %s", doc.Data.Path, doc.Data)
	partial := ""
	if !doc.Complete {
		partial = " (PARTIAL: the run ended before the last one)"
	}
	line("images", "%d judged, %d failed%s", r.Items, doc.Failed, partial)
	if r.Items > 0 {
		rate := func(key string, rate *evaluate.Rate) {
			if rate != nil {
				line(key, "%s   95 %% interval %s to %s   %d of %d", term.Percent(rate.Rate), term.Percent(rate.Low), term.Percent(rate.High), rate.Right, rate.N)
			}
		}
		rate("top-1", r.Top1)
		rate("top-5", r.Top5)
		line("balanced accuracy", "%s   macro F1 %s", term.Percent(*r.BalancedAccuracy), term.Percent(*r.MacroF1))
		doc.printCalibration(line)
	}
	if doc.Throughput != nil {
		line("throughput", "%.1f images/s; provider %s, batch %d, %d at once", *doc.Throughput, doc.Ran(doc.Provider), doc.Batch, doc.Concurrency)
	}
	list := func(title string, lines []string) {
		if len(lines) > 0 {
			fmt.Fprintf(w, "\n%s\n", title)
		}
		for _, l := range lines {
			fmt.Fprintln(w, grid.Sentence(w, "  ", term.Clean(l)))
		}
	}
	names := map[int]evaluate.Class{}
	for _, c := range r.PerClass {
		names[c.Index] = c
	}
	var confused, worst, failed []string
	for _, p := range r.MostConfused(10) {
		confused = append(confused, fmt.Sprintf("%d of %d %s taken for %s", p.N, names[p.Truth].N, names[p.Truth].Name, names[p.Predicted].Name))
	}
	for _, m := range r.Mistakes[:min(5, len(r.Mistakes))] {
		worst = append(worst, fmt.Sprintf("%s: %s %s, but is %s (%s, place %d)", m.Input, term.Percent(m.Probability), m.Predicted, m.Truth, term.Percent(m.TruthProbability), m.TruthRank))
	}
	for _, f := range doc.Failures[:min(20, len(doc.Failures))] {
		failed = append(failed, f.Error.Message)
	}
	if more := doc.Failed - int64(len(failed)); more > 0 {
		failed = append(failed, fmt.Sprintf("and %d more (--json tells them)", more))
	}
	list("most confused", confused)
	list("worst mistakes", worst)
	list("failed", failed)
}

func (doc *Evaluation) printCalibration(line func(key, format string, args ...any)) {
	c := doc.Result.Calibration
	if c.ECE != nil {
		line("calibration", "ECE %s (about %s by chance alone)", term.Percent(*c.ECE), term.Percent(*c.ChanceECE))
	}
	if c.NLL != nil {
		line("", "NLL %.3f, Brier %.3f", *c.NLL, *c.Brier)
	}
	if c.Temperature != 1 {
		line("", "at temperature %v", c.Temperature)
	}
	line("temperature", "%s", temperatureText(doc.Result))
	if c.Fitted.Temperature != nil && !doc.appliesTemperature() {
		line("", "ortho can't apply it: the softmax is inside the graph")
	}
}

// temperatureText says what the fitted temperature is, and what it does.
func temperatureText(r *evaluate.Result) string {
	f := r.Calibration.Fitted
	if f.Temperature == nil {
		return "none can be fitted: " + f.Reason
	}
	high := "unbounded"
	if f.High != nil {
		high = fmt.Sprintf("%.3g", *f.High)
	}
	text := fmt.Sprintf("%.4g fits best (95 %% interval %.3g to %s", *f.Temperature, *f.Low, high)
	if f.Items < r.Items {
		text += fmt.Sprintf("; of a sample of %d", f.Items)
	}
	text += ")"
	if f.ECE == nil {
		return text + "; " + f.Reason
	}
	return text + fmt.Sprintf(": ECE %s, NLL %.3f, cross-fitted", term.Percent(*f.ECE), *f.NLL)
}
