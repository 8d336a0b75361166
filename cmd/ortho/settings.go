package main

import (
	"strings"

	"ortho/runner/bench"
)

// flagsOf are saved settings as they are typed.
func flagsOf(s bench.Settings) string {
	args := []string{""}
	for name, value := range s.Values() {
		args = append(args, "--"+name, value)
	}
	return strings.TrimPrefix(commandLineOf(args), "ortho ")
}
