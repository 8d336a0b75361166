package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	align "github.com/jedib0t/go-pretty/v6/text"
	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/report"
	"ortho/runner/bench"
	"ortho/runner/stats"
)

// writePipeline prints the time of an image by part, and in each setting.
func writePipeline(c *cli.Context, p *bench.Pipeline) error {
	if c.Bool("markdown") {
		_, err := io.WriteString(c.App.Writer, report.Pipeline(p).Markdown())
		return err
	}
	lines := []string{output.Clean(p.Describe())}
	if best := p.Best(); best != nil {
		lines = append(lines, partTable(p, best).Render())
	}
	if len(p.Settings) > 1 || p.Best() == nil {
		lines = append(lines, settingTable(p).Render())
	}
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
	for _, line := range p.Reasons() {
		lines = append(lines, output.Clean(line))
	}
	if p.Flags != "" {
		lines = append(lines, "", "Use it: "+output.Clean(p.Flags))
	}
	for _, line := range lines {
		if _, err := fmt.Fprintln(c.App.Writer, line); err != nil {
			return err
		}
	}
	return nil
}

// columns is a table with its first columns aligned left, and the rest but the last right.
func columns(header table.Row, left int) table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header, t.Style().Format.Footer = 0, 0
	t.AppendHeader(header)
	var right []table.ColumnConfig
	for n := left + 1; n < len(header); n++ {
		right = append(right, table.ColumnConfig{Number: n, Align: align.AlignRight, AlignFooter: align.AlignRight})
	}
	t.SetColumnConfigs(append(right, table.ColumnConfig{Number: len(header), WidthMax: 60, WidthMaxEnforcer: align.WrapSoft}))
	return t
}

func partTable(p *bench.Pipeline, s *bench.Setting) table.Writer {
	t := columns(table.Row{"part", "runs", "ms a run", "ms in an image", "share", "peak MiB", "fastest alone", "note"}, 1)
	for i, time := range s.Parts {
		row := time.Row()
		note := ""
		if row.Unstable {
			note = "unstable"
		}
		t.AppendRow(table.Row{time.Name, p.Parts[i].Runs, withInterval(time.RunMS, row.LatencyCI), fourDigits(time.ImageMS), percent(time.Share),
			mebibytes(row.Memory.PeakBytes), fastest(p.Parts[i], s), note})
	}
	if ms, share, known := p.OwnWork(s); known {
		t.AppendRow(table.Row{"Go's own work", "", "", fourDigits(ms), percent(share), "", "", ""})
	}
	_, peak := s.Peak()
	t.AppendFooter(table.Row{"an image", "", "", withInterval(*s.ImageMS, s.ImageCI), "", mebibytes(peak), "", s.String()})
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

func settingTable(p *bench.Pipeline) table.Writer {
	t := columns(table.Row{"", "settings", "ms an image", "largest part's peak MiB", "note"}, 2)
	for i, s := range p.Settings {
		if s.ImageMS == nil {
			t.AppendRow(table.Row{"", s.String(), "unknown", "", oneLine(s.Reason)})
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
		t.AppendRow(table.Row{mark, s.String(), withInterval(*s.ImageMS, s.ImageCI), mebibytes(peak), ""})
	}
	return t
}

// oneLine is a message of ONNX Runtime's, which may have several.
func oneLine(text string) string { return output.Clean(strings.Join(strings.Fields(text), " ")) }

func withInterval(v float64, ci *stats.Interval) string {
	if ci == nil {
		return fourDigits(v)
	}
	return fmt.Sprintf("%s [%s, %s]", fourDigits(v), fourDigits(ci.Low), fourDigits(ci.High))
}

func mebibytes(n *int64) string {
	if n == nil {
		return "unknown"
	}
	return fmt.Sprint(*n >> 20)
}
