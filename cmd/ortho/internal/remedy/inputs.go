package remedy

import (
	"strings"

	"ortho/runner/feed"
)

// openDims says by which flags dimensions get their sizes.
func openDims(e *feed.DimsError) string {
	switch {
	case e.Ambiguous:
		return e.Cause + " with " + dims(e.Names) + e.More
	case len(e.Names) > 0:
		return e.Cause + "; add " + dims(e.Names) + e.More
	}
	return e.Error()
}

// dims are the flags for the dimensions that have names.
func dims(names []string) string {
	var flags []string
	for _, n := range names {
		if n == "" {
			continue
		}
		word := "--dim " + n + "=N"
		if strings.ContainsAny(n, " \t\"'$&|;<>()*?[]{}!`\\#~") {
			word = "--dim '" + strings.ReplaceAll(n, "'", `'\''`) + "=N'"
		}
		flags = append(flags, word)
	}
	return strings.Join(flags, " ")
}
