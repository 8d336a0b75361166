package pages

import (
	"fmt"
	"path"
	"path/filepath"
	"strconv"
	"strings"

	"ortho/cmd/ortho/internal/report"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/term"
	"ortho/models/classify"
	"ortho/models/imagine"
)

// Imagined is a run of imagine, as it is shown.
type Imagined struct {
	*imagine.Story
	Made []imagine.Sample // the pictures

	File      []byte                 // of the image; nil: there is none
	Boxes     *report.Picture        // the image with what a detector found; nil: there is none
	MaxPixels int64                  // that it is decoded up to
	Label     func(class int) string // of the image model
	By        string                 // what has made the page, and when
}

// maxPictures is how many pictures the page of a run of imagine shows.
const maxPictures = 48

// Page lays the steps out in their order.
func (i *Imagined) Page() (*report.Page, error) {
	d := i.Story
	p := &report.Page{Title: "What " + term.Clean(i.subject()) + " becomes", By: i.By}
	if d.Decision != nil {
		p.Subtitle = term.Clean(d.Decision.Label + ", the word of the " + d.Decision.By)
	}
	if d.Image != nil {
		card := report.Card{Name: d.Input, Picture: report.NewPicture(i.File, i.MaxPixels)}
		for _, q := range d.Image.Predictions {
			card.Bars = append(card.Bars, report.Bar{Label: labelOf(q), Probability: q.Probability})
		}
		html, err := report.Cards([]report.Card{card})
		if err != nil {
			return nil, err
		}
		p.Sections = append(p.Sections, report.Section{Title: "The image", Blocks: []report.Block{report.Text("What " + d.Image.Model + " says."), html}})
	}
	if s := d.Seen; s != nil {
		blocks, err := i.seenBlocks(s)
		if err != nil {
			return nil, err
		}
		p.Sections = append(p.Sections, report.Section{Title: "What else is seen", Blocks: blocks})
	}
	p.Sections = append(p.Sections, report.Section{Title: "The description", Blocks: i.descriptionBlocks()})
	if blocks := i.verdictBlocks(); len(blocks) > 0 {
		p.Sections = append(p.Sections, report.Section{Title: "The class", Blocks: blocks})
	}
	blocks, err := i.pictureBlocks()
	if err != nil {
		return nil, err
	}
	p.Sections = append(p.Sections, report.Section{Title: "The picture", Blocks: blocks})
	if len(d.Notes) > 0 {
		p.Sections = append(p.Sections, report.Section{Title: "Notes", Blocks: []report.Block{report.List(d.Notes)}})
	}
	return p, nil
}

func (i *Imagined) subject() string {
	if i.Image == nil {
		return "a description"
	}
	return path.Base(filepath.ToSlash(i.Input))
}

func (i *Imagined) descriptionBlocks() []report.Block {
	d := &i.Description
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
	fact("by", strings.TrimPrefix(authorOf(d), "by "))
	fact("prompt", d.Prompt)
	if d.Class != nil {
		fact("class", d.Class.Label)
	}
	fact("objects", rows.ObjectsOf(&rows.Description{Objects: d.Objects, Checked: d.Checked}))
	fact("scene", d.Scene)
	fact("attributes", strings.Join(d.Attributes, ", "))
	if u := &i.Usage; u.Requests > 0 {
		fact("tokens", costOf(u))
	}
	return append(blocks, facts)
}

// verdictBlocks show what each side says of the classes that any of them holds likely.
func (i *Imagined) verdictBlocks() []report.Block {
	d := i.Story
	var blocks []report.Block
	if dis := d.Disagreement; dis != nil {
		blocks = append(blocks, report.Notice{Mark: report.Weak, Title: "The two sides disagree.", Text: term.Sentence(disagreementOf(dis))})
	}
	if d.Decision != nil {
		blocks = append(blocks, report.Notice{Mark: report.Best, Title: d.Decision.Label, Text: "is the word of the " + d.Decision.By + "."})
	}
	if len(d.Sides) > 0 {
		blocks = append(blocks, sidesTable(d.Sides))
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
		return append(blocks, opinionTable(d.Text))
	}
	return append(blocks, i.fusionTable(), report.Text(fmt.Sprintf(
		"Fused: image × text^%g, scaled to a sum of 1. %d classes without text keep the image's probability.", d.Fusion.Weight, d.Fusion.Untrained)))
}

func opinionTable(o *imagine.Opinion) report.Table {
	t := report.Table{Caption: "What " + o.Model + " reads in it", Columns: []report.Column{{Name: "class"}, {Name: "probability", Number: true}}}
	for _, p := range o.Predictions {
		t.Rows = append(t.Rows, report.Row{Cells: report.Cells(labelOf(p), percentOf(o.Probability(p.Index)))})
	}
	return t
}

func (i *Imagined) fusionTable() report.Table {
	d := i.Story
	t := report.Table{Caption: "The classes that any side holds likely", Columns: []report.Column{{Name: "class"},
		{Name: "image", Number: true, Hint: d.Image.Model}, {Name: "text", Number: true, Hint: d.Text.Model}, {Name: "fused", Number: true}}}
	seen := map[int]bool{}
	for _, list := range [][]classify.Prediction{d.Fusion.Predictions, d.Image.Predictions, d.Text.Predictions} {
		for _, p := range list {
			if seen[p.Index] {
				continue
			}
			seen[p.Index] = true
			row := report.Row{Cells: report.Cells(i.Label(p.Index), percentOf(d.Image.Probability(p.Index)),
				percentOf(d.Text.Probability(p.Index)), percentOf(d.Fusion.All[p.Index]))}
			if p.Index == d.Decision.Index {
				row.Mark = report.Best
			}
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}

func percentOf(p float64) string { return fmt.Sprintf("%.2f %%", 100*p) }

func (i *Imagined) pictureBlocks() ([]report.Block, error) {
	g := &i.Generation
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
	for at, s := range i.Made[:min(len(i.Made), maxPictures)] {
		card := report.Card{Name: fmt.Sprintf("seed %d", s.Request.Seed), Picture: showDrawn(s)}
		if at < len(g.Files) {
			card.Name = filepath.Base(g.Files[at]) + ", " + card.Name
		}
		cards = append(cards, card)
	}
	if len(cards) == 0 {
		return blocks, nil
	}
	html, err := report.Cards(cards)
	if more := len(i.Made) - len(cards); more > 0 {
		blocks = append(blocks, report.Text(fmt.Sprintf("The first %d of %d.", len(cards), len(i.Made))))
	}
	return append(blocks, html), err
}

// showDrawn enlarges a small picture to about 160 pixels.
func showDrawn(s imagine.Sample) report.Picture {
	if edge := max(s.Image.Width, s.Image.Height); edge <= 80 {
		return report.ShowPixels(s.Image, max(1, 160/edge))
	}
	return report.ShowImage(s.Image, 90)
}
