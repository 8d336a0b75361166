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

// Ran names the provider, and where others run nodes of the graph, too, how many each of them does.
func (p Placement) Ran(provider string) string {
	all := 0
	var others []string
	for _, name := range slices.Sorted(maps.Keys(p.Nodes)) {
		all += p.Nodes[name]
		if name != provider {
			others = append(others, fmt.Sprintf("%s %d", name, p.Nodes[name]))
		}
	}
	if others == nil {
		return provider
	}
	return fmt.Sprintf("%s (%d of %d nodes; %s)", provider, p.Nodes[provider], all, strings.Join(others, ", "))
}
