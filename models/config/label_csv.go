package config

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
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
	if err != nil {
		return list, err
	}
	if len(rows) == 0 {
		return list, nil
	}
	for _, row := range rows {
		for i := range row {
			row[i] = strings.TrimSpace(row[i])
		}
	}
	c := headedColumns(rows)
	if c["label"] >= 0 {
		return c.list(rows[1:], 2)
	}
	if c = bareColumns(rows); c["label"] >= 0 {
		return c.list(rows, 1)
	}
	return list, errors.New(`the first line names no column "label" (columns: index, id, label, gloss)`)
}

// columns are the places of roles; -1 where there is no such column.
type columns map[string]int

func noColumns() columns { return columns{"index": -1, "id": -1, "label": -1, "gloss": -1} }

// headedColumns takes the roles from the first line. Where none is the index, it is a column of
// numbers beside the label, as in class,name and id,name.
func headedColumns(rows [][]string) columns {
	c := noColumns()
	roles := make([]string, len(rows[0]))
	for i, heading := range rows[0] {
		if roles[i], _ = roleOf(heading); c[roles[i]] < 0 && roles[i] == "index" {
			c["index"] = i
		}
	}
	best := 0
	for i, role := range roles {
		_, rank := roleOf(rows[0][i])
		switch {
		case role == "id" && c["index"] < 0 && len(rows) > 1 && numbers(rows[1:], i), role == "label" && c["index"] < 0 && len(rows) > 1 && numbers(rows[1:], i) && otherLabel(roles, i):
			c["index"] = i
		case role == "label" && (c["label"] < 0 || rank < best):
			c["label"], best = i, rank
		case role == "id" && c["id"] < 0, role == "gloss" && c["gloss"] < 0:
			c[role] = i
		}
	}
	return c
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
