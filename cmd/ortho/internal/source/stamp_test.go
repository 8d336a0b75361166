package source

import (
	"archive/tar"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestStamps: what is taken of files changes with what it is taken of, and with nothing else.
func TestStamps(t *testing.T) {
	dir := t.TempDir()
	name := filepath.Join(dir, "a.png")
	at := time.Now().Add(-time.Hour)
	set := func(text string, at time.Time) {
		t.Helper()
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, at, at); err != nil {
			t.Fatal(err)
		}
	}
	survey := func(look Look) Inventory {
		t.Helper()
		all, known := Survey([]string{dir, filepath.Join(dir, "none.png")}, Options{Look: look}, func() bool { return false })
		if !known || all.Items != 2 || (all.Times != "") != (look >= LookTimes) || (all.Contents != "") != (look >= LookContents) {
			t.Fatalf("%+v", all)
		}
		return all
	}
	set("one", at)
	before := survey(LookContents)
	survey(LookNames)
	for what, c := range map[string]struct {
		text            string
		at              time.Time
		times, contents bool // change
	}{
		"nothing": {"one", at, false, false}, "time": {"one", at.Add(time.Second), true, false}, "bytes": {"two", at, false, true}, "size": {"more", at, true, true},
	} {
		set(c.text, c.at)
		now := survey(LookContents)
		if now.Digest != before.Digest || (now.Times != before.Times) != c.times || (now.Contents != before.Contents) != c.contents {
			t.Errorf("%s: %+v, before %+v", what, now, before)
		}
	}
	if _, known := Survey([]string{dir}, Options{Look: LookContents}, func() bool { return true }); known {
		t.Error("a survey that is stopped is complete")
	}
}

// TestItemStamps: an item is known again by what it is itself: a picture in an archive by its header, what has
// no file by nothing.
func TestItemStamps(t *testing.T) {
	dir, at := t.TempDir(), time.Unix(1e9, 5)
	entries := func(second time.Time, more ...string) map[string]Stamp {
		t.Helper()
		name := filepath.Join(dir, "x.tar")
		f, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		w := tar.NewWriter(f)
		for i, entry := range append(more, "a.png", "b.png") {
			h := &tar.Header{Name: entry, Mode: 0o600, Size: int64(len(entry)), ModTime: time.Unix(1e9, 0)}
			if i == len(more)+1 {
				h.ModTime = second
			}
			if err := w.WriteHeader(h); err != nil {
				t.Fatal(err)
			}
			w.Write([]byte(entry))
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		f.Close()
		all := map[string]Stamp{}
		for item := range Items([]string{name}, Options{}) {
			all[filepath.Base(item.Name)] = item.Stamp(t.Context(), LookTimes)
		}
		return all
	}
	before, after := entries(time.Unix(1e9, 0)), entries(time.Unix(1e9+1, 0), "0.png")
	if before["a.png"] == "" || before["a.png"] != after["a.png"] || before["b.png"] == after["b.png"] || len(after) != 3 {
		t.Errorf("%x, then %x", before, after)
	}
	for item := range Items([]string{filepath.Join(dir, "x.tar")}, Options{}) {
		wide, times := item.Stamp(t.Context(), LookContents), item.Stamp(t.Context(), LookTimes)
		if wide.By(LookTimes) != string(times) || len(wide.By(LookContents)) != ContentsBytes || times.By(LookContents) != "" || wide.By(LookNames) != "" {
			t.Errorf("%s: %x, %x", item.Name, wide, times)
		}
	}
	name := filepath.Join(dir, "a.png")
	if err := os.WriteFile(name, []byte("one"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(name, at, at); err != nil {
		t.Fatal(err)
	}
	if s := File(name).Stamp(t.Context(), LookContents); len(s) != TimesBytes+ContentsBytes || s.By(LookContents) == File(filepath.Join(dir, "x.tar")).Stamp(t.Context(), LookContents).By(LookContents) {
		t.Errorf("%x", s)
	}
	for item := range Items([]string{"-", filepath.Join(dir, "none.png")}, Options{Stdin: strings.NewReader("x")}) {
		if s := item.Stamp(t.Context(), LookContents); s != "" {
			t.Errorf("%s: %x", item.Name, s)
		}
	}
	if all, known := Survey([]string{"-", name}, Options{Look: LookTimes}, func() bool { return false }); !known || all.Stamps != "" {
		t.Errorf("%+v: standard input is known again", all)
	}
}
