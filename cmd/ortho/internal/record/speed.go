package record

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"ortho/cmd/ortho/internal/term"
)

// Took returns the speed of a run in which so many items did not fail, on the same.
func (s Speed) Took(done int, took time.Duration) Speed {
	s.Seconds, s.PerSecond = term.SixDigits(took.Seconds()), term.SixDigits(float64(done)/max(took, 1).Seconds())
	return s
}

// Ran is the provider, and where others run nodes of the graph, too, how many each of them does.
func (s Speed) Ran() string {
	all := 0
	var others []string
	for _, name := range slices.Sorted(maps.Keys(s.Nodes)) {
		all += s.Nodes[name]
		if name != s.Provider {
			others = append(others, fmt.Sprintf("%s %d", name, s.Nodes[name]))
		}
	}
	if others == nil {
		return s.Provider
	}
	return fmt.Sprintf("%s (%d of %d nodes; %s)", s.Provider, s.Nodes[s.Provider], all, strings.Join(others, ", "))
}
