package config

import (
	"bytes"
	"cmp"
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

// placed puts labels where their indices say, which count from 0, or from 1 where that may be. Then
// there may be gaps, too, in ten labels or more, if most indices have one: as in COCO's.
func placed(entries []entry, fromOne bool) (list LabelList, err error) {
	if n := len(entries); fromOne && n >= 10 {
		if list, ok := spaced(entries, 2*n-1); ok && list.Labels[0].Name+list.Labels[min(1, len(list.Labels)-1)].Name != "" {
			return list, nil
		}
	}
	labels := make([]Label, len(entries))
	seen := make([]bool, len(entries)+1)
	last := entry{index: -1}
	for _, e := range entries {
		if most := len(entries); e.index < 0 || e.index > most || e.index == most && !fromOne {
			must := fmt.Sprintf("from 0 to %d", most-1)
			if fromOne {
				must += fmt.Sprintf(", or from 1 to %d", most)
			}
			return list, fmt.Errorf("%s has the index %d, but there are %s: they must count %s", e.where, e.index, howMany(most), must)
		}
		if seen[e.index] {
			return list, fmt.Errorf("%s: index %d stands there twice", e.where, e.index)
		}
		seen[e.index] = true
		if e.index > last.index {
			last = e
		}
	}
	if len(entries) > 0 && !seen[0] {
		list.From = 1
	} else if len(entries) > 0 && last.index == len(entries) {
		return list, fmt.Errorf("%s has the index %d, but there are %s from 0 on", last.where, last.index, howMany(len(entries)))
	}
	for _, e := range entries {
		labels[e.index-list.From] = e.label
	}
	list.Labels = labels
	return list, nil
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

	synset     = regexp.MustCompile(`^n\d{8}$`)
	synsetLine = regexp.MustCompile(`^(n\d{8})(?:\s*[:,;=|]\s*|\s+)(\S.*)$`)
	indexLine  = regexp.MustCompile(`^(\d{1,7})(?:\s*(?:->|=>|[:,;=|\t])\s*|\s+-\s+|[.)]?\s+)(\S.*)$`)
	lineIndex  = regexp.MustCompile(`^(\S.*?)(\s*(?:->|=>|[:,;=|\t])\s*|\s+)(\d{1,7})$`)
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
// an index or a WordNet id, before an index; or all of it as a Python dict or list, or as a file
// of another form that is called .txt.
func textLabels(data []byte) (list LabelList, err error) {
	text := strings.TrimSpace(string(data))
	switch {
	case text == "":
		return list, nil
	case itemStart.MatchString(text):
		return pbtxtLabels(text)
	case yamlNames.MatchString(text):
		return yamlLabels(text)
	}
	if list, ok, err := valueLabels(text); ok {
		return list, err
	}
	lines := strings.Split(strings.TrimRight(string(data), " \t\r\n"), "\n") // a blank first line counts
	for i := range lines {
		if lines[i] = strings.TrimSpace(lines[i]); lines[i] == "" {
			return list, fmt.Errorf("line %d is blank, and others follow: each line names the class of its number; write - for one without a name", i+1)
		}
	}
	lines = withoutCommas(lines)
	if list, err = numberedLabels(lines); list.Labels != nil || err != nil {
		return list, err
	}
	list.Labels = make([]Label, len(lines))
	allQuoted := matched(lines, quotedLine) != nil
	for i, line := range lines {
		if code.MatchString(line) {
			return LabelList{}, fmt.Errorf("line %d: %s is program code: keep its dict or list alone in the file", i+1, Shorten([]byte(line)))
		}
		if list.Labels[i].Name = line; allQuoted {
			if manyQuoted.MatchString(line) {
				return LabelList{}, fmt.Errorf("line %d: %s holds more than one name: write one name a line, or all of them as a JSON list", i+1, Shorten([]byte(line)))
			}
			list.Labels[i].Name = unquoted(line)
		}
	}
	return list, nil
}

// valueLabels reads text that is one value of JSON or Python, which a comment and a name
// may precede. ok is false where it is none.
func valueLabels(text string) (list LabelList, ok bool, err error) {
	if json.Valid([]byte(text)) && (text[0] == '{' || text[0] == '[') {
		list, err = jsonLabels([]byte(text))
		list.Form = cmp.Or(list.Form, "JSON")
		return list, true, err
	}
	// 'tench', 'great white shark' is a list, too.
	if v, err := parseLiteral("[" + text + "]"); err == nil && (text[0] == '\'' || text[0] == '"') {
		list.Labels, err = namesOf(v)
		return list, true, err
	}
	m := assigned.FindStringSubmatch(text)
	if m == nil {
		return list, false, nil
	}
	value := text[len(m[0])-1:]
	list, ok, err = literalLabels(value)
	list.Form = "Python"
	closed := strings.ContainsRune("]}", rune(value[len(value)-1])) && value[0] != '('
	return list, ok || m[2] != "" || bracket.MatchString(value) || m[1] == "" && closed, err
}

// numberedLabels reads lines that all hold an index or a WordNet id beside the name, below a
// heading perhaps; it has no labels where they don't.
func numberedLabels(lines []string) (list LabelList, err error) {
	all := slices.Clone(lines)
	for i, line := range all {
		all[i] = quotedLast.ReplaceAllString(quotedFirst.ReplaceAllString(line, "$1$2"), "$1$2")
	}
	if list, err = numberedFrom(all, 1); list.Labels != nil || err != nil {
		return list, err
	}
	top := 0
	for top < len(all)-1 && strings.HasPrefix(all[top], "#") {
		top++
	}
	if top < len(all)-1 && heading(all[top]) {
		top++
	}
	if top > 0 {
		if list, err = numberedFrom(all[top:], top+1); list.Labels != nil {
			list.Form += ", below a heading"
		}
		return list, err
	}
	if parts := matched(all[1:], indexLine); len(parts) > 1 {
		if _, err := placed(lineEntries(parts, 1, 2, 2), true); err == nil {
			return list, fmt.Errorf("line 1: %s has no index, but each line below it begins with its own: take it out if it is a heading, or give it its index", Shorten([]byte(lines[0])))
		}
	}
	return list, nil
}

// heading reports whether a line names two columns or more.
func heading(line string) bool {
	cells := strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(",;:|=\t", r) })
	if len(cells) < 2 {
		cells = strings.Fields(line)
	}
	return len(cells) > 1 && !slices.ContainsFunc(cells, func(cell string) bool { role, _ := roleOf(cell); return role == "" })
}

// numberedFrom is numberedLabels of lines without a heading, the first of which stands in line.
func numberedFrom(lines []string, line int) (list LabelList, err error) {
	if parts := matched(lines, synsetLine); parts != nil {
		if names := make([]string, len(parts)); len(matched(cut(names, parts, 2), indexLine)) > 1 {
			return list, fmt.Errorf("line %d: %q has a WordNet id and a number: which of them gives the order can't be told; keep one of them", line, lines[0])
		}
		for _, m := range parts {
			list.Labels = append(list.Labels, Label{ID: m[1], Name: unquoted(m[2])})
		}
		list.Form = "a WordNet id before each name"
		return list, nil
	}
	if parts := matched(lines, indexLine); parts != nil {
		form := "the index before each name"
		entries := lineEntries(parts, 1, 2, line)
		names := make([]string, len(parts))
		if ids := matched(cut(names, parts, 2), synsetLine); ids != nil {
			form = "the index and a WordNet id before each name"
			for i, m := range ids {
				entries[i].label = Label{ID: m[1], Name: unquoted(m[2])}
			}
		}
		if list, err = placed(entries, true); err != nil {
			err = fmt.Errorf("each line begins with a number, as if it were the class's index, but %w (where the numbers are part of the names, give them as a JSON list)", err)
		}
		list.Form = form
		return list, err
	}
	if parts := matched(lines, lineIndex); parts != nil && distinct(cut(make([]string, len(parts)), parts, 1)) {
		if list, err = placed(lineEntries(parts, 3, 1, line), true); err == nil {
			list.Form = "the index behind each name"
			return list, nil
		}
		// Names end in numbers, too, but seldom behind a colon.
		for _, m := range parts {
			if !strings.ContainsAny(m[2], ":=\t|>") {
				return LabelList{}, nil
			}
		}
		return LabelList{}, fmt.Errorf("each line ends with a number, as if it were the class's index, but %w (where the numbers are part of the names, give them as a JSON list)", err)
	}
	return LabelList{}, nil
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

func lineEntries(parts [][]string, index, name, line int) []entry {
	entries := make([]entry, len(parts))
	for i, m := range parts {
		n, _ := strconv.Atoi(m[index])
		entries[i] = entry{n, Label{Name: unquoted(m[name])}, fmt.Sprintf("line %d", i+line)}
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
func literalLabels(text string) (list LabelList, ok bool, err error) {
	v, err := parseLiteral(text)
	if err != nil {
		return list, false, fmt.Errorf("it is neither JSON nor a Python dict or list: %w", err)
	}
	list, err = valueList(v)
	return list, true, err
}

// valueList reads a list of names or of pairs, or a dict of index to name or name to index.
func valueList(v any) (list LabelList, err error) {
	pairs, isDict := v.([]pair)
	if items, isList := v.([]any); isList && len(items) > 0 && !slices.ContainsFunc(items, func(item any) bool { two, ok := item.([]any); return !ok || len(two) != 2 }) {
		return pairList(items)
	}
	if !isDict || len(pairs) == 0 {
		list.Labels, err = namesOf(v)
		return list, err
	}
	entries := make([]entry, len(pairs))
	for i, p := range pairs {
		e, ok := p.entry()
		if !ok {
			return list, fmt.Errorf("%s is neither index: name nor name: index", e.where)
		}
		entries[i] = e
	}
	return placed(entries, true)
}

// pairList reads [('n01440764', 'tench'), ...], and [(0, 'tench'), ...] or [('tench', 0), ...].
func pairList(items []any) (list LabelList, err error) {
	entries := make([]entry, len(items))
	for i, item := range items {
		two := item.([]any)
		id, isID := two[0].(string)
		name, isName := two[1].(string)
		e, ok := pair{two[0], two[1]}.entry()
		if isID && isName {
			e, ok = entry{index: i, label: Label{ID: id, Name: name}}, true
		}
		if !ok {
			return list, fmt.Errorf("entry %d of the list is neither (id, name) nor (index, name)", i)
		}
		e.where = fmt.Sprintf("entry %d of the list", i)
		entries[i] = e
	}
	return placed(entries, true)
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
