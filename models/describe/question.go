package describe

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// question is what is asked about an image, and how the answer is read.
type question struct {
	name   string // of the schema
	schema json.RawMessage
	prompt string
	stream bool
	// read takes an answer and returns it as it is kept. An error says what is wrong with
	// it, for the model to correct.
	read func(answer string) ([]byte, error)
}

// other is the class where no candidate fits.
const other = "other"

// What a strict schema may hold at most
// (https://platform.openai.com/docs/guides/structured-outputs/supported-schemas): values of
// an enum, those up to which their length does not matter, and the length beyond.
const (
	maxEnum       = 1000
	maxLongEnum   = 250
	maxEnumLength = 15_000
)

// maxEvidence is how many candidates are shown with their probabilities: what follows
// them says nothing more.
const maxEvidence = 10

// describing is the question of Describe, which fills in d.
func (d *Describer) describing(img Image, to *Description) (question, error) {
	classes, err := newChoice(img.Candidates)
	if err != nil {
		return question{}, err
	}
	data := promptData{Language: d.opt.Language}
	var evidence []Candidate
	if !d.opt.NoEvidence {
		data.Candidates = classes.ranked
		for _, c := range classes.ranked[:min(len(classes.ranked), maxEvidence)] {
			evidence = append(evidence, Candidate{c.Index, classes.name(c.Index), c.Probability})
		}
	}
	task, err := d.opt.Prompt.task(data)
	if err != nil {
		return question{}, err
	}
	var sight seen
	if !d.opt.NoEvidence {
		sight = seenIn(img.Sight)
	}
	prompt, err := render(frame, struct {
		Task, Language, Classes string
		Evidence                []Candidate
		Seen                    seen
	}{task, d.opt.Language, classes.listed(), evidence, sight})
	if err != nil {
		return question{}, err
	}
	fields := []field{
		{"description", "string", nil}, {"objects", "strings", nil}, {"attributes", "strings", nil}, {"scene", "string", nil},
		{"class", "string", classes.enum()},
	}
	if len(classes.ranked) > 0 {
		fields = append(fields, field{other, "string", nil})
	}
	return question{"image_description", schemaOf(fields), prompt, true, func(answer string) ([]byte, error) {
		description, kept, err := readDescription(answer, classes, d.scrub)
		if err == nil {
			*to = description
		}
		return kept, err
	}}, nil
}

// confirming is the question of Confirm.
func (d *Describer) confirming(img Image, thing string, to *Confirmation) (question, error) {
	thing = short(line(clean(thing)))
	if thing == "" {
		return question{}, errors.New("there is no name of what is asked for")
	}
	prompt, err := render(confirm, struct {
		Thing string
		Part  bool
	}{strconv.Quote(thing), img.Part != nil})
	if err != nil {
		return question{}, err
	}
	fields := []field{{"reason", "string", nil}, {"answer", "string", []string{Yes, No, Unclear}}}
	return question{"image_part", schemaOf(fields), prompt, false, func(answer string) ([]byte, error) {
		confirmation, kept, err := readConfirmation(answer, d.scrub)
		if err == nil {
			*to = confirmation
		}
		return kept, err
	}}, nil
}

// deciding is the question of Decide.
func (d *Describer) deciding(a, b Candidate, to *Decision) (question, error) {
	classes, err := newChoice([]Candidate{a, b})
	if err != nil {
		return question{}, err
	}
	if a.Index == b.Index {
		return question{}, fmt.Errorf("class %d twice: there is nothing to decide", a.Index)
	}
	prompt, err := render(decide, struct{ Classes string }{classes.listed()})
	if err != nil {
		return question{}, err
	}
	fields := []field{{"reason", "string", nil}, {"class", "string", classes.enum()}}
	return question{"image_decision", schemaOf(fields), prompt, false, func(answer string) ([]byte, error) {
		decision, kept, err := readDecision(answer, classes, d.scrub)
		if err == nil {
			*to = decision
		}
		return kept, err
	}}, nil
}

// field is a field of an answer.
type field struct {
	name, kind string   // "string" or "strings"
	enum       []string // none: free text
}

// schemaOf is a strict JSON schema of an object. Its fields are answered in their order:
// the description comes before the class, so that the class follows from it.
func schemaOf(fields []field) json.RawMessage {
	quoted := func(v any) string { data, _ := json.Marshal(v); return string(data) } // strings: no error
	var properties, required []string
	for _, f := range fields {
		kind := `{"type":"string"}`
		switch {
		case f.enum != nil:
			kind = `{"type":"string","enum":` + quoted(f.enum) + `}`
		case f.kind == "strings":
			kind = `{"type":"array","items":{"type":"string"}}`
		}
		properties = append(properties, quoted(f.name)+":"+kind)
		required = append(required, quoted(f.name))
	}
	return json.RawMessage(`{"type":"object","properties":{` + strings.Join(properties, ",") +
		`},"required":[` + strings.Join(required, ",") + `],"additionalProperties":false}`)
}

// choice is the classes that an answer chooses from.
type choice struct {
	ranked []Candidate // most probable first
	names  map[int]string
}

// newChoice takes as many candidates as a schema may hold, the most probable.
func newChoice(candidates []Candidate) (choice, error) {
	c := choice{slices.Clone(candidates), make(map[int]string, len(candidates))}
	slices.SortStableFunc(c.ranked, func(a, b Candidate) int {
		switch {
		case a.Probability > b.Probability:
			return -1
		case a.Probability < b.Probability:
			return 1
		}
		return a.Index - b.Index
	})
	c.ranked = slices.CompactFunc(c.ranked, func(a, b Candidate) bool { return a.Index == b.Index })
	c.ranked = c.ranked[:min(len(c.ranked), maxEnum-1)]
	length := len(other)
	for _, x := range c.ranked {
		if x.Index < 0 || !(x.Probability >= 0 && x.Probability <= 1) {
			return choice{}, fmt.Errorf("candidate %d with probability %v can't be: from 0, and 0 to 1", x.Index, x.Probability)
		}
		name := qualified(x)
		length += utf8.RuneCountInString(name)
		c.names[x.Index] = name
	}
	if len(c.ranked) >= maxLongEnum && length > maxEnumLength {
		for _, x := range c.ranked[maxLongEnum-1:] {
			delete(c.names, x.Index)
		}
		c.ranked = c.ranked[:maxLongEnum-1]
	}
	return c, nil
}

// qualified is a candidate's name with its index, as names repeat: "281 tabby, tabby cat".
func qualified(c Candidate) string {
	const longest = 100
	name := []rune(line(c.Name))
	return strings.TrimSpace(strconv.Itoa(c.Index) + " " + string(name[:min(len(name), longest)]))
}

func (c choice) name(index int) string { return c.names[index] }

// enum lists the names by index, so that their order says nothing; nil: none.
func (c choice) enum() []string {
	if len(c.ranked) == 0 {
		return nil
	}
	byIndex := slices.SortedFunc(slices.Values(c.ranked), func(a, b Candidate) int { return a.Index - b.Index })
	names := make([]string, 0, len(byIndex)+1)
	for _, x := range byIndex {
		names = append(names, c.names[x.Index])
	}
	return append(names, other)
}

// listed is the enum as a prompt shows it.
func (c choice) listed() string {
	names := c.enum()
	for i, n := range names {
		names[i] = strconv.Quote(n)
	}
	return strings.Join(names, ", ")
}

// sameName compares a name with its index, whatever stands between the two: "281: Tabby, tabby cat".
func sameName(answer, full string) bool {
	index, name, _ := strings.Cut(full, " ")
	rest, ok := strings.CutPrefix(answer, index)
	if !ok || rest == "" || name == "" {
		return false
	}
	trimmed := strings.TrimLeft(rest, " .:-)#=")
	return trimmed != rest && strings.EqualFold(trimmed, name)
}

// find returns the class that an answer names: in full, or where no schema kept the model
// to that, by its index or its name, or one of the names that a comma parts, if no other candidate has it.
func (c choice) find(answer string) (Class, bool) {
	answer = line(answer)
	if strings.EqualFold(answer, other) {
		return Class{Index: -1}, true
	}
	var found []Candidate
	for _, x := range c.ranked {
		full := c.names[x.Index]
		index, name, _ := strings.Cut(full, " ")
		if strings.EqualFold(answer, full) || answer == index || sameName(answer, full) {
			return Class{x.Index, x.Name}, true
		}
		if name != "" && slices.ContainsFunc(append(strings.Split(name, ","), name), func(s string) bool { return strings.EqualFold(answer, strings.TrimSpace(s)) }) {
			found = append(found, x)
		}
	}
	if len(found) == 1 {
		return Class{found[0].Index, found[0].Name}, true
	}
	return Class{}, false
}
