package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/dataset"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/models"
	"ortho/models/evaluate"
)

// byRank is the --truth by which sub-folders give the classes in the order of their names as
// text, as torchvision's ImageFolder numbers them, whatever they are called.
const byRank = "rank"

// truths are what --truth may be.
func truths() []string { return append(append([]string{"auto"}, evaluate.Kinds...), byRank) }

// order is how the names of the data give classes of the model.
type order struct {
	classes []int          // of the model, by those of the data
	by      map[string]int // kinds of the names: how many
	note    string         // what was taken, where it might be otherwise; "" where it is plain
	other   []int          // the classes of the other reading; nil: there is none
	fits    string         // says how to have it
}

// orderOf finds the classes of a dataset among those of a model. kind is a value of --truth; "" is auto.
func orderOf(set *dataset.Set, path string, spec *models.ClassifierSpec, kind string) (*order, error) {
	n := spec.Classes
	asIndices := indices(set.Names, n)
	if kind == byRank {
		return rankedOrder(set, path, n, asIndices)
	}
	o := &order{}
	var bad []error
	o.classes, o.by, bad = evaluate.NewClasses(spec.Labels, n, kind).FindAll(set.Names)
	if len(bad) > 0 && kind == "" && set.Folders == n && n > 0 && countFromOne(set) {
		o.classes, o.by = set.Ranks, map[string]int{byRank: len(set.Names)}
		o.note = fmt.Sprintf("sub-folders count from 1: %s is taken for class 0 (--truth %s)", set.Names[0], byRank)
		return o, nil
	}
	if len(bad) > 0 {
		return nil, unnamed(path, set, n, bad)
	}
	if set.Ranks == nil || o.by["index"] != len(set.Names) || slices.Equal(o.classes, set.Ranks) || n > 0 && slices.Max(set.Ranks) >= n {
		return o, nil
	}
	o.other, o.fits = set.Ranks, "--truth "+byRank+" takes sub-folders in the order of their names as text, as torchvision's ImageFolder does"
	if kind == "" && slices.Max(o.classes) < set.Folders { // with others, ranks are hardly meant
		at := 0
		for o.classes[at] == set.Ranks[at] {
			at++
		}
		o.note = fmt.Sprintf("sub-folders are taken for the indices that their names are (%s is class %d); in the order of their names as text, as torchvision's ImageFolder has them (%s, ...), %s would be class %d: --truth %s takes them so",
			set.Names[at], o.classes[at], strings.Join(set.Names[:min(len(set.Names), 5)], ", "), set.Names[at], set.Ranks[at], byRank)
	}
	return o, nil
}

// rankedOrder takes the sub-folders' ranks.
func rankedOrder(set *dataset.Set, path string, n int, asIndices []int) (*order, error) {
	switch {
	case set.Ranks == nil:
		return nil, commandline.Usagef("--truth %s is the place of a sub-folder among all, but %s is a CSV file: give id, label or index", byRank, path)
	case n > 0 && set.Folders > n:
		return nil, fmt.Errorf("data %s has %d sub-folders, but the model has %d classes: --truth %s takes one for each", path, set.Folders, n, byRank)
	}
	o := &order{classes: set.Ranks, by: map[string]int{byRank: len(set.Names)}}
	if n > 0 && set.Folders < n {
		o.note = fmt.Sprintf("it has %d sub-folders, but the model has %d classes: their ranks are the classes only where the others come after them", set.Folders, n)
	}
	if asIndices != nil && !slices.Equal(asIndices, set.Ranks) {
		o.other, o.fits = asIndices, "--truth index takes sub-folders for the indices that their names are"
	}
	return o, nil
}

// indices are names as numbers of n classes; nil where one is none. n is 0 where it is not known.
func indices(names []string, n int) []int {
	all, _, bad := evaluate.NewClasses(nil, n, "index").FindAll(names)
	if len(bad) > 0 {
		return nil
	}
	return all
}

// countFromOne reports whether sub-folders are called 1, 2, ... so that the order of their names
// as text is that of their numbers, too: 001, 002, ..., 100.
func countFromOne(set *dataset.Set) bool {
	if set.Ranks == nil || len(set.Names) != set.Folders {
		return false
	}
	for i, name := range set.Names {
		if n, err := strconv.Atoi(name); err != nil || n != i+1 {
			return false
		}
	}
	return true
}

// unnamed describes classes of the data that the model, which has n, does not have.
func unnamed(path string, set *dataset.Set, n int, bad []error) error {
	const most = 5
	what := map[string]string{"ImageFolder": "sub-folders", "CSV": "labels"}[set.Kind]
	text := fmt.Sprintf("data %s: %d of its %d %s can't be matched to a class of the model", path, len(bad), len(set.Names), what)
	switch {
	case set.Ranks == nil:
	case !slices.ContainsFunc(set.Names, func(name string) bool {
		return !slices.Contains([]string{"train", "val", "valid", "validation", "test"}, name)
	}):
		text += "; they look like splits: give one of them, such as --data " + path + "/" + set.Names[len(set.Names)-1]
	case n == 0 || set.Folders == n:
		text += fmt.Sprintf("; --truth %s takes sub-folders in the order of their names as text, as torchvision's ImageFolder does (%s would be class %d)", byRank, set.Names[len(set.Names)-1], set.Ranks[len(set.Names)-1])
	}
	for _, b := range bad[:min(most, len(bad))] {
		text += "\n" + remedy.Text(b)
	}
	if len(bad) > most {
		text += fmt.Sprintf("\nand %d more", len(bad)-most)
	}
	return fmt.Errorf("%s", text)
}
