package main

import (
	"path/filepath"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/rows"
)

// TestEmbed: rows in order, a broken image costs its own, and the run goes on where it ended.
func TestEmbed(t *testing.T) {
	needLibrary(t)
	model := []string{"-m", "../../models/testdata/embedding", "--mean", "0", "--std", "1"}
	out := filepath.Join(t.TempDir(), "e.jsonl")
	broken := write(t, filepath.Join(t.TempDir(), "b.png"), "no image")
	args := append([]string{"embed", coffee, broken, cat, "--normalize", "-o", out}, model...)
	if code, _, stderr := execute(t, "", args...); code != exitItems {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	got := rowsFrom[rows.Embeddings](t, read(t, out))
	if len(got) != 3 || len(got[0].Embedding) != 3 || got[1].Error == nil || len(got[2].Embedding) != 3 {
		t.Errorf("%+v", got)
	}
	if code, _, stderr := execute(t, "", append(args, "--resume")...); code != exitItems || !strings.Contains(stderr, "nothing to do") {
		t.Errorf("exit %d, %s", code, stderr)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-f", "csv"}, exitUsage, "no place for such rows"},
		{[]string{"--output-name", "none"}, exitFailed, `no output "none"`},
		{[]string{"-m", "efficientnet-lite0"}, exitFailed, "which of its outputs stands for an image"},
	} {
		line := append([]string{"embed", coffee}, model...)
		if c.args[0] == "-m" {
			line = line[:2]
		}
		if code, _, stderr := execute(t, "", append(line, c.args...)...); code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: exit %d, %s", c.args, code, stderr)
		}
	}
}
