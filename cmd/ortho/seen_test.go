package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestSeen: all that use a classifier tell what its values have shown against what was assumed.
func TestSeen(t *testing.T) {
	needLibrary(t)
	t.Setenv(envKey, theKey)
	t.Setenv(envBaseURL, "")
	dir := t.TempDir()
	model := write(t, filepath.Join(dir, "m.onnx"), read(t, "../../models/classify/testdata/heads/forest-like.onnx"))
	labels := write(t, filepath.Join(dir, "labels.csv"), "input,label\n"+absolute(t, coffee)+",1\n"+absolute(t, cat)+",2\n")
	for _, args := range [][]string{
		{"classify", coffee},
		{"eval", "--data", labels},
		{"describe", coffee, "--dry-run"},
		{"imagine", coffee, "--offline"},
	} {
		args = append(args, "-m", model, "--mean", "0", "--std", "1")
		_, stdout, stderr := execute(t, "", args...)
		if strings.Count(stderr, "gave values from 0 to 1 with a sum of 1") != 1 {
			t.Errorf("%q: %s%s", args, stdout, stderr)
		}
	}
}
