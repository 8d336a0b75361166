package flags

import (
	"fmt"
	"iter"
)

// GivenIn yields the flags of groups that were given, in the order of the groups, with their
// values as they may be typed again. None of the flags may take several values.
func (c *Call) GivenIn(groups ...Group) iter.Seq2[string, string] {
	return func(yield func(flag, value string) bool) {
		for _, g := range groups {
			for _, f := range g.Flags() {
				if name := f.Names()[0]; c.Given(name) && !yield(name, fmt.Sprint(c.line.Value(name))) {
					return
				}
			}
		}
	}
}
