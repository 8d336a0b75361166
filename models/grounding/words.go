package grounding

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"unicode"

	"ortho/models"
)

//go:embed words.txt
var wordsFile string

// thesaurus is words.txt.
type thesaurus struct {
	same                  map[string]string          // the first name of a thing
	above, below          map[string]map[string]bool // of first names: what they are kinds of, and their kinds
	known                 map[string]bool            // first names that have others, or kinds, or are one
	whole, before, amount map[string]bool
	singular              map[string]string
}

var table = sync.OnceValue(func() *thesaurus {
	t, err := readThesaurus(wordsFile)
	if err != nil {
		panic(err) // it is in the program
	}
	return t
})

// readThesaurus reads a table in the form that the head of words.txt says.
func readThesaurus(text string) (*thesaurus, error) {
	t := &thesaurus{same: map[string]string{}, above: map[string]map[string]bool{}, below: map[string]map[string]bool{}, known: map[string]bool{},
		whole: map[string]bool{}, before: map[string]bool{}, amount: map[string]bool{}, singular: map[string]string{}}
	sets := map[string]map[string]bool{"whole": t.whole, "before": t.before, "amount": t.amount}
	var kinds [][2]string
	for n, line := range strings.Split(text, "\n") {
		if line, _, _ = strings.Cut(line, "#"); strings.TrimSpace(line) == "" {
			continue
		}
		at := strings.IndexAny(line, "=>:")
		if at < 0 {
			return nil, fmt.Errorf("line %d: there is no =, > or : in it", n+1)
		}
		head := strings.TrimSpace(line[:at])
		for item := range strings.SplitSeq(line[at+1:], ",") {
			item = strings.TrimSpace(item)
			switch {
			case item == "":
				return nil, fmt.Errorf("line %d: an empty name", n+1)
			case line[at] == '=':
				if other, twice := t.same[item]; twice && other != head {
					return nil, fmt.Errorf("line %d: %q is %q already", n+1, item, other)
				}
				t.same[item] = head
			case line[at] == '>':
				kinds = append(kinds, [2]string{head, item})
			case head == "plural":
				many, one, ok := strings.Cut(item, " ")
				if !ok {
					return nil, fmt.Errorf("line %d: %q: a plural and a singular", n+1, item)
				}
				t.singular[many] = one
			case sets[head] == nil:
				return nil, fmt.Errorf("line %d: there is no %q", n+1, head)
			default:
				sets[head][item] = true
			}
		}
	}
	link := func(m map[string]map[string]bool, from, to string) {
		if m[from] == nil {
			m[from] = map[string]bool{}
		}
		m[from][to] = true
	}
	for _, first := range t.same {
		t.known[first] = true
	}
	for _, k := range kinds {
		general, kind := t.first(k[0]), t.first(k[1])
		t.known[general], t.known[kind] = true, true
		link(t.below, general, kind)
		link(t.above, kind, general)
	}
	return t, nil
}

// first is the name that stands for all names of a thing.
func (t *thesaurus) first(name string) string {
	if first, ok := t.same[name]; ok {
		return first
	}
	return name
}

// reach are all that can be come to from a name, without itself.
func reach(m map[string]map[string]bool, from string) map[string]bool {
	seen := map[string]bool{}
	for todo := []string{from}; len(todo) > 0; {
		next := m[todo[0]]
		todo = todo[1:]
		for name := range next {
			if !seen[name] && name != from {
				seen[name] = true
				todo = append(todo, name)
			}
		}
	}
	return seen
}

// forms are what a phrase may be called in the singular, itself first. Only its last word changes.
func (t *thesaurus) forms(phrase string) []string {
	at := strings.LastIndexByte(phrase, ' ') + 1
	before, last := phrase[:at], phrase[at:]
	all := []string{phrase}
	if one, ok := t.singular[last]; ok {
		return append(all, before+one)
	}
	for _, ending := range [][2]string{{"s", ""}, {"es", ""}, {"ies", "y"}, {"ves", "f"}, {"ves", "fe"}} {
		if stem, ok := strings.CutSuffix(last, ending[0]); ok && len(stem) > 1 && !strings.HasSuffix(last, "ss") {
			all = append(all, before+stem+ending[1])
		}
	}
	return all
}

// notNaming are words before a name that say nothing of what it is.
var notNaming = map[string]bool{"a": true, "an": true, "the": true, "some": true, "one": true, "two": true, "three": true, "four": true, "five": true, "six": true,
	"several": true, "many": true, "his": true, "her": true, "its": true, "their": true, "another": true}

// prepositions end what is named: what follows says where it is, or what it is of.
var prepositions = map[string]bool{"of": true, "with": true, "in": true, "on": true, "at": true, "from": true, "for": true, "by": true, "behind": true, "near": true,
	"under": true, "over": true, "wearing": true, "holding": true, "and": true, "or": true, "that": true, "which": true, "to": true}

// normal is a name in lower case: its words, a space apart, without what stands in brackets or behind a comma.
func normal(name string) string {
	if at := strings.IndexAny(name, ",;"); at >= 0 {
		name = name[:at]
	}
	for {
		from := strings.IndexByte(name, '(')
		if from < 0 {
			break
		}
		to := strings.IndexByte(name[from:], ')')
		if to < 0 {
			to = len(name) - from - 1
		}
		name = name[:from] + " " + name[from+to+1:]
	}
	return strings.Join(strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) && r != '-' && r != '\''
	}), " ")
}

// phrases are those that may say what a name names, the most exact first: all of it, then fewer of its last
// words ("a red sports car" is a sports car, and a car). The first may be known as it stands; the others are left out where
// the name is none of its last word.
func (t *thesaurus) phrases(name string) []string {
	words := strings.Fields(normal(name))
	for len(words) > 1 && (notNaming[words[0]] || isNumber(words[0])) {
		words = words[1:]
	}
	all := []string{strings.Join(words, " ")}
	for i, w := range words {
		if !prepositions[w] || i == 0 {
			continue
		}
		if w == "of" && i+1 < len(words) && t.anyForm(t.amount, words[i-1]) {
			return append(all, t.phrases(strings.Join(words[i+1:], " "))...)
		}
		words = words[:i]
		break
	}
	for i := range words {
		phrase := strings.Join(words[i:], " ")
		if i > 0 && t.before[words[i-1]] {
			break // a toy car, of whatever colour
		}
		if phrase != all[0] {
			all = append(all, phrase)
		}
		if t.anyForm(t.whole, phrase) {
			break
		}
	}
	if len(words) > 0 && t.before[words[0]] {
		return all[:1]
	}
	return all
}

func (t *thesaurus) anyForm(in map[string]bool, phrase string) bool {
	return slices.ContainsFunc(t.forms(phrase), func(f string) bool { return in[f] })
}

func isNumber(word string) bool {
	return strings.IndexFunc(word, func(r rune) bool { return !unicode.IsNumber(r) }) < 0
}

// vocabulary is what a detector's classes are called.
type vocabulary struct {
	table   *thesaurus
	classes map[string][]int // by the first names of their things
	exact   map[string][]int // by their labels as they are
}

// newVocabulary takes labels, of which each may have several names, parted by commas.
func newVocabulary(t *thesaurus, labels []models.Label) *vocabulary {
	v := &vocabulary{table: t, classes: map[string][]int{}, exact: map[string][]int{}}
	for class, l := range labels {
		for name := range strings.SplitSeq(l.Name, ",") {
			name = normal(strings.ReplaceAll(name, "_", " "))
			if name == "" {
				continue
			}
			v.exact[name] = append(v.exact[name], class)
			form := name
			for _, f := range t.forms(name) {
				if t.known[t.first(f)] {
					form = t.first(f)
					break
				}
			}
			if !slices.Contains(v.classes[form], class) {
				v.classes[form] = append(v.classes[form], class)
			}
		}
	}
	return v
}

// meaning is what a name can be among a detector's classes.
type meaning struct {
	classes []int // a box of one of them is what is named
	loose   []int // a box of one of them may be it: what is more general than the nearest class
	kin     []int // a box of one of them may have been mistaken for it, or the reverse
	some    bool  // classes are but some kinds of what is named: that none is there says nothing
}

func (m meaning) known() bool { return len(m.classes) > 0 }

// meaningOf looks a name up, by the first of its phrases that is known: the classes that are called so, in any of its words' forms and names, and those
// of its kinds; else the nearest class that it is a kind of; else such that are kinds of it.
func (v *vocabulary) meaningOf(name string) (m meaning) {
	for _, phrase := range v.table.phrases(name) {
		for _, form := range v.table.forms(phrase) {
			if m = v.of(form); m.known() || v.table.known[v.table.first(form)] {
				return m
			}
		}
	}
	return meaning{}
}

func (v *vocabulary) of(form string) (m meaning) {
	t := v.table
	first := t.first(form)
	add := func(to *[]int, classes []int) {
		for _, c := range classes {
			if !slices.Contains(m.classes, c) && !slices.Contains(*to, c) {
				*to = append(*to, c)
			}
		}
	}
	add(&m.classes, v.exact[form])
	add(&m.classes, v.classes[first])
	nearest := first
	for len(m.classes) == 0 { // upwards
		up := slices.Sorted(maps.Keys(t.above[nearest]))
		if len(up) == 0 {
			break
		}
		for _, name := range up {
			add(&m.classes, v.classes[name])
		}
		nearest = up[0]
	}
	m.some = len(m.classes) == 0
	if nearest == first || m.some {
		for name := range reach(t.below, first) {
			add(&m.classes, v.classes[name])
		}
	}
	if !m.known() {
		return m
	}
	above := reach(t.above, nearest)
	for name := range above {
		add(&m.loose, v.classes[name])
	}
	for name := range t.above[nearest] {
		for sibling := range t.below[name] {
			add(&m.kin, v.classes[sibling])
			for kind := range reach(t.below, sibling) {
				add(&m.kin, v.classes[kind])
			}
		}
	}
	m.kin = slices.DeleteFunc(m.kin, func(c int) bool { return slices.Contains(m.loose, c) })
	for _, list := range []*[]int{&m.classes, &m.loose, &m.kin} {
		slices.Sort(*list)
	}
	return m
}
