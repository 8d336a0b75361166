package evaluate

import (
	"strings"
	"testing"

	"ortho/models"
)

func TestClasses(t *testing.T) {
	imagenet := []models.Label{{Name: "tench, Tinca tinca", ID: "n01440764"}, {Name: "crane", ID: "n02012849"}, {Name: "crane", ID: "n03126707"},
		{Name: "sea lion", ID: "n02077923"}, {Name: "maillot, tank suit", ID: "n03710721"}, {Name: "maillot", ID: "n03710637"}}
	digits := []models.Label{{Name: "1"}, {Name: "2"}, {Name: "3"}}
	for _, c := range []struct {
		labels     []models.Label
		n          int
		only, name string
		class      int
		kind, err  string
	}{
		{imagenet, 6, "", "n02077923", 3, "id", ""},
		{imagenet, 6, "", "sea lion", 3, "label", ""},
		{imagenet, 6, "", "Sea_Lion", 3, "label", ""},
		{[]models.Label{{Name: "Ärger"}, {Name: "Arger"}}, 2, "", "a\u0308rger", 0, "label", ""}, // as macOS may call the folder
		{imagenet, 6, "", "tinca tinca", 0, "label", ""},
		{imagenet, 6, "", "tench, Tinca tinca", 0, "label", ""},
		{imagenet, 6, "", "5", 5, "index", ""},
		{imagenet, 6, "", "0005", 5, "index", ""},
		{imagenet, 6, "", "maillot", 5, "label", ""}, // the whole label before a part of one
		{imagenet, 6, "", "crane", 0, "", `the label of class 1 (n02012849 "crane") and the label of class 2 (n03126707 "crane"): name classes by their id`},
		{imagenet, 6, "", "6", 0, "", "names no class"},
		{imagenet, 6, "", "+1", 0, "", "names no class"},
		{imagenet, 6, "", "", 0, "", "names no class"},
		{imagenet, 6, "", "sae lion", 0, "", `did you mean class 3 (n02077923 "sea lion")?`},
		{imagenet, 6, "", "n02077924", 0, "", "class 3"},
		{imagenet, 6, "", "zzz", 0, "", `classes are such as class 0 (n01440764 "tench, Tinca tinca")`},
		{imagenet, 6, "label", "n02077923", 0, "", "names no class"},
		{digits, 3, "", "1", 0, "", `the label of class 0 ("1") and the index of class 1 ("2"): say which by truth`},
		{digits, 3, "label", "1", 0, "label", ""},
		{digits, 3, "index", "1", 1, "index", ""},
		{digits[:2], 2, "", "0", 0, "index", ""},
		{nil, 1000, "", "999", 999, "index", ""},
		{nil, 1000, "", "1000", 0, "", "only an index from 0 to 999 does"},
		{nil, 0, "", "70000", 70000, "index", ""},
		{nil, 0, "", "9999999", 0, "", "only an index from 0 to the last does"},
		{[]models.Label{{Name: "a"}, {Name: "a"}}, 2, "", "a", 0, "", "name classes by their index"},
	} {
		class, kind, err := NewClasses(c.labels, c.n, c.only).Find(c.name)
		switch {
		case c.err == "" && (err != nil || class != c.class || kind != c.kind):
			t.Errorf("%q: class %d by %s, %v; want %d by %s", c.name, class, kind, err, c.class, c.kind)
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%q: class %d, %v; want an error that says %s", c.name, class, err, c.err)
		}
	}
}
