package config

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
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

	quotedLine = regexp.MustCompile(`^(?:"(.*)"|'(.*)'),?$`)
	manyQuoted = regexp.MustCompile(`^(?:"[^"]*"\s*,\s*"|'[^']*'\s*,\s*')`)

	// Comments and a name before a Python value, and how such a value begins where it
	// is no name in brackets.
	assigned = regexp.MustCompile(`^((?:#[^\n]*(?:\n\s*|$))*)([A-Za-z_]\w*(?:\s*:[^=\n]*)?\s*=\s*)?[\[{(]`)
	bracket  = regexp.MustCompile(`^[\[{(]\s*(?:(?:"[^"\n]*"|'[^'\n]*')\s*[,:\]})]|-?\d+\s*:)`)
	code     = regexp.MustCompile(`^(?:\w+\s+)*[\w.]+(?:\s*:[^=]*)?\s*=\s*[\[{(]|^[\w.]+\(\s*[\[{]`)
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
	if first, _, _ := strings.Cut(text, "\n"); strings.Count(first, "\t") > 1 && heading(first) {
		list, err = csvLabels(data)
		list.Form = "columns, below a heading"
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
		if strings.ContainsAny(line, "[{") && code.MatchString(line) {
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
