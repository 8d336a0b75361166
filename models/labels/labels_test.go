package labels

import (
	"slices"
	"strings"
	"testing"
)

func TestSets(t *testing.T) {
	if names := Names(); !slices.Equal(names, []string{"indoor-outdoor", "scenes", "time-of-day", "weather"}) {
		t.Errorf("%q", names)
	}
	for _, name := range Names() {
		set, err := Set(name)
		if err != nil || len(set) < 2 {
			t.Errorf("%s: %q, %v", name, set, err)
		}
		seen := map[string]bool{}
		for _, label := range set {
			if label == "" || label != strings.TrimSpace(label) || strings.ContainsAny(label, "\r{}") || seen[label] {
				t.Errorf("%s: %q", name, label)
			}
			seen[label] = true
		}
	}
	for _, name := range []string{"", "none", "../labels", "sets/scenes"} {
		if _, err := Set(name); err == nil || !strings.Contains(err.Error(), "there are indoor-outdoor, scenes") {
			t.Errorf("%q: %v", name, err)
		}
	}
}
