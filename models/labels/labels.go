// Package labels carries a few lists of what images may be compared with (see package zeroshot):
// scenes, weather, indoor-outdoor, time-of-day. They are files of one label a line, as any that
// a person writes.
package labels

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed sets/*.txt
var files embed.FS

const ending = ".txt"

// Names lists the sets, sorted.
func Names() (names []string) {
	entries, err := files.ReadDir("sets")
	if err != nil {
		panic(err) // the embedded folder always reads
	}
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ending))
	}
	return names
}

// Set returns the labels of a set, in their order.
func Set(name string) ([]string, error) {
	data, err := files.ReadFile("sets/" + name + ending)
	if err != nil || strings.ContainsAny(name, `/\`) {
		return nil, fmt.Errorf("no list of labels is named %q; there are %s", name, strings.Join(Names(), ", "))
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n"), nil
}
