package models

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// entry is a label with the index that its file states, and where it states it.
type entry struct {
	index int
	label Label
	where string
}

// placed puts labels where their indices say, which count from 0, or from 1 where that may be.
func placed(entries []entry, fromOne bool) ([]Label, error) {
	labels := make([]Label, len(entries))
	seen := make([]bool, len(entries)+1)
	last := entry{index: -1}
	for _, e := range entries {
		if most := len(entries); e.index < 0 || e.index > most || e.index == most && !fromOne {
			must := fmt.Sprintf("from 0 to %d", most-1)
			if fromOne {
				must += fmt.Sprintf(", or from 1 to %d", most)
			}
			return nil, fmt.Errorf("%s has the index %d, but there are %s: they must count %s", e.where, e.index, many(most, "label"), must)
		}
		if seen[e.index] {
			return nil, fmt.Errorf("%s: index %d stands there twice", e.where, e.index)
		}
		seen[e.index] = true
		if e.index > last.index {
			last = e
		}
	}
	from := 0
	if len(entries) > 0 && !seen[0] {
		from = 1
	} else if len(entries) > 0 && last.index == len(entries) {
		return nil, fmt.Errorf("%s has the index %d, but there are %s from 0 on", last.where, last.index, many(len(entries), "label"))
	}
	for _, e := range entries {
		labels[e.index-from] = e.label
	}
	return labels, nil
}

// notText refuses what is no text, whatever its name says.
func notText(data []byte) error {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")):
		return errors.New("it is text in UTF-16: save it as UTF-8")
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")) || bytes.HasPrefix(data, []byte("\x89PNG")):
		return errors.New("it is an image, not text with a name in each line")
	case bytes.IndexByte(data, 0) >= 0:
		return errors.New("it is binary, not text with a name in each line")
	}
	return nil
}

var (
	synsetLine = regexp.MustCompile(`^(n\d{8})(?:\s*,\s*|\s+)(\S.*)$`)
	indexLine  = regexp.MustCompile(`^(\d{1,7})(?:\s*[:,;\t]\s*|[.)]?\s+)(\S.*)$`)
	lineIndex  = regexp.MustCompile(`^(.*\S)[\s,:;]+(\d{1,7})$`)
	quotedLine = regexp.MustCompile(`^(?:"(.*)"|'(.*)'),?$`)
)

// textLabels reads one label a line, as people have them: names alone or in quotes, behind
// an index or a WordNet id, before an index; or all of it as a Python dict or list. form says
// what beside names it was taken to hold, if anything.
func textLabels(data []byte) (labels []Label, form string, err error) {
	text := strings.TrimSpace(string(data))
	if text == "" {
		return nil, "", nil
	}
	if text[0] == '{' || text[0] == '[' {
		if json.Valid([]byte(text)) {
			labels, err = jsonLabels([]byte(text))
			return labels, "JSON", err
		}
		if labels, ok, err := literalLabels(text); ok || strings.HasSuffix(text, "}") || strings.HasSuffix(text, "]") {
			return labels, "Python", err
		}
	}
	lines := strings.Split(strings.TrimRight(string(data), " \t\r\n"), "\n") // a blank first line counts
	for i := range lines {
		if lines[i] = strings.TrimSpace(lines[i]); lines[i] == "" {
			return nil, "", fmt.Errorf("line %d is blank, and others follow: each line names the class of its number; write - for one without a name", i+1)
		}
	}
	unquoted := func(line string) string {
		if m := quotedLine.FindStringSubmatch(line); m != nil {
			return m[1] + m[2]
		}
		return line
	}
	if parts := matched(lines, synsetLine); parts != nil {
		if names := make([]string, len(parts)); len(matched(cut(names, parts, 2), indexLine)) > 1 {
			return nil, "", fmt.Errorf("line 1: %q has a WordNet id and a number: which of them gives the order can't be told; keep one of them", lines[0])
		}
		for _, m := range parts {
			labels = append(labels, Label{ID: m[1], Name: unquoted(m[2])})
		}
		return labels, "a WordNet id before each name", nil
	}
	if parts := matched(lines, indexLine); parts != nil {
		labels, err = placed(lineEntries(parts, 1, 2, unquoted), true)
		if err != nil {
			err = fmt.Errorf("each line begins with a number, as if it were the class's index, but %w (where the numbers are part of the names, give them as a JSON list)", err)
		}
		return labels, "the index before each name", err
	}
	if parts := matched(lines, lineIndex); parts != nil && distinct(cut(make([]string, len(parts)), parts, 1)) {
		if entries := lineEntries(parts, 2, 1, unquoted); ascending(entries) {
			labels, err = placed(entries, true)
			return labels, "the index behind each name", err
		}
	}
	labels = make([]Label, len(lines))
	allQuoted := matched(lines, quotedLine) != nil
	for i, line := range lines {
		if labels[i].Name = line; allQuoted {
			labels[i].Name = unquoted(line)
		}
	}
	return labels, "", nil
}

// matched returns the parts of all lines; nil where one is of another form.
func matched(lines []string, form *regexp.Regexp) [][]string {
	parts := make([][]string, len(lines))
	for i, line := range lines {
		if parts[i] = form.FindStringSubmatch(line); parts[i] == nil {
			return nil
		}
	}
	return parts
}

// cut fills column with one part of each line.
func cut(column []string, parts [][]string, at int) []string {
	for i, m := range parts {
		column[i] = m[at]
	}
	return column
}

func lineEntries(parts [][]string, index, name int, unquoted func(string) string) []entry {
	entries := make([]entry, len(parts))
	for i, m := range parts {
		n, _ := strconv.Atoi(m[index])
		entries[i] = entry{n, Label{Name: unquoted(m[name])}, fmt.Sprintf("line %d", i+1)}
	}
	return entries
}

// ascending reports whether entries count up by one from 0 or 1: names end in numbers, too.
func ascending(entries []entry) bool {
	for i, e := range entries {
		if e.index != i+entries[0].index {
			return false
		}
	}
	return entries[0].index <= 1
}

func distinct(names []string) bool {
	seen := map[string]bool{}
	for _, n := range names {
		seen[n] = true
	}
	return len(seen) == len(names)
}

// literalLabels reads what Python's str() or a programmer writes: {0: 'tench', ...}, a list
// of names, or {'tench': 0, ...}. ok is false where it is none.
func literalLabels(text string) (labels []Label, ok bool, err error) {
	v, err := parseLiteral(text)
	if err != nil {
		return nil, false, fmt.Errorf("it is neither JSON nor a Python dict or list: %w", err)
	}
	pairs, isDict := v.([]pair)
	if !isDict || len(pairs) == 0 {
		labels, err = namesOf(v)
		return labels, true, err
	}
	entries := make([]entry, len(pairs))
	for i, p := range pairs {
		where := fmt.Sprintf("entry %v", p.key)
		index, name := p.key, p.value
		if _, named := p.key.(string); named {
			index, name = p.value, p.key
		}
		n, isInt := index.(int64)
		text, isText := name.(string)
		if !isInt || !isText || n < 0 || n > maxClasses {
			return nil, true, fmt.Errorf("%s is neither index: name nor name: index", where)
		}
		entries[i] = entry{int(n), Label{Name: text}, where}
	}
	labels, err = placed(entries, true)
	return labels, true, err
}
