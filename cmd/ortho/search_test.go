package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/rows"
)

// photosOf copies photographs to a folder, and returns it.
func photosOf(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for to, from := range files {
		data, err := os.ReadFile(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, to), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// TestSearch: an image finds itself, a text finds what the model has near it; the numbers that are kept
// give the same, and are made anew where the rows are others.
func TestSearch(t *testing.T) {
	needLibrary(t)
	photos := photosOf(t, map[string]string{"cat.png": "testdata/photos/chelsea.png", "cup.png": "testdata/photos/coffee.png", "man.png": "testdata/photos/astronaut.png"})
	model, index := dualTestdata+"clip-split", filepath.Join(t.TempDir(), "i.jsonl")
	embed := []string{"embed", "-m", model, photos, "-o", index}
	if code, _, stderr := execute(t, "", embed...); code != 0 {
		t.Fatal(stderr)
	}
	args := []string{"search", index, "testdata/photos/coffee.png", "a cup of coffee", "-m", model, "-k", "2", "-f", "jsonl"}
	var first string
	for range 2 {
		code, stdout, stderr := execute(t, "", args...)
		got := rowsFrom[rows.Matches](t, stdout)
		if code != 0 || len(got) != 2 || len(got[0].Matches) != 2 || len(got[1].Matches) != 2 || got[1].Input != "a cup of coffee" {
			t.Fatalf("%d %s %+v", code, stderr, got)
		}
		if m := got[0].Matches[0]; m.Input != filepath.Join(photos, "cup.png") || m.Cosine < 0.99999 {
			t.Errorf("%+v", m)
		}
		if first == "" {
			first = stdout
		}
		if stdout != first {
			t.Errorf("%s, and before %s", stdout, first)
		}
	}
	if _, err := os.Stat(index + ".vectors"); err != nil {
		t.Error(err)
	}
	if err := os.Remove(filepath.Join(photos, "cup.png")); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := execute(t, "", append(embed, "--overwrite")...); code != 0 {
		t.Fatal(stderr)
	}
	_, stdout, _ := execute(t, "", args...)
	if got := rowsFrom[rows.Matches](t, stdout); len(got) != 2 || got[0].Matches[0].Cosine > 0.9999 {
		t.Errorf("%+v", got)
	}
	out := filepath.Join(t.TempDir(), "found.parquet")
	if code, _, stderr := execute(t, "", append(args[:len(args)-2], "-o", out)...); code != 0 {
		t.Error(stderr)
	}
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{index, "a cup", "-m", dualTestdata + "clip-joint"}, "the embeddings were made by another model than clip-joint: by clip-split"},
		{[]string{index, "a cup"}, "-m names no model"},
		{[]string{index, "-m", model}, "search takes an index"},
		{[]string{index, "a cup", "-m", "../../models/testdata/embedding"}, "takes no texts"},
		{[]string{"none.jsonl", "a cup", "-m", model}, "open the index"},
		{[]string{write(t, filepath.Join(t.TempDir(), "x.jsonl"), "{}\n"), "a cup", "-m", model}, "which says what model made its embeddings"},
		{[]string{index, "a cup", "-m", model, "-o", index, "--overwrite"}, "would replace it"},
		{[]string{index, "a cup", "-m", model, "-f", "wide"}, "no place for such rows"},
	} {
		if code, _, stderr := execute(t, "", append([]string{"search"}, c.args...)...); code == 0 || !strings.Contains(stderr, c.says) {
			t.Errorf("%q: %d %s\ndoes not say %q", c.args, code, stderr, c.says)
		}
	}
}

// TestDupes: exact duplicates, those that look alike, and by embeddings; what can't be read costs its
// own row, and a complete run is not done again.
func TestDupes(t *testing.T) {
	needLibrary(t)
	photos := photosOf(t, map[string]string{"a.png": "testdata/photos/chelsea.png", "b.png": "testdata/photos/chelsea.png", "c.png": "testdata/photos/coffee.png",
		"d.png": "testdata/photos/coffee.png", "half.jpg": "../../preprocess/imagehash/testdata/half.jpg", "man.png": "testdata/photos/astronaut.png"})
	broken := write(t, filepath.Join(photos, "e.png"), "no image")
	out := filepath.Join(t.TempDir(), "d.jsonl")
	args := []string{"dupes", photos, "-o", out}
	if code, _, stderr := execute(t, "", args...); code != exitItems || !strings.Contains(stderr, "7 images, of which 5 are in groups") || !strings.Contains(stderr, "2 groups, 1 image failed") {
		t.Fatal(code, stderr)
	}
	got := rowsFrom[rows.Duplicates](t, read(t, out))
	if len(got) != 3 || got[0].Input != broken || got[0].Error == nil || !strings.HasPrefix(got[0].Error.Message, broken+": ") {
		t.Fatalf("%+v", got)
	}
	if g := got[1]; g.Kind != "near" || len(g.Images) != 3 || g.Images[0].Input != filepath.Join(photos, "a.png") || g.Images[0].SHA256 != g.Images[1].SHA256 || g.Images[2].Width != 225 {
		t.Errorf("%+v", g)
	}
	if g := got[2]; g.Kind != "exact" || len(g.Images) != 2 || g.Images[1].Distance != 0 || g.Images[0].Cosine != nil {
		t.Errorf("%+v", g)
	}
	if code, _, stderr := execute(t, "", append(args, "--resume")...); code != exitItems || !strings.Contains(stderr, "nothing to do") {
		t.Errorf("%d %s", code, stderr)
	}
	if code, _, stderr := execute(t, "", append(args, "--resume", "--distance", "3")...); code == 0 || !strings.Contains(stderr, "distance") {
		t.Errorf("another distance: %d %s", code, stderr)
	}
	_, stdout, stderr := execute(t, "", "dupes", photos, "--hash", "none", "-m", dualTestdata+"clip-split", "--cosine", "0.9999", "-f", "jsonl")
	if got := rowsFrom[rows.Duplicates](t, stdout); len(got) != 3 || got[1].Kind != "exact" || len(got[1].Images) != 2 || got[1].Images[1].Cosine == nil || *got[1].Images[1].Cosine < 0.9999 {
		t.Errorf("%s %+v", stderr, got)
	}
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"--hash", "md5"}, "is not one of phash, dhash, none"},
		{[]string{"--distance", "65"}, "from 0 to 32 bits"},
		{[]string{"--cosine", "2"}, "above 0, to 1"},
		{[]string{"--cosine", "0.5"}, "-m names the model"},
		{[]string{"--shard", "0/2"}, "would not be compared"},
		{[]string{"-f", "wide"}, "no place for such rows"},
	} {
		if code, _, stderr := execute(t, "", append([]string{"dupes", photos}, c.args...)...); code == 0 || !strings.Contains(stderr, c.says) {
			t.Errorf("%q: %d %s\ndoes not say %q", c.args, code, stderr, c.says)
		}
	}
}

// TestSearchBeside: what stands beside an index under the name of its numbers is believed where a search has made it
// and it is whole, made anew where it is not, and left where it is another's.
func TestSearchBeside(t *testing.T) {
	needLibrary(t)
	index := filepath.Join(t.TempDir(), "i.jsonl")
	of := []string{"-m", testModels + "/embedding", "--input-range", "0,1"}
	if code, _, stderr := execute(t, "", append([]string{"embed", photos, coffee, "-o", index}, of...)...); code != exitOK {
		t.Fatal(stderr)
	}
	search := func() (stdout, stderr string) {
		t.Helper()
		code, stdout, stderr := execute(t, "", append([]string{"search", index, coffee, "-f", "jsonl"}, of...)...)
		if code != exitOK {
			t.Fatalf("exit %d, %s", code, stderr)
		}
		return stdout, stderr
	}
	want, _ := search()
	beside := index + ".vectors"
	whole := read(t, beside)
	for i := range 40 { // damaged anywhere
		at := i * (len(whole) - 1) / 39
		write(t, beside, whole[:at]+string([]byte{whole[at] ^ 4})+whole[at+1:])
		if got, stderr := search(); got != want {
			t.Errorf("byte %d is another: %s, %s", at, got, stderr)
		}
		if at > 20 && read(t, beside) != whole {
			t.Errorf("byte %d is another, and it was not made anew", at)
		}
	}
	victim := write(t, filepath.Join(t.TempDir(), "victim"), "mine")
	for kind, plant := range map[string]func() error{
		"file":          func() error { write(t, beside, "mine"); return nil },
		"link":          func() error { return os.Symlink(victim, beside) },
		"dangling link": func() error { return os.Symlink(victim+"none", beside) },
		"folder":        func() error { return os.Mkdir(beside, 0o700) },
		"device":        func() error { return os.Symlink("/dev/zero", beside) },
	} {
		if err := os.Remove(beside); err != nil {
			t.Fatal(err)
		}
		if err := plant(); err != nil {
			t.Skip(err)
		}
		got, stderr := search()
		if got != want {
			t.Errorf("%s: %s", kind, got)
		}
		if read(t, victim) != "mine" || exists(victim+"none") || kind == "file" && read(t, beside) != "mine" {
			t.Errorf("%s: it was written to", kind)
		}
		if kind != "dangling link" && !strings.Contains(stderr, beside) {
			t.Errorf("%s: nothing is said: %q", kind, stderr)
		}
	}
}
