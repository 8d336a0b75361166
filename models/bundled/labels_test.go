package bundled

import (
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// longest is the most characters of a label: a column of a table and the name of a folder
// hold it.
const longest = 30

// unfit is what no label has: a slash, which names a folder in a folder, alternatives and
// explanations, an article (sentences bring their own) or space at an end.
var unfit = regexp.MustCompile(`[/,;()]|^(?i:an?|the) |^\s|\s$|^$`)

// TestLabels: the ImageNet classes have one name in all models that know them, which is
// short, theirs alone, and no explanation; that stands beside it.
func TestLabels(t *testing.T) {
	image := labelsOf(t, Default)
	if n := len(image.Names); n != 1000 {
		t.Fatalf("%d classes", n)
	}
	seen := map[string]string{}
	for _, id := range image.Names {
		name := image.Descriptions[id]
		if utf8.RuneCountInString(name) > longest || unfit.MatchString(name) {
			t.Errorf("%s: %q is no label", id, name)
		}
		if other, ok := seen[strings.ToLower(name)]; ok {
			t.Errorf("%s: %q is the label of %s, too", id, name, other)
		}
		seen[strings.ToLower(name)] = id
		if gloss := image.Glosses[id]; gloss == "" || strings.EqualFold(gloss, name) {
			t.Errorf("%s: %q has the gloss %q", id, name, gloss)
		}
	}
	for id, want := range map[string]string{"n02123045": "tabby cat", "n02123159": "tiger cat", "n02124075": "Egyptian Mau", // a name that was taken for another
		"n02012849": "crane", "n03126707": "construction crane", "n03773504": "missile", "n04008634": "projectile",
		"n03710637": "maillot", "n03710721": "one-piece bathing suit", "n04355933": "sunglass", "n04356056": "sunglasses"} {
		if got := image.Descriptions[id]; got != want {
			t.Errorf("%s is called %q, not %q", id, got, want)
		}
	}
	for _, name := range []string{Default + "-int8", descriptions} {
		other := labelsOf(t, name)
		for i, id := range image.Names {
			if got := other.Names[i]; got != id || other.Descriptions[got] != image.Descriptions[id] {
				t.Errorf("%s: class %d is %s %q, of the image model %s %q", name, i, got, other.Descriptions[got], id, image.Descriptions[id])
			}
		}
	}
}

// labels are the ids of a model's classes, and what each is called.
type labels struct {
	Names        []string          `json:"label_names"`
	Descriptions map[string]string `json:"label_descriptions"`
	Glosses      map[string]string `json:"label_glosses"`
}

func labelsOf(t *testing.T, model string) (l labels) {
	t.Helper()
	if model != descriptions {
		readJSON(t, model+"/config.json", &l)
		return l
	}
	var sidecar struct{ Labels map[string][2]string }
	readJSON(t, model+"/ortho.json", &sidecar)
	l.Descriptions = map[string]string{}
	for i := range len(sidecar.Labels) {
		pair := sidecar.Labels[strconv.Itoa(i)]
		l.Names = append(l.Names, pair[0])
		l.Descriptions[pair[0]] = pair[1]
	}
	return l
}
