package main

import (
	"fmt"
	"strconv"
	"strings"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/dataset"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/models"
	"ortho/models/evaluate"
)

// pairing says which classes of the data are which of a model.
type pairing struct {
	names  []evaluate.Name // of the classes that are judged, by their place here
	ofData map[int]int     // from a place among the data's categories
	ofMine map[int]int     // from a class of the model
	by     map[string]int  // what they were matched by: how many
	notes  []string
	// unjudged says how many classes of the model the data has not; "": none.
	unjudged string
}

// pair matches the categories of data with a model's classes: by their labels, or where --truth says so by their
// numbers (index) or places (rank). n is how many classes the model has; 0: it is not known.
func (o *evalOptions) pair(categories []dataset.Category, labels []models.Label, n int) (*pairing, error) {
	p := &pairing{ofData: map[int]int{}, ofMine: map[int]int{}, by: map[string]int{}}
	kind := o.truth
	if kind == "auto" {
		kind = "label"
	}
	switch {
	case kind == "id":
		return nil, commandline.Usagef("--truth id is of folders and CSV files: classes of this data are known by label, index (their number is the model's class) or rank (their place)")
	case kind == "label" && len(labels) == 0:
		return nil, commandline.Usagef("the model's classes have no labels: give --labels FILE, or --truth index where the data's numbers are the model's classes (rank: their places)")
	case kind == "label" && unnamedCategories(categories):
		return nil, commandline.Usagef("%s has numbers and no names of classes (a classes.txt or data.yaml has them): --truth index takes them for the model's classes", o.data)
	}
	find := evaluate.NewClasses(labels, n, "label")
	var bad []error
	var left []string
	for at, c := range categories {
		mine, err := c.ID, error(nil)
		switch kind {
		case "label":
			mine, _, err = find.Find(c.Name)
		case "rank":
			mine = at
		}
		if err == nil && kind != "label" && n > 0 && mine >= n {
			err = fmt.Errorf("class %d (%s) is none of the model's %d", mine, c.Name, n)
		}
		if other, taken := p.ofMine[mine]; err == nil && taken {
			err = fmt.Errorf("%q and %q are one class of the model, %d", c.Name, p.names[other].Label, mine)
		}
		if err != nil {
			bad, left = append(bad, err), append(left, c.Name)
			continue
		}
		name := evaluate.Name{Index: len(p.names), Label: c.Name}
		if c.Name == "" {
			name.Label = strconv.Itoa(c.ID)
		}
		p.ofData[at], p.ofMine[mine] = len(p.names), len(p.names)
		p.names = append(p.names, name)
		p.by[kind]++
	}
	switch {
	case len(bad) > 0 && !o.common || len(p.names) == 0:
		return nil, unpaired(o.data, len(categories), bad, len(p.names) > 0)
	case len(bad) > 0:
		p.notes = append(p.notes, fmt.Sprintf("the model lacks %d of %d classes, which are left out: %s", len(bad), len(categories), someOf(left)))
	}
	if all := max(n, len(labels)); all > len(p.names) {
		p.unjudged = fmt.Sprintf("%d of the model's %d classes are not among those of the data: what it finds of them can't be judged, and is left out", all-len(p.names), all)
	}
	return p, nil
}

func unnamedCategories(all []dataset.Category) bool {
	for _, c := range all {
		if c.Name == "" {
			return true
		}
	}
	return len(all) == 0
}

// unpaired describes classes of the data that the model does not have.
func unpaired(path string, all int, bad []error, some bool) error {
	const most = 5
	text := fmt.Sprintf("data %s: %d of its %d classes can't be matched to a class of the model", path, len(bad), all)
	if some {
		text += "; --common judges the others alone"
	}
	text += "; --truth index takes their numbers for the model's classes, --truth rank their places"
	for _, b := range bad[:min(most, len(bad))] {
		text += "\n" + remedy.Text(b)
	}
	if len(bad) > most {
		text += fmt.Sprintf("\nand %d more", len(bad)-most)
	}
	return fmt.Errorf("%s", text)
}

// someOf are the first of many names.
func someOf(names []string) string {
	const most = 8
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
