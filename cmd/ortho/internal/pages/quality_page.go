package pages

import (
	"fmt"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg/draw"

	"ortho/cmd/ortho/internal/report"
	"ortho/cmd/ortho/internal/term"
	"ortho/models/evaluate/threshold"
)

// Page is the report: by says what made it.
func (q *Quality) Page(by string) *report.Page {
	p := &report.Page{Title: "How good " + term.Clean(q.Model.Name) + " is", Subtitle: term.Clean(fmt.Sprintf("%s: %s", q.Data.Path, q.Data)), By: by}
	var blocks []report.Block
	if q.Judged == 0 {
		blocks = append(blocks, report.Notice{Mark: report.Bad, Title: "No image was judged.", Text: "Every one of them failed."})
	}
	if len(q.Parts) > 0 && q.Judged > 0 {
		f := q.Parts[0].Figures[0]
		notice := report.Notice{Mark: report.Best, Title: f.Name + " " + figureText(f) + ".", Text: q.Parts[0].Of + "; in percent."}
		if f.Value != nil {
			notice.Title = fmt.Sprintf("%s %s %%.", f.Name, hundredths(*f.Value))
		}
		if f.Low != nil {
			notice.Text = fmt.Sprintf("95 %% interval %s to %s. %s.", hundredths(*f.Low), hundredths(*f.High), q.Parts[0].Of)
		}
		blocks = append(blocks, notice)
	}
	if text := q.Verdict(); text != "" {
		blocks = append(blocks, report.Notice{Title: "Compared.", Text: term.Clean(text) + "."})
	}
	if q.Failed > 0 {
		blocks = append(blocks, report.Notice{Mark: report.Weak, Title: count(int(q.Failed), "image") + " failed.", Text: "They are left out of all figures; see below."})
	}
	for _, note := range q.Data.Notes {
		blocks = append(blocks, report.Notice{Mark: report.Weak, Text: term.Clean(note)})
	}
	facts := report.Facts{{Name: "Images", Value: strconv.Itoa(q.Judged), Hint: fmt.Sprintf("judged, and %d failed", q.Failed)}}
	if q.Throughput != nil {
		facts = append(facts, report.Fact{Name: "Throughput", Value: fmt.Sprintf("%.1f images/s", *q.Throughput)})
	}
	p.Add("Result", append(blocks, facts)...)
	for i := range q.Parts {
		p.Add(term.Clean(q.Parts[i].Of), q.partBlocks(i)...)
	}
	if failed := failureTable(q.failures(), q.Failed); failed != nil {
		p.Add("Failed", failed...)
	}
	p.Add("How it was made", cleanFacts(q.how()))
	return p
}

func (q *Quality) partBlocks(i int) []report.Block {
	p := &q.Parts[i]
	t := report.Table{Columns: []report.Column{{Name: "figure"}, {Name: "%", Number: true}, {Name: "95 % interval", Number: true}}}
	if q.Against != nil {
		t.Columns = append(t.Columns, report.Column{Name: term.Clean(q.Against.Model.Name) + " %", Number: true}, report.Column{Name: "difference", Number: true, Hint: "in points, with its 95 % interval; images are drawn together for both"})
	}
	for k, f := range p.Figures {
		cells := report.Cells(f.Name, valueCell(f.Value), intervalCell(f.Low, f.High))
		if q.Against != nil {
			d := q.Against.Differences[i][k]
			difference := report.Cell{Text: "–"}
			if d.Value != nil {
				difference.Text = fmt.Sprintf("%+.2f", 100**d.Value)
			}
			if d.Low != nil {
				difference.Note = fmt.Sprintf("%+.2f to %+.2f", 100**d.Low, 100**d.High)
			}
			cells = append(cells, report.Cell{Text: valueCell(q.Against.Figures[i][k].Value)}, difference)
		}
		t.Rows = append(t.Rows, report.Row{Cells: cells})
	}
	blocks := []report.Block{t}
	for _, a := range p.Advice {
		text := fmt.Sprintf("precision %s, recall %s", hundredths(a.Precision), hundredths(a.Recall))
		if a.Flag != "" {
			text += ": " + a.Flag
		}
		blocks = append(blocks, report.Notice{Title: fmt.Sprintf("%s: best F1 %s %% above a score of %.4g.", term.Clean(a.Of), hundredths(a.F1), a.Threshold), Text: term.Clean(text)})
	}
	if len(p.Curve) > 0 {
		blocks = append(blocks, curveFigure(p.Curve))
	}
	if len(p.Classes) > 0 {
		blocks = append(blocks, classTable(p)...)
	}
	return blocks
}

func valueCell(v *float64) string {
	if v == nil {
		return "–"
	}
	return hundredths(*v)
}

func intervalCell(low, high *float64) string {
	if low == nil {
		return "–"
	}
	return hundredths(*low) + " to " + hundredths(*high)
}

func classTable(p *QualityPart) []report.Block {
	t := report.Table{Columns: []report.Column{{Name: "class"}, {Name: p.Counted, Number: true}, {Name: p.ClassFigure + " %", Number: true}, {Name: "95 % interval", Number: true}}}
	best := false
	for _, c := range p.Classes {
		best = best || c.Best != nil
	}
	if best {
		t.Columns = append(t.Columns, report.Column{Name: "threshold", Number: true, Hint: "where the class's F1 is largest"}, report.Column{Name: "F1 %", Number: true}, report.Column{Name: "precision %", Number: true}, report.Column{Name: "recall %", Number: true})
	}
	classes := worstFirst(p.Classes)
	for _, c := range classes[:min(len(classes), maxClasses)] {
		cells := report.Cells(classText(c), strconv.FormatInt(c.N, 10), valueCell(c.Value), intervalCell(c.Low, c.High))
		switch {
		case c.Best != nil:
			cells = append(cells, report.Cells(fmt.Sprintf("%.4g", c.Best.Threshold), hundredths(c.Best.F1), hundredths(c.Best.Precision), hundredths(c.Best.Recall))...)
		case best:
			cells = append(cells, report.Cells("–", "–", "–", "–")...)
		}
		row := report.Row{Cells: cells}
		if c.N == 0 {
			row.Mark = report.Dim
		}
		t.Rows = append(t.Rows, row)
	}
	t.Caption = "Classes, the worst first"
	if len(classes) > maxClasses {
		t.Caption += fmt.Sprintf(": %d of %d; JSON has all", maxClasses, len(classes))
	}
	return []report.Block{t}
}

// curveFigure shows what answers are worth above each threshold.
func curveFigure(points []threshold.Point) report.Figure {
	p := report.NewPlot("threshold of the score (%)", "%")
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = 0, 103, 0, 103
	p.Add(report.Grid())
	f := report.Figure{Title: "By threshold", Note: "What answers are worth that score above it, all classes together.", Plot: p, Desc: "Precision rises with the threshold, and recall falls."}
	for i, of := range []struct {
		name  string
		value func(threshold.Point) float64
	}{{"precision", func(p threshold.Point) float64 { return p.Precision }}, {"recall", func(p threshold.Point) float64 { return p.Recall }}, {"F1", func(p threshold.Point) float64 { return p.F1 }}} {
		var line plotter.XYs
		for _, at := range points {
			line = append(line, plotter.XY{X: 100 * at.Threshold, Y: 100 * of.value(at)})
		}
		drawn := &plotter.Line{XYs: line, LineStyle: draw.LineStyle{Color: report.Color(i), Width: 1.5}}
		p.Add(drawn)
		f.Keys = append(f.Keys, report.Key{Name: of.name, Thumbs: []plot.Thumbnailer{drawn}})
	}
	for _, at := range points {
		f.Hints = append(f.Hints, report.Hint{X: 100 * at.Threshold, Y: 50, W: 1, H: 100,
			Text: fmt.Sprintf("above %.2f: precision %s, recall %s, F1 %s", at.Threshold, hundredths(at.Precision), hundredths(at.Recall), hundredths(at.F1))})
	}
	return f
}
