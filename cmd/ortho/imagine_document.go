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
)

const imaginedKind = "ortho imagine"

// imagined is every step of a run, as JSON. A step that was not taken is left out.
type imagined struct {
	Kind         string        `json:"kind"` // imaginedKind
	Ortho        string        `json:"ortho"`
	Input        string        `json:"input,omitempty"`
	Image        *opinion      `json:"image,omitempty"`
	Description  described     `json:"description"`
	Text         *opinion      `json:"text,omitempty"`
	Fusion       *fusion       `json:"fusion,omitempty"`
	NotFused     string        `json:"not_fused,omitempty"` // why
	Disagreement *disagreement `json:"disagreement,omitempty"`
	Decision     *decision     `json:"decision,omitempty"`
	Generation   generated     `json:"generation"`
	Usage        chatUsage     `json:"usage"`
	Notes        []string      `json:"notes"`
}

// opinion is what a model says.
type opinion struct {
	Model       string                `json:"model"`
	Predictions []classify.Prediction `json:"predictions"`
	Unknown     []string              `json:"unknown,omitempty"` // words of the description that the model does not know
	Cut         []string              `json:"cut,omitempty"`     // words beyond its length
	Doubt       string                `json:"doubt,omitempty"`   // why the first class is no answer
}

// described is the description, or what stands in.
type described struct {
	Sentence   string   `json:"sentence"`
	By         string   `json:"by"` // "chat", "stand-in" or "the command line"
	StandIn    bool     `json:"stand_in"`
	Why        string   `json:"why,omitempty"` // there is a stand-in
	WhyKind    string   `json:"why_kind,omitempty"`
	Objects    []string `json:"objects,omitempty"`
	Scene      string   `json:"scene,omitempty"`
	Attributes []string `json:"attributes,omitempty"`
	Class      *chosen  `json:"class,omitempty"`
	Prompt     string   `json:"prompt,omitempty"`
	Host       string   `json:"host,omitempty"`
	Model      string   `json:"model,omitempty"`
	Cached     bool     `json:"cached,omitempty"`
}

// chosen is a class; -1: none, and the label is in the chooser's own words.
type chosen struct {
	Index int    `json:"index"`
	Label string `json:"label"`
}

type fusion struct {
	Weight      float64               `json:"weight"`
	Untrained   int                   `json:"untrained"` // classes that keep the image's probability
	Predictions []classify.Prediction `json:"predictions"`
}

// disagreement is the two classes, and the answer to which of them it is.
type disagreement struct {
	Image  chosen `json:"image"`
	Text   chosen `json:"text"`
	Reason string `json:"reason,omitempty"`
	Model  string `json:"model,omitempty"`
	Cached bool   `json:"cached,omitempty"`
	Error  string `json:"error,omitempty"` // why there is none
}

// Whose word a decision is.
const (
	byImage  = "image"
	byText   = "text"
	byBoth   = "image and description"
	byFusion = "fusion"
	byChat   = "second question"
)

type decision struct {
	chosen
	ID string `json:"id,omitempty"`
	By string `json:"by"`
}

// generated is what was asked of the generator.
type generated struct {
	None   string   `json:"none,omitempty"` // why there are no pictures
	Model  string   `json:"model,omitempty"`
	Digest string   `json:"model_sha256,omitempty"`
	Text   string   `json:"text,omitempty"`
	Class  *int     `json:"class,omitempty"`
	Label  string   `json:"label,omitempty"`
	Seed   *uint64  `json:"seed,omitempty"`
	Files  []string `json:"files"`
}

// chatUsage is what the server says that the run cost.
type chatUsage struct {
	Requests   int `json:"requests"`
	Prompt     int `json:"prompt_tokens"`
	Cached     int `json:"cached_tokens"` // of prompt
	Completion int `json:"completion_tokens"`
	Reasoning  int `json:"reasoning_tokens"` // of completion
}

func cleaned(words []string) []string {
	var out []string
	for _, w := range words {
		out = append(out, text(w))
	}
	return out
}

// write saves the pictures, then the page and the JSON that name them.
func (im *imagination) write(made []sampled) error {
	c, doc := im.c, &im.doc
	if im.describer != nil {
		u := im.describer.Usage()
		doc.Usage = chatUsage{u.Requests, u.Prompt, u.Cached, u.Completion, u.Reasoning}
	}
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
	data, err := json.MarshalIndent(doc, "", "  ")
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
		_, err = io.WriteString(out, doc.summary())
	}
	return err
}

// summary is the run for people, a line a step.
func (d *imagined) summary() string {
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
	line("description", "%s (%s)", d.Description.Sentence, d.Description.by())
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
		line("disagree", "%s", d.Disagreement.words())
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
		line("tokens", "%s", d.Usage.words())
	}
	return b.String()
}

func labelOf(p classify.Prediction) string {
	if p.Label == "" {
		return fmt.Sprintf("class %d", p.Index)
	}
	return p.Label
}

// by says whose words they are.
func (d *described) by() string {
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

func (d *disagreement) words() string {
	s := fmt.Sprintf("the image says %s, the description %s", d.Image.Label, d.Text.Label)
	if d.Error != "" {
		return s + "; asked once more, no answer: " + d.Error
	}
	return s + "; asked once more: " + d.Reason
}

func (u *chatUsage) words() string {
	return fmt.Sprintf("%d of prompts (%d cached), %d of answers (%d reasoning), in %s", u.Prompt, u.Cached, u.Completion, u.Reasoning, term.Counted(int64(u.Requests), "request"))
}

// maxShown is how many pictures the page shows.
const maxShown = 48

// report is the page of --html: the steps in their order.
func (im *imagination) report(made []sampled) (*report.Page, error) {
	d := &im.doc
	p := &report.Page{Title: "What " + term.Clean(im.subject()) + " becomes", By: build.MadeBy(time.Now())}
	if d.Decision != nil {
		p.Subtitle = term.Clean(d.Decision.Label + ", the word of the " + d.Decision.By)
	}
	if im.image != nil {
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
	if im.image == nil {
		return "a description"
	}
	return path.Base(filepath.ToSlash(im.doc.Input))
}
