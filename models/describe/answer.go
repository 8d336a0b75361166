package describe

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// What an answer may hold at most: bytes, strings of a list, and characters of a text and
// of a string in a list.
const (
	maxAnswer = 256 << 10
	maxList   = 100
	maxText   = 8000
	maxItem   = 500
)

// descriptionAnswer and decisionAnswer are the answers' fields; nil: the field is missing.
type descriptionAnswer struct {
	Description *string   `json:"description"`
	Objects     *[]string `json:"objects"`
	Attributes  *[]string `json:"attributes"`
	Scene       *string   `json:"scene"`
	Class       *string   `json:"class"`
	Other       *string   `json:"other,omitempty"`
}

type decisionAnswer struct {
	Reason *string `json:"reason"`
	Class  *string `json:"class"`
}

// readDescription checks an answer against the schema, and also returns it in the form that is
// stored: cleaned JSON, which reads the same again.
func readDescription(answer string, classes choice, scrub func(string) string) (Description, []byte, error) {
	m, err := fieldsOf(answer, "description", "objects", "attributes", "scene", "class", other)
	if err != nil {
		return Description{}, nil, err
	}
	a := descriptionAnswer{m.text("description"), m.list("objects"), m.list("attributes"), m.text("scene"), m.text("class"), m.text(other)}
	t := tidy{scrub: scrub, err: m.err}
	d := Description{
		Sentence:   t.text("description", a.Description),
		Objects:    t.list("objects", a.Objects),
		Attributes: t.list("attributes", a.Attributes),
		Scene:      t.text("scene", a.Scene),
	}
	class := t.text("class", a.Class)
	switch {
	case t.err != nil:
		return Description{}, nil, t.err
	case d.Sentence == "":
		return Description{}, nil, errors.New(`"description" is empty`)
	case len(classes.ranked) == 0:
		// Without candidates there is no "other" in the schema; nor is it missed in answers.
		a.Other = nil
		d.Class = Class{-1, class}
		if class == "" {
			return Description{}, nil, errors.New(`"class" is empty`)
		}
	default:
		free := t.text(other, a.Other)
		if t.err != nil {
			return Description{}, nil, t.err
		}
		var ok bool
		if d.Class, ok = classes.find(class); !ok {
			return Description{}, nil, fmt.Errorf(`"class" is %.80q, which is none of the strings to choose from`, class)
		}
		if full := classes.names[d.Class.Index]; d.Class.Index >= 0 && class != full {
			m.mend("class: %q for %q", class, full)
		}
		if d.Class.Index < 0 {
			if free == "" {
				return Description{}, nil, errors.New(`"class" is "other", but "other" is empty`)
			}
			d.Class.Name = free
		}
	}
	d.Mended = m.mended
	kept, err := json.Marshal(a)
	return d, kept, err
}

// readDecision is readDescription for Decide.
func readDecision(answer string, classes choice, scrub func(string) string) (Decision, []byte, error) {
	m, err := fieldsOf(answer, "reason", "class")
	if err != nil {
		return Decision{}, nil, err
	}
	a := decisionAnswer{m.text("reason"), m.text("class")}
	t := tidy{scrub: scrub, err: m.err}
	d := Decision{Reason: t.text("reason", a.Reason)}
	class := t.text("class", a.Class)
	if t.err != nil {
		return Decision{}, nil, t.err
	}
	var ok bool
	if d.Class, ok = classes.find(class); !ok {
		return Decision{}, nil, fmt.Errorf(`"class" is %.80q, which is none of the strings to choose from`, class)
	}
	kept, err := json.Marshal(a)
	return d, kept, err
}

type confirmationAnswer struct {
	Reason *string `json:"reason"`
	Answer *string `json:"answer"`
}

// readConfirmation is readDescription for Confirm.
func readConfirmation(answer string, scrub func(string) string) (Confirmation, []byte, error) {
	m, err := fieldsOf(answer, "reason", "answer")
	if err != nil {
		return Confirmation{}, nil, err
	}
	a := confirmationAnswer{m.text("reason"), m.text("answer")}
	t := tidy{scrub: scrub, err: m.err}
	c := Confirmation{Reason: t.text("reason", a.Reason)}
	said := t.text("answer", a.Answer)
	if t.err != nil {
		return Confirmation{}, nil, t.err
	}
	switch strings.ToLower(strings.Trim(said, " .!")) {
	case Yes, "true":
		c.Answer = Yes
	case No, "false":
		c.Answer = No
	case Unclear, "unsure", "unknown", "maybe":
		c.Answer = Unclear
	default:
		return Confirmation{}, nil, fmt.Errorf(`"answer" is %.80q, which is none of yes, no and unclear`, said)
	}
	kept, err := json.Marshal(a)
	return c, kept, err
}

// tidy cleans fields in place, and keeps the first thing that is wrong with them.
type tidy struct {
	scrub func(string) string
	err   error
}

func (t *tidy) text(name string, s *string) string {
	if s == nil {
		t.fail("%q is missing", name)
		return ""
	}
	*s = t.scrub(strings.TrimSpace(clean(*s)))
	if utf8.RuneCountInString(*s) > maxText {
		t.fail("%q has more than %d characters", name, maxText)
	}
	return *s
}

// list leaves empty strings out.
func (t *tidy) list(name string, list *[]string) []string {
	if list == nil {
		t.fail("%q is missing", name)
		return nil
	}
	kept := make([]string, 0, len(*list))
	for _, s := range *list {
		s = t.scrub(line(s))
		if utf8.RuneCountInString(s) > maxItem {
			t.fail("a string of %q has more than %d characters", name, maxItem)
		}
		if s != "" {
			kept = append(kept, s)
		}
	}
	if len(kept) > maxList {
		t.fail("%q has more than %d strings", name, maxList)
	}
	*list = kept
	return kept
}

func (t *tidy) fail(format string, args ...any) {
	if t.err == nil {
		t.err = fmt.Errorf(format, args...)
	}
}

// clean drops what a terminal or a table would act upon: control characters but line feeds,
// and marks that turn the direction of text. What is not UTF-8 becomes U+FFFD.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n':
			return r
		case r == '\t', r == '\r', r == '\u2028', r == '\u2029':
			return ' '
		case isControl(r):
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "\ufffd"))
}

func isControl(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
}

// soFar returns the part of the description that the beginning of an answer holds: whole
// words, as half a key would not be known as one.
func soFar(answer string) string {
	_, rest, ok := strings.Cut(answer, `"description"`)
	if !ok {
		return ""
	}
	rest, ok = strings.CutPrefix(strings.TrimLeft(rest, " \t\r\n:"), `"`)
	if !ok {
		return ""
	}
	end := 0
	for end < len(rest) && rest[end] != '"' {
		if rest[end] == '\\' {
			end++
		}
		end++
	}
	whole := end < len(rest)
	rest = rest[:min(end, len(rest))]
	// The last escape may be cut off: \u00e4 is the longest.
	for cut := range min(6, len(rest)+1) {
		var s string
		if json.Unmarshal([]byte(`"`+rest[:len(rest)-cut]+`"`), &s) != nil {
			continue
		}
		if !whole {
			s = strings.TrimRight(s, "\ufffd") // half of a surrogate pair
			s = strings.TrimRightFunc(s, func(r rune) bool { return r > ' ' && r <= '~' })
		}
		return strings.TrimSpace(clean(s))
	}
	return ""
}
