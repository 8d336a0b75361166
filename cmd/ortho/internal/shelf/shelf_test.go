package shelf

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"ortho/cmd/ortho/internal/output"
)

func TestTake(t *testing.T) {
	var n Names
	for _, c := range []struct{ inside, ending, want string }{
		{"a.jpg", "", "a.jpg"},
		{"a.jpg", ".png", "a.png"},
		{"sub/a.b.gif", ".png", "sub/a.b.png"},
		{"../../etc/x.png", "", "etc/x.png"},
		{"/abs/x.png", "", "abs/x.png"},
		{"a/../../b.png", "", "b.png"},
		{"stdin", ".png", "stdin.png"},
		{"q\x1b[31m\u202e\xff.png", "", "q_[31m__.png"},
		{"line\nbreak.png", "", "line_break.png"},
	} {
		if got, err := n.Take(c.inside, c.ending, "d/"+c.inside); got != c.want || err != nil {
			t.Errorf("Take(%q, %q) = %q, %v; want %q", c.inside, c.ending, got, err, c.want)
		}
	}
	for _, c := range []struct{ inside, ending string }{{"x/../a.bmp", ".png"}, {"a.png", ""}} {
		if _, err := n.Take(c.inside, c.ending, "d/"+c.inside); !errors.Is(err, ErrTaken) {
			t.Errorf("Take(%q, %q): %v, want ErrTaken", c.inside, c.ending, err)
		}
	}
	for _, inside := range []string{"", "..", "/", ".png", "sub/.x.png", "a\x00b.png"} {
		if name, err := n.Take(inside, "", inside); err == nil && name != "a_b.png" {
			t.Errorf("Take(%q) = %q, want an error", inside, name)
		}
	}
}

// TestFree: a name belongs to the first input that does not fail.
func TestFree(t *testing.T) {
	n := Names{Reserved: []string{"ortho.jsonl", "sub/page.html"}}
	take := func(input, refused string) {
		t.Helper()
		_, err := n.Take("a.png", "", input)
		if (err != nil) != (refused != "") || err != nil && !strings.Contains(err.Error(), "which "+refused+" has already") {
			t.Errorf("%s: %v, want it refused for %q", input, err, refused)
		}
	}
	take("1", "")
	take("2", "1")
	take("3", "1")
	n.Free("a.png")
	take("4", "1") // 2 and 3 were there before
	if err := n.Retake("a.png", "2"); err != nil {
		t.Error(err)
	}
	n.Free("a.png")
	if err := n.Retake("a.png", "3"); err != nil {
		t.Error(err)
	}
	if err := n.Retake("a.png", "4"); !errors.Is(err, ErrTaken) || !strings.Contains(err.Error(), "which 3 has") {
		t.Error(err)
	}
	n.Free("a.png")
	take("5", "")
	for _, inside := range []string{"ortho.jsonl/a.png", "sub/page.html/b/a.png"} {
		if _, err := n.Take(inside, "", inside); err == nil || !strings.Contains(err.Error(), "the run needs") {
			t.Errorf("%s: %v", inside, err)
		}
	}
	for _, inside := range []string{"ortho.jsonl.png", "page.html/a.png"} {
		if _, err := n.Take(inside, "", inside); err != nil {
			t.Error(err)
		}
	}
}

func TestProtect(t *testing.T) {
	dir, other := t.TempDir(), t.TempDir()
	for _, name := range []string{filepath.Join(dir, "a.png"), filepath.Join(dir, "b.png"), filepath.Join(dir, "c.png"), filepath.Join(other, "d.png")} {
		if err := os.WriteFile(name, []byte("mine"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	links := map[string]string{filepath.Join(dir, "b.png"): filepath.Join(other, "to-b.png"), filepath.Join(other, "d.png"): filepath.Join(dir, "d.png"), dir: filepath.Join(other, "dir")}
	for to, link := range links {
		if err := os.Symlink(to, link); err != nil {
			t.Skip(err)
		}
	}
	reads, err := output.Protect(slices.Values([]string{filepath.Join(dir, "a.png"), filepath.Join(other, "to-b.png"), filepath.Join(dir, "d.png"), filepath.Join(dir, "e.png.partial"), filepath.Join(other, "c.png")})).In(filepath.Join(other, "dir"))
	if err != nil {
		t.Fatal(err)
	}
	s := &Shelf{Reads: reads, Folder: filepath.Join(other, "dir"), Overwrite: true}
	for _, name := range []string{"a.png", "b.png", "d.png", "e.png"} {
		if err := put(t, s, name, "", "new"); err == nil || !strings.Contains(err.Error(), "which this run reads") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := put(t, s, "c.png", "", "new"); err != nil || read(t, filepath.Join(dir, "c.png")) != "new" {
		t.Error(err)
	}
}

func TestSlug(t *testing.T) {
	for text, want := range map[string]string{
		"a bold slanted seven":      "a-bold-slanted-seven",
		"  Zwölf\n../\x1b[31m Öl! ": "zwölf-31m-öl",
		"../../etc/passwd":          "etc-passwd",
		"\u202e\xff":                "",
		"!?":                        "",
		strings.Repeat("ab ", 100):  strings.TrimSuffix(strings.Repeat("ab-", 20), "-"),
	} {
		if got := Slug(text); got != want {
			t.Errorf("Slug(%q) = %q, want %q", text, got, want)
		}
	}
}

// FuzzTake: no name leads out of the folder, acts on a terminal or is given twice.
func FuzzTake(f *testing.F) {
	f.Add("../a/b.png", ".png")
	f.Add("a\x00/..\\x:y", "")
	f.Add("CON/nul.png", ".jpg")
	f.Fuzz(func(t *testing.T, inside, ending string) {
		var n Names
		if ending != "" {
			ending = ".png"
		}
		name, err := n.Take(inside, ending, inside)
		if err != nil {
			return
		}
		if !filepath.IsLocal(filepath.FromSlash(name)) || name == "." || !utf8.ValidString(name) || Clean(name) != name {
			t.Errorf("Take(%q) = %q", inside, name)
		}
		if _, err := n.Take(inside, ending, inside); !errors.Is(err, ErrTaken) {
			t.Errorf("%q is given twice: %v", name, err)
		}
		if slug := Slug(inside); strings.ContainsAny(slug, "/\\.\x00\n ") || len([]rune(slug)) > 100 {
			t.Errorf("Slug(%q) = %q", inside, slug)
		}
	})
}

func put(t *testing.T, s *Shelf, name, input, text string) error {
	t.Helper()
	f, err := s.Create(name, input)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
	if err := f.Complete(); err != nil {
		t.Fatal(err)
	}
	return f.Commit()
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestShelf(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "a", "x.png")
	if err := put(t, &Shelf{Reads: output.Protect(), Folder: dir}, "a/x.png", "", "one"); err != nil || read(t, name) != "one" {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what  string
		shelf *Shelf
		input string
		text  string
		fails bool
		then  string
	}{
		{"it is there", &Shelf{Reads: output.Protect(), Folder: dir}, "", "two", true, "one"},
		{"an earlier run made it", &Shelf{Reads: output.Protect(), Folder: dir, Again: true}, "", "one", false, "one"},
		{"an earlier run has made another", &Shelf{Reads: output.Protect(), Folder: dir, Again: true}, "", "on", true, "one"},
		{"and a longer one", &Shelf{Reads: output.Protect(), Folder: dir, Again: true}, "", "one and more", true, "one"},
		{"it is replaced", &Shelf{Reads: output.Protect(), Folder: dir, Overwrite: true}, "", "two", false, "two"},
		{"it is the input", &Shelf{Reads: output.Protect(), Folder: dir, Overwrite: true}, name, "three", true, "two"},
	} {
		err := put(t, c.shelf, "a/x.png", c.input, c.text)
		if (err != nil) != c.fails || read(t, name) != c.then {
			t.Errorf("%s: %v, and it holds %q", c.what, err, read(t, name))
		}
		if c.fails && c.input == "" && !errors.Is(err, ErrExists) {
			t.Errorf("%s: %v, want ErrExists", c.what, err)
		}
	}
	s := &Shelf{Reads: output.Protect(), Folder: dir}
	if _, err := s.Create("swept.png", ""); err != nil {
		t.Fatal(err)
	}
	s.Sweep()
	if err := os.Mkdir(filepath.Join(dir, "folder.png"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := (&Shelf{Reads: output.Protect(), Folder: dir, Overwrite: true}).Create("folder.png", ""); err == nil {
		t.Error("a folder is replaced")
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 2 {
		t.Errorf("left: %q", left)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "a", "*")); len(left) != 1 {
		t.Errorf("left: %q", left)
	}
}
