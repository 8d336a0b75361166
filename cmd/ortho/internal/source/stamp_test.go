package source

import (
	"os"
	"path/filepath"
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
