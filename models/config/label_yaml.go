package config

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	// yamlNames is a key of YAML that labels stand under.
	yamlNames = regexp.MustCompile(`(?m)^(?:names|classes|labels|class_names|id2label)\s*:\s*(?:#.*)?(?:\r?\n\s*(?:#.*\n\s*)*(?:-\s|["']?\d+["']?\s*:)|[\[{])`)
	yamlKey   = regexp.MustCompile(`^(["']?)([A-Za-z_][\w.-]*)(["']?)\s*:(?:\s+(.*))?$`)
	yamlKeys  = append([]string{"id2label", "label2id"}, labelKeys...)
)

// yamlLine is a line of YAML that holds something.
type yamlLine struct {
	number, indent int
	text           string
}

// yamlLabels reads labels from YAML as Ultralytics' data.yaml has them: under names, classes,
// labels or another such key, or as the whole document, a list of names, or index to name or name
// to index. Of YAML it reads that much: anchors, tags and texts of several lines are errors.
func yamlLabels(text string) (list LabelList, err error) {
	lines := yamlLines(text)
	at, rest, stated := -1, "", ""
	for i, l := range lines {
		m := yamlKey.FindStringSubmatch(l.text)
		if strings.HasPrefix(l.text, "\t") {
			return list, fmt.Errorf("line %d is indented by a tab, which YAML does not allow: put spaces there", l.number)
		}
		if l.indent > 0 || m == nil || m[1] != m[3] || !slices.Contains(yamlKeys, m[2]) {
			continue
		}
		_, err := strconv.Atoi(m[4])
		holds := m[4] == "" || strings.IndexByte("[{", m[4][0]) >= 0 // labels: images/train is a path
		switch {
		case err == nil: // names: 7 is a class of that name
		case stated == m[2]:
			return list, fmt.Errorf("line %d: %s stands there twice", l.number, stated)
		case at < 0 || holds && rest != "" && strings.IndexByte("[{", rest[0]) < 0:
			at, rest, stated = i, m[4], m[2]
		}
	}
	value := lines
	if at >= 0 {
		value = lines[at+1:]
		end := slices.IndexFunc(value, func(l yamlLine) bool { return l.indent == 0 && !strings.HasPrefix(l.text, "-") })
		if rest == "" && end >= 0 {
			value = value[:end]
		}
		if rest != "" {
			value = append([]yamlLine{{lines[at].number, 0, rest}}, value...)
		}
	}
	if len(value) == 0 {
		return list, nil
	}
	if len(value) > MaxClasses {
		return list, fmt.Errorf("more than %d lines of labels", MaxClasses)
	}
	var v any
	if first := value[0].text; first[0] == '[' || first[0] == '{' {
		v, err = yamlFlow(value)
	} else if rest != "" {
		err = fmt.Errorf("line %d: %s is neither a list nor index: name", value[0].number, Shorten([]byte(rest)))
	} else {
		v, err = yamlBlock(value)
	}
	if err != nil {
		return list, err
	}
	list, err = valueList(v)
	list.Form = "YAML"
	return list, err
}

// yamlLines are the lines that hold something, without their comments.
func yamlLines(text string) (lines []yamlLine) {
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimRight(withoutComment(line), " \t\r")
		bare := strings.TrimLeft(line, " ")
		if bare == "" || bare == "---" || bare == "..." || strings.HasPrefix(bare, "%") && len(lines) == 0 {
			continue
		}
		lines = append(lines, yamlLine{i + 1, len(line) - len(bare), bare})
	}
	return lines
}

// withoutComment cuts a # that begins a comment: outside of quotes, behind a space or first.
func withoutComment(line string) string {
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case (c == '"' || c == '\'') && opensQuote(line[:i]):
			if end := quoteEnd(line, i); end > 0 {
				i = end - 1
			}
		case c == '#' && (i == 0 || line[i-1] == ' ' || line[i-1] == '\t'):
			return line[:i]
		}
	}
	return line
}

// opensQuote reports whether a quote behind that begins a text, and is no apostrophe.
func opensQuote(before string) bool {
	before = strings.TrimRight(before, " \t")
	return before == "" || strings.IndexByte("[{,:-", before[len(before)-1]) >= 0
}

// quoteEnd is where what follows the quoted text that begins at a place; -1 where it isn't closed.
func quoteEnd(text string, at int) int {
	quote := text[at]
	for i := at + 1; i < len(text); i++ {
		switch {
		case quote == '"' && text[i] == '\\', quote == '\'' && strings.HasPrefix(text[i:], "''"):
			i++
		case text[i] == quote:
			return i + 1
		}
	}
	return -1
}

// maxFolded bounds the bytes of a label that goes on in further lines.
const maxFolded = 1 << 16

// unfolded joins lines to the one before that are indented deeper: a label that goes on.
func unfolded(lines []yamlLine) (joined []yamlLine, err error) {
	for _, l := range lines {
		last := len(joined) - 1
		if _, text, ok := strings.Cut(l.text, " "); ok && text != "" && (text[0] == '"' || text[0] == '\'') && quoteEnd(text, 0) < 0 {
			return nil, fmt.Errorf("line %d: %w", l.number, errNotClosed)
		}
		switch {
		case l.indent == lines[0].indent:
			joined = append(joined, l)
		case l.indent < lines[0].indent || len(joined[last].text)+len(l.text) > maxFolded:
			return nil, fmt.Errorf("line %d: %s is indented otherwise than the labels before it", l.number, Shorten([]byte(l.text)))
		default:
			joined[last].text += " " + l.text
		}
	}
	return joined, nil
}

// yamlBlock reads lines that all begin with - or are all key: value, at one indent.
func yamlBlock(lines []yamlLine) (any, error) {
	lines, err := unfolded(lines)
	if err != nil {
		return nil, err
	}
	var items []any
	var pairs []pair
	for _, l := range lines {
		fail := func(err error) (any, error) { return nil, fmt.Errorf("line %d: %w", l.number, err) }
		if item, ok := strings.CutPrefix(l.text, "-"); ok && (item == "" || item[0] == ' ') && pairs == nil {
			v, err := yamlText(strings.TrimSpace(item), false)
			if err != nil {
				return fail(err)
			}
			items = append(items, v)
			continue
		}
		key, value, ok := yamlPair(l.text)
		if !ok || items != nil {
			return fail(fmt.Errorf("%s is neither - name nor index: name", Shorten([]byte(l.text))))
		}
		p, err := yamlEntry(key, value)
		if err != nil {
			return fail(err)
		}
		pairs = append(pairs, p)
	}
	if items != nil {
		return items, nil
	}
	return pairs, nil
}

// yamlPair cuts key: value at the first colon that stands outside of quotes before a space.
func yamlPair(text string) (key, value string, ok bool) {
	from := 0
	if text[0] == '"' || text[0] == '\'' {
		if from = quoteEnd(text, 0); from < 0 {
			return "", "", false
		}
	}
	for i := from; i < len(text); i++ {
		if text[i] == ':' && (i+1 == len(text) || text[i+1] == ' ' || text[i+1] == '\t') {
			return strings.TrimSpace(text[:i]), strings.TrimSpace(text[i+1:]), true
		}
	}
	return "", "", false
}

// yamlEntry is a pair whose key or value is the index.
func yamlEntry(key, value string) (p pair, err error) {
	if p.key, err = yamlText(key, true); err != nil {
		return p, err
	}
	_, indexed := p.key.(int64)
	p.value, err = yamlText(value, !indexed)
	return p, err
}

// yamlText reads one text, or a number where that may be. Null is the empty text.
func yamlText(text string, number bool) (any, error) {
	switch {
	case text == "" || text == "~" || text == "null":
		return "", nil
	case text[0] == '\'' && len(text) > 1 && text[len(text)-1] == '\'':
		inner := text[1 : len(text)-1]
		if strings.Contains(strings.ReplaceAll(inner, "''", ""), "'") {
			return nil, fmt.Errorf("%s has a quote within its quotes", Shorten([]byte(text)))
		}
		return strings.ReplaceAll(inner, "''", "'"), nil
	case text[0] == '"':
		return yamlEscaped(text)
	case strings.Contains(text, ": ") && strings.IndexByte("{[", text[0]) < 0:
		return nil, fmt.Errorf("%s is neither a name nor index: name (a name with a colon stands in quotes)", Shorten([]byte(text)))
	case strings.IndexByte("&*!|>%@`'{}[],?", text[0]) >= 0 && (text[0] != '?' || len(text) == 1):
		return nil, fmt.Errorf("%s is no plain text: put it in quotes", Shorten([]byte(text)))
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && number {
		return n, nil
	}
	return text, nil
}

// yamlEscaped reads a text in double quotes.
func yamlEscaped(text string) (any, error) {
	if quoteEnd(text, 0) != len(text) {
		return nil, fmt.Errorf("%s: a quote isn't closed, or something follows it", Shorten([]byte(text)))
	}
	for i := 0; i < len(text); i++ {
		if text[i] == '\\' {
			if i++; strings.IndexByte(`\"nrtxuU `, text[i]) < 0 {
				return nil, fmt.Errorf("%s: the escape \\%c isn't read here", Shorten([]byte(text)), text[i])
			}
			if text[i] == ' ' {
				text = text[:i-1] + text[i:]
				i--
			}
		}
	}
	return parseLiteral(text)
}

// yamlFlow reads [a, b] and {0: a, 1: b}, over several lines.
func yamlFlow(lines []yamlLine) (any, error) {
	line := lines[0].number
	fail := func(err error) (any, error) { return nil, fmt.Errorf("line %d: %w", line, err) }
	isList := lines[0].text[0] == '['
	var items []any
	var pairs []pair
	text := lines[0].text[1:]
	var part strings.Builder
	end := func(last bool) error {
		word := strings.TrimSpace(part.String())
		part.Reset()
		if word == "" {
			if last {
				return nil
			}
			return errors.New("a name is missing between commas")
		}
		if isList {
			v, err := yamlText(word, false)
			items = append(items, v)
			return err
		}
		key, value, ok := yamlPair(word)
		if !ok {
			return fmt.Errorf("%s is not index: name", Shorten([]byte(word)))
		}
		p, err := yamlEntry(key, value)
		pairs = append(pairs, p)
		return err
	}
	for next := 1; ; next++ {
		for i := 0; i < len(text); i++ {
			c, before := text[i], strings.TrimSpace(part.String())
			switch {
			case (c == '"' || c == '\'') && (before == "" || strings.HasSuffix(before, ":")):
				end := quoteEnd(text, i)
				if end < 0 {
					return fail(errNotClosed)
				}
				part.WriteString(text[i:end])
				i = end - 1
				continue
			case c == ',' || isList && c == ']' || !isList && c == '}':
				if err := end(c != ','); err != nil {
					return fail(err)
				}
				if c == ',' {
					continue
				}
				if more := strings.TrimSpace(text[i+1:]); more != "" {
					return fail(fmt.Errorf("%s stands behind the labels", Shorten([]byte(more))))
				}
				if isList {
					return items, nil
				}
				return pairs, nil
			case strings.IndexByte("[]{}", c) >= 0:
				return fail(fmt.Errorf("%q within a name: put it in quotes", c))
			}
			part.WriteByte(c)
		}
		if next == len(lines) {
			return fail(errors.New("the list isn't closed"))
		}
		part.WriteByte(' ')
		text, line = lines[next].text, lines[next].number
	}
}

// errNotClosed is of a quote: over several lines, what looks like a comment could be text.
var errNotClosed = errors.New("a quote isn't closed on its line")
