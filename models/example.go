package models

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"ortho/models/config"
)

// examples shows how all that is missing is given at once: what flags have stated already,
// and values for the rest.
func (r *resolver) examples() string {
	flags, sidecar := "", []string{}
	give := func(key, flag, value string) {
		switch {
		case key == "invert" && flag == "true":
			flags += " --invert"
		case key == "invert":
			flags += " --invert=false"
		default:
			flags += " --" + key + " " + shellWord(flag)
		}
		if value != "" {
			sidecar = append(sidecar, fmt.Sprintf("%q: %s", strings.ReplaceAll(key, "-", "_"), value))
		}
	}
	pairs := slices.Clone(r.remedies)
	var notes []string
	for _, m := range r.missing {
		pairs = append(pairs, m.example...)
		if m.note != "" {
			notes = append(notes, m.note)
		}
	}
	settled := map[string]bool{}
	for pair := range slices.Chunk(pairs, 2) {
		settled[pair[0]] = true
	}
	named := ""
	var beside []string // files that ortho.json names
	for _, g := range r.flags.Given() {
		switch {
		case settled[g.Key]:
		case g.File && g.Value == imagenetNames: // ortho.json names files alone
			give(g.Key, g.Value, "")
			named = " (--labels " + g.Value + " stays a flag)"
		case g.File:
			give(g.Key, g.Value, fmt.Sprintf("%q", filepath.Base(g.Value)))
			beside = append(beside, filepath.Base(g.Value))
		default:
			give(g.Key, g.Value, config.SidecarSyntax(g.Key, g.Value))
		}
	}
	for pair := range slices.Chunk(pairs, 2) {
		if pair[1] != "" {
			give(pair[0], pair[1], config.SidecarSyntax(pair[0], pair[1]))
		}
	}
	of := r.task.sample
	if r.task.whole && r.image != nil {
		of = "photo.jpg " + of
	}
	if len(notes) == 0 && len(r.missing) > 0 {
		notes = []string{"with values to be replaced by its own"}
	}
	where := "in an ortho.json beside it"
	switch {
	case slices.ContainsFunc(r.layers, func(l config.Layer) bool { return l.Source == config.SidecarFile }):
		where = "added to its ortho.json"
	case r.alone:
		where += ", in a folder of its own"
	}
	if len(beside) > 0 {
		where += ", with " + strings.Join(beside, " and ")
	}
	text := fmt.Sprintf("%s: ortho %s -m %s%s %s\nor for good, %s: {%s}%s", strings.Join(append([]string{"for example"}, notes...), ", "),
		r.task.command, shellWord(r.given), flags, of, where, strings.Join(sidecar, ", "), named)
	return text + r.besides(settled)
}

// besides names what else is not stated, and what is done about it.
func (r *resolver) besides(given map[string]bool) string {
	text := ""
	cropped := r.image != nil && !r.task.whole
	if cropped && r.by == "huggingface" && !slices.ContainsFunc(r.layers, func(l config.Layer) bool { return l.Source == config.ProcessorFile }) {
		text += "\n(a " + config.ProcessorFile + " beside it would say most: Optimum writes it where Pillow is installed, and the model's own folder has it)"
	}
	var nor, so, flags []string
	if cropped && r.resizesByDefault() && !given["preset"] {
		nor, so = append(nor, "nor how to resize"), append(so, "the short edge is brought to the input's, bilinear")
		flags = append(flags, "--resize, --crop-pct, --crop-mode, --interpolation")
	}
	if _, ok := config.ColorOrder.Find(r.layers); cropped && !ok && !given["preset"] && r.image.Spec.Channels == 3 {
		nor, so, flags = append(nor, "nor the order of colours"), append(so, "colours are taken as RGB"), append(flags, "--color-order")
	}
	if len(nor) > 0 {
		text += fmt.Sprintf("\n(%s: %s, unless %s say otherwise)", strings.Join(nor, ", "), strings.Join(so, ", and "), strings.Join(flags, ", "))
	}
	if _, ok := config.Labels.Find(r.layers); r.task.classes && !ok {
		names := "--labels FILE does"
		if cropped && r.scores != nil && r.scores.Classes == 1000 {
			names = "--labels " + imagenetNames + " does, where its 1000 are ImageNet's, or --labels FILE"
		}
		text += "\n(nor does it name its classes: " + names + "; else they are told by their index)"
	}
	return text
}

// imagenetNames is the word that stands for the labels of ImageNet's classes.
const imagenetNames = "imagenet-1k"

// resizesByDefault reports whether nothing states the resize, nor is it asked for.
func (r *resolver) resizesByDefault() bool {
	_, resize := config.Resize.Find(r.layers)
	_, pct := config.CropPct.Find(r.layers)
	_, mode := config.CropMode.Find(r.layers)
	return !resize && !pct && !mode && !slices.ContainsFunc(r.facts, func(f Fact) bool { return f.Key == "resize" && f.Source == "" })
}

// shellWord quotes a word where a shell would take it apart.
func shellWord(word string) string {
	plain := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("/\\._-,:+@%=", c) || c > 0x7f
	}
	if word != "" && !strings.ContainsFunc(word, func(c rune) bool { return !plain(c) }) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
