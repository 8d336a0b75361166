package commandline

import "testing"

func TestFlowed(t *testing.T) {
	if got, want := flowed("one two three four\nfive", 4, 24), "one two three four\n    five"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := flowed("a list:\n  a   b\n  c d\nx\ny", 2, 24), "a list:\n    a   b\n    c d\n  x y"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
