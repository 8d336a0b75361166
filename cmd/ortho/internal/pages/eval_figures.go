package pages

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"ortho/cmd/ortho/internal/report"
	"ortho/models/evaluate"
)

// intervals are points with error bars.
type intervals struct {
	plotter.XYs
	plotter.YErrors
}

// reliability is the diagram of DeGroot and Fienberg (1983), as Guo et al. (2017) draw it.
func reliability(c evaluate.Calibration) report.Figure {
	p := report.NewPlot("probability of the answer (%)", "answers that are right (%)")
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 103, 0, 103 // room for the last tick's label
	bars := bins(c, func(b evaluate.Bin) float64 {
		if b.Right == nil {
			return 0
		}
		return 100 * b.Right.Rate
	})
	points := intervals{}
	var hints []report.Hint
	for _, b := range c.Bins {
		if b.N == 0 {
			continue
		}
		points.XYs = append(points.XYs, plotter.XY{X: 100 * *b.Probability, Y: 100 * b.Right.Rate})
		points.YErrors = append(points.YErrors, struct{ Low, High float64 }{100 * (b.Right.Rate - b.Right.Low), 100 * (b.Right.High - b.Right.Rate)})
		hints = append(hints, report.Hint{X: 50 * (b.Low + b.High), Y: 50, W: 100 * (b.High - b.Low), H: 100,
			Text: fmt.Sprintf("%.0f to %.0f %%: %d answers, given %s on average, of which %s are right (95 %% interval %s to %s)",
				100*b.Low, 100*b.High, b.N, share(*b.Probability), share(b.Right.Rate), share(b.Right.Low), share(b.Right.High))})
	}
	ideal := &plotter.Line{XYs: plotter.XYs{{X: 0, Y: 0}, {X: 100, Y: 100}}, LineStyle: draw.LineStyle{Color: report.Ink(0.6), Width: 1, Dashes: []vg.Length{4, 3}}}
	p.Add(report.Grid(), bars, ideal)
	// Without a point there is nothing that plotter would take.
	if whiskers, err := plotter.NewYErrorBars(points); err == nil {
		whiskers.LineStyle = draw.LineStyle{Color: report.Color(5), Width: 1.2}
		p.Add(whiskers)
	}
	dots := &plotter.Scatter{XYs: points.XYs, GlyphStyle: draw.GlyphStyle{Color: report.Color(5), Radius: 2.5, Shape: draw.CircleGlyph{}}}
	p.Add(dots)
	return report.Figure{Title: "Reliability", Note: "Answers by their probability: how many of them are right.", Plot: p, Hints: hints,
		Desc: fmt.Sprintf("Expected calibration error %s over %d bins of equal width.", share(*c.ECE), len(c.Bins)),
		Keys: []report.Key{{Name: "right", Thumbs: []plot.Thumbnailer{bars}}, {Name: "at the bin's mean, with 95 % interval", Thumbs: []plot.Thumbnailer{dots}}, {Name: "as it should be", Thumbs: []plot.Thumbnailer{ideal}}}}
}

// confidence shows how many answers are of which probability.
func confidence(c evaluate.Calibration) report.Figure {
	p := report.NewPlot("probability of the answer (%)", "answers")
	p.X.Min, p.X.Max, p.Y.Min = 0, 103, 0
	var hints []report.Hint
	most := 1
	for _, b := range c.Bins {
		most = max(most, b.N)
	}
	p.Y.Max = 1.05 * float64(most)
	for _, b := range c.Bins {
		hints = append(hints, report.Hint{X: 50 * (b.Low + b.High), Y: float64(most) / 2, W: 100 * (b.High - b.Low), H: float64(most),
			Text: fmt.Sprintf("%.0f to %.0f %%: %d answers", 100*b.Low, 100*b.High, b.N)})
	}
	p.Add(report.Grid(), bins(c, func(b evaluate.Bin) float64 { return float64(b.N) }))
	return report.Figure{Title: "How sure the answers are", Note: "Answers by their probability.", Plot: p, Hints: hints, Desc: "A histogram of the probabilities of the answers."}
}

func bins(c evaluate.Calibration, height func(evaluate.Bin) float64) *plotter.Histogram {
	h := &plotter.Histogram{Width: 100 / float64(evaluate.Bins), FillColor: report.Color(6), LineStyle: draw.LineStyle{Color: report.Ink(0.3), Width: 0.5}}
	for _, b := range c.Bins {
		h.Bins = append(h.Bins, plotter.HistogramBin{Min: 100 * b.Low, Max: 100 * b.High, Weight: height(b)})
	}
	return h
}

// maxMatrix is the most classes of which a matrix shows every one; of more it shows
// those with the most mistakes.
const maxMatrix = 36

// matrix is a part of the confusion matrix, as a heat map: rows are what images are,
// columns what they are taken for.
func matrix(r *evaluate.Result) report.Figure {
	classes := slices.Clone(r.PerClass)
	note := "Each row has the images of a class, as shares of them."
	if len(classes) > maxMatrix {
		wrong := map[int]int{}
		for _, p := range r.MostConfused(len(r.Confusion)) {
			wrong[p.Truth] += p.N
			wrong[p.Predicted] += p.N
		}
		slices.SortStableFunc(classes, func(a, b evaluate.Class) int { return cmp.Compare(wrong[b.Index], wrong[a.Index]) })
		all := len(classes)
		classes = slices.DeleteFunc(classes, func(c evaluate.Class) bool { return wrong[c.Index] == 0 })
		classes = classes[:min(maxMatrix, len(classes))]
		note = fmt.Sprintf("The %d of %d classes with the most mistakes; shares are of all images of a row's class.", len(classes), all)
		slices.SortFunc(classes, func(a, b evaluate.Class) int { return cmp.Compare(a.Index, b.Index) })
	}
	n := len(classes)
	m := &cells{share: make([][]float64, n)}
	at := map[int]int{}
	for i, c := range classes {
		at[c.Index] = i
		m.share[i] = slices.Repeat([]float64{math.NaN()}, n)
	}
	p := report.NewPlot("taken for", "is")
	var hints []report.Hint
	var marks plotter.XYs
	var counts []string
	for _, pair := range r.Confusion {
		row, known := at[pair.Truth]
		column, too := at[pair.Predicted]
		if !known || !too {
			continue
		}
		part := float64(pair.N) / float64(classes[row].N)
		m.share[row][column] = part
		x, y := float64(column), m.Y(n-1-row)
		hints = append(hints, report.Hint{X: x, Y: y, W: 1, H: 1, Text: fmt.Sprintf("%s taken for %s: %d of %d (%s)",
			className(classes[row].Name), className(classes[column].Name), pair.N, classes[row].N, share(part))})
		marks = append(marks, plotter.XY{X: x, Y: y})
		counts = append(counts, strconv.Itoa(pair.N))
	}
	heat := plotter.NewHeatMap(m, report.Shades(64))
	heat.Min, heat.Max = 0, 1
	p.Add(heat, outline(n))
	if n <= 20 {
		labels := report.Labels(marks, counts)
		for i := range labels.TextStyle {
			labels.TextStyle[i].XAlign, labels.TextStyle[i].YAlign = text.XCenter, text.YCenter
		}
		p.Add(labels)
	}
	var across, down []plot.Tick
	for i, c := range classes {
		across = append(across, plot.Tick{Value: float64(i), Label: axisName(c.Name)})
		down = append(down, plot.Tick{Value: float64(n - 1 - i), Label: axisName(c.Name)})
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = plot.ConstantTicks(across), plot.ConstantTicks(down)
	p.X.Tick.Label.Rotation, p.X.Tick.Label.XAlign, p.X.Tick.Label.YAlign = math.Pi/2, text.XRight, text.YCenter
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = -0.5, float64(n)-0.5, -0.5, float64(n)-0.5
	return report.Figure{Title: "Confusion matrix", Note: note, Plot: p, Hints: hints, Wide: true, Height: vg.Length(min(900, 220+22*n)),
		Desc: "Rows are the classes that images are of, columns those that they are taken for; the table has the most frequent mistakes."}
}

// cells are the shares of a confusion matrix's rows; a plot's rows count from below.
type cells struct{ share [][]float64 }

func (m *cells) Dims() (columns, rows int) { return len(m.share), len(m.share) }
func (m *cells) Z(c, r int) float64        { return m.share[len(m.share)-1-r][c] }
func (m *cells) X(c int) float64           { return float64(c) }
func (m *cells) Y(r int) float64           { return float64(r) }

// outline is the matrix's frame and diagonal.
func outline(n int) plot.Plotter {
	low, high := -0.5, float64(n)-0.5
	return &plotter.Line{XYs: plotter.XYs{{X: low, Y: low}, {X: high, Y: low}, {X: high, Y: high}, {X: low, Y: high}, {X: low, Y: low}},
		LineStyle: draw.LineStyle{Color: report.Ink(0.3), Width: 0.5}}
}
