package output

import (
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// TestReads: no output is opened under the name of a file that is read, nor of one that
// would stand beside it.
func TestReads(t *testing.T) {
	t.Chdir(t.TempDir())
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"in.png", "a.png.partial", "c.png.run.json", "e.jsonl.rounds", "other.png"} {
		if err := os.WriteFile(name, []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir("sub", 0o700); err != nil {
		t.Fatal(err)
	}
	outputs := map[string]string{"in.png": "in.png", "./sub/../in.png": "in.png", filepath.Join(dir, "in.png"): "in.png",
		"a.png": "a.png.partial", "c.png": "c.png.run.json", "e.jsonl": "e.jsonl.rounds"}
	if os.Link("in.png", "hard.png") == nil {
		outputs["hard.png"] = "in.png"
	}
	if os.Symlink("in.png", "soft.png") == nil && os.Symlink(dir, "here") == nil {
		outputs["soft.png"], outputs["here/in.png"] = "in.png", "in.png"
	}
	if runtime.GOOS == "darwin" || runtime.GOOS == "windows" {
		outputs["IN.PNG"] = "in.png"
	}
	for name, read := range outputs {
		if f, err := Protect(itself("missing.png", read)).Create(t.Context(), name, true); err == nil {
			f.Discard()
			t.Errorf("%s was opened over %s", name, read)
		} else if !strings.Contains(err.Error(), "would replace") || !strings.Contains(err.Error(), read) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s over %s: %v", name, read, err)
		}
	}
	if data, err := os.ReadFile("in.png"); err != nil || string(data) != "mine" {
		t.Errorf("%q, %v", data, err)
	}
	for _, name := range []string{"other.png", "new.png", os.DevNull} {
		f, err := Protect(itself("in.png", os.DevNull)).Create(t.Context(), name, true)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		f.Discard()
	}
}

func itself(names ...string) iter.Seq[string] { return slices.Values(names) }

// TestReadsOnce: the inputs of a run, which may be millions, are gone through where an
// output is there already, and once for all outputs.
func TestReadsOnce(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, name := range []string{"in.png", "rows.csv", "page.html"} {
		if err := os.WriteFile(name, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	passes := 0
	reads := Protect(func(yield func(string) bool) {
		passes++
		yield("in.png")
	})
	for _, c := range []struct {
		names []string
		want  int
	}{
		{[]string{"", "-", "new.csv", "new.html"}, 0},
		{[]string{"rows.csv", "page.html", "new.png"}, 1},
		{[]string{"rows.csv"}, 1},
	} {
		if err := reads.Refuse(c.names...); err != nil || passes != c.want {
			t.Errorf("%q: %d passes, want %d; %v", c.names, passes, c.want, err)
		}
	}
	f, err := reads.Create(t.Context(), "page.html", true)
	if err != nil {
		t.Fatal(err)
	}
	f.Discard()
	inside, err := reads.In(".")
	for i := 0; i < 3 && err == nil; i++ {
		err = inside.Refuse("rows.csv", "0.png")
	}
	if err != nil || passes != 2 {
		t.Errorf("%d passes, want 2; %v", passes, err)
	}
	if err := inside.Refuse("in.png"); err == nil {
		t.Error("in.png is read, and may be replaced")
	}
}
