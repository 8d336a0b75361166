package commandline

import "testing"

func TestFlowed(t *testing.T) {
	if got, want := flowed("one two three four\nfive", 4, 24), "one two three four\n    five"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := flowed("a list:\n  a   b\n  c d\nx\ny", 2, 24), "a list:\n    a   b\n    c d\n  x y"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	const list = "  a     one two three four\n        five six seven eight\n  long  x"
	for width, want := range map[int]string{
		62: "  a     one two three four five six seven eight\n  long  x",
		36: "  a\n    one two three four five six\n    seven eight\n  long  x",
	} {
		if got := flowed(list, 0, width); got != want {
			t.Errorf("%d: %q, want %q", width, got, want)
		}
	}
}
