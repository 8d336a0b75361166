package generate

import (
	"fmt"
	"strconv"
	"strings"

	"ortho/models"
)

// Subjects are a text with each of the classes, or alone where there are none. A class is
// named by its index or by its label, in any case, or the label's ID. One that the model
// does not have is a [*ClassError].
func (g *Generator) Subjects(text string, classes ...string) ([]Subject, error) {
	if len(classes) == 0 {
		return []Subject{{Text: text}}, nil
	}
	var subjects []Subject
	for _, name := range classes {
		class, err := g.classOf(name)
		if err != nil {
			return nil, err
		}
		s := Subject{Text: text, Class: &class}
		if class < len(g.spec.Labels) {
			s.Label = strings.ToValidUTF8(g.spec.Labels[class].Name, "\uFFFD")
		}
		subjects = append(subjects, s)
	}
	return subjects, nil
}

func (g *Generator) classOf(name string) (int, error) {
	spec := g.spec
	n := len(spec.Labels)
	if spec.Class != nil && spec.Class.Count > 0 {
		n = spec.Class.Count
	}
	if spec.Class == nil && (spec.Text == nil || n == 0) {
		return 0, fmt.Errorf("%s takes no classes: it makes images of %s", g.name, Takes(spec))
	}
	if i, err := strconv.Atoi(name); err == nil {
		if i < 0 || n > 0 && i >= n {
			return 0, &ClassError{Class: name, text: fmt.Sprintf("class %d: the classes of %s are 0 to %d", i, g.name, n-1)}
		}
		return i, nil
	}
	for i, l := range spec.Labels {
		if strings.EqualFold(l.Name, name) || l.ID != "" && l.ID == name {
			return i, nil
		}
	}
	const shown = 12
	var some []string
	for _, l := range spec.Labels[:min(len(spec.Labels), shown)] {
		some = append(some, l.Name)
	}
	if len(some) == 0 {
		return 0, &ClassError{Class: name, Unlabeled: true, text: fmt.Sprintf("class %q: %s has no labels: give an index", name, g.name)}
	}
	return 0, &ClassError{Class: name, text: fmt.Sprintf("class %q: no label of %s (%s, ...)", name, g.name, strings.Join(some, ", "))}
}

// ClassError says that a model has no such class.
type ClassError struct {
	Class     string // as it was named
	Unlabeled bool   // the model has no labels: an index is all that can name a class
	text      string
}

func (e *ClassError) Error() string { return e.text }

// Takes says in words what a model makes images from, such as "texts and latents".
func Takes(spec *models.GeneratorSpec) string {
	var parts []string
	for _, p := range []struct {
		there bool
		name  string
	}{{spec.Image != nil, "images"}, {spec.Text != nil, "texts"}, {spec.Class != nil, "classes"}, {spec.Latents != nil, "latents"}} {
		if p.there {
			parts = append(parts, p.name)
		}
	}
	return strings.Join(parts, " and ")
}
