package pages

import (
	"fmt"
	"strconv"
	"strings"

	"ortho/cmd/ortho/internal/report"
	"ortho/cmd/ortho/internal/term"
	"ortho/models/evaluate"
)

// evaluationPage is what the report of a model's evaluation is made of.
type evaluationPage struct {
	Model, Data string
	By          string // see [report.Page]
	Result      *evaluate.Result
	Failed      int64
	Failures    []report.Fact // the first of them: name and reason
	Throughput  string
	Temperature string           // says what the fitted one is, or why there is none
	Apply       string           // the command line that applies it; "" where there is none
	Pictures    []report.Picture // of Result.Mistakes, in order
	How         report.Facts     // settings and versions
	Notes       []string
}

// The most that a report shows: classes with a row each, and failures.
const maxClasses, maxFailures = 2000, 200

// page lays the report out.
func (e *evaluationPage) page() (*report.Page, error) {
	p := &report.Page{Title: "How often " + term.Clean(e.Model) + " is right", Subtitle: term.Clean(e.Data), By: e.By}
	add := func(title string, blocks ...report.Block) {
		if len(blocks) > 0 {
			p.Sections = append(p.Sections, report.Section{Title: title, Blocks: blocks})
		}
	}
	add("Result", e.summary()...)
	if e.Result.Items > 0 {
		add("Calibration", e.calibration()...)
		add("Confusion", e.confusion()...)
		mistakes, err := e.mistakes()
		if err != nil {
			return nil, err
		}
		add("Worst mistakes", mistakes...)
		add("Classes", e.classes()...)
	}
	add("Failed", failureTable(e.Failures, e.Failed)...)
	add("How it was made", cleanFacts(e.How))
	return p, nil
}

func (e *evaluationPage) summary() []report.Block {
	r := e.Result
	var blocks []report.Block
	if r.Top1 == nil {
		blocks = append(blocks, report.Notice{Mark: report.Bad, Title: "No image was judged.", Text: "Every one of them failed."})
	} else {
		blocks = append(blocks, report.Notice{Mark: report.Best, Title: "Top-1 " + share(r.Top1.Rate) + ".",
			Text: fmt.Sprintf("%d of %d answers are right; 95 %% interval %s to %s.", r.Top1.Right, r.Top1.N, share(r.Top1.Low), share(r.Top1.High))})
	}
	if e.Failed > 0 {
		blocks = append(blocks, report.Notice{Mark: report.Weak, Title: count(int(e.Failed), "image") + " failed.", Text: "They are left out of all figures; see below."})
	}
	for _, note := range e.Notes {
		blocks = append(blocks, report.Notice{Mark: report.Weak, Text: term.Clean(note)})
	}
	var facts report.Facts
	if r.Top5 != nil {
		facts = append(facts, report.Fact{Name: "Top-5", Value: share(r.Top5.Rate), Hint: fmt.Sprintf("%s to %s; %d of %d", share(r.Top5.Low), share(r.Top5.High), r.Top5.Right, r.Top5.N)})
	}
	if r.BalancedAccuracy != nil {
		facts = append(facts, report.Fact{Name: "Balanced accuracy", Value: share(*r.BalancedAccuracy), Hint: "mean top-1 of the classes that occur"},
			report.Fact{Name: "Macro F1", Value: share(*r.MacroF1), Hint: "mean of the classes that occur or were predicted"})
	}
	c := r.Calibration
	if c.ECE != nil {
		facts = append(facts, report.Fact{Name: "Calibration error", Value: share(*c.ECE), Hint: "ECE; about " + share(*c.ChanceECE) + " by chance alone"})
	}
	if c.NLL != nil {
		facts = append(facts, report.Fact{Name: "NLL, Brier", Value: fmt.Sprintf("%.4f, %.4f", *c.NLL, *c.Brier), Hint: "log loss in nats; squared error, 0 to 2"})
	}
	facts = append(facts, report.Fact{Name: "Images", Value: strconv.Itoa(r.Items), Hint: fmt.Sprintf("judged, and %d failed", e.Failed)})
	if e.Throughput != "" {
		facts = append(facts, report.Fact{Name: "Throughput", Value: e.Throughput})
	}
	return append(blocks, facts)
}

func (e *evaluationPage) calibration() []report.Block {
	c := e.Result.Calibration
	var blocks []report.Block
	if len(c.Bins) > 0 {
		blocks = append(blocks,
			report.Text("Of the answers that are given 80 %, 80 % should be right. Bars above the line are too modest, bars below it too sure. Bins of few answers are off by chance, as their intervals show."),
			reliability(c), confidence(c))
	}
	if c.Reason != "" {
		blocks = append(blocks, report.Notice{Mark: report.Weak, Text: "Not all figures are known: " + c.Reason + "."})
	} else {
		blocks = append(blocks, report.Notice{Title: "Temperature.", Text: e.Temperature + "."})
		if e.Apply != "" {
			blocks = append(blocks, report.Text("A temperature divides the logits before the softmax; which class comes first stays the same. This applies it:"), report.Command(term.Clean(e.Apply)))
		}
	}
	return blocks
}

func (e *evaluationPage) confusion() []report.Block {
	r := e.Result
	pairs := r.MostConfused(50)
	if len(pairs) == 0 {
		return []report.Block{report.Text("No class was taken for another.")}
	}
	items := map[int]evaluate.Class{}
	for _, c := range r.PerClass {
		items[c.Index] = c
	}
	t := report.Table{Caption: "Most confused", Columns: []report.Column{{Name: "is"}, {Name: "taken for"}, {Name: "images", Number: true}, {Name: "of", Number: true, Hint: "images of the class that it is"}}}
	for _, p := range pairs {
		t.Rows = append(t.Rows, report.Row{Cells: report.Cells(className(items[p.Truth].Name), className(items[p.Predicted].Name), strconv.Itoa(p.N), strconv.Itoa(items[p.Truth].N))})
	}
	if all := len(r.MostConfused(len(r.Confusion))); all > len(pairs) {
		t.Caption += fmt.Sprintf(": %d of %d pairs", len(pairs), all)
	}
	return []report.Block{matrix(r), t}
}

func (e *evaluationPage) mistakes() ([]report.Block, error) {
	all := make([]report.Card, len(e.Result.Mistakes))
	probable := e.Result.Calibration.ECE != nil // else the values are no probabilities
	for i, m := range e.Result.Mistakes {
		card := report.Card{Name: m.Input, Note: fmt.Sprintf("what is right is at place %d", m.TruthRank)}
		if probable {
			card.Bars = []report.Bar{{Label: "✗ " + m.Predicted.String(), Probability: m.Probability, Mark: report.Bad}, {Label: "✓ " + m.Truth.String(), Probability: m.TruthProbability, Mark: report.Good}}
		} else {
			card.Note = fmt.Sprintf("✗ %s, ✓ %s; %s", m.Predicted, m.Truth, card.Note)
		}
		if i < len(e.Pictures) {
			card.Picture = e.Pictures[i]
		}
		all[i] = card
	}
	if len(all) == 0 {
		return nil, nil
	}
	html, err := report.Cards(all)
	wrong := e.Result.Items - e.Result.Top1.Right
	return []report.Block{report.Text(fmt.Sprintf("The %d most probable of %d wrong answers, above what is right (✗ the answer, ✓ the truth).", len(all), wrong)), html}, err
}

func (e *evaluationPage) classes() []report.Block {
	r := e.Result
	t := report.Table{Columns: []report.Column{{Name: "class"}, {Name: "images", Number: true}, {Name: "top-1 %", Number: true, Hint: "the class's recall, with its 95 % interval"}}}
	if r.Top5 != nil {
		t.Columns = append(t.Columns, report.Column{Name: "top-5 %", Number: true})
	}
	t.Columns = append(t.Columns, report.Column{Name: "precision %", Number: true, Hint: "of the images that were taken for the class"}, report.Column{Name: "F1 %", Number: true}, report.Column{Name: "mostly confused with"})
	number := func(rate *evaluate.Rate) string {
		if rate == nil {
			return "–"
		}
		return fmt.Sprintf("%.1f", 100*rate.Rate)
	}
	for _, c := range r.PerClass[:min(len(r.PerClass), maxClasses)] {
		top1 := report.Cell{Text: number(c.Top1)}
		if c.Top1 != nil {
			top1.Note = fmt.Sprintf("%.0f to %.0f", 100*c.Top1.Low, 100*c.Top1.High)
		}
		cells := []report.Cell{{Text: className(c.Name)}, {Text: strconv.Itoa(c.N)}, top1}
		if r.Top5 != nil {
			cells = append(cells, report.Cell{Text: number(c.Top5)})
		}
		confused := ""
		if c.ConfusedWith != nil {
			confused = fmt.Sprintf("%s: %d", className(c.ConfusedWith.Name), c.ConfusedWith.N)
		}
		cells = append(cells, report.Cell{Text: number(c.Precision)}, report.Cell{Text: fmt.Sprintf("%.1f", 100*c.F1)}, report.Cell{Text: confused})
		row := report.Row{Cells: cells}
		if c.N == 0 {
			row.Mark = report.Dim
		}
		t.Rows = append(t.Rows, row)
	}
	blocks := []report.Block{t}
	if len(r.PerClass) > maxClasses {
		blocks = append([]report.Block{report.Notice{Mark: report.Weak, Text: fmt.Sprintf("The first %d of %d classes; JSON has all.", maxClasses, len(r.PerClass))}}, blocks...)
	}
	return blocks
}

// failureTable are the first failures of all.
func failureTable(failures []report.Fact, failed int64) []report.Block {
	if len(failures) == 0 {
		return nil
	}
	t := report.Table{Columns: []report.Column{{Name: "image"}, {Name: "reason"}}}
	for _, f := range failures[:min(len(failures), maxFailures)] {
		t.Rows = append(t.Rows, report.Row{Cells: report.Cells(term.Clean(f.Name), term.Clean(f.Value))})
	}
	if failed > int64(len(t.Rows)) {
		t.Caption = fmt.Sprintf("The first %d of %d", len(t.Rows), failed)
	}
	return []report.Block{t}
}

// cleanFacts can stand on a page.
func cleanFacts(facts report.Facts) report.Facts {
	clean := make(report.Facts, len(facts))
	for i, f := range facts {
		clean[i] = report.Fact{Name: term.Clean(f.Name), Value: term.Clean(f.Value), Hint: term.Clean(f.Hint)}
	}
	return clean
}

func className(n evaluate.Name) string { return term.Clean(n.String()) }

func share(p float64) string { return fmt.Sprintf("%.1f %%", 100*p) }

// axisName is a class's name on an axis.
func axisName(n evaluate.Name) string {
	const most = 22
	label := n.Label
	if label == "" {
		label = n.String()
	}
	label, _, _ = strings.Cut(label, ",")
	if runes := []rune(label); len(runes) > most {
		label = string(runes[:most-1]) + "…"
	}
	return term.Clean(label)
}
