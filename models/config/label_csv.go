package config

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// columnNames are the roles of a CSV's columns, and the headings that mean them, the plainest first.
var columnNames = map[string][]string{
	"index": {"index", "idx", "class_id", "class_index", "class_idx", "classid", "label_id", "label_index", "category_id", "number", "target"},
	"id":    {"id", "wnid", "wordnet_id", "synset", "synset_id", "mid", "code"},
	"label": {"label", "labels", "display_name", "class_name", "classname", "label_name", "name", "names", "class", "classes", "category_name", "category", "word", "words"},
	"gloss": {"gloss", "definition", "description"},
}

// roleOf is what a heading means, and its place among those that mean it; "" where that is not known.
func roleOf(heading string) (role string, rank int) {
	heading = strings.ToLower(strings.Trim(strings.TrimSpace(heading), `"'#`))
	heading = strings.NewReplacer(" ", "_", "-", "_").Replace(strings.TrimSpace(heading))
	for role, names := range columnNames {
		if rank := slices.Index(names, heading); rank >= 0 {
			return role, rank
		}
	}
	return "", 0
}

// csvLabels reads columns for index, id, label and gloss, with commas, semicolons or tabs between
// them, under a heading or without one.
func csvLabels(data []byte) (list LabelList, err error) {
	if first, rest, _ := bytes.Cut(data, []byte("\n")); separator.Match(first) { // Excel's first line
		data = rest
	}
	r := csv.NewReader(bytes.NewReader(data))
	first, _, _ := bytes.Cut(data, []byte("\n"))
	for _, other := range "\t;" {
		if bytes.ContainsRune(first, other) && !bytes.ContainsRune(first, ',') {
			r.Comma = other
		}
	}
	r.TrimLeadingSpace = r.Comma != '\t'
	r.LazyQuotes = r.Comma == '\t'
	rows, err := r.ReadAll()
	if at := new(csv.ParseError); errors.As(err, &at) && at.Err == csv.ErrFieldCount {
		return list, fmt.Errorf("line %d has another number of columns than the first: a name that has %q in it stands in double quotes", at.StartLine, r.Comma)
	}
	if err != nil || len(rows) == 0 {
		return list, err
	}
	for _, row := range rows {
		for i := range row {
			row[i] = strings.TrimSpace(row[i])
		}
	}
	if len(rows[0]) == 1 { // other separators, perhaps
		if list, err = numberedLabels(columnOf(rows, 0)); list.Labels != nil || err != nil {
			return list, err
		}
	}
	c, note, err := headedColumns(rows)
	if err != nil {
		return list, err
	}
	line := 2
	if c["label"] < 0 {
		c, note, line = bareColumns(rows), "", 1
	}
	if c["label"] < 0 {
		return list, errors.New(`the first line names no column "label" (columns: index, id, label, gloss)`)
	}
	list, err = c.list(rows[line-1:], line)
	if err == nil && line == 2 {
		list.categorise(rows, c)
	}
	if err == nil && note != "" {
		list.add(note)
	}
	return list, err
}

var separator = regexp.MustCompile(`^"?sep=.`)

func columnOf(rows [][]string, at int) []string {
	texts := make([]string, len(rows))
	for i, row := range rows {
		texts[i] = row[at]
	}
	return texts
}

// columns are the places of roles; -1 where there is no such column.
type columns map[string]int

func noColumns() columns { return columns{"index": -1, "id": -1, "label": -1, "gloss": -1} }

// has reports whether a column has a role.
func (c columns) has(at int) bool {
	return slices.Contains(slices.Collect(maps.Values(c)), at)
}

// headedColumns takes the roles from the first line, and those that it does not tell from what is
// below: the index, where one column counts the labels, and the label, where one column is left.
// note tells of an index whose heading says nothing of it.
func headedColumns(rows [][]string) (c columns, note string, err error) {
	c = noColumns()
	roles := make([]string, len(rows[0]))
	best, spare := 0, len(roles)
	for i, heading := range rows[0] {
		roles[i], _ = roleOf(heading)
	}
	for i, heading := range rows[0] {
		switch _, rank := roleOf(heading); {
		case roles[i] == "label" && len(rows) > 1 && numbers(rows[1:], i) && otherLabel(roles, i): // an index, perhaps
		case roles[i] == "label" && (c["label"] < 0 || rank < best):
			c["label"], best = i, rank
		case roles[i] == "id" && len(rows) > 1 && numbers(rows[1:], i): // no id but an index, if there is no other
			spare = min(spare, i)
		case roles[i] != "label" && roles[i] != "" && c[roles[i]] < 0:
			c[roles[i]] = i
		}
	}
	if c["index"] < 0 && len(rows) > 2 {
		if note, err = c.count(rows, roles); err != nil {
			return c, "", err
		}
	}
	for _, role := range []string{"index", "id"} {
		if c[role] < 0 && spare < len(roles) && !c.has(spare) {
			c[role] = spare
		}
	}
	c.name(rows)
	return c, note, nil
}

// count finds the index among columns whose headings don't name it: one that numbers the labels.
func (c columns) count(rows [][]string, roles []string) (note string, err error) {
	var order []int
	for i, heading := range rows[0] {
		if c["label"] == i || c["gloss"] == i || number.MatchString(heading) {
			continue
		}
		places := counted(rows[1:], i)
		switch {
		case places == nil || order != nil && slices.Equal(places, order):
			continue
		case order != nil:
			return "", fmt.Errorf("columns %q and %q both number the labels, in different orders: call the one that holds the class's index \"index\"", rows[0][c["index"]], heading)
		}
		c["index"], order = i, places
	}
	at := c["index"]
	if at < 0 {
		return "", nil
	}
	if slices.IsSorted(order) {
		return "", nil
	}
	if id := c["id"]; id >= 0 && synset.MatchString(rows[1][id]) && roles[at] == "" {
		return "", fmt.Errorf("the lines, which have WordNet ids, and column %q give the labels in different orders: call the column \"index\", or take it out", rows[0][at])
	}
	if roles[at] == "" {
		note = fmt.Sprintf("its column %q is taken for the index", rows[0][at])
	}
	return note, nil
}

// counted are the places that a column gives its rows, if it counts them from 0 or from 1.
func counted(rows [][]string, at int) []int {
	places := make([]int, len(rows))
	for i, row := range rows {
		var err error
		if places[i], err = strconv.Atoi(row[at]); err != nil {
			return nil
		}
	}
	sorted := slices.Sorted(slices.Values(places))
	from := sorted[0]
	for i, place := range sorted {
		if from > 1 || place != from+i {
			return nil
		}
	}
	for i := range places {
		places[i] -= from
	}
	return places
}

// name finds the label where no heading names it: the one column that is left beside the index, or the WordNet id.
func (c columns) name(rows [][]string) {
	if c["label"] >= 0 {
		return
	}
	left := -1
	for i := range rows[0] {
		if !c.has(i) && left >= 0 {
			return
		} else if !c.has(i) {
			left = i
		}
	}
	switch id := c["id"]; {
	case left >= 0 && c["index"] >= 0:
		c["label"] = left
	case left < 0 && id >= 0 && (c["index"] >= 0 || len(rows) > 1 && synset.MatchString(rows[1][id])):
		c["label"], c["id"] = id, -1
	}
}

// otherLabel reports whether a column beside the one at i is of labels.
func otherLabel(roles []string, i int) bool {
	return slices.Contains(roles[:i], "label") || slices.Contains(roles[i+1:], "label")
}

func numbers(rows [][]string, column int) bool {
	return !slices.ContainsFunc(rows, func(row []string) bool {
		_, err := strconv.Atoi(row[column])
		return err != nil
	})
}

// bareColumns tells the roles by what is in the columns: an index, a WordNet id, a name. One column
// alone is of names.
func bareColumns(rows [][]string) columns {
	c := noColumns()
	if len(rows[0]) > 3 {
		return c
	}
	for i, text := range rows[0] {
		_, err := strconv.Atoi(text)
		switch {
		case err == nil && c["index"] < 0 && len(rows[0]) > 1:
			c["index"] = i
		case synset.MatchString(text) && c["id"] < 0 && len(rows[0]) > 1:
			c["id"] = i
		case c["label"] < 0:
			c["label"] = i
		default:
			return noColumns()
		}
	}
	if c["index"] < 0 && c["id"] < 0 && len(rows[0]) > 1 {
		return noColumns()
	}
	c.name(rows)
	return c
}

// list reads rows, of which the first stands in line; each of the columns is as long as the others.
func (c columns) list(rows [][]string, line int) (list LabelList, err error) {
	entries := make([]entry, len(rows))
	cell := func(row []string, role string) string {
		if c[role] < 0 {
			return ""
		}
		return row[c[role]]
	}
	for n, row := range rows {
		e := entry{n, Label{Name: cell(row, "label"), ID: cell(row, "id"), Gloss: cell(row, "gloss")}, fmt.Sprintf("line %d", n+line)}
		if c["index"] >= 0 {
			if e.index, err = strconv.Atoi(cell(row, "index")); err != nil {
				return list, fmt.Errorf("line %d: %q is no index", n+line, cell(row, "index"))
			}
		}
		entries[n] = e
	}
	return placed(entries, true)
}

// danbooru are the kinds of tags by their numbers, as Danbooru has them, and the tables of taggers trained on it.
var danbooru = map[string]string{"0": "general", "1": "artist", "3": "copyright", "4": "character", "5": "meta", "9": "rating"}

// categorise gives labels their kinds, of a column "category" that is none of the roles. Numbers that are all
// Danbooru's get its names.
func (l *LabelList) categorise(rows [][]string, c columns) {
	at := slices.IndexFunc(rows[0], func(heading string) bool { return strings.EqualFold(strings.TrimSpace(heading), "category") })
	if at < 0 || c.has(at) || c["index"] >= 0 || len(l.Labels) != len(rows)-1 {
		return
	}
	numbered := !slices.ContainsFunc(rows[1:], func(row []string) bool { return danbooru[row[at]] == "" })
	for i, row := range rows[1:] {
		if l.Labels[i].Category = row[at]; numbered {
			l.Labels[i].Category = danbooru[row[at]]
		}
	}
	l.Form = "with categories"
}
