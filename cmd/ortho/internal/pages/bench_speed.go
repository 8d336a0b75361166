package pages

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"ortho/cmd/ortho/internal/report"
	"ortho/runner/bench"
	"ortho/runner/stats"
)

// shapes are those of the providers' points.
var shapes = []struct{ full, outline draw.GlyphDrawer }{
	{draw.CircleGlyph{}, draw.RingGlyph{}}, {draw.BoxGlyph{}, draw.SquareGlyph{}}, {draw.PyramidGlyph{}, draw.TriangleGlyph{}},
}

// hollow is the shape of a cell that could not win.
type hollow struct{ full, outline draw.GlyphDrawer }

func (h hollow) DrawGlyph(c *draw.Canvas, style draw.GlyphStyle, at vg.Point) {
	c.SetColor(report.Paper)
	h.full.DrawGlyph(c, style, at)
	c.SetColor(style.Color)
	h.outline.DrawGlyph(c, style, at)
}

// glyph is the point of a provider by its place in the series.
func glyph(series int) draw.GlyphStyle {
	return draw.GlyphStyle{Color: report.Color(series), Radius: 4, Shape: shapes[series%len(shapes)].full}
}

func (r *results) glyph(row *bench.Row) draw.GlyphStyle {
	g := glyph(slices.Index(r.series, seriesOf(row.Config)))
	if _, out := r.excluded[row.Config]; out {
		g.Shape = hollow(shapes[slices.Index(r.series, seriesOf(row.Config))%len(shapes)])
	}
	return g
}

func (r *results) speedFigures() []report.Block {
	if len(r.rows) == 0 {
		return nil
	}
	return []report.Block{r.tradeoff(), r.distribution()}
}

// tradeoff is throughput against latency.
func (r *results) tradeoff() report.Figure {
	var p50 []float64
	for i := range r.rows {
		p50 = append(p50, r.rows[i].LatencyMS.P50)
	}
	p := report.NewPlot("latency p50 (ms)", "throughput ("+r.unit+")")
	p.Add(report.Grid())
	points := make(plotter.XYs, len(r.rows))
	styles := make([]draw.GlyphStyle, len(r.rows))
	low, high := make(plotter.XErrors, len(r.rows)), make(plotter.YErrors, len(r.rows))
	f := report.Figure{Title: "Throughput against latency", Plot: p, Wide: true, Height: 400}
	for i := range r.rows {
		row := &r.rows[i]
		x, y := row.LatencyMS.P50, *row.ThroughputS
		points[i] = plotter.XY{X: x, Y: y}
		styles[i] = r.glyph(row)
		low[i].Low, low[i].High = spread(x, row.LatencyCI)
		high[i].Low, high[i].High = spread(y, row.ThroughputCI)
		hint := row.Config.String() + ": " + r.figures(row)
		if reason, out := r.excluded[row.Config]; out {
			hint += " It could not win: " + reason
		} else if role := r.roles[row.Config]; role != "" {
			hint += " (" + role + ")"
		}
		f.Hints = append(f.Hints, report.Hint{X: x, Y: y, Text: hint})
	}
	across := &plotter.XErrorBars{XYs: points, XErrors: low, LineStyle: draw.LineStyle{Color: report.Ink(0.35), Width: 0.75}, CapWidth: 4}
	up := &plotter.YErrorBars{XYs: points, YErrors: high, LineStyle: across.LineStyle, CapWidth: 4}
	scatter := &plotter.Scatter{XYs: points, GlyphStyleFunc: func(i int) draw.GlyphStyle { return styles[i] }}

	front := r.front()
	line := &plotter.Line{LineStyle: draw.LineStyle{Color: report.Ink(0.5), Width: 1, Dashes: []vg.Length{4, 3}}}
	for _, i := range front {
		line.XYs = append(line.XYs, points[i])
	}
	if len(front) > 1 {
		p.Add(line)
	}
	p.Add(across, up, scatter)
	// Intervals of few, noisy rounds may reach beyond the axes.
	p.Y.Min, p.Y.Max = 0, 1.12*slices.MaxFunc(points, func(a, b plotter.XY) int { return cmp.Compare(a.Y, b.Y) }).Y
	p.X.Min, p.X.Max = slices.Min(p50), slices.Max(p50)
	margin := 0.04 * max(p.X.Max-p.X.Min, 0.1*p.X.Max)
	p.X.Min, p.X.Max = p.X.Min-margin, p.X.Max+margin
	logarithmic := scale(&p.X, p50)

	for i, name := range r.series {
		f.Keys = append(f.Keys, report.Key{Name: name, Thumbs: []plot.Thumbnailer{&plotter.Scatter{GlyphStyle: glyph(i)}}})
	}
	if slices.ContainsFunc(r.rows, func(row bench.Row) bool { _, out := r.excluded[row.Config]; return out }) {
		f.Keys = append(f.Keys, report.Key{Name: "hollow: could not win", Thumbs: []plot.Thumbnailer{&plotter.Scatter{GlyphStyle: draw.GlyphStyle{Color: report.Ink(0.6), Radius: 4, Shape: draw.RingGlyph{}}}}})
	}
	if len(front) > 1 {
		f.Keys = append(f.Keys, report.Key{Name: "no other is better in both", Thumbs: []plot.Thumbnailer{line}})
	}
	r.label(&f, points, front)
	f.Note = "Up and left is better. Labels are threads / batch / concurrency; bars are 95 % confidence intervals."
	if logarithmic {
		f.Note += " The latency axis is logarithmic."
	}
	f.Desc = fmt.Sprintf("Scatter plot of %s by %s.", count(len(r.rows), "cell"), count(len(r.series), "provider"))
	if best := r.recommendedRow(); best != nil {
		f.Desc += " Recommended: " + settings(best.Config) + ", " + number(*best.ThroughputS) + " " + r.unit + " at p50 " + number(best.LatencyMS.P50) + " ms."
	}
	return f
}

func (r *results) recommendedRow() *bench.Row {
	if r.Verdict == nil {
		return nil
	}
	return r.row(r.Verdict.Recommended)
}

// front is the Pareto front of the cells that could win: those than which no other has both
// more throughput and less latency, by latency.
func (r *results) front() []int {
	var order, front []int
	for i := range r.rows {
		if _, out := r.excluded[r.rows[i].Config]; !out {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(r.rows[a].LatencyMS.P50, r.rows[b].LatencyMS.P50), cmp.Compare(*r.rows[b].ThroughputS, *r.rows[a].ThroughputS))
	})
	best := math.Inf(-1)
	for _, i := range order {
		if y := *r.rows[i].ThroughputS; y > best {
			best = y
			front = append(front, i)
		}
	}
	return front
}

// label names the recommended cell, the runner-up and, where there is room, the front's.
func (r *results) label(f *report.Figure, points plotter.XYs, front []int) {
	p := f.Plot
	var order []int
	for _, role := range []string{recommended, runnerUp} {
		for i := range r.rows {
			if r.roles[r.rows[i].Config] == role {
				order = append(order, i)
			}
		}
	}
	if len(order) > 0 && r.roles[r.rows[order[0]].Config] == recommended {
		p.Add(&plotter.Scatter{XYs: points[order[0] : order[0]+1], GlyphStyle: draw.GlyphStyle{Color: report.Ink(1), Radius: 8, Shape: draw.RingGlyph{}}})
	}
	order = append(order, front...)
	type box struct{ x0, x1, y0, y1 float64 }
	var taken []box
	for _, i := range order {
		c := r.rows[i].Config
		text := short(c)
		if role := r.roles[c]; role == recommended || role == runnerUp {
			text = role + " " + text
		}
		// In points, of a plot that is about 790 by 340.
		x, y, w := 790*p.X.Norm(points[i].X), 340*p.Y.Norm(points[i].Y), 5.2*float64(len(text))
		left := x+w > 785
		b := box{x + 8, x + 12 + w, y - 7, y + 7}
		if left {
			b.x0, b.x1 = x-12-w, x-8
		}
		if slices.ContainsFunc(taken, func(t box) bool { return b.x0 < t.x1 && t.x0 < b.x1 && b.y0 < t.y1 && t.y0 < b.y1 }) {
			continue
		}
		taken = append(taken, b)
		l := report.Labels(points[i:i+1], []string{text})
		l.Offset = vg.Point{X: 11, Y: 0}
		l.TextStyle[0].YAlign = draw.YCenter
		if left {
			l.Offset.X, l.TextStyle[0].XAlign = -11, draw.XRight
		}
		p.Add(l)
	}
}

func spread(v float64, i *stats.Interval) (low, high float64) {
	if i == nil {
		return 0, 0
	}
	return max(v-i.Low, 0), max(i.High-v, 0)
}

// scale makes an axis logarithmic where its values differ by more than a factor of 6.
func scale(axis *plot.Axis, values []float64) bool {
	low, high := slices.Min(values), slices.Max(values)
	if low <= 0 || high/low < 6 {
		return false
	}
	axis.Scale = plot.LogScale{}
	axis.Min, axis.Max = low/1.15, high*1.15
	axis.Tick.Marker = plot.TickerFunc(func(low, high float64) []plot.Tick {
		var ticks []plot.Tick
		for decade := math.Floor(math.Log10(low)); decade <= math.Ceil(math.Log10(high)); decade++ {
			for digit := 1; digit <= 9; digit++ {
				t := plot.Tick{Value: float64(digit) * math.Pow(10, decade)}
				if digit == 1 || digit == 2 || digit == 5 {
					t.Label = fmt.Sprintf("%g", t.Value)
				}
				if low <= t.Value && t.Value <= high {
					ticks = append(ticks, t)
				}
			}
		}
		return ticks
	})
	return true
}

// distribution is the share of runs that end within a time, of the best cells.
func (r *results) distribution() report.Block {
	const most, steps = 6, 200
	p := report.NewPlot("latency of a run (ms)", "runs that ended (%)")
	p.Add(report.Grid())
	f := report.Figure{Title: "Latency distribution", Plot: p, Wide: true, Height: 320,
		Note: "Empirical distribution of the best cells' single runs; the axis ends at the largest p99."}
	rows := r.rows[:min(most, len(r.rows))]
	for _, row := range r.bestByProvider() { // every provider has one
		if !slices.ContainsFunc(rows, func(o bench.Row) bool { return o.Config == row.Config }) && len(rows) < len(report.Colors) {
			rows = append(slices.Clip(rows), *row)
		}
	}
	var reach []float64
	for i := range rows {
		samples := latencies(&rows[i])
		if len(samples) == 0 {
			continue
		}
		line := &plotter.Line{LineStyle: draw.LineStyle{Color: report.Color(len(f.Keys)), Width: 1.5}, StepStyle: plotter.PreStep}
		if len(f.Keys)%2 == 1 {
			line.Dashes = []vg.Length{6, 2}
		}
		for step := range steps + 1 {
			q := float64(step) / steps
			line.XYs = append(line.XYs, plotter.XY{X: samples[int(q*float64(len(samples)-1)+0.5)], Y: 100 * q})
		}
		p.Add(line)
		reach = append(reach, samples[0], samples[int(0.99*float64(len(samples)-1)+0.5)])
		f.Keys = append(f.Keys, report.Key{Name: rows[i].Config.String(), Thumbs: []plot.Thumbnailer{line}})
	}
	if len(reach) == 0 {
		return report.Text("The file holds no samples, from which the distribution of latencies could be drawn.")
	}
	p.X.Min, p.X.Max = slices.Min(reach), slices.Max(reach)
	if scale(&p.X, reach) {
		f.Note += " The axis is logarithmic."
	}
	p.Y.Min, p.Y.Max = 0, 100
	f.Desc = "Cumulative distribution of the latency of " + count(len(f.Keys), "cell") + "."
	return f
}

// latencies are all samples of a row, in order.
func latencies(row *bench.Row) []float64 {
	var all []float64
	for _, round := range row.Rounds {
		all = append(all, round.LatencyMS...)
	}
	slices.Sort(all)
	return all
}
