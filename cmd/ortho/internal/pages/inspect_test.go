package pages

import (
	"fmt"
	"strings"
	"testing"
)

// TestPrintWeights: of many files a few are printed, and those that can't be used.
func TestPrintWeights(t *testing.T) {
	var all []Weights
	for i := range 100 {
		all = append(all, Weights{File: fmt.Sprint("w", i), Bytes: 10})
	}
	all[50] = Weights{File: "w50", Problem: "is missing"}
	var lines []string
	printWeights(all, func(text string) { lines = append(lines, text) })
	got := strings.Join(lines, "\n")
	for _, want := range []string{"w0, 10 bytes\n", "w7, 10 bytes\n", "w50, which is missing\n", "91 other files, 910 bytes"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if len(lines) != 10 {
		t.Errorf("%d lines", len(lines))
	}
}
