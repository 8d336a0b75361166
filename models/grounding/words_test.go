package grounding

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"ortho/models"
)

func labels(names ...string) (all []models.Label) {
	for _, n := range names {
		all = append(all, models.Label{Name: n})
	}
	return all
}

var (
	// coco are some of COCO's names, everyday those of the bundled detector.
	coco  = []string{"person", "bicycle", "car", "bus", "truck", "cat", "dog", "hot dog", "teddy bear", "tie", "wine glass", "cup", "couch", "tv", "dining table", "skis", "bench", "mouse", "sheep", "knife", "bird", "chair", "sports ball"}
	every = []string{"Bicycle", "Boot", "Laptop", "Person", "Chair", "Cattle", "Desk", "Cat", "Computer mouse", "Computer monitor", "Box", "Mug", "Coffee cup", "Stationary bicycle", "Table", "Bottle",
		"High heels", "Vehicle", "Footwear", "Dog", "Book", "Camera", "Car"}
)

// TestNames: which classes a name is of.
func TestNames(t *testing.T) {
	for _, c := range []struct {
		vocabulary []string
		name, want string // class names, sorted by index and parted by +; "": unknown; ~ before: some kinds only
	}{
		{coco, "dog", "dog"},
		{coco, "Dogs", "dog"},
		{coco, "two small brown dogs on a beach", "dog"},
		{coco, "a golden retriever", "dog"},
		{coco, "puppies", "dog"},
		{coco, "hot dog", "hot dog"},
		{coco, "hot dogs with mustard", "hot dog"},
		{every, "hot dog", ""}, // it is no dog
		{coco, "toy car", ""},
		{coco, "red toy car", ""},
		{coco, "stuffed bear", "teddy bear"},
		{coco, "people", "person"},
		{coco, "a group of people", "person"},
		{coco, "crowd of tourists", "person"},
		{coco, "women", "person"},
		{coco, "sofa; red", "couch"},
		{coco, "TV monitor", "tv"},
		{coco, "a pair of skis", "skis"},
		{coco, "knives", "knife"},
		{coco, "benches", "bench"},
		{coco, "glass of wine", "wine glass"},
		{coco, "statue of a dog", ""},
		{coco, "coffee table", ""},
		{coco, "dining table (wooden)", "dining table"},
		{coco, "animals", "~cat+dog+sheep+bird"},
		{coco, "furniture", "~couch+dining table+chair"},
		{coco, "soccer ball", "sports ball"},
		{coco, "taxi", "car"},
		{coco, "unicorn", ""},
		{coco, "", ""},
		{coco, "  ", ""},
		{every, "motorcycle", "Vehicle"},
		{every, "vehicles", "Bicycle+Stationary bicycle+Vehicle+Car"},
		{every, "coffee table", "Table"},
		{every, "table", "Desk+Table"},
		{every, "shoes", "Footwear"},
		{every, "cow", "Cattle"},
		{every, "mouse", "Computer mouse"},
		{every, "coffee mug", "Mug"},
		{every, "cup", "~Mug+Coffee cup"},
		{[]string{"tabby, tabby cat", "Egyptian cat"}, "tabby cats", "tabby, tabby cat"},
		{[]string{"traffic_light"}, "traffic lights", "traffic_light"},
		{[]string{"Hund", "Katze"}, "Katze", "Katze"},
	} {
		v := newVocabulary(table(), labels(c.vocabulary...))
		m := v.meaningOf(c.name)
		var names []string
		for _, class := range m.classes {
			names = append(names, c.vocabulary[class])
		}
		got := strings.Join(names, "+")
		if m.some && got != "" {
			got = "~" + got
		}
		if got != c.want {
			t.Errorf("%q is %q, want %q", c.name, got, c.want)
		}
	}
}

// TestTable: what is wrong with a table is told by its line, and all names of ours are as names are compared.
func TestTable(t *testing.T) {
	for text, want := range map[string]string{"a": "line 1", "a = b\nc = b": "line 2", "a = b,": "empty", "plural: men": "singular", "none: a": "no \"none\""} {
		if _, err := readThesaurus(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", text, err)
		}
	}
	own := table()
	for name := range own.same {
		if normal(name) != name {
			t.Errorf("%q is compared as %q", name, normal(name))
		}
	}
	for name, kinds := range own.below {
		if reach(own.above, name)[name] {
			t.Errorf("%q is a kind of itself", name)
		}
		for kind := range kinds {
			if normal(kind) != kind || slices.Contains(own.forms(kind)[1:], name) {
				t.Errorf("%q > %q", name, kind)
			}
		}
	}
}

func FuzzNames(f *testing.F) {
	for _, name := range []string{"two dogs", "a pair of (old) boots", "((", "of of of", "\xff", "\u4eba\u3005"} {
		f.Add(name)
	}
	v := newVocabulary(table(), labels(every...))
	f.Fuzz(func(t *testing.T, name string) {
		if len(name) > 500 || !utf8.ValidString(name) {
			return
		}
		for _, c := range v.meaningOf(name).classes {
			if c < 0 || c >= len(every) {
				t.Errorf("%q is of class %d", name, c)
			}
		}
	})
}
