package pages

import (
	"fmt"
	"io"
	"strings"

	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/term"
	"ortho/runner/bench"
	"ortho/runner/stats"
)

// PrintPipeline prints the time of an image by part, and in each setting, or the report in
// Markdown.
func PrintPipeline(w io.Writer, p *bench.Pipeline, markdown bool) error {
	if markdown {
		_, err := io.WriteString(w, Pipeline(p).Markdown())
		return err
	}
	if err := PrintLines(w, []string{p.Describe()}); err != nil {
		return err
	}
	if best := p.Best(); best != nil {
		if err := partTable(p, best).Print(w); err != nil {
			return err
		}
	}
	if len(p.Settings) > 1 || p.Best() == nil {
		if err := settingTable(p).Print(w); err != nil {
			return err
		}
	}
	var lines []string
	for _, part := range p.Parts {
		var others []bench.Row
		for _, r := range part.Results.Rows {
			if r.Status != bench.StatusOK {
				others = append(others, r)
			}
		}
		for _, line := range notMeasured(others) {
			lines = append(lines, oneLine(part.Name+": "+line))
		}
	}
	if err := PrintLines(w, append(lines, p.Reasons()...)); err != nil {
		return err
	}
	return printFlags(w, p.Flags)
}

func partTable(p *bench.Pipeline, s *bench.Setting) *grid.Table {
	t := grid.New(grid.Text("part"), grid.Number("runs"), grid.Number("ms a run"), grid.Number("ms in an image"), grid.Number("share"), grid.Number("peak MiB"), grid.Text("fastest alone"))
	for i, time := range s.Parts {
		row := time.Row()
		name := time.Name
		if row.Unstable {
			name += " (unstable)"
		}
		t.Row(term.Clean(name), p.Parts[i].Runs, withInterval(time.RunMS, row.LatencyCI), term.FourDigits(time.ImageMS), term.Percent(time.Share),
			term.Mebibytes(row.Memory.PeakBytes), term.Clean(fastest(p.Parts[i], s)))
	}
	if ms, share, known := p.OwnWork(s); known {
		t.Row("Go's own work", "", "", term.FourDigits(ms), term.Percent(share), "", "")
	}
	_, peak := s.Peak()
	t.Footer(term.Clean("an image, "+s.String()), "", "", withInterval(*s.ImageMS, s.ImageCI), "", term.Mebibytes(peak), "")
	return t
}

// fastest are the settings that are best for a part alone.
func fastest(p bench.Part, s *bench.Setting) string {
	v := p.Results.Verdict
	switch {
	case v == nil || v.Recommended == nil:
		return "unknown"
	case s.Has(*v.Recommended):
		return "as here"
	}
	for _, c := range v.Ties {
		if s.Has(c) {
			return "as here (a tie)"
		}
	}
	return bench.SettingOf(*v.Recommended).String()
}

func settingTable(p *bench.Pipeline) *grid.Table {
	t := grid.New(grid.Text(""), grid.Text("settings"), grid.Number("ms an image"), grid.Number("largest part's peak MiB"), grid.Text("note"))
	for i, s := range p.Settings {
		if s.ImageMS == nil {
			t.Row("", term.Clean(s.String()), "unknown", "", oneLine(s.Reason))
			continue
		}
		mark := ""
		switch {
		case i == 0:
			mark = "*"
		case s.Tie:
			mark = "="
		}
		_, peak := s.Peak()
		t.Row(mark, term.Clean(s.String()), withInterval(*s.ImageMS, s.ImageCI), term.Mebibytes(peak), "")
	}
	return t
}

// oneLine is a message of ONNX Runtime's, which may have several.
func oneLine(text string) string { return term.Clean(strings.Join(strings.Fields(text), " ")) }

func withInterval(v float64, ci *stats.Interval) string {
	if ci == nil {
		return term.FourDigits(v)
	}
	return fmt.Sprintf("%s [%s, %s]", term.FourDigits(v), term.FourDigits(ci.Low), term.FourDigits(ci.High))
}
