package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
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
			return nil, fmt.Errorf("%s has the index %d, but there are %s: they must count %s", e.where, e.index, howMany(most), must)
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
		return nil, fmt.Errorf("%s has the index %d, but there are %s from 0 on", last.where, last.index, howMany(len(entries)))
	}
	for _, e := range entries {
		labels[e.index-from] = e.label
	}
	return labels, nil
}

// howMany is a number of labels in words.
func howMany(labels int) string {
	if labels == 1 {
		return "1 label"
	}
	return fmt.Sprintf("%d labels", labels)
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
	case webPage.Match(data):
		return errors.New("it is a web page (HTML), not the file that the page shows: download the file itself (on a code host, its raw form)")
	}
	for i, line := range bytes.Split(data, []byte("\n")) {
		if !utf8.Valid(line) {
			return fmt.Errorf("line %d is not UTF-8: %s: save the file as UTF-8 (iconv -f latin1 -t utf-8 turns Latin-1 into it)", i+1, Shorten(strconv.AppendQuote(nil, string(line))))
		}
	}
	return nil
}

var (
	webPage = regexp.MustCompile(`^\x{FEFF}?\s*(?:<!--[^>]*-->\s*)*(?i:<!doctype\s+html|<html[\s>])`)

	synsetLine = regexp.MustCompile(`^(n\d{8})(?:\s*[:,;=]\s*|\s+)(\S.*)$`)
	indexLine  = regexp.MustCompile(`^(\d{1,7})(?:\s*[:,;=\t]\s*|[.)]?\s+)(\S.*)$`)
	lineIndex  = regexp.MustCompile(`^(\S.*?)(\s*[:,;=\t]\s*|\s+)(\d{1,7})$`)
	quotedLine = regexp.MustCompile(`^(?:"(.*)"|'(.*)'),?$`)

	// An index in quotes, as JSON has it.
	quotedFirst = regexp.MustCompile(`^["'](\d{1,7})["'](\s*[:,;=\t])`)
	quotedLast  = regexp.MustCompile(`([:,;=\t]\s*)["'](\d{1,7})["']$`)

	manyQuoted = regexp.MustCompile(`^(?:"[^"]*"\s*,\s*"|'[^']*'\s*,\s*')`)

	// Comments and a name before a Python value, and how such a value begins where it
	// is no name in brackets.
	assigned = regexp.MustCompile(`^((?:#[^\n]*(?:\n\s*|$))*)([A-Za-z_]\w*(?:\s*:[^=\n]*)?\s*=\s*)?[\[{(]`)
	bracket  = regexp.MustCompile(`^[\[{(]\s*(?:(?:"[^"\n]*"|'[^'\n]*')\s*[,:\]})]|-?\d+\s*:)`)
	code     = regexp.MustCompile(`^(?:\w+\s+)?[\w.]+(?:\s*:[^=]*)?\s*=\s*[\[{(]`)
)

// textLabels reads one label a line, as people have them: names alone or in quotes, behind
// an index or a WordNet id, before an index; or all of it as a Python dict or list. form says
// what beside names it was taken to hold, if anything.
func textLabels(data []byte) (labels []Label, form string, err error) {
	text := strings.TrimSpace(string(data))
	if text == "" {
		return nil, "", nil
	}
	if labels, form, ok, err := valueLabels(text); ok {
		return labels, form, err
	}
	lines := strings.Split(strings.TrimRight(string(data), " \t\r\n"), "\n") // a blank first line counts
	for i := range lines {
		if lines[i] = strings.TrimSpace(lines[i]); lines[i] == "" {
			return nil, "", fmt.Errorf("line %d is blank, and others follow: each line names the class of its number; write - for one without a name", i+1)
		}
	}
	lines = withoutCommas(lines)
	if labels, form, err = numberedLabels(lines); labels != nil || err != nil {
		return labels, form, err
	}
	labels = make([]Label, len(lines))
	allQuoted := matched(lines, quotedLine) != nil
	for i, line := range lines {
		if code.MatchString(line) {
			return nil, "", fmt.Errorf("line %d: %s is program code: keep its dict or list alone in the file", i+1, Shorten([]byte(line)))
		}
		if labels[i].Name = line; allQuoted {
			if manyQuoted.MatchString(line) {
				return nil, "", fmt.Errorf("line %d: %s holds more than one name: write one name a line, or all of them as a JSON list", i+1, Shorten([]byte(line)))
			}
			labels[i].Name = unquoted(line)
		}
	}
	return labels, "", nil
}

// valueLabels reads text that is one value of JSON or Python, which a comment and a name
// may precede. ok is false where it is none.
func valueLabels(text string) (labels []Label, form string, ok bool, err error) {
	if json.Valid([]byte(text)) && (text[0] == '{' || text[0] == '[') {
		labels, err = jsonLabels([]byte(text))
		return labels, "JSON", true, err
	}
	// 'tench', 'great white shark' is a list, too.
	if v, err := parseLiteral("[" + text + "]"); err == nil && (text[0] == '\'' || text[0] == '"') {
		labels, err = namesOf(v)
		return labels, "", true, err
	}
	m := assigned.FindStringSubmatch(text)
	if m == nil {
		return nil, "", false, nil
	}
	value := text[len(m[0])-1:]
	labels, ok, err = literalLabels(value)
	closed := strings.ContainsRune("]}", rune(value[len(value)-1])) && value[0] != '('
	return labels, "Python", ok || m[2] != "" || bracket.MatchString(value) || m[1] == "" && closed, err
}

// numberedLabels reads lines that all hold an index or a WordNet id beside the name; labels
// is nil where they don't.
func numberedLabels(lines []string) (labels []Label, form string, err error) {
	lines = slices.Clone(lines)
	for i, line := range lines {
		lines[i] = quotedLast.ReplaceAllString(quotedFirst.ReplaceAllString(line, "$1$2"), "$1$2")
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
		form = "the index before each name"
		entries := lineEntries(parts, 1, 2)
		names := make([]string, len(parts))
		if ids := matched(cut(names, parts, 2), synsetLine); ids != nil {
			form = "the index and a WordNet id before each name"
			for i, m := range ids {
				entries[i].label = Label{ID: m[1], Name: unquoted(m[2])}
			}
		}
		labels, err = placed(entries, true)
		if err != nil {
			err = fmt.Errorf("each line begins with a number, as if it were the class's index, but %w (where the numbers are part of the names, give them as a JSON list)", err)
		}
		return labels, form, err
	}
	if parts := matched(lines, lineIndex); parts != nil && distinct(cut(make([]string, len(parts)), parts, 1)) {
		labels, err = placed(lineEntries(parts, 3, 1), true)
		if err == nil {
			return labels, "the index behind each name", nil
		}
		// Names end in numbers, too, but seldom behind a colon.
		for _, m := range parts {
			if !strings.ContainsAny(m[2], ":=\t") {
				return nil, "", nil
			}
		}
		return nil, "", fmt.Errorf("each line ends with a number, as if it were the class's index, but %w (where the numbers are part of the names, give them as a JSON list)", err)
	}
	if parts := matched(lines[1:], indexLine); len(parts) > 1 {
		if _, err := placed(lineEntries(parts, 1, 2), true); err == nil {
			return nil, "", fmt.Errorf("line 1: %s has no index, but each line below it begins with its own: take it out if it is a heading, or give it its index", Shorten([]byte(lines[0])))
		}
	}
	return nil, "", nil
}

// withoutCommas takes the commas from lines that all end in one, the last perhaps excepted,
// as they do in a list of a program.
func withoutCommas(lines []string) []string {
	bare := make([]string, len(lines))
	for i, line := range lines {
		cut, ok := strings.CutSuffix(line, ",")
		if bare[i] = strings.TrimSpace(cut); bare[i] == "" || !ok && (i < len(lines)-1 || i == 0) {
			return lines
		}
	}
	return bare
}

func unquoted(line string) string {
	if m := quotedLine.FindStringSubmatch(line); m != nil {
		return m[1] + m[2]
	}
	return line
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

func lineEntries(parts [][]string, index, name int) []entry {
	entries := make([]entry, len(parts))
	for i, m := range parts {
		n, _ := strconv.Atoi(m[index])
		entries[i] = entry{n, Label{Name: unquoted(m[name])}, fmt.Sprintf("line %d", i+1)}
	}
	return entries
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
		e, ok := p.entry()
		if !ok {
			return nil, true, fmt.Errorf("%s is neither index: name nor name: index", e.where)
		}
		entries[i] = e
	}
	labels, err = placed(entries, true)
	return labels, true, err
}

// entry reads 0: 'tench', '0': 'tench', 0: ('n01440764', 'tench'), and 'tench': 0.
func (p pair) entry() (e entry, ok bool) {
	e.where = fmt.Sprintf("entry %v", p.key)
	index, name := p.key, p.value
	if _, numbered := p.value.(int64); numbered {
		index, name = p.value, p.key
	}
	switch n := index.(type) {
	case int64:
		if n < 0 || n > MaxClasses {
			return e, false
		}
		e.index = int(n)
	case string:
		n64, err := strconv.ParseUint(n, 10, 20)
		if err != nil {
			return e, false
		}
		e.index = int(n64)
	default:
		return e, false
	}
	if both, isPair := name.([]any); isPair && len(both) == 2 {
		if e.label.ID, ok = both[0].(string); !ok {
			return e, false
		}
		name = both[1]
	}
	e.label.Name, ok = name.(string)
	return e, ok
}
