package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	align "github.com/jedib0t/go-pretty/v6/text"
	"github.com/urfave/cli/v2"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/report"
	"ortho/runner/bench"
)

// writeBench prints the table of cells and the recommendation.
func writeBench(c *cli.Context, f *bench.File) error {
	if c.Bool("markdown") {
		_, err := io.WriteString(c.App.Writer, report.Bench(f).Markdown())
		return err
	}
	rows := slices.Clone(f.Rows)
	slices.SortStableFunc(rows, func(a, b bench.Row) int {
		return cmp.Compare(rank(b, f.Verdict.Objective), rank(a, f.Verdict.Objective))
	})
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header = 0
	t.AppendHeader(table.Row{"", "provider", "threads", "batch", "concurrency", f.Unit(), "p50 ms", "p99 ms", "peak MiB", "equal", "note"})
	var right []table.ColumnConfig
	for n := 3; n <= 9; n++ {
		right = append(right, table.ColumnConfig{Number: n, Align: align.AlignRight})
	}
	t.SetColumnConfigs(append(right, table.ColumnConfig{Number: 11, WidthMax: 60}))
	var others []bench.Row
	for _, r := range rows {
		if r.Status == bench.StatusOK {
			t.AppendRow(summaryRow(r, f.Verdict))
		} else {
			others = append(others, r)
		}
	}
	if t.Length() > 0 {
		if _, err := fmt.Fprintln(c.App.Writer, t.Render()); err != nil {
			return err
		}
	}
	for _, line := range append(notMeasured(others), f.Verdict.Reasons...) {
		if _, err := fmt.Fprintln(c.App.Writer, output.Clean(line)); err != nil {
			return err
		}
	}
	if f.Verdict.Flags != "" {
		_, err := fmt.Fprintf(c.App.Writer, "\nUse it: %s\n", output.Clean(f.Verdict.Flags))
		return err
	}
	return nil
}

// notMeasured tells of the cells without figures, those with one reason together.
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

// rank orders the table: the best first, cells without figures last.
func rank(r bench.Row, objective string) float64 {
	switch {
	case r.Status != bench.StatusOK || r.ThroughputS == nil:
		return -1e300
	case objective == bench.ObjectiveLatency && r.LatencyMS != nil:
		return -r.LatencyMS.P50
	case objective == bench.ObjectiveMemory && r.Memory.PeakBytes != nil:
		return -float64(*r.Memory.PeakBytes)
	}
	return *r.ThroughputS
}

func summaryRow(r bench.Row, v *bench.Verdict) table.Row {
	provider := r.Providers
	if r.Flavor != "" && r.Flavor != bench.FlavorOf(r.Providers) {
		provider += " (" + r.Flavor + "'s " + r.LibraryVersion + ")"
	}
	mark := ""
	switch {
	case v.Recommended != nil && *v.Recommended == r.Config:
		mark = "*"
	case slices.Contains(v.Ties, r.Config):
		mark = "="
	}
	row := table.Row{mark, provider, r.Threads, r.Batch, r.Concurrency, "", "", "", "", "", ""}
	if r.ThroughputS != nil {
		row[5] = fourDigits(*r.ThroughputS)
		if ci := r.ThroughputCI; ci != nil {
			row[5] = fmt.Sprintf("%s [%s, %s]", fourDigits(*r.ThroughputS), fourDigits(ci.Low), fourDigits(ci.High))
		}
	}
	if l := r.LatencyMS; l != nil {
		row[6], row[7] = fourDigits(l.P50), "withheld"
		if l.P99 != nil {
			row[7] = fourDigits(*l.P99)
		}
	}
	row[8] = "unknown"
	if p := r.Memory.PeakBytes; p != nil {
		row[8] = fmt.Sprint(*p >> 20)
	}
	row[9] = "unknown"
	if r.Equal != nil {
		row[9] = map[bool]string{true: "yes", false: "NO"}[*r.Equal]
	}
	if r.Unstable {
		row[10] = "unstable"
	}
	return row
}

// fourDigits shows four significant digits.
func fourDigits(v float64) string {
	switch {
	case v >= 1000:
		return fmt.Sprintf("%.0f", v)
	case v >= 100:
		return fmt.Sprintf("%.1f", v)
	case v >= 10:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.4g", v)
}

// status is a line at the end of a terminal that tells what a sweep does.
type status struct {
	bars *mpb.Progress
	bar  *mpb.Bar
	now  chan string // the latest
}

func newStatus(w io.Writer) *status {
	s := &status{bars: mpb.New(mpb.WithOutput(w), mpb.WithAutoRefresh(), mpb.WithRefreshRate(200*time.Millisecond), mpb.WithWidth(30)), now: make(chan string, 1)}
	shown := ""
	s.bar = s.bars.New(0, mpb.NopStyle(), mpb.BarRemoveOnComplete(), mpb.PrependDecorators(decor.Any(func(decor.Statistics) string {
		select {
		case shown = <-s.now:
		default:
		}
		return shown
	})))
	return s
}

func describeProgress(p bench.Progress) string {
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

func (s *status) show(p bench.Progress) { s.tell(describeProgress(p)) }

func (s *status) tell(line string) {
	select {
	case <-s.now:
	default:
	}
	select {
	case s.now <- line:
	default:
	}
}

func (s *status) end() {
	s.bar.Abort(true)
	s.bars.Wait()
}
