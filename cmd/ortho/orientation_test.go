package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestIgnoredOrientation: a run over images that were read as stored, though EXIF says that they
// lie, tells how many, on standard error and in its record; not where that was asked for.
func TestIgnoredOrientation(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	lies := orientated(t, dir)
	const one, two = "warning: 1 image has an EXIF orientation that was ignored", "warning: 2 images have an EXIF orientation that was ignored"
	embedding := []string{"-m", "../../models/testdata/embedding", "--mean", "0", "--std", "1"}
	classes := filepath.Join(dir, "data", "n02124075")
	if err := os.MkdirAll(classes, 0o777); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(classes, "a.jpg"), read(t, lies))
	tensor := filepath.Join(dir, "t.npy")
	for _, c := range []struct {
		args []string
		want string // "": nothing is said
	}{
		{[]string{"classify", lies}, one},
		{[]string{"classify", lies, coffee, lies}, two},
		{[]string{"classify", coffee}, ""},
		{[]string{"classify", lies, "--orientation", "exif"}, ""},
		{[]string{"classify", lies, "--orientation", "ignore"}, ""},
		{append([]string{"embed", lies, lies}, embedding...), two},
		{[]string{"eval", "--data", filepath.Join(dir, "data"), "--json"}, one},
		{[]string{"preprocess", lies, "-o", tensor}, one},
		{[]string{"preprocess", lies, "-o", tensor, "--overwrite", "--orientation", "exif"}, ""},
	} {
		code, stdout, stderr := execute(t, "", c.args...)
		if code != exitOK || strings.Contains(stderr, "EXIF") != (c.want != "") || !strings.Contains(stderr, c.want) || strings.Count(stderr, "EXIF") > 1 {
			t.Errorf("%q: exit %d, %s", c.args, code, stderr)
		}
		if c.args[0] == "eval" && !strings.Contains(stdout, `"orientation_ignored": 1`) {
			t.Errorf("%s", stdout)
		}
	}

	// A run that goes on adds to what it counted before.
	out := filepath.Join(dir, "o.jsonl")
	broken := write(t, filepath.Join(dir, "b.jpg"), "no image")
	args := []string{"classify", lies, broken, "-o", out}
	if code, _, stderr := execute(t, "", args...); code != exitItems || !strings.Contains(stderr, one) {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	write(t, broken, read(t, lies))
	if code, _, stderr := execute(t, "", append(args, "--retry-failed")...); code != exitOK || !strings.Contains(stderr, one) {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	if got := read(t, out+".run.json"); !strings.Contains(got, `"orientation_ignored": 2`) {
		t.Errorf("%s", got)
	}
}
