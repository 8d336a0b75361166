package evaluate

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/text/unicode/norm"

	"ortho/models"
	"ortho/models/config"
)

// Kinds are the ways in which data may name a class.
var Kinds = []string{"id", "label", "index"}

// maxIndex bounds an index where the number of classes is not known before a run.
const maxIndex = 1 << 20

// Classes finds a model's classes by their names.
type Classes struct {
	labels []models.Label
	n      int
	kinds  []string
	ids    map[string][]int
	// exact are the labels as they are, folded without regard to case and "_", parts each
	// of the synonyms in "tench, Tinca tinca".
	exact, folded, parts map[string][]int
}

// NewClasses takes the labels of n classes; n is 0 where only a run shows it. kind is one
// of Kinds, or "" where a name may be of any.
func NewClasses(labels []models.Label, n int, kind string) *Classes {
	c := &Classes{labels: labels, n: n, kinds: Kinds, ids: map[string][]int{}, exact: map[string][]int{}, folded: map[string][]int{}, parts: map[string][]int{}}
	if kind != "" {
		c.kinds = []string{kind}
	}
	add := func(to map[string][]int, name string, class int) {
		if name != "" && !slices.Contains(to[name], class) {
			to[name] = append(to[name], class)
		}
	}
	for i, l := range labels {
		add(c.ids, l.ID, i)
		add(c.exact, l.Name, i)
		add(c.folded, fold(l.Name), i)
		for part := range strings.SplitSeq(l.Name, ",") {
			add(c.parts, fold(part), i)
		}
	}
	return c
}

// fold lets a label be written as the name of a folder; macOS may write ä as a and its dots.
func fold(s string) string {
	return strings.ToLower(strings.TrimSpace(strings.ReplaceAll(norm.NFC.String(s), "_", " ")))
}

// Find returns the class that a name stands for, and the kind of the name. Labels match
// exactly, or else without regard to case and with "_" for spaces, or else as one of the
// synonyms between commas. A name that stands for no class, or for several, is an error
// that says which come into question.
func (c *Classes) Find(name string) (class int, kind string, err error) {
	type match struct {
		class int
		kind  string
	}
	var found []match
	for _, kind := range c.kinds {
		for _, class := range c.matches(name, kind) {
			if !slices.ContainsFunc(found, func(m match) bool { return m.class == class }) {
				found = append(found, match{class, kind})
			}
		}
	}
	switch len(found) {
	case 1:
		return found[0].class, found[0].kind, nil
	case 0:
		return 0, "", fmt.Errorf("%q names no class: %s", name, c.candidates(name))
	}
	several := make([]string, 0, 4)
	for _, m := range found[:min(4, len(found))] {
		several = append(several, fmt.Sprintf("the %s of %s", m.kind, c.describe(m.class)))
	}
	give := "name classes by their index"
	if found[0].kind != found[1].kind {
		return 0, "", config.Errorf("%q is %s: say which by %s", name, strings.Join(several, " and "), config.Key("truth"))
	}
	if len(c.ids) > 0 {
		give = "name classes by their id"
	}
	return 0, "", fmt.Errorf("%q is %s: %s", name, strings.Join(several, " and "), give)
}

func (c *Classes) matches(name, kind string) []int {
	switch kind {
	case "id":
		return c.ids[name]
	case "label":
		for _, in := range []struct {
			names map[string][]int
			name  string
		}{{c.exact, name}, {c.folded, fold(name)}, {c.parts, fold(name)}} {
			if classes := in.names[in.name]; len(classes) > 0 {
				return classes
			}
		}
		return nil
	}
	i, err := strconv.Atoi(name)
	if err != nil || i < 0 || name[0] == '+' || name[0] == '-' || i >= cmp.Or(c.n, maxIndex) {
		return nil
	}
	return []int{i}
}

// describe is a class as messages name it: 'class 638 (n03710637 "maillot")'.
func (c *Classes) describe(class int) string {
	var names []string
	if class < len(c.labels) {
		if id := c.labels[class].ID; id != "" {
			names = append(names, id)
		}
		if label := c.labels[class].Name; label != "" {
			names = append(names, strconv.Quote(label))
		}
	}
	if len(names) == 0 {
		return fmt.Sprintf("class %d", class)
	}
	return fmt.Sprintf("class %d (%s)", class, strings.Join(names, " "))
}

// candidates says what might have been meant.
func (c *Classes) candidates(name string) string {
	if len(c.labels) == 0 {
		last := "the last"
		if c.n > 0 {
			last = strconv.Itoa(c.n - 1)
		}
		return "the model's classes have no labels, so that only an index from 0 to " + last + " does"
	}
	type candidate struct {
		class int
		score float64
	}
	var near []candidate
	for i, l := range c.labels {
		if s := max(similarity(fold(name), fold(l.Name)), similarity(name, l.ID)); s >= 0.5 {
			near = append(near, candidate{i, s})
		}
	}
	slices.SortStableFunc(near, func(a, b candidate) int { return cmp.Compare(b.score, a.score) })
	if len(near) == 0 {
		return fmt.Sprintf("classes are such as %s; known are ids, labels and indices", c.describe(0))
	}
	texts := make([]string, 0, 3)
	for _, n := range near[:min(3, len(near))] {
		texts = append(texts, c.describe(n.class))
	}
	return "did you mean " + strings.Join(texts, " or ") + "?"
}

// similarity is Dice's coefficient of the pairs of neighbouring bytes: 0 to 1.
func similarity(a, b string) float64 {
	if len(a) < 2 || len(b) < 2 {
		return 0
	}
	pairs := map[string]int{}
	for i := range len(a) - 1 {
		pairs[a[i:i+2]]++
	}
	both := 0
	for i := range len(b) - 1 {
		if pairs[b[i:i+2]] > 0 {
			pairs[b[i:i+2]]--
			both++
		}
	}
	return 2 * float64(both) / float64(len(a)+len(b)-2)
}

// FindAll is Find for several names, and counts the names of each kind. bad has an error for each
// name that stands for no class, or for several.
func (c *Classes) FindAll(names []string) (classes []int, kinds map[string]int, bad []error) {
	classes, kinds = make([]int, len(names)), map[string]int{}
	for i, name := range names {
		class, kind, err := c.Find(name)
		if err != nil {
			bad = append(bad, err)
			continue
		}
		classes[i] = class
		kinds[kind]++
	}
	return classes, kinds, bad
}
