package remedy

import (
	"testing"

	"ortho/runner/bench"
	"ortho/runner/feed"
)

// TestInputs: open dimensions are given by flags, quoted where a shell asks for it, and of
// another file it is told which command writes the right one.
func TestInputs(t *testing.T) {
	for want, err := range map[string]error{
		"open: seq; add --dim seq=N --dim height=N --dim width=N": &feed.DimsError{Cause: "open: seq", Names: []string{"seq", "height", "width"}},
		"open: s; add --dim 'seq len=N'; nameless":                &feed.DimsError{Cause: "open: s", Names: []string{"seq len"}, More: "; nameless"},
		"open: ?; nameless": &feed.DimsError{Cause: "open: ?", More: "; nameless"},
		"give the others sizes with --dim m=N --dim n=N":                                               &feed.DimsError{Cause: "give the others sizes", Ambiguous: true, Names: []string{"m", "", "n"}},
		"it has no kind, and results of `ortho bench run -o` begin with a \"run\": it is another file": &bench.NotResultsError{},
		"it begins with a \"x\", where results of `ortho bench run -o` begin with a \"run\"":           &bench.NotResultsError{Kind: "x"},
	} {
		if got := Text(err); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
