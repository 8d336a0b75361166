package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestInputsChanged: a run that goes on tells that its inputs are others, or refuses, as it was asked.
func TestInputsChanged(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	photos, out := filepath.Join(dir, "photos"), filepath.Join(dir, "x.jsonl")
	if err := os.Mkdir(photos, 0o700); err != nil {
		t.Fatal(err)
	}
	first := filepath.Join(photos, "a.png")
	write(t, first, square(t, red, 8))
	write(t, filepath.Join(photos, "b.png"), "broken")
	write(t, filepath.Join(photos, "c.png"), square(t, blue, 8))
	args := []string{"classify", "-m", testModels + "/float32_nchw", "--input-range", "0,1", photos, "-o", out}
	const changed, refused = "inputs have changed since", "the contents of the inputs are others"
	expect := func(code int, text string, more ...string) {
		t.Helper()
		got, _, stderr := execute(t, "", with(args, more...)...)
		if got != code || !strings.Contains(stderr, text) || text == "nothing to do" && strings.Contains(stderr, "changed") {
			t.Errorf("%q: exit %d, %s; want %d, %q", more, got, stderr, code, text)
		}
	}
	expect(exitUsage, "not one of names, times, contents", "--check-inputs", "digest")
	expect(exitFailed, "--resume continues it", "--fail-fast")
	expect(exitFailed, "without a look at the contents", "--resume", "--check-inputs", "contents")
	expect(exitFailed, "--resume continues it", "--fail-fast", "--overwrite", "--check-inputs", "contents")
	expect(exitItems, "resumed at 2", "--resume", "--check-inputs", "contents")
	expect(exitItems, "nothing to do", "--resume", "--check-inputs", "contents")
	if err := os.Chtimes(first, time.Now(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	expect(exitItems, changed, "--resume")
	expect(exitItems, "nothing to do", "--resume", "--check-inputs", "names")
	expect(exitItems, "nothing to do", "--resume", "--check-inputs", "contents")
	write(t, first, square(t, blue, 8))
	expect(exitFailed, refused, "--resume", "--check-inputs", "contents")
	expect(exitItems, changed+" "+out+" was begun (their contents)", "--retry-failed", "--check-inputs", "contents")
}
