package models

import (
	"slices"
	"strings"
	"testing"

	"ortho/models/config"
)

// TestRepeats: what keeps a graph from giving the same outputs twice is found wherever it
// stands on the way to them, and nothing is said of others.
func TestRepeats(t *testing.T) {
	for _, c := range []struct{ model, key, value, notice string }{
		{"random", "repeatable", "no: it draws random numbers (RandomNormalLike)", "differ from run to run"},
		{"dropout_training", "repeatable", "no: it draws random numbers (Dropout)", "differ from run to run"},
		{"dropout_in_function", "repeatable", "no: it draws random numbers (Dropout)", "differ from run to run"},
		{"batchnorm_training", "training-mode", "BatchNormalization: a row's result depends on", "model.eval()"},
		{"random_unused", "", "", ""},
		{"dropout", "", "", ""},
		{"float32_nchw", "", "", ""},
	} {
		m, err := Open("testdata/"+c.model, Settings{})
		if err != nil {
			t.Errorf("%s: %v", c.model, err)
			continue
		}
		var found []string
		for _, f := range m.Facts {
			if f.Key == "repeatable" || f.Key == "training-mode" {
				found = append(found, f.Key)
				if f.Key != c.key || !strings.Contains(f.Value, c.value) || f.Source != "graph" {
					t.Errorf("%s: %+v", c.model, f)
				}
			}
		}
		told := slices.ContainsFunc(m.Notices, func(n config.Text) bool {
			return c.notice != "" && strings.Contains(n.String(), c.notice) && strings.Contains(n.String(), c.model)
		})
		if (len(found) == 1) != (c.key != "") || told != (c.notice != "") {
			t.Errorf("%s: facts %q, notices %q", c.model, found, m.Notices)
		}
	}
}
