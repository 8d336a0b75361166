package main

import (
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/rows"
)

// TestDemo: the photographs of `make demo` are what they show, to both classifiers that are bundled.
// What README prints of them is in TestDocuments.
func TestDemo(t *testing.T) {
	needLibrary(t)
	const demo = "../../docs/photos"
	for _, model := range []string{"efficientnet-lite0", "efficientnet-lite0-int8"} {
		code, stdout, stderr := execute(t, "", "classify", "-m", model, "-k", "3", demo)
		found := rowsFrom[rows.Classes](t, stdout)
		if code != exitOK || len(found) != 4 {
			t.Fatalf("%s: exit %d, %d rows, %s", model, code, len(found), stderr)
		}
		for i, want := range []string{"cat", "espresso", "otter", "tripod"} {
			row := found[i]
			best := row.Predictions[0]
			if !strings.Contains(best.Label, want) || best.Probability < 0.9 && want != "cat" {
				t.Errorf("%s: %s is a %s (%v), not a %s", model, row.Input, best.Label, best.Probability, want)
			}
			if want == "cat" { // of which no other class may come between
				for _, p := range row.Predictions {
					if !strings.Contains(p.Label, "cat") && p.Label != "Egyptian Mau" {
						t.Errorf("%s: %s is a %s", model, row.Input, p.Label)
					}
				}
			}
		}
	}
}
