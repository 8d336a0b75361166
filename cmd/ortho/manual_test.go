package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestManual: every command has a manual page that groff and mandoc, where they are there, have nothing
// to say against, but for the date, which pages leave out; and two runs write the same.
func TestManual(t *testing.T) {
	dir := t.TempDir()
	var pages []string
	for _, folder := range []string{filepath.Join(dir, "a", "man1"), filepath.Join(dir, "b")} {
		if code, stdout, stderr := execute(t, "", "docs", "--man", folder); code != exitOK || stdout != "" {
			t.Fatalf("exit %d, %s%s", code, stdout, stderr)
		}
		pages, _ = filepath.Glob(filepath.Join(folder, "*.1"))
	}
	want := 0
	every(newApp().Commands, "", func(name string) {
		want++
		if _, err := os.Stat(filepath.Join(dir, "b", "ortho-"+strings.ReplaceAll(name, " ", "-")+".1")); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	})
	if len(pages) <= want {
		t.Errorf("%d pages of %d commands and their groups", len(pages), want)
	}
	for _, page := range pages {
		text := read(t, page)
		if text != read(t, filepath.Join(dir, "a", "man1", filepath.Base(page))) {
			t.Errorf("%s is another in a second run", page)
		}
		if !strings.HasPrefix(text, ".TH ORTHO") || !strings.Contains(text, ".SH NAME\northo") {
			t.Errorf("%s begins with %.80q", page, text)
		}
	}
	for _, checker := range [][]string{{"mandoc", "-Tlint", "-W", "warning"}, {"groff", "-ww", "-man", "-Tutf8", "-z"}} {
		path, err := exec.LookPath(checker[0])
		if err != nil {
			t.Logf("no %s to check the pages with", checker[0])
			continue
		}
		said, _ := exec.Command(path, append(checker[1:], pages...)...).CombinedOutput()
		for line := range strings.Lines(string(said)) {
			if !strings.Contains(line, "missing date") {
				t.Errorf("%s: %s", checker[0], line)
			}
		}
	}
	if code, _, stderr := execute(t, "", "docs", "--man", ""); code != exitUsage || !strings.Contains(stderr, "names no folder") {
		t.Errorf("exit %d, %s", code, stderr)
	}
	if code, _, stderr := execute(t, "", "docs", "--man", filepath.Join(pages[0], "x")); code != exitFailed || !strings.Contains(stderr, "is no folder") && !strings.Contains(stderr, "not a directory") {
		t.Errorf("exit %d, %s", code, stderr)
	}
}
