package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/dataset"
	"ortho/models"
)

// imageFolder is a folder with a sub-folder for each name; of those that begin with - there is no image.
func imageFolder(t *testing.T, names ...string) (string, *dataset.Set) {
	t.Helper()
	folder := t.TempDir()
	for _, name := range names {
		bare, empty := strings.CutPrefix(name, "-")
		sub := filepath.Join(folder, bare)
		if err := os.Mkdir(sub, 0o777); err != nil {
			t.Fatal(err)
		}
		if !empty {
			write(t, filepath.Join(sub, "a.png"), "")
		}
	}
	set, err := dataset.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	return folder, set
}

func TestOrderOfSubFolders(t *testing.T) {
	upTo := func(from, to int, form string) (names []string) {
		for i := from; i <= to; i++ {
			names = append(names, fmt.Sprintf(form, i))
		}
		return names
	}
	synsets := []models.Label{{Name: "tench, Tinca tinca", ID: "n01440764"}, {Name: "goldfish", ID: "n01443537"}}
	for _, c := range []struct {
		names   []string
		labels  []models.Label
		n       int
		truth   string
		classes []int  // of the names in the order of their names as text
		other   []int  // nil: there is no other reading
		says    string // in the note; "": there is none
		fails   string
	}{
		{names: upTo(0, 11, "%d"), n: 12, classes: []int{0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9}, other: []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11},
			says: "(10 is class 10); in the order of their names as text, as torchvision's ImageFolder has them (0, 1, 10, 11, 2, ...), 10 would be class 2: --truth rank takes them so"},
		{names: upTo(0, 11, "%d"), n: 0, classes: []int{0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9}, other: []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, says: "--truth rank"},
		{names: upTo(0, 11, "%d"), n: 12, truth: "index", classes: []int{0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9}, other: []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}},
		{names: upTo(0, 11, "%d"), n: 12, truth: "rank", classes: []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, other: []int{0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9}},
		{names: upTo(0, 11, "%02d"), n: 12, classes: []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}},
		{names: upTo(0, 2, "%d"), n: 3, classes: []int{0, 1, 2}},
		{names: upTo(1, 12, "%02d"), n: 12, classes: []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}, says: "sub-folders count from 1: 01 is taken for class 0 (--truth rank)"},
		{names: upTo(1, 3, "%d"), n: 3, classes: []int{0, 1, 2}, says: "count from 1"},
		{names: upTo(1, 12, "%d"), n: 12, fails: "--truth rank takes sub-folders in the order of their names as text, as torchvision's ImageFolder does (9 would be class 11)"},
		{names: upTo(1, 12, "%d"), n: 12, truth: "rank", classes: []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}},
		{names: []string{"3", "20"}, n: 1000, classes: []int{20, 3}, other: []int{0, 1}},
		{names: []string{"cat", "dog"}, n: 2, fails: "--truth rank takes"},
		{names: []string{"cat", "dog"}, n: 2, truth: "rank", classes: []int{0, 1}},
		{names: []string{"cat", "-dog", "eel"}, n: 3, truth: "rank", classes: []int{0, 2}}, // the one without images counts
		{names: []string{"cat", "dog"}, n: 5, truth: "rank", classes: []int{0, 1}, says: "it has 2 sub-folders, but the model has 5 classes"},
		{names: []string{"cat", "dog"}, n: 1, truth: "rank", fails: "2 sub-folders, but the model has 1 classes"},
		{names: []string{"train", "val"}, n: 2, fails: "they look like splits"},
		{names: []string{"n01440764", "n01443537"}, labels: synsets, n: 2, classes: []int{0, 1}},
		{names: []string{"tench", "goldfish"}, labels: synsets, n: 2, classes: []int{1, 0}},
		{names: []string{"tench", "1"}, labels: synsets, n: 2, classes: []int{1, 0}},
	} {
		path, set := imageFolder(t, c.names...)
		o, err := orderOf(set, path, &models.ClassifierSpec{Scores: models.Scores{ScoresPort: models.ScoresPort{Labels: c.labels, Classes: c.n}}}, c.truth)
		if c.fails != "" {
			if err == nil || !strings.Contains(err.Error(), c.fails) {
				t.Errorf("%q of %d %s: %v; want %s", c.names, c.n, c.truth, err, c.fails)
			}
			continue
		}
		if err != nil || !slices.Equal(o.classes, c.classes) || !slices.Equal(o.other, c.other) || !strings.Contains(o.note, c.says) || c.says == "" && o.note != "" {
			t.Errorf("%q of %d %s: %+v, %v", c.names, c.n, c.truth, o, err)
		}
	}
}

// TestEvalByRank: sub-folders of any names give the classes in their order; a CSV has none; what is passed over is counted.
func TestEvalByRank(t *testing.T) {
	needLibrary(t)
	folder := t.TempDir()
	photo, err := os.ReadFile(coffee)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b", "c"} {
		if err := os.Mkdir(filepath.Join(folder, name), 0o777); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(folder, name, "x.jpg"), string(photo))
		write(t, filepath.Join(folder, name, "x.cr2"), "")
	}
	model := []string{"-m", "../../models/testdata/no_shape", "--input-range", "0,1", "--truth", "rank", "--data"}
	doc := evaluated(t, exitOK, append(model, folder)...)
	if doc.Data.NamedBy["rank"] != 3 || doc.Result.Top1.Right != 1 || doc.Data.PassedOver[".cr2"] != 3 || !strings.Contains(doc.Data.String(), "named by rank") {
		t.Errorf("%+v, %+v", doc.Data, doc.Result.Top1)
	}
	list := write(t, filepath.Join(t.TempDir(), "l.csv"), "input,label\n"+absolute(t, coffee)+",0\n")
	if code, _, stderr := execute(t, "", append([]string{"eval"}, append(model, list)...)...); code != exitUsage || !strings.Contains(stderr, "is a CSV file") {
		t.Errorf("exit %d, %s", code, stderr)
	}
}
