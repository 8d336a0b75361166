package appear

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBelow: what is to be below a folder is, whatever links stand in it.
func TestBelow(t *testing.T) {
	for _, c := range []struct {
		link, to string // in the folder; AWAY is another folder
		rel      string
		ok       bool
	}{
		{"", "", "x", true}, {"", "", "a/b/x", true}, {"", "", "a/../b/x", true},
		{"a", "AWAY", "a/x", false}, {"a", "AWAY", "a/b/x", false}, {"c/a", "AWAY", "c/a/x", false}, {"c/a", "../../up", "c/a/x", false},
		{"a", "AWAY/none", "a/x", false}, {"a", "..", "a/x", false}, {"a", "/", "a/tmp/x", false},
		{"a", "c", "a/x", true}, {"c/a", "..", "c/a/b/x", true},
		{"a", "AWAY", "b/x", true}, {"x", "AWAY/x", "x", true}, // the file is what writes it to see to
		{"", "", "../x", false}, {"", "", "/x", false},
	} {
		dir, away := filepath.Join(t.TempDir(), "dir"), t.TempDir()
		if err := os.MkdirAll(filepath.Join(dir, "c"), 0o700); err != nil {
			t.Fatal(err)
		}
		if c.link != "" {
			if err := os.Symlink(strings.Replace(c.to, "AWAY", away, 1), filepath.Join(dir, c.link)); err != nil {
				t.Skip(err)
			}
		}
		within := Within(dir, filepath.FromSlash(c.rel))
		err := Below(dir, filepath.FromSlash(c.rel), 0o700)
		if (err == nil) != c.ok || (within == nil) != c.ok && !strings.Contains(c.to, "none") {
			t.Errorf("%s, where %s leads to %s: %v, %v", c.rel, c.link, c.to, err, within)
		}
		if !c.ok && c.link != "" && c.to != "AWAY/none" && (!errors.Is(err, ErrForeign) || !strings.Contains(err.Error(), filepath.Join(dir, c.link))) {
			t.Errorf("%s, where %s leads to %s: %v", c.rel, c.link, c.to, err)
		}
		if info, failed := os.Stat(filepath.Join(dir, filepath.Dir(filepath.FromSlash(c.rel)))); c.ok && (failed != nil || !info.IsDir()) {
			t.Errorf("%s: %v", c.rel, failed)
		}
		victim := filepath.Join(away, "x")
		if err := os.WriteFile(victim, []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := Remove(dir, filepath.FromSlash(c.rel)); err == nil && c.link != "x" {
			t.Errorf("%s, where %s leads to %s: something was removed", c.rel, c.link, c.to)
		}
		if held(victim) != "mine" || len(left(t, away)) != 1 {
			t.Errorf("%s, where %s leads to %s: %q", c.rel, c.link, c.to, left(t, away))
		}
	}
	if err := Below(filepath.Join(t.TempDir(), "new", "folder"), "a/x", 0o700); err != nil {
		t.Error(err)
	}
	if err := Within(filepath.Join(t.TempDir(), "none"), "a/x"); err != nil {
		t.Error(err)
	}
}
