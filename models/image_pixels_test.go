package models

import (
	"strings"
	"testing"
)

// TestUnits: a mean that was given and is of other pixels than the range is refused.
func TestUnits(t *testing.T) {
	for _, c := range []struct {
		flags []string
		want  string
	}{
		{[]string{"mean", "123.675,116.28,103.53", "std", "58.4,57.1,57.4"}, "give input-range 0,255"},
		{[]string{"mean", "127.5", "std", "127.5", "input-range", "-1,1"}, "give input-range 0,255"},
		{[]string{"mean", "0.485,0.456,0.406", "std", "0.229,0.224,0.225", "input-range", "0,255"}, "give input-range 0,1"},
		{[]string{"mean", "123.675,116.28,103.53", "std", "58.4,57.1,57.4", "input-range", "0,255"}, ""},
		{[]string{"mean", "0.485,0.456,0.406", "std", "0.229,0.224,0.225"}, ""},
		{[]string{"mean", "0", "std", "1", "input-range", "0,255"}, ""},
		{[]string{"mean", "0.5", "std", "255", "input-range", "0,255"}, ""},
		{[]string{"mean", "7", "std", "1"}, ""},
	} {
		m, err := OpenFS(folder(t, "float32_nchw"), "model", settings(t, c.flags...))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := m.Classifier(); (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q: %v, want %q", c.flags, err, c.want)
		}
	}
}
