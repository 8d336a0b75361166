package folders

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"ortho/cmd/ortho/internal/source"
	"ortho/runner/appear"
)

func TestMain(m *testing.M) {
	appear.Sync = func(*os.File) error { return nil }
	os.Exit(m.Run())
}

func TestSafeName(t *testing.T) {
	for label, want := range map[string]string{
		"tabby cat": "tabby cat", "crane/bird": "crane_bird", `a\b:c*?"<>|`: "a_b_c______", "..": "_", ".": "_", "": "_", " ": "_",
		".hidden": "_.hidden", "dots...": "dots", "a. ": "a", "CON": "_CON", "con.txt": "_con.txt", "NUL .x": "_NUL .x", "COM1": "_COM1", "lpt³": "_lpt³", "COM": "COM", "console": "console",
		"new\nline\x00\x1b[2J": "new_line__[2J", "rtl\u202eabc": "rtl_abc", "bad\xffbyte": "bad_byte", "../../etc/passwd": "_.._.._etc_passwd",
		"e\u0301": "é", strings.Repeat("é", 80): strings.Repeat("é", 50), "日本": "日本",
	} {
		if got := SafeName(label); got != want {
			t.Errorf("%q: %q, want %q", label, got, want)
		}
	}
}

func FuzzSafeName(f *testing.F) {
	f.Add("a/b")
	f.Add("..")
	f.Fuzz(func(t *testing.T, label string) {
		name := SafeName(label)
		if !filepath.IsLocal(name) || name == "." || !utf8.ValidString(name) || strings.ContainsAny(name, "/\\\x00") || len(name) > maxName+1 || SafeName(name) != name && len(name) <= maxName {
			t.Errorf("%q: %q", label, name)
		}
	})
}

// Two classes never share a folder; a class of another run keeps its own.
func TestNames(t *testing.T) {
	n := newNames(JournalFile, "rest")
	n.remember(Class{"dog", 3}, "dog")
	for _, c := range []struct {
		class Class
		want  string
		fresh bool
	}{
		{Class{"crane", 134}, "crane", true}, {Class{"crane", 517}, "crane (class 517)", true}, {Class{"crane", 134}, "crane", false},
		{Class{"Crane", 1}, "Crane (class 1)", true}, {Class{"cra\u0301ne", 2}, "cráne", true}, {Class{"cráne", 9}, "cráne (class 9)", true},
		{Class{"a/b", 5}, "a_b", true}, {Class{"a:b", 6}, "a_b (class 6)", true}, {Class{"", 7}, "class 7", true}, {Class{"class 7", 8}, "class 7 (class 8)", true},
		{Class{"Rest", 10}, "Rest (class 10)", true}, {Class{"ortho-sort.jsonl", 11}, "ortho-sort.jsonl (class 11)", true},
		{Class{"dog", 281}, "dog", false}, {Class{"dog", 3}, "dog", false}, {Class{"dog", 4}, "dog (class 4)", true},
	} {
		if got, fresh := n.of(c.class); got != c.want || fresh != c.fresh {
			t.Errorf("%v: %q, %v", c.class, got, fresh)
		}
	}
}

// files makes files of a text each, of their names.
func files(t *testing.T, dir string, names ...string) {
	t.Helper()
	for _, name := range names {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o700), os.WriteFile(name, []byte("of "+filepath.Base(filepath.Dir(name))+"/"+filepath.Base(name)), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
}

// tree is what lies in a folder: names with slashes, and what is in them.
func tree(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			data, _ := os.ReadFile(name)
			inside, _ := filepath.Rel(dir, name)
			all[filepath.ToSlash(inside)] = string(data)
		}
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return all
}

func namesIn(t *testing.T, dir string) []string {
	names := []string{}
	for name := range tree(t, dir) {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// run puts files into the folder of a class.
func run(t *testing.T, opt Options, rest string, class *Class, names ...string) *Sorter {
	t.Helper()
	opt.Warn = func(text string) { t.Log(text) }
	s, err := Open(opt, rest)
	if err != nil {
		t.Fatal(err)
	}
	var find source.Finder
	for _, name := range names {
		if err := s.Put(t.Context(), find.Find(name), class); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func undo(t *testing.T, into string) (Undone, []string) {
	t.Helper()
	var why []string
	u, err := Undo(t.Context(), filepath.Join(into, JournalFile), false, nil, func(name string, err error) { why = append(why, filepath.Base(name)+": "+err.Error()) })
	if err != nil {
		t.Fatal(err)
	}
	return u, why
}

func TestSortAndUndo(t *testing.T) {
	for _, do := range []Act{Copy, Link, Move} {
		t.Run(string(do), func(t *testing.T) {
			dir := t.TempDir()
			in, into := filepath.Join(dir, "in"), filepath.Join(dir, "out")
			files(t, in, "a.jpg", "a.xmp", "a.jpg.json", "other.txt", "deep/a.jpg", "deep/a.xmp", "b\xff.png")
			before := tree(t, in)
			sources := []string{filepath.Join(in, "a.jpg"), filepath.Join(in, "deep", "a.jpg"), filepath.Join(in, "b\xff.png"), filepath.Join(in, "a.jpg"), filepath.Join(in, "gone.jpg")}
			opt := Options{Into: into, Do: do, Sidecars: true}
			dry := opt
			dry.DryRun = true
			if s := run(t, dry, "", &Class{"cat", 1}, sources...); s.Counts.Put != 3 || s.Failed != 1 {
				t.Errorf("%+v", s.Counts)
			}
			if _, err := os.Lstat(into); err == nil {
				t.Error("a dry run has made the folder")
			}
			s := run(t, opt, "", &Class{"cat", 1}, sources...)
			if s.Counts.Put != 3 || s.Already != 1 || s.Failed != 1 || s.In["cat"] != 3 || !strings.Contains(s.Reason.Error(), "gone.jpg") {
				t.Errorf("%+v, %v", s.Counts, s.Reason)
			}
			out := tree(t, filepath.Join(into, "cat"))
			for name, of := range map[string]string{"a.jpg": "in/a.jpg", "a.xmp": "in/a.xmp", "a.jpg.json": "in/a.jpg.json", "a (2).jpg": "deep/a.jpg", "a (2).xmp": "deep/a.xmp", "b\xff.png": "in/b\xff.png"} {
				if out[name] != "of "+of {
					t.Errorf("%s: %q", name, out[name])
				}
			}
			if len(out) != 6 {
				t.Errorf("%v", out)
			}
			if left := namesIn(t, in); do == Move && !slices.Equal(left, []string{"other.txt"}) || do != Move && len(left) != len(before) {
				t.Errorf("%q are left", left)
			}
			if s := run(t, opt, "", &Class{"cat", 1}, sources[:3]...); do != Move && (s.Already != 3 || s.Counts.Put != 0 || len(tree(t, filepath.Join(into, "cat"))) != 6) {
				t.Errorf("once more: %+v", s.Counts)
			} else if do == Move && s.Already != 3 {
				t.Errorf("once more: %+v", s.Counts)
			}
			if u, why := undo(t, into); u.Left != 0 || u.Back != 6 {
				t.Errorf("%+v %q", u, why)
			}
			if after := tree(t, in); fmt.Sprint(after) != fmt.Sprint(before) {
				t.Errorf("%v, and was %v", after, before)
			}
			if _, err := os.Lstat(into); err == nil {
				t.Errorf("%q is left", namesIn(t, into))
			}
		})
	}
}

// What someone has changed stays, and the journal with it, until it is as it was.
func TestUndoLeavesChanges(t *testing.T) {
	for _, do := range []Act{Copy, Link, Move} {
		dir := t.TempDir()
		in, into := filepath.Join(dir, "in"), filepath.Join(dir, "out")
		files(t, in, "a.jpg", "b.jpg", "c.jpg", "d.jpg")
		var names []string
		for _, name := range namesIn(t, in) {
			names = append(names, filepath.Join(in, name))
		}
		run(t, Options{Into: into, Do: do}, "", &Class{"cat", 1}, names...)
		here := func(name string) string { return filepath.Join(into, "cat", name) }
		os.Remove(here("a.jpg"))
		os.WriteFile(here("a.jpg"), []byte("drawn over, and longer"), 0o600)
		os.Remove(here("b.jpg"))
		os.Remove(names[2])
		os.WriteFile(names[2], []byte("something else"), 0o600)
		u, why := undo(t, into)
		want := Undone{Back: 1, Already: 1, Left: 2}
		if do == Move { // b is gone altogether
			want = Undone{Back: 1, Left: 3}
		}
		if u != want {
			t.Errorf("%s: %+v, %q", do, u, why)
		}
		all := tree(t, dir)
		if all["in/c.jpg"] != "something else" || all["out/cat/a.jpg"] != "drawn over, and longer" || all["out/cat/c.jpg"] != "of in/c.jpg" || all["in/d.jpg"] != "of in/d.jpg" || all["out/"+JournalFile] == "" {
			t.Errorf("%s: %v", do, all)
		}
	}
}

// A copy is never the only one that is removed.
func TestUndoKeepsTheLast(t *testing.T) {
	dir := t.TempDir()
	in, into := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	files(t, in, "a.jpg")
	run(t, Options{Into: into, Do: Copy}, "", &Class{"cat", 1}, filepath.Join(in, "a.jpg"))
	os.Remove(filepath.Join(in, "a.jpg"))
	if u, _ := undo(t, into); u.Left != 1 || tree(t, into)["cat/a.jpg"] == "" {
		t.Errorf("%+v", u)
	}
}

func TestRestAndInPlace(t *testing.T) {
	dir := t.TempDir()
	files(t, dir, "a.jpg", "cat/b.jpg", "cat/a.jpg")
	opt := Options{Into: dir, Do: Move}
	s := run(t, opt, "rest", &Class{"cat", 1}, filepath.Join(dir, "a.jpg"), filepath.Join(dir, "cat", "b.jpg"))
	if s.Counts.Put != 1 || s.InPlace != 1 {
		t.Errorf("%+v", s.Counts)
	}
	s = run(t, opt, "rest", nil, filepath.Join(dir, "cat", "b.jpg"))
	if got := namesIn(t, dir); !slices.Equal(got, []string{"cat/a (2).jpg", "cat/a.jpg", JournalFile, "rest/b.jpg"}) || s.In["rest"] != 1 {
		t.Errorf("%q", got)
	}
	if u, why := undo(t, dir); u.Back != 2 || u.Left != 0 || !slices.Equal(namesIn(t, dir), []string{"a.jpg", "cat/a.jpg", "cat/b.jpg"}) {
		t.Errorf("%+v %q %q", u, why, namesIn(t, dir))
	}
}

func TestArchive(t *testing.T) {
	dir := t.TempDir()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range []string{"x/a.png", "y/a.png", "x/nul.png", "x/q?.png"} {
		w.WriteHeader(&tar.Header{Name: name, Size: int64(len(name)), Mode: 0o600})
		w.Write([]byte(name))
	}
	w.Close()
	archive := filepath.Join(dir, "in.tar")
	if err := os.WriteFile(archive, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	into := filepath.Join(dir, "out")
	names := []string{archive + "/x/a.png", archive + "/y/a.png", archive + "/x/nul.png", archive + "/x/q?.png"}
	if s := run(t, Options{Into: into, Do: Move}, "", &Class{"cat", 1}, names...); s.Failed != 4 || !strings.Contains(s.Reason.Error(), "--copy") {
		t.Errorf("%+v, %v", s.Counts, s.Reason)
	}
	for range 2 {
		run(t, Options{Into: into, Do: Copy}, "", &Class{"cat", 1}, names...)
		if got := tree(t, filepath.Join(into, "cat")); len(got) != 4 || got["a.png"] != "x/a.png" || got["a (2).png"] != "y/a.png" || got["_nul.png"] == "" || got["q_.png"] == "" {
			t.Errorf("%v", got)
		}
	}
	if u, why := undo(t, into); u.Back != 4 || u.Left != 0 {
		t.Errorf("%+v %q", u, why)
	}
}

// Across file systems a move is a copy that is compared.
func TestOtherFileSystem(t *testing.T) {
	other, err := os.MkdirTemp("/dev/shm", "ortho-test-*")
	if err != nil {
		t.Skip("needs /dev/shm: ", err)
	}
	defer os.RemoveAll(other)
	dir := t.TempDir()
	files(t, dir, "a.jpg", "b.jpg")
	if err := os.Link(filepath.Join(dir, "a.jpg"), filepath.Join(other, "x")); err == nil {
		t.Skip("/dev/shm is no other file system")
	}
	from := []string{filepath.Join(dir, "a.jpg"), filepath.Join(dir, "b.jpg")}
	before, _ := os.Stat(from[0])
	run(t, Options{Into: filepath.Join(other, "out"), Do: Move}, "", &Class{"cat", 1}, from...)
	info, err := os.Stat(filepath.Join(other, "out", "cat", "a.jpg"))
	if err != nil || !info.ModTime().Equal(before.ModTime()) || info.Mode() != before.Mode() || len(tree(t, dir)) != 0 {
		t.Errorf("%v, %v, %v", info, err, namesIn(t, dir))
	}
	if u, why := undo(t, filepath.Join(other, "out")); u.Back != 2 || len(tree(t, dir)) != 2 || len(tree(t, other)) != 0 {
		t.Errorf("%+v %q", u, why)
	}
	run(t, Options{Into: filepath.Join(other, "out"), Do: Link}, "", &Class{"cat", 1}, from...)
	if real, err := os.Readlink(filepath.Join(other, "out", "cat", "a.jpg")); err != nil || filepath.Base(real) != "a.jpg" {
		t.Error(real, err)
	}
	if u, why := undo(t, filepath.Join(other, "out")); u.Back != 2 || len(tree(t, other)) != 0 {
		t.Errorf("%+v %q", u, why)
	}
}

// What was told and not done, or half done, is gone on with, and undone.
func TestHalf(t *testing.T) {
	for _, goOn := range []bool{true, false} {
		dir := t.TempDir()
		in, into := filepath.Join(dir, "in"), filepath.Join(dir, "out")
		files(t, in, "a.jpg", "b.jpg", "c.jpg")
		s, err := Open(Options{Into: into, Do: Move, Warn: func(string) {}}, "")
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, name := range []string{"a.jpg", "b.jpg", "c.jpg"} {
			names = append(names, filepath.Join(in, name))
			if err := s.Put(t.Context(), source.File(names[len(names)-1]), &Class{"cat", 1}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.tell(s.planned...); err != nil {
			t.Fatal(err)
		}
		cat := filepath.Join(into, "cat")
		os.Mkdir(cat, 0o700)
		os.Link(names[0], filepath.Join(cat, "a.jpg")) // killed between link and remove
		data, _ := os.ReadFile(names[1])               // killed between copy and remove
		os.WriteFile(filepath.Join(cat, "b.jpg"), data, 0o600)
		info, _ := os.Stat(names[1])
		os.Chtimes(filepath.Join(cat, "b.jpg"), info.ModTime(), info.ModTime())
		s.journal.file.WriteAt([]byte(`{"do":"move","from":"/half a li`), s.journal.end)
		s.journal.file.Close()
		if goOn {
			if s := run(t, Options{Into: into, Do: Move}, "", &Class{"cat", 1}, names...); s.Counts.Put != 3 || s.Failed != 0 {
				t.Errorf("%+v %v", s.Counts, s.Reason)
			}
			if got := namesIn(t, dir); !slices.Equal(got, []string{"out/cat/a.jpg", "out/cat/b.jpg", "out/cat/c.jpg", "out/" + JournalFile}) {
				t.Errorf("%q", got)
			}
		}
		if u, why := undo(t, into); u.Left != 0 {
			t.Errorf("%+v %q", u, why)
		}
		if got := namesIn(t, dir); !slices.Equal(got, []string{"in/a.jpg", "in/b.jpg", "in/c.jpg"}) {
			t.Errorf("%q", got)
		}
	}
}

func TestJournalRefuses(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, JournalFile)
	for _, text := range []string{"something\n", `{"input":"a.jpg"}` + "\n", `{"kind":"ortho sort","version":9}` + "\n", "hello", strings.Repeat("x", maxLine+70000)} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(Options{Into: dir, Do: Copy}, ""); !errors.Is(err, ErrJournal) {
			t.Errorf("%.40q: %v", text, err)
		}
		if data, _ := os.ReadFile(name); string(data) != text {
			t.Errorf("%.40q was written over", text)
		}
	}
	for _, text := range []string{`{"do":"move","from":"/a","to":"../b"}`, `{"do":"move","from":"/a","to":"/b"}`, `{"do":"move","from":"a","to":"b/c"}`, `{"do":"burn","from":"/a","to":"b/c"}`,
		`{"folder":".."}`, `{"folder":"a","do":"move"}`, `{}`, `[]`, `{"do":"move","from":"/a","to":"b","size":-1}`} {
		if l, err := parse([]byte(text)); err == nil {
			t.Errorf("%s: %+v", text, l)
		}
	}
}

func FuzzJournal(f *testing.F) {
	f.Add([]byte(`{"kind":"ortho sort","version":1}` + "\n" + `{"folder":"cat","label":"cat","class":1}` + "\n" + `{"do":"move","from":"/a","to":"cat/a","size":1}` + "\n"))
	f.Add([]byte(`{"kind":"ortho`))
	f.Fuzz(func(t *testing.T, data []byte) {
		dir := t.TempDir()
		name := filepath.Join(dir, JournalFile)
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		j, err := hold(name, true, false)
		if err != nil {
			return
		}
		defer j.file.Close()
		for _, at := range j.acts {
			if l, err := j.act(at); err != nil || !filepath.IsLocal(string(l.To)) {
				t.Errorf("%+v, %v", l, err)
			}
		}
		if err := errors.Join(j.append(line{Do: Copy, From: "/\xff", To: "b"}), j.sync()); err != nil {
			t.Fatal(err)
		}
		if l, known := j.last("/\xff"); !known || l.To != "b" {
			t.Errorf("%+v", l)
		}
	})
}

// TestSealed: a line of the journal that is not as it was written is not believed, whatever byte is another.
func TestSealed(t *testing.T) {
	text := seal([]byte(`{"do":"move","from":"/in/a.png","to":"cat/a.png","size":1,"time":"2026-01-02T03:04:05Z"}` + "\n"))
	text = text[:len(text)-1]
	if l, err := parse(text); err != nil || l.From != "/in/a.png" {
		t.Fatal(l, err)
	}
	for i := range text {
		other := slices.Clone(text)
		other[i] ^= 1
		if l, err := parse(other); err == nil {
			t.Errorf("%s is read: %+v", other, l)
		}
	}
}
