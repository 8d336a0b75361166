package main

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"ortho/cmd/ortho/internal/report"
	"ortho/cmd/ortho/internal/term"
	"ortho/models/classify"
)

func (im *imagination) descriptionBlocks() []report.Block {
	d := &im.doc.Description
	blocks := []report.Block{report.Text("“" + d.Sentence + "”")}
	if d.StandIn {
		blocks = append(blocks, report.Notice{Mark: report.Weak, Title: "A stand-in, made of the image model's classes; it decides nothing.", Text: d.Why})
	}
	var facts report.Facts
	fact := func(name, value string) {
		if value != "" {
			facts = append(facts, report.Fact{Name: name, Value: value})
		}
	}
	fact("by", strings.TrimPrefix(d.by(), "by "))
	fact("prompt", d.Prompt)
	if d.Class != nil {
		fact("class", d.Class.Label)
	}
	fact("objects", strings.Join(d.Objects, ", "))
	fact("scene", d.Scene)
	fact("attributes", strings.Join(d.Attributes, ", "))
	if u := &im.doc.Usage; u.Requests > 0 {
		fact("tokens", u.words())
	}
	return append(blocks, facts)
}

// verdictBlocks show what each side says of the classes that any of them holds likely.
func (im *imagination) verdictBlocks() []report.Block {
	d := &im.doc
	var blocks []report.Block
	if dis := d.Disagreement; dis != nil {
		blocks = append(blocks, report.Notice{Mark: report.Weak, Title: "The two sides disagree.", Text: term.Sentence(dis.words())})
	}
	if d.Decision != nil {
		blocks = append(blocks, report.Notice{Mark: report.Best, Title: d.Decision.Label, Text: "is the word of the " + d.Decision.By + "."})
	}
	if d.NotFused != "" {
		blocks = append(blocks, report.Text("Not fused: "+d.NotFused+"."))
	}
	switch {
	case d.Text == nil:
		return blocks
	case d.Text.Doubt != "":
		blocks = append(blocks, report.Notice{Mark: report.Weak, Title: d.Text.Model + " has no answer.", Text: term.Sentence(d.Text.Doubt)})
		if d.Fusion == nil {
			return blocks
		}
	case d.Fusion == nil:
		return append(blocks, im.table(d.Text.Model, im.text.predictions, d.Text.Predictions))
	}
	return append(blocks, im.fusionTable(), report.Text(fmt.Sprintf(
		"Fused: image × text^%g, scaled to a sum of 1. %d classes without text keep the image's probability.", d.Fusion.Weight, d.Fusion.Untrained)))
}

func (im *imagination) table(model string, all []classify.Prediction, shown []classify.Prediction) report.Table {
	t := report.Table{Caption: "What " + model + " reads in it", Columns: []report.Column{{Name: "class"}, {Name: "probability", Number: true}}}
	for _, p := range shown {
		t.Rows = append(t.Rows, report.Row{Cells: report.Cells(labelOf(p), percentOf(probabilityOf(all, p.Index)))})
	}
	return t
}

func (im *imagination) fusionTable() report.Table {
	d := &im.doc
	t := report.Table{Caption: "The classes that any side holds likely", Columns: []report.Column{{Name: "class"},
		{Name: "image", Number: true, Hint: d.Image.Model}, {Name: "text", Number: true, Hint: d.Text.Model}, {Name: "fused", Number: true}}}
	seen := map[int]bool{}
	for _, list := range [][]classify.Prediction{d.Fusion.Predictions, d.Image.Predictions, d.Text.Predictions} {
		for _, p := range list {
			if seen[p.Index] {
				continue
			}
			seen[p.Index] = true
			row := report.Row{Cells: report.Cells(im.image.label(p.Index), percentOf(probabilityOf(im.image.predictions, p.Index)),
				percentOf(probabilityOf(im.text.predictions, p.Index)), percentOf(im.fused[p.Index]))}
			if p.Index == d.Decision.Index {
				row.Mark = report.Best
			}
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}

func percentOf(p float64) string { return fmt.Sprintf("%.2f %%", 100*p) }

func (im *imagination) pictureBlocks(made []sampled) ([]report.Block, error) {
	g := &im.doc.Generation
	var blocks []report.Block
	if g.None != "" {
		blocks = append(blocks, report.Notice{Mark: report.Dim, Title: "Nothing is drawn.", Text: g.None})
	}
	var facts report.Facts
	fact := func(name, value string) {
		if value != "" {
			facts = append(facts, report.Fact{Name: name, Value: value})
		}
	}
	fact("generator", g.Model)
	fact("asked for", g.Text)
	fact("class", g.Label)
	if g.Seed != nil {
		fact("seed", strconv.FormatUint(*g.Seed, 10))
	}
	if len(facts) > 0 {
		blocks = append(blocks, facts)
	}
	var cards []report.Card
	for i, s := range made[:min(len(made), maxShown)] {
		card := report.Card{Name: fmt.Sprintf("seed %d", s.request.Seed), Picture: showDrawn(s)}
		if i < len(g.Files) {
			card.Name = filepath.Base(g.Files[i]) + ", " + card.Name
		}
		cards = append(cards, card)
	}
	if len(cards) == 0 {
		return blocks, nil
	}
	html, err := report.Cards(cards)
	if more := len(made) - len(cards); more > 0 {
		blocks = append(blocks, report.Text(fmt.Sprintf("The first %d of %d.", len(cards), len(made))))
	}
	return append(blocks, html), err
}

// showDrawn enlarges a small picture to about 160 pixels.
func showDrawn(s sampled) report.Picture {
	if edge := max(s.image.Width, s.image.Height); edge <= 80 {
		return report.ShowPixels(s.image, max(1, 160/edge))
	}
	return report.ShowImage(s.image, 90)
}
