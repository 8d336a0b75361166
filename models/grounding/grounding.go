// Package grounding checks what a text names against what a detector has found: each thing is found, not
// found, ambiguous, or can't be checked since the detector knows no class of its name. What is ambiguous the
// describer is asked about once more, with that part of the image.
//
//	names, detections --Check--> Mentions --Settle (Confirm, a crop each)--> Mentions
//
// The rule, with a score S that is sure (Rules.Sure) and S/2 from which boxes count at all:
//
//	found       a box of the name's class, or of a kind of it, with a score of at least S
//	ambiguous   such a box with less; or none, and there is a box of a more general class, or of another
//	            kind of the same (a cat where a dog is named) that nothing else in the text accounts for
//	not found   the detector knows the class, and there is neither
//	unchecked   the detector has no class of that name, or only some kinds of what is named, of
//	            which there is no box: it can't deny "animal" by knowing cats
//
// Names are compared in lower case, in the singular, without what stands before their last words; names of the
// same thing and kinds of things are those of words.txt, in English. In other languages a name
// is what a label is called, or can't be checked. How many there are of a thing is not checked.
package grounding

import (
	"fmt"
	"slices"

	"ortho/models"
	"ortho/models/detect"
	"ortho/models/witness"
)

// Status is what comes of checking a name.
type Status string

const (
	Found     Status = "found"
	NotFound  Status = "not found"
	Ambiguous Status = "ambiguous"
	Unchecked Status = "unchecked"
)

// Rules say which scores count.
type Rules struct {
	// Sure is the score from which a box is certain, above 0 and at most 1; a half of it is that from
	// which a box counts at all.
	Sure float64
}

// Likely is the score from which a box counts.
func (r Rules) Likely() float64 { return r.Sure / 2 }

// Checker checks names against boxes of a detector's classes. Its methods may be called concurrently.
type Checker struct {
	words  *vocabulary
	labels []models.Label
	rules  Rules
}

// NewChecker makes a checker for the classes of a detector.
func NewChecker(labels []models.Label, rules Rules) (*Checker, error) {
	if !(rules.Sure > 0 && rules.Sure <= 1) {
		return nil, fmt.Errorf("a score of %v can't be sure: above 0, and at most 1", rules.Sure)
	}
	return &Checker{words: newVocabulary(table(), labels), labels: labels, rules: rules}, nil
}

// Mention is a thing that a text names, and what the boxes say of it.
type Mention struct {
	Name   string `json:"object"`
	Status Status `json:"status"`
	// Label, Score and Box are those of the box that says so, or that makes it ambiguous: in
	// pixels of the image as the detector has it.
	Label string      `json:"label,omitempty"`
	Score float32     `json:"score,omitempty"`
	Box   *[4]float32 `json:"box,omitempty"`
	Asked *Asked      `json:"asked,omitempty"` // once more, of what was ambiguous
}

// Asked is the answer to whether the part of the image shows the thing. Where it is "yes" or "no", the
// mention's Status is Found or NotFound by it.
type Asked struct {
	Answer string `json:"answer,omitempty"` // "yes", "no" or "unclear"
	Reason string `json:"reason,omitempty"`
	Model  string `json:"model,omitempty"`
	Cached bool   `json:"cached,omitempty"`
	Error  string `json:"error,omitempty"` // why there is no answer
}

// Check checks names, each once, against what a detector has found, best first, in an image.
func (c *Checker) Check(names []string, found []detect.Detection) []Mention {
	all := make([]Mention, 0, len(names))
	meanings := make([]meaning, 0, len(names))
	claimed := map[int]bool{} // classes that some name accounts for
	for _, name := range names {
		if slices.ContainsFunc(all, func(m Mention) bool { return m.Name == name }) {
			continue
		}
		means := c.words.meaningOf(name)
		for _, class := range means.classes {
			claimed[class] = true
		}
		all, meanings = append(all, Mention{Name: name}), append(meanings, means)
	}
	best := func(classes []int, free bool) int {
		return slices.IndexFunc(found, func(d detect.Detection) bool {
			return float64(d.Score) >= c.rules.Likely() && slices.Contains(classes, d.Index) && !(free && claimed[d.Index])
		})
	}
	for i := range all {
		m, means := &all[i], meanings[i]
		at := best(means.classes, false)
		m.Status = Ambiguous
		switch {
		case !means.known():
			m.Status = Unchecked
		case at >= 0 && float64(found[at].Score) >= c.rules.Sure:
			m.Status = Found
		case at >= 0:
		case means.some:
			m.Status = Unchecked
		default:
			if at = best(means.loose, true); at < 0 {
				at = best(means.kin, true)
			}
			if at < 0 {
				m.Status = NotFound
			}
		}
		if at >= 0 {
			d := found[at]
			m.Label, m.Score, m.Box = witness.NameOf(d.Label, d.Index), d.Score, new(d.Box)
		}
	}
	return all
}

// Knows reports whether the detector has a class of that name.
func (c *Checker) Knows(name string) bool {
	m := c.words.meaningOf(name)
	return m.known() && !m.some
}
