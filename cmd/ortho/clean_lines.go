package main

import (
	"strings"

	"ortho/cmd/ortho/internal/term"
)

// cleanLines makes a message safe for a terminal. Lines after the first are
// indented, so that a name within them can't pass for a message of its own.
func cleanLines(message string) string {
	lines := strings.Split(message, "\n")
	for i, line := range lines {
		lines[i] = term.Clean(line)
	}
	return strings.Join(lines, "\n  ")
}
