package config

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

var (
	number     = regexp.MustCompile(`^\d{1,7}$`)
	synset     = regexp.MustCompile(`^n\d{8}$`)
	synsetLine = regexp.MustCompile(`^(n\d{8})(?:\s*[:,;=|]\s*|\s+)(\S.*)$`)
	indexLine  = regexp.MustCompile(`^(\d{1,7})(?:\s*(?:->|=>|[:,;=|\t])\s*|\s+-\s+|[.)]?\s+)(\S.*)$`)
	lineIndex  = regexp.MustCompile(`^(\S.*?)(\s*(?:->|=>|[:,;=|\t])\s*|\s+)(\d{1,7})$`)

	// bareIndex is a line of a class that has an index, and no name.
	bareIndex = regexp.MustCompile(`^(\d{1,7})\s*(?:->|=>|[:,;=|.)-])?$`)

	// An index in quotes, as JSON has it.
	quotedFirst = regexp.MustCompile(`^["'](\d{1,7})["'](\s*[:,;=\t])`)
	quotedLast  = regexp.MustCompile(`([:,;=\t]\s*)["'](\d{1,7})["']$`)

	// An index that is set off from the name otherwise: [0] tench, #0 tench, class 0: tench, and
	// before the separators of other scripts; tench (0).
	markedFirst = regexp.MustCompile(`^(?:\[(\d{1,7})\]\s*[:=,;|]?|\((\d{1,7})\)\s*[:=,;|]?|#(\d{1,7})(?:\s*[:=,;|]|\s)|(?i:class|label|id|idx|index)[\s_]*(\d{1,7})\s*[:=]|(\d{1,7})\s*[：；，、．\x{a0}\x{3000}])\s*`)
	markedLast  = regexp.MustCompile(`\s*(?:\((\d{1,7})\)|\[(\d{1,7})\])$`)
)

// numberedLabels reads lines that all hold an index or a WordNet id beside the name, below a
// heading perhaps; it has no labels where they don't.
func numberedLabels(lines []string) (list LabelList, err error) {
	all := slices.Clone(lines)
	for i, line := range all {
		all[i] = plainIndex(line)
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
	const untitled = "line 1: %s has no index, but each line below it %s with its own: take it out if it is a heading, or give it its index"
	if parts := matched(all[1:], indexLine); len(parts) > 1 {
		if _, err := placed(lineEntries(parts, 1, 2, 2), true); err == nil {
			return list, fmt.Errorf(untitled, Shorten([]byte(lines[0])), "begins")
		}
	}
	if parts := matched(all[1:], lineIndex); len(parts) > 1 && separated(parts) {
		if _, err := placed(lineEntries(parts, 3, 1, 2), true); err == nil {
			return list, fmt.Errorf(untitled, Shorten([]byte(lines[0])), "ends")
		}
	}
	return list, nil
}

// plainIndex takes from the index of a line, if it has one, what sets it off besides a separator.
func plainIndex(line string) string {
	if line == "" {
		return line
	}
	switch c := line[0]; {
	case c == '"' || c == '\'':
		line = quotedFirst.ReplaceAllString(line, "$1$2")
	case c >= '0' && c <= '9' || strings.IndexByte("[(#cClLiI", c) >= 0:
		line = markedFirst.ReplaceAllString(line, "$1$2$3$4$5: ")
	}
	switch line[len(line)-1] {
	case '"', '\'':
		return quotedLast.ReplaceAllString(line, "$1$2")
	case ')', ']':
		return markedLast.ReplaceAllString(line, " $1$2")
	}
	return line
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
	names := make([]string, len(lines))
	if parts := matched(lines, synsetLine); parts != nil && matched(cut(names, parts, 2), number) == nil {
		return synsetLines(parts, line)
	}
	if parts := indexed(lines); parts != nil {
		form := "the index before each name"
		entries := lineEntries(parts, 1, 2, line)
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
	if parts := matched(lines, lineIndex); parts != nil && mostlyDistinct(cut(names, parts, 1)) {
		if list, err = placed(lineEntries(parts, 3, 1, line), true); err == nil {
			list.Form = "the index behind each name"
			return list, nil
		}
		if !separated(parts) {
			return LabelList{}, nil
		}
		return LabelList{}, fmt.Errorf("each line ends with a number, as if it were the class's index, but %w (where the numbers are part of the names, give them as a JSON list)", err)
	}
	return LabelList{}, nil
}

// synsetLines reads lines that begin with a WordNet id. Numbers beside it may be indices, or those of
// ImageNet's own list of classes, whose order is another: they have to agree with the lines' order.
func synsetLines(parts [][]string, line int) (list LabelList, err error) {
	clash := fmt.Errorf("line %d: %q has a WordNet id and a number: which of them gives the order can't be told; keep one of them", line, parts[0][0])
	names := cut(make([]string, len(parts)), parts, 2)
	if len(matched(names, indexLine)) > 1 {
		return list, clash
	}
	if ends := matched(names, lineIndex); ends != nil {
		if ordered, err := placed(lineEntries(ends, 3, 1, line), true); err == nil { // else they are part of the names
			if !slices.EqualFunc(cut(names, ends, 1), ordered.Labels, func(name string, l Label) bool { return unquoted(name) == l.Name }) {
				return list, clash
			}
		}
	}
	for i, m := range parts {
		list.Labels = append(list.Labels, Label{ID: m[1], Name: unquoted(names[i])})
	}
	list.Form = "a WordNet id before each name"
	return list, nil
}

// indexed returns the parts of lines that begin with an index, behind which most have a name; nil where one
// has none.
func indexed(lines []string) [][]string {
	parts := make([][]string, len(lines))
	named := 0
	for i, line := range lines {
		if parts[i] = indexLine.FindStringSubmatch(line); parts[i] != nil {
			named++
		} else if bare := bareIndex.FindStringSubmatch(line); bare != nil {
			parts[i] = append(bare, "")
		} else {
			return nil
		}
	}
	if 2*named <= len(lines) {
		return nil
	}
	return parts
}

// separated reports whether what stands before the numbers at the ends of lines makes them indices in one
// line at least: names end in numbers, too, but seldom behind a colon.
func separated(parts [][]string) bool {
	return slices.ContainsFunc(parts, func(m []string) bool { return strings.ContainsAny(m[2], ":=\t|>") })
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

// mostlyDistinct reports whether more than half of the names are different ones: two classes may share a
// name, but Class 1, Class 2 are names in full.
func mostlyDistinct(names []string) bool {
	seen := map[string]bool{}
	for _, n := range names {
		seen[n] = true
	}
	return 2*len(seen) > len(names)
}
