package flags

import (
	"fmt"
	"iter"
)

// GivenIn yields the flags of groups that were given, in the order of the groups, with their
// values as they may be typed again: one that is repeated comes as often.
func (c *Call) GivenIn(groups ...Group) iter.Seq2[string, string] {
	return func(yield func(flag, value string) bool) {
		for _, g := range groups {
			for _, f := range g.Flags() {
				name := f.Names()[0]
				if !c.Given(name) {
					continue
				}
				values := []string{fmt.Sprint(c.line.Value(name))}
				if _, several := f.(*Repeated); several {
					values = c.Repeated(name)
				}
				for _, value := range values {
					if !yield(name, value) {
						return
					}
				}
			}
		}
	}
}
