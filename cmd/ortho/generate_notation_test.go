package main

import (
	"bytes"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/term"
)

// TestNotation: what other programs read as weights is told, once, and plain texts are not taken for it.
func TestNotation(t *testing.T) {
	for _, c := range []struct {
		texts []string
		want  []string // nothing: no word
	}{
		{[]string{"a red fox <lora:foo:0.8>, (masterpiece:1.3)"}, []string{`"<lora:foo:0.8>"`, `"(masterpiece:1.3)"`, "LoRA", "weights of words", "drawn as such"}},
		{[]string{"a ((red)) fox"}, []string{"((red))", "weights"}},
		{[]string{"a (red fox)1.2"}, []string{"weights"}},
		{[]string{"a red++ fox"}, []string{"red++"}},
		{[]string{"a [red] fox", "a [blue] fox"}, []string{"[red]", "brackets"}},
		{[]string{"a {red|blue} fox"}, []string{"brackets"}},
		{[]string{"a fox BREAK in snow"}, []string{"BREAK"}},
		{[]string{"a fox (in snow), at 16:9, well-known -- and AND"}, nil},
		{[]string{"C++ is written on a sign", "Bulletin: a fox"}, []string{"C++"}},
		{[]string{"a fox: red, 3 < 4, 5 > 2"}, nil},
	} {
		var err bytes.Buffer
		tellNotation(&term.UI{Err: &err}, c.texts)
		if len(c.want) == 0 && err.Len() > 0 || len(c.want) > 0 && strings.Count(err.String(), "\n") != 1 {
			t.Errorf("%q: %s", c.texts, err.String())
		}
		for _, want := range c.want {
			if !strings.Contains(err.String(), want) {
				t.Errorf("%q: %s, want %s", c.texts, err.String(), want)
			}
		}
	}
}
