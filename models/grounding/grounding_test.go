package grounding

import (
	"slices"
	"strings"
	"testing"

	"ortho/models/detect"
)

func box(vocabulary []string, label string, score float32) detect.Detection {
	return detect.Detection{Index: slices.Index(vocabulary, label), Label: label, Score: score, Box: [4]float32{1, 2, 3, 4}}
}

// TestCheck is the rule of the package's head.
func TestCheck(t *testing.T) {
	for _, c := range []struct {
		names, boxes, want string
	}{
		{"dog", "dog 0.9", "found dog"},
		{"dog", "dog 0.5", "found dog"},
		{"dog", "dog 0.49", "ambiguous dog"},
		{"dog", "dog 0.2", "not found"},
		{"dog", "", "not found"},
		{"dog, dog", "dog 0.9", "found dog"},
		{"unicorn", "dog 0.9", "unchecked"},
		{"animal", "dog 0.9", "found dog"},
		{"animal", "", "unchecked"},
		{"dog", "cat 0.9", "ambiguous cat"},                        // which of the two is it?
		{"dog, cat", "cat 0.9", "not found, found cat"},            // the cat is spoken of
		{"dog", "cat 0.9, dog 0.3", "ambiguous dog"},               // the class of the name goes first
		{"person", "dog 0.9", "not found"},                         // no kind of the same
		{"bus", "car 0.3", "ambiguous car"},                        // another vehicle
		{"men, women", "person 0.9", "found person, found person"}, // a box for both: numbers are not checked
	} {
		var found []detect.Detection
		for b := range strings.SplitSeq(c.boxes, ", ") {
			label, score, ok := strings.Cut(b, " ")
			if ok {
				found = append(found, box(coco, label, map[string]float32{"0.9": 0.9, "0.5": 0.5, "0.49": 0.49, "0.3": 0.3, "0.2": 0.2}[score]))
			}
		}
		checker, err := NewChecker(labels(coco...), Rules{Sure: 0.5})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, m := range checker.Check(strings.Split(c.names, ", "), found) {
			got = append(got, strings.TrimSpace(string(m.Status)+" "+m.Label))
			if (m.Box != nil) != (m.Label != "") {
				t.Errorf("%+v", m)
			}
		}
		if strings.Join(got, ", ") != c.want {
			t.Errorf("%q against %q: %q, want %q", c.names, c.boxes, got, c.want)
		}
	}
	for _, sure := range []float64{0, -1, 1.5} {
		if _, err := NewChecker(nil, Rules{Sure: sure}); err == nil {
			t.Errorf("%v is sure", sure)
		}
	}
	// A more general class, where there is one of the name's own.
	checker, _ := NewChecker(labels(every...), Rules{Sure: 0.5})
	if m := checker.Check([]string{"car"}, []detect.Detection{box(every, "Vehicle", 0.9)})[0]; m.Status != Ambiguous || m.Label != "Vehicle" {
		t.Errorf("%+v", m)
	}
	if m := checker.Check([]string{"car", "motorcycle"}, []detect.Detection{box(every, "Vehicle", 0.9)}); m[0].Status != NotFound || m[1].Status != Found {
		t.Errorf("%+v", m)
	}
	if !checker.Knows("puppies") || checker.Knows("cup") || checker.Knows("unicorn") {
		t.Error("what the detector knows")
	}
	unnamed, _ := NewChecker(nil, Rules{Sure: 0.5})
	if m := unnamed.Check([]string{"dog"}, []detect.Detection{{Score: 0.9}})[0]; m.Status != Unchecked {
		t.Errorf("%+v", m)
	}
}
