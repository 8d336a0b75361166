package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestGenerateUpdate: a folder of pictures follows the folder of their images; what is gone stays until it is
// to be removed.
func TestGenerateUpdate(t *testing.T) {
	needLibrary(t)
	photos, dir := growing(t, 8), t.TempDir()
	out, anew := filepath.Join(dir, "OUT"), filepath.Join(dir, "ANEW")
	args := with(double, photos, "-o", out, "--update")
	made(t, exitItems, "8 images, 1 failed", args...)
	untouched := filepath.Join(out, "sub", "04.png")
	at := time.Now().Add(-time.Hour).Round(time.Second)
	if err := os.Chtimes(untouched, at, at); err != nil {
		t.Fatal(err)
	}
	old := read(t, filepath.Join(out, "sub", "05.png"))
	grow(t, photos)
	made(t, exitOK, "9 images: 4 kept, 3 new, 1 changed, 1 made again, 2 gone, 0 failed", args...)
	if info, err := os.Stat(untouched); err != nil || !info.ModTime().Equal(at) {
		t.Errorf("a picture that could stay was written anew: %v", err)
	}
	if read(t, filepath.Join(out, "sub", "05.png")) == old {
		t.Error("the picture of an image that has changed was not replaced")
	}
	made(t, exitOK, "9 images, 0 failed", with(double, photos, "-o", anew)...)
	want := slices.Concat(filesIn(t, anew), []string{"sub/01.png", "sub/02.png"})
	slices.Sort(want)
	if got := filesIn(t, out); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for _, name := range filesIn(t, anew) {
		if !strings.HasSuffix(name, ".run.json") && read(t, filepath.Join(out, name)) != read(t, filepath.Join(anew, name)) {
			t.Errorf("%s is not what a run anew makes", name)
		}
	}
	made(t, exitOK, "nothing to do", args...)

	os.Remove(filepath.Join(out, "a.png"))
	made(t, exitOK, "a.png is not there any more", args...)
	whole := read(t, untouched)
	for why, left := range map[string]string{"is damaged": whole[:len(whole)/2], "is empty": ""} {
		write(t, untouched, left)
		made(t, exitOK, "04.png "+why, args...)
		if read(t, untouched) != whole {
			t.Errorf("a picture that %s was not made again", why)
		}
	}
	made(t, exitOK, "nothing to do", args...)

	write(t, filepath.Join(photos, "sub", "06.png"), "broken, and was well")
	os.Remove(filepath.Join(photos, "sub", "07.png"))
	made(t, exitItems, "1 changed, 1 gone, 1 failed", with(args, "--remove-gone")...)
	if exists(filepath.Join(out, "sub", "07.png")) || !exists(filepath.Join(out, "sub", "06.png")) || exists(filepath.Join(out, "sub", "01.png")) {
		t.Errorf("removed is more, or less, than what is gone: %q", filesIn(t, out))
	}

	os.Remove(filepath.Join(photos, "sub", "04.png"))
	made(t, exitItems, "1 gone (and kept), 1 failed", with(args, "--keep-gone")...)
	if rows := read(t, filepath.Join(out, "ortho.jsonl")); !strings.Contains(rows[strings.LastIndex(strings.TrimSpace(rows), "\n"):], "sub/04.png") {
		t.Errorf("the row of what is gone is not the last: %s", rows)
	}
	made(t, exitFailed, "format was not set, and is jpeg", with(args, "--format", "jpeg")...)
}

// TestGenerateRemoveGone: what an earlier update has left is removed where there is nothing else to do.
func TestGenerateRemoveGone(t *testing.T) {
	needLibrary(t)
	photos, out := growing(t, 4), filepath.Join(t.TempDir(), "OUT")
	os.Remove(filepath.Join(photos, "sub", "03.png"))
	args := with(double, photos, "-o", out, "--update")
	made(t, exitOK, "3 images, 0 failed", args...)
	os.Remove(filepath.Join(photos, "sub", "01.png"))
	made(t, exitOK, "stays there without a row; --update --remove-gone removes such", args...)
	made(t, exitOK, "nothing to do", args...)
	write(t, filepath.Join(out, "sub", "mine.png"), "mine")
	made(t, exitOK, "1 picture of inputs that are gone removed", with(args, "--remove-gone")...)
	if exists(filepath.Join(out, "sub", "01.png")) || !exists(filepath.Join(out, "sub", "mine.png")) || !exists(filepath.Join(out, "sub", "02.png")) {
		t.Errorf("%q", filesIn(t, out))
	}
}

// TestGenerateUpdateForeign: a picture that no row tells of is not replaced.
func TestGenerateUpdateForeign(t *testing.T) {
	needLibrary(t)
	photos, out := growing(t, 3), filepath.Join(t.TempDir(), "OUT")
	os.Remove(filepath.Join(photos, "sub", "03.png"))
	args := with(double, photos, "-o", out, "--update")
	made(t, exitOK, "3 images, 0 failed", args...)
	colourful(t, filepath.Join(photos, "new.png"), 5, 0)
	write(t, filepath.Join(out, "new.png"), "mine")
	made(t, exitItems, "exists, and is not what this run makes", args...)
	if read(t, filepath.Join(out, "new.png")) != "mine" {
		t.Error("it was replaced")
	}
}

// TestGenerateUpdateNames: two images of one picture: the first of them has it, as in a run anew.
func TestGenerateUpdateNames(t *testing.T) {
	needLibrary(t)
	photos, dir := growing(t, 2), t.TempDir()
	os.Remove(filepath.Join(photos, "sub", "03.png"))
	out, anew := filepath.Join(dir, "OUT"), filepath.Join(dir, "ANEW")
	args := with(double, photos, "--format", "jpeg")
	made(t, exitOK, "2 images, 0 failed", with(args, "-o", out, "--update")...)
	colourful(t, filepath.Join(photos, "sub", "00.bmp.png"), 5, 0)
	if err := os.Rename(filepath.Join(photos, "sub", "00.bmp.png"), filepath.Join(photos, "sub", "00.bmp")); err != nil {
		t.Fatal(err)
	}
	made(t, exitItems, "1 new", with(args, "-o", out, "--update")...)
	made(t, exitItems, "1 failed", with(args, "-o", anew)...)
	for _, name := range filesIn(t, anew) {
		if !strings.HasSuffix(name, ".run.json") && read(t, filepath.Join(out, name)) != read(t, filepath.Join(anew, name)) {
			t.Errorf("%s is not what a run anew makes: %s", name, read(t, filepath.Join(out, "ortho.jsonl")))
		}
	}
}

// TestGenerateUpdateTexts: pictures of texts: those of further texts are made, the others stay.
func TestGenerateUpdateTexts(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	out, anew := filepath.Join(dir, "OUT"), filepath.Join(dir, "ANEW")
	args := []string{"generate", "--text", "seven", "--text", "eight"}
	made(t, exitOK, "2 images, 0 failed", with(args, "-o", out, "--update")...) // of a seed that is drawn
	seed := recordOf(t, filepath.Join(out, "ortho.jsonl")).Settings.Get("seed")
	args = with(args, "--text", "nine")
	made(t, exitOK, "3 images: 2 kept, 1 new, 0 changed, 0 gone, 0 failed", with(args, "-o", out, "--update")...)
	made(t, exitOK, "3 images, 0 failed", with(args, "-o", anew, "--seed", seed)...)
	if !sameFiles(t, out, anew) {
		t.Errorf("%q, want %q", filesIn(t, out), filesIn(t, anew))
	}
	made(t, exitOK, "0 kept, 0 new, 3 changed, 0 gone", with(args, "-o", out, "--update", "--seed", "5")...)

	out, anew = filepath.Join(dir, "PIPE"), filepath.Join(dir, "ANEW PIPE")
	args = []string{"generate", "-m", pipelines + "sd", "--steps", "1", "--seed", "7", "a red fox in snow"}
	made(t, exitOK, "1 image, 0 failed", with(args, "-o", out, "--update")...)
	args = with(args, "--text", "a blue bird", "-o")
	made(t, exitOK, "2 images: 1 kept, 1 new, 0 changed, 0 gone, 0 failed", with(args, out, "--update")...)
	made(t, exitOK, "2 images, 0 failed", with(args, anew)...)
	if !sameFiles(t, out, anew) {
		t.Errorf("%q, want %q", filesIn(t, out), filesIn(t, anew))
	}
	made(t, exitFailed, "steps was 1, and is 2", with(args, out, "--update", "--steps", "2")...)
}
