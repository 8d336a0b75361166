package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestBesideUpdate: what is made beside rows follows the images: that of a changed one is replaced, crops that it has no
// more go, what is missing or damaged is made again, and what someone else has put there stays.
func TestBesideUpdate(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	os.Mkdir(in("photos"), 0o700)
	write(t, in("photos/a.png"), read(t, cat))
	write(t, in("photos/b.png"), read(t, cat))
	args := []string{"detect", "-m", detectors + "v8-obb.onnx", in("photos"), "--max-det", "3", "--draw", in("drawn"), "--crops", in("crops"), "--yolo", in("labels"), "-o", in("rows.csv"), "--update"}
	run := func(want string) {
		t.Helper()
		if code, _, stderr := execute(t, "", args...); code != exitOK || !strings.Contains(stderr, want) {
			t.Fatalf("exit %d, %s; want %q", code, stderr, want)
		}
	}
	run("2 images, 0 failed")
	run("nothing to do")
	all := filesIn(t, dir)
	if !slices.Contains(all, "drawn/a.jpg") || !slices.Contains(all, "labels/b.txt") || len(filesIn(t, in("crops/a"))) == 0 {
		t.Fatalf("%q", all)
	}
	if r := recordOf(t, in("rows.csv")); r.Beside.Get("draw") != in("drawn") || r.Beside.Get("crops") != in("crops") || r.Beside.Get("yolo") != in("labels") {
		t.Errorf("the record has %v", r.Beside)
	}

	drawn, crop := read(t, in("drawn/a.jpg")), in("crops/a/"+filesIn(t, in("crops/a"))[0])
	for _, lost := range []string{in("drawn/a.jpg"), in("labels/a.txt"), crop} {
		os.Remove(lost)
		run("1 kept, 0 new, 0 changed, 1 made again, 0 gone, 0 failed")
		if !exists(lost) {
			t.Errorf("%s is not made again", lost)
		}
	}
	write(t, in("drawn/a.jpg"), drawn[:len(drawn)/2])
	run("1 made again")
	if read(t, in("drawn/a.jpg")) != drawn {
		t.Error("a damaged picture is not made again")
	}
	run("nothing to do")

	write(t, in("photos/a.png"), square(t, red, 64))
	at := time.Now().Add(-time.Hour)
	os.Chtimes(in("photos/a.png"), at, at)
	write(t, in("crops/a/7-mine.png"), "of an earlier image")
	write(t, in("crops/a/notes.txt"), "mine")
	run("1 kept, 0 new, 1 changed, 0 gone, 0 failed")
	if left := filesIn(t, in("crops/a")); read(t, in("drawn/a.jpg")) == drawn || slices.Contains(left, "7-mine.png") || !slices.Contains(left, "notes.txt") {
		t.Errorf("of an image that was changed: %q", left)
	}
	rest := with(args[:len(args)-9], "-o", in("rows.csv"), "--update")
	if code, _, stderr := execute(t, "", rest...); code != exitFailed || !strings.Contains(stderr, "draw was "+in("drawn")+", and is not set") {
		t.Errorf("without what it was begun with: exit %d, %s", code, stderr)
	}

	write(t, in("photos/c.png"), square(t, red, 64))
	write(t, in("drawn/c.jpg"), "mine")
	if code, _, _ := execute(t, "", args...); code != exitItems || read(t, in("drawn/c.jpg")) != "mine" {
		t.Errorf("what someone else has made: exit %d", code)
	}
	if code, _, stderr := execute(t, "", "detect", "-m", detectors+"v8.onnx", in("photos"), "--draw", in("photos/drawn")); code == exitOK || !strings.Contains(stderr, "would be inputs") {
		t.Errorf("a folder within that of the images: exit %d, %s", code, stderr)
	}
}
