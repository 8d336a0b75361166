package pages

import (
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"ortho/cmd/ortho/internal/report"
	"ortho/runner/bench"
)

// part is a part of a bar.
type part struct {
	name  string
	value float64
}

// bars is a figure of horizontal bars, the first on top, each made of parts. The parts of
// one name have one colour: its place in palette, or after it.
func bars(f report.Figure, axis string, palette, names []string, rows [][]part, text func(part) string) report.Figure {
	f.Plot = report.NewPlot(axis, "")
	f.Height = 62 + 27*vg.Length(len(rows))
	grid := report.Grid()
	grid.Horizontal.Color = nil
	f.Plot.Add(grid)
	var parts []string
	for _, row := range rows {
		for _, p := range row {
			if !slices.Contains(parts, p.name) {
				parts = append(parts, p.name)
			}
		}
	}
	longest := 0.0
	var below *plotter.BarChart
	palette = slices.Clip(palette)
	for _, name := range parts {
		i := slices.Index(palette, name)
		if i < 0 {
			i, palette = len(palette), append(palette, name)
		}
		values := make(plotter.Values, len(rows))
		for j, row := range rows {
			for _, p := range row {
				if p.name == name {
					values[len(rows)-1-j] += p.value
				}
			}
		}
		chart := &plotter.BarChart{Values: values, Width: 16, Color: report.Color(i), Horizontal: true}
		if below != nil {
			chart.StackOn(below)
		}
		below = chart
		f.Plot.Add(chart)
		f.Keys = append(f.Keys, report.Key{Name: name, Thumbs: []plot.Thumbnailer{chart}})
	}
	for j, row := range rows {
		y, x := float64(len(rows)-1-j), 0.0
		for _, p := range row {
			f.Hints = append(f.Hints, report.Hint{X: x + p.value/2, Y: y, W: p.value, H: 0.6, Text: names[j] + ": " + text(p)})
			x += p.value
		}
		longest = max(longest, x)
	}
	slices.Reverse(names)
	f.Plot.NominalY(names...)
	f.Plot.X.Min, f.Plot.X.Max = 0, longest
	if ends := ends(rows); len(ends.XYs) > 0 {
		f.Plot.Add(ends)
		f.Plot.X.Max *= 1.13 // room for them
	}
	f.Plot.Y.Min, f.Plot.Y.Max = -0.5, float64(len(rows))-0.5
	return f
}

// ends are the values of bars of one part, written at their ends.
func ends(rows [][]part) *plotter.Labels {
	var at plotter.XYs
	var texts []string
	for i, row := range rows {
		if len(row) == 1 {
			at, texts = append(at, plotter.XY{X: row[0].value, Y: float64(len(rows) - 1 - i)}), append(texts, fmt.Sprintf("%.1f", row[0].value))
		}
	}
	l := report.Labels(at, texts)
	l.Offset = vg.Point{X: 4}
	for i := range l.TextStyle {
		l.TextStyle[i].YAlign = draw.YCenter
	}
	return l
}

func (r *results) timeBlocks() []report.Block {
	var blocks []report.Block
	if s := r.Stages; s != nil {
		blocks = append(blocks, r.stages(s))
	}
	palette := r.palette()
	var names []string
	var rows [][]part
	var notes []string
	for _, row := range r.bestByProvider() {
		if row.Placement == nil {
			continue
		}
		var parts []part
		for _, s := range row.Placement.Providers {
			parts = append(parts, part{shortProvider(s.Name), 100 * s.TimeShare})
		}
		names, rows = append(names, seriesOf(row.Config)+" "+short(row.Config)), append(rows, parts)
		if note := row.Placement.Note; note != "" {
			notes = append(notes, seriesOf(row.Config)+": "+note)
		}
	}
	share := func(p part) string { return fmt.Sprintf("%s %.1f %%", p.name, p.value) }
	if len(rows) > 0 {
		blocks = append(blocks, bars(report.Figure{Title: "Share of time by provider", Note: "Of the nodes' time in a separate, profiled session: each provider's best cell (threads / batch / concurrency).",
			Desc: "Stacked bars: which execution provider took what share of the time."}, "share of the nodes' time (%)", palette, names, rows, share))
	}
	for _, row := range r.bestByProvider() {
		if row.Placement != nil && len(row.Placement.Operators) > 1 {
			blocks = append(blocks, operators(row, palette, share))
		}
	}
	for _, note := range notes {
		blocks = append(blocks, report.Text(note))
	}
	return blocks
}

// palette are the providers as ONNX Runtime calls them, in the order of their colours,
// which are those of their cells.
func (r *results) palette() []string {
	palette := slices.Clone(r.series)
	for i := range r.rows {
		if p := r.rows[i].Placement; p != nil {
			for _, s := range p.Providers {
				name := shortProvider(s.Name)
				same := func(n string) bool { return strings.EqualFold(n, name) }
				if at := slices.IndexFunc(palette, same); at >= 0 {
					palette[at] = name
				} else {
					palette = append(palette, name)
				}
			}
		}
	}
	return palette
}

// operators are those that take the most time in a cell.
func operators(row *bench.Row, palette []string, share func(part) string) report.Figure {
	const most = 10
	var names []string
	var rows [][]part
	rest := 0.0
	for i, o := range row.Placement.Operators {
		if i >= most {
			rest += 100 * o.TimeShare
			continue
		}
		names = append(names, fmt.Sprintf("%s (%d)", o.Op, o.Nodes))
		rows = append(rows, []part{{shortProvider(o.Provider), 100 * o.TimeShare}})
	}
	note := "Its best cell, " + short(row.Config) + ". In brackets: executed nodes."
	if rest > 0 {
		note += fmt.Sprintf(" %s more took %.1f %%.", count(len(row.Placement.Operators)-most, "operator"), rest)
	}
	return bars(report.Figure{Title: "Share of time by operator: " + seriesOf(row.Config), Note: note,
		Desc: "Bars: which operators took what share of the time."}, "share of the nodes' time (%)", palette, names, rows, share)
}

// stages is where one image's time goes.
func (r *results) stages(s *bench.Stages) report.Figure {
	parts := []part{{"decode", s.DecodeMS.P50}, {"preprocess", s.PreprocessMS.P50}}
	if s.RunMS != nil {
		parts = append(parts, part{"run", *s.RunMS})
	}
	if s.PostprocessMS != nil {
		parts = append(parts, part{"postprocess", s.PostprocessMS.P50})
	}
	total := 0.0
	for i, p := range parts {
		total += p.value
		parts[i].name = fmt.Sprintf("%s %s ms", p.name, number(p.value))
	}
	note := fmt.Sprintf("%s ms in all: medians of %s, each stage alone on one core; with several cores they overlap.", number(total), count(s.Images, "image"))
	if s.RunMS == nil {
		note += " The run's part is unknown: no cell is recommended."
	}
	f := bars(report.Figure{Title: "Stages of one image", Note: note, Desc: "A stacked bar of decode, preprocess, run and postprocess."},
		"time of one image (ms)", nil, []string{""}, [][]part{parts}, func(p part) string { return p.name })
	f.Wide, f.Height = true, 100
	return f
}

// memoryBlocks are the resident sets of each provider's best cell, phase by phase.
func (r *results) memoryBlocks() []report.Block {
	phases := []string{"start", "library", "session", "first run", "peak"}
	p := report.NewPlot("", "resident set (MiB)")
	p.Add(report.Grid())
	f := report.Figure{Title: "Memory by phase", Plot: p, Wide: true, Height: 300, Note: "Each provider's best cell: its process at the start, with the library loaded, the session created, after the first run, and at its peak.",
		Desc: "Lines: the resident set of a process after each phase."}
	var missing report.Facts
	for _, row := range r.bestByProvider() {
		m := &row.Memory
		i := slices.Index(r.series, seriesOf(row.Config))
		line := &plotter.Line{LineStyle: draw.LineStyle{Color: report.Color(i), Width: 1.5}}
		points := &plotter.Scatter{GlyphStyle: glyph(i)}
		for phase, v := range []*int64{m.StartBytes, m.LibraryBytes, m.SessionBytes, m.FirstRunBytes, m.PeakBytes} {
			if v == nil {
				figure := []string{"start_rss_bytes", "library_rss_bytes", "session_rss_bytes", "first_run_rss_bytes", "peak_rss_bytes"}[phase]
				missing = append(missing, report.Fact{Name: seriesOf(row.Config) + ", " + phases[phase], Value: "unknown", Hint: reason(row, figure, "")})
				continue
			}
			size := float64(*v) / (1 << 20)
			line.XYs = append(line.XYs, plotter.XY{X: float64(phase), Y: size})
			f.Hints = append(f.Hints, report.Hint{X: float64(phase), Y: size, Text: fmt.Sprintf("%s, %s: %s MiB", row.Config, phases[phase], mib(*v))})
		}
		if points.XYs = line.XYs; len(points.XYs) > 0 {
			p.Add(line, points)
			f.Keys = append(f.Keys, report.Key{Name: row.Config.String(), Thumbs: []plot.Thumbnailer{line, points}})
		}
	}
	var blocks []report.Block
	if len(f.Keys) > 0 {
		p.NominalX(phases...)
		p.X.Min, p.X.Max, p.Y.Min = -0.2, float64(len(phases))-0.8, 0
		blocks = append(blocks, f)
	}
	if len(missing) > 0 {
		blocks = append(blocks, missing)
	}
	return blocks
}
