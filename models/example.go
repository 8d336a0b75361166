package models

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"ortho/models/config"
)

// Example is how all that stands against running a model can be settled at once: by what was
// stated already, and by values for the rest.
type Example struct {
	Model    string         // what it was opened by
	Task     Task           // that it would be run for
	Image    bool           // it takes one
	Settings []config.Given // all that are to be given
	Sidecar  string         // the same as JSON, which an ortho.json may hold; files lie beside it, and a word that stands for labels is not in it
	Where    string         // of that ortho.json, in words
	Named    bool           // its classes have names
	Classes  int            // how many it gives; 0 unknown

	notes   []config.Text
	besides []config.Text
}

// Worded is the example as a text, which calls settings as name has them.
func (e *Example) Worded(name func(setting string) string) string {
	text := e.Lead(name) + ", " + e.Where + ": " + e.Sidecar + e.Besides(name)
	if !e.Named {
		text += "\n(nor does it name its classes: " + name("labels") + " does; else they are told by their index)"
	}
	return text
}

// Lead announces the example, and says what its values are.
func (e *Example) Lead(name func(setting string) string) string {
	lead := []string{"for example"}
	for _, note := range e.notes {
		lead = append(lead, note.Worded(name))
	}
	return strings.Join(lead, ", ")
}

// Besides tells what else is not said, and what is done about it: a line each, but for the
// names of classes.
func (e *Example) Besides(name func(setting string) string) string {
	text := ""
	for _, more := range e.besides {
		text += "\n(" + more.Worded(name) + ")"
	}
	return text
}

// example shows how all that is missing is given at once: what was stated already, and values
// for the rest.
func (r *resolver) example() *Example {
	e := &Example{Model: r.given, Task: r.task.name, Image: r.image != nil || r.task.name == Detect}
	settling := slices.Clone(r.remedies)
	for _, g := range r.gaps {
		settling = append(settling, g.Example...)
		if g.Note.String() != "" {
			e.notes = append(e.notes, g.Note)
		}
	}
	if len(e.notes) == 0 && len(r.gaps) > 0 {
		e.notes = []config.Text{config.Textf("with values to be replaced by its own")}
	}
	settled := map[string]bool{}
	for _, s := range settling {
		settled[s.Key] = true
	}
	for _, s := range r.flags.Given() {
		if !settled[s.Key] || s.Key == config.GivenInputs.Name() {
			e.Settings = append(e.Settings, s)
		}
	}
	for _, s := range settling {
		if s.Value != "" {
			e.Settings = append(e.Settings, s)
		}
	}
	e.sidecar(r)
	e.besides = r.besides(settled)
	_, named := config.Labels.Find(r.layers)
	e.Named = named || !r.task.classes
	if r.scores != nil {
		e.Classes = r.scores.Classes
	}
	return e
}

// sidecar writes the settings as an ortho.json, and says where that would lie.
func (e *Example) sidecar(r *resolver) {
	var values, beside []string
	var given []string
	for _, s := range e.Settings {
		if s.Key == config.GivenInputs.Name() {
			name, value, _ := strings.Cut(s.Value, "=")
			given = append(given, fmt.Sprintf("%q: %s", name, config.SidecarSyntax(s.Key, value)))
			continue
		}
		value := config.SidecarSyntax(s.Key, s.Value)
		switch {
		case s.File && s.Value == ImageNetLabels: // ortho.json names files alone
			continue
		case s.File:
			value = fmt.Sprintf("%q", filepath.Base(s.Value))
			beside = append(beside, filepath.Base(s.Value))
		}
		values = append(values, fmt.Sprintf("%q: %s", strings.ReplaceAll(s.Key, "-", "_"), value))
	}
	if len(given) > 0 {
		values = append(values, fmt.Sprintf("%q: {%s}", config.GivenInputs.Name(), strings.Join(given, ", ")))
	}
	e.Sidecar = "{" + strings.Join(values, ", ") + "}"
	e.Where = "in an ortho.json beside it"
	switch {
	case slices.ContainsFunc(r.layers, func(l config.Layer) bool { return l.Source == config.SidecarFile }):
		e.Where = "added to its ortho.json"
	case r.alone:
		e.Where += ", in a folder of its own"
	}
	if len(beside) > 0 {
		e.Where += ", with " + strings.Join(beside, " and ")
	}
}

// besides tells what else of the pixels is not said, and what is done about it.
func (r *resolver) besides(given map[string]bool) (texts []config.Text) {
	if r.image == nil || r.task.whole {
		return nil
	}
	if r.by == "huggingface" && !slices.ContainsFunc(r.layers, func(l config.Layer) bool { return l.Source == config.ProcessorFile || l.Source == config.NestedFile }) {
		texts = append(texts, config.Textf("a %s beside it would say most: Optimum writes it where Pillow is installed, and the model's own folder has it", config.ProcessorFile))
	}
	var nor, so []string
	var keys []any
	if r.resizesByDefault() && !given["preset"] {
		nor, so = append(nor, "nor how to resize"), append(so, "the short edge is brought to the input's, bilinear")
		keys = append(keys, config.Key("resize"), config.Key("crop-pct"), config.Key("crop-mode"), config.Key("interpolation"))
	}
	if _, ok := config.ColorOrder.Find(r.layers); !ok && !given["preset"] && r.image.Spec.Channels == 3 {
		nor, so, keys = append(nor, "nor the order of colours"), append(so, "colours are taken as RGB"), append(keys, config.Key("color-order"))
	}
	if len(nor) == 0 {
		return texts
	}
	unless := strings.Repeat(", %s", len(keys))[2:]
	say := "says"
	if len(keys) > 1 {
		say = "say"
	}
	return append(texts, config.Textf("%s: %s, unless "+unless+" "+say+" otherwise", append([]any{strings.Join(nor, ", "), strings.Join(so, ", and ")}, keys...)...))
}

// ImageNetLabels is the word that stands for the labels of ImageNet's classes, where a
// program takes it in place of a file of labels.
const ImageNetLabels = "imagenet-1k"

// resizesByDefault reports whether nothing states the resize, nor is it asked for.
func (r *resolver) resizesByDefault() bool {
	_, resize := config.Resize.Find(r.layers)
	_, pct := config.CropPct.Find(r.layers)
	_, mode := config.CropMode.Find(r.layers)
	return !resize && !pct && !mode && !slices.ContainsFunc(r.facts, func(f Fact) bool { return f.Key == "resize" && f.Source == "" })
}
