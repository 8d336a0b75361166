package models

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// gap is something that nothing states: what it is about, the flags to give, and settings
// that would do, as pairs of key and value.
type gap struct {
	about, give string
	example     []string
}

// gap notes that nothing states a key.
func (r *resolver) gap(key, about, give string, example ...string) {
	r.missing = append(r.missing, gap{about, give, example})
	r.fact(key, "missing: give "+give, "")
}

// contradiction notes that two sources disagree about a key, and a value that settles it.
func (r *resolver) contradiction(key, value, format string, args ...any) {
	r.remedies = append(r.remedies, key, value)
	r.fail(format+": give --"+key, args...)
}

// normalised is what a gap in mean or std is about.
const normalised = "how its pixels are normalised"

// err joins all that stands against running the model: all that is missing in one message,
// with a command line and an ortho.json that would give it.
func (r *resolver) err() error {
	errs := slices.Clone(r.errs)
	if len(r.missing) > 0 {
		about := make([]string, len(r.missing))
		for i, m := range r.missing {
			about[i] = m.about
		}
		text := fmt.Sprintf("%s does not say %s: give %s", r.name, strings.Join(about, ", nor "), toGive(r.missing))
		if slices.Contains(about, normalised) {
			text += ", or --preset NAME"
		}
		for _, l := range r.layers {
			if l.problem != nil {
				text += fmt.Sprintf(" (%s: %v)", l.source, l.problem)
			}
		}
		errs = append(errs, errors.New(text))
	}
	if len(r.missing)+len(r.remedies) > 0 {
		errs = append(errs, errors.New(r.examples()))
	}
	return errors.Join(errs...)
}

// examples shows how all that is missing is given at once.
func (r *resolver) examples() string {
	command := map[Task]string{Classify: "classify", ClassifyText: "classify-text", Generate: "generate"}[r.task]
	pairs := slices.Clone(r.remedies)
	for _, m := range r.missing {
		pairs = append(pairs, m.example...)
	}
	flags, sidecar := "", []string{}
	for pair := range slices.Chunk(pairs, 2) {
		key, value := pair[0], pair[1]
		flags += " --" + key + " " + shellWord(value)
		sidecar = append(sidecar, fmt.Sprintf("%q: %s", strings.ReplaceAll(key, "-", "_"), sidecarSyntax(key, value)))
	}
	of := map[Task]string{Classify: "photo.jpg", ClassifyText: `"a text"`, Generate: "-o made.png"}[r.task]
	if r.made.Image != nil {
		of = "photo.jpg " + of
	}
	text := fmt.Sprintf("for example, with the model's own values: ortho %s -m %s%s %s\nor for good, in an ortho.json beside it: {%s}",
		command, shellWord(r.given), flags, of, strings.Join(sidecar, ", "))
	if r.task == Classify && r.by == "huggingface" && !slices.ContainsFunc(r.layers, func(l layer) bool { return l.source == hfName }) {
		text += "\n(a " + hfName + " beside it would say most: Optimum writes it where Pillow is installed, and the model's own folder has it)"
	}
	if r.task == Classify && r.resizesByDefault() {
		text += "\n(nor how to resize: the short edge is brought to the input's, bilinear, unless --resize, --crop-pct, --crop-mode or --interpolation say otherwise)"
	}
	if r.task != Generate && !slices.ContainsFunc(r.layers, func(l layer) bool { return l.labels != nil && len(l.labels.labels) > 0 }) {
		text += "\n(nor does it name its classes: --labels FILE does; else they are told by their index)"
	}
	return text
}

// resizesByDefault reports whether nothing states the resize, nor is it asked for.
func (r *resolver) resizesByDefault() bool {
	stated := slices.ContainsFunc([]string{"resize", "crop-pct", "crop-mode"}, func(key string) bool { _, _, ok := r.find(key); return ok })
	return !stated && !slices.ContainsFunc(r.facts, func(f Fact) bool { return f.Key == "resize" && f.Source == "" })
}

// sidecarSyntax writes a value as ortho.json has it: the inverse of flagSyntax.
func sidecarSyntax(key, value string) string {
	if key == "input-range" || key == "output-range" || key == "mean" || key == "std" {
		if strings.Contains(value, ",") {
			return "[" + strings.ReplaceAll(value, ",", ", ") + "]"
		}
		return value
	}
	if json.Valid([]byte(value)) {
		return value
	}
	return fmt.Sprintf("%q", value)
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

// toGive lists the flags that fill gaps; what is usual for several is said once.
func toGive(gaps []gap) string {
	var b strings.Builder
	for i, g := range gaps {
		if i > 0 {
			and := " and "
			if strings.Contains(gaps[i-1].give+g.give, and) || strings.Contains(gaps[i-1].give+g.give, " or --") {
				and = "; "
			}
			b.WriteString(and)
		}
		flag, usual, _ := strings.Cut(g.give, " (")
		if i+1 < len(gaps) && usual != "" && strings.HasSuffix(gaps[i+1].give, " ("+usual) {
			b.WriteString(flag)
		} else {
			b.WriteString(g.give)
		}
	}
	return b.String()
}
