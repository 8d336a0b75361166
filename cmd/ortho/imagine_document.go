package main

import (
	"encoding/json"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"strings"
	"time"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/report"
	"ortho/cmd/ortho/internal/term"
	"ortho/models/classify"
	"ortho/models/describe"
	"ortho/models/imagine"
)

const documentKind = "ortho imagine"

// document is the JSON of a run.
type document struct {
	Kind  string `json:"kind"` // documentKind
	Ortho string `json:"ortho"`
	*imagine.Story
}

// write saves the pictures, then the page and the JSON that name them.
func (im *imagination) write(made []imagine.Sample) error {
	c := im.c
	if err := im.save(made); err != nil {
		return err
	}
	if im.page != nil {
		page, err := im.report(made)
		if err != nil {
			return err
		}
		if err := page.Save(im.reads, im.page.name, c.Bool("overwrite")); err != nil {
			return err
		}
	}
	data, err := json.MarshalIndent(document{documentKind, build.Version(), im.story}, "", "  ")
	if err != nil {
		return err
	}
	data = append(data, '\n')
	name, out := c.String("json"), c.App.Writer
	switch {
	case name != "" && name != "-":
		if err := writeFile(im.reads, name, c.Bool("overwrite"), func(w io.Writer) error { _, err := w.Write(data); return err }); err != nil {
			return err
		}
	case name == "-" || !term.IsTerminal(out):
		_, err := out.Write(data)
		return err
	}
	if term.IsTerminal(out) {
		_, err = io.WriteString(out, summaryOf(im.story))
	}
	return err
}

// summaryOf is the run for people, a line a step.
func summaryOf(d *imagine.Story) string {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "%-12s %s\n", name, term.Clean(fmt.Sprintf(format, args...)))
	}
	opinions := func(all []classify.Prediction) string {
		var parts []string
		for _, p := range all {
			parts = append(parts, fmt.Sprintf("%s %.1f %%", labelOf(p), 100*p.Probability))
		}
		return strings.Join(parts, ", ")
	}
	if d.Image != nil {
		line("image", "%s", opinions(d.Image.Predictions))
	}
	line("description", "%s (%s)", d.Description.Sentence, authorOf(&d.Description))
	switch {
	case d.Text == nil:
	case d.Text.Doubt != "":
		line("text", "no answer: %s", d.Text.Doubt)
	default:
		line("text", "%s", opinions(d.Text.Predictions))
	}
	if d.Fusion != nil {
		line("fused", "%s", opinions(d.Fusion.Predictions))
	} else if d.NotFused != "" {
		line("not fused", "%s", d.NotFused)
	}
	if d.Disagreement != nil {
		line("disagree", "%s", disagreementOf(d.Disagreement))
	}
	if d.Decision != nil {
		line("decision", "%s (%s)", d.Decision.Label, d.Decision.By)
	}
	for _, f := range d.Generation.Files {
		line("drawn", "%s", f)
	}
	if d.Generation.None != "" {
		line("not drawn", "%s", d.Generation.None)
	}
	if d.Usage.Requests > 0 {
		line("tokens", "%s", costOf(&d.Usage))
	}
	return b.String()
}

func labelOf(p classify.Prediction) string {
	if p.Label == "" {
		return fmt.Sprintf("class %d", p.Index)
	}
	return p.Label
}

// authorOf says whose words a description is.
func authorOf(d *imagine.Description) string {
	switch {
	case d.StandIn:
		return "a stand-in, made of the image model's classes"
	case d.By != "chat":
		return "by " + d.By
	case d.Cached:
		return fmt.Sprintf("by %s of %s, kept from earlier", d.Model, d.Host)
	}
	return fmt.Sprintf("by %s of %s", d.Model, d.Host)
}

func disagreementOf(d *imagine.Disagreement) string {
	s := fmt.Sprintf("the image says %s, the description %s", d.Image.Label, d.Text.Label)
	if d.Error != "" {
		return s + "; asked once more, no answer: " + d.Error
	}
	return s + "; asked once more: " + d.Reason
}

func costOf(u *describe.Usage) string {
	return fmt.Sprintf("%d of prompts (%d cached), %d of answers (%d reasoning), in %s", u.Prompt, u.Cached, u.Completion, u.Reasoning, term.Counted(int64(u.Requests), "request"))
}

// maxShown is how many pictures the page shows.
const maxShown = 48

// report is the page of --html: the steps in their order.
func (im *imagination) report(made []imagine.Sample) (*report.Page, error) {
	d := im.story
	p := &report.Page{Title: "What " + term.Clean(im.subject()) + " becomes", By: build.MadeBy(time.Now())}
	if d.Decision != nil {
		p.Subtitle = term.Clean(d.Decision.Label + ", the word of the " + d.Decision.By)
	}
	if d.Image != nil {
		card := report.Card{Name: d.Input, Picture: report.NewPicture(im.data, im.c.Int64("max-pixels"))}
		for _, q := range d.Image.Predictions {
			card.Bars = append(card.Bars, report.Bar{Label: labelOf(q), Probability: q.Probability})
		}
		html, err := report.Cards([]report.Card{card})
		if err != nil {
			return nil, err
		}
		p.Sections = append(p.Sections, report.Section{Title: "The image", Blocks: []report.Block{report.Text("What " + d.Image.Model + " says."), html}})
	}
	p.Sections = append(p.Sections, report.Section{Title: "The description", Blocks: im.descriptionBlocks()})
	if blocks := im.verdictBlocks(); len(blocks) > 0 {
		p.Sections = append(p.Sections, report.Section{Title: "The class", Blocks: blocks})
	}
	blocks, err := im.pictureBlocks(made)
	if err != nil {
		return nil, err
	}
	p.Sections = append(p.Sections, report.Section{Title: "The picture", Blocks: blocks})
	if len(d.Notes) > 0 {
		p.Sections = append(p.Sections, report.Section{Title: "Notes", Blocks: []report.Block{report.List(d.Notes)}})
	}
	return p, nil
}

func (im *imagination) subject() string {
	if im.story.Image == nil {
		return "a description"
	}
	return path.Base(filepath.ToSlash(im.story.Input))
}
