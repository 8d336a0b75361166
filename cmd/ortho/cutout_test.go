package main

import (
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ortho/preprocess"
)

const portrait = "../../models/cutout/testdata/portrait.png"

// cutTo runs cutout and decodes what it has written.
func cutTo(t *testing.T, out string, args ...string) *preprocess.Picture {
	t.Helper()
	if code, _, stderr := ortho(t, append(append([]string{"cutout"}, args...), "-o", out)...); code != exitOK {
		t.Fatalf("%q: %d: %s", args, code, stderr)
	}
	p, err := preprocess.DecodePicture([]byte(read(t, out)), preprocess.DecodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestCutout: the bundled model keeps the person; alpha, masks, backgrounds and edges are as asked for.
func TestCutout(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	before, err := preprocess.DecodePicture([]byte(read(t, portrait)), preprocess.DecodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	const corner, face = 0, 80*256 + 112 // behind her, and her face
	cut := cutTo(t, in("cut.png"), portrait)
	if cut.Alpha == nil || cut.Alpha[corner] > 5 || cut.Alpha[face] < 250 || cut.Pix[3*face] != before.Pix[3*face] || cut.Pix[0] != before.Pix[0] {
		t.Errorf("alpha %d and %d, want 0 and 255, and the colours as they were", cut.Alpha[corner], cut.Alpha[face])
	}
	webp := cutTo(t, in("cut.webp"), portrait)
	mask := cutTo(t, in("mask.png"), portrait, "--mask-only")
	if mask.Channels != 1 || mask.Alpha != nil || string(mask.Pix) != string(cut.Alpha) || string(webp.Alpha) != string(cut.Alpha) {
		t.Error("--mask-only, or WebP, has another alpha")
	}
	if soft := cutTo(t, in("soft.png"), portrait, "--feather", "8", "--mask-only"); soft.Pix[corner] > 5 || string(soft.Pix) == string(mask.Pix) {
		t.Error("--feather changes no edge")
	}
	green := cutTo(t, in("green.jpg"), portrait, "--background", "#00ff00", "--quality", "95")
	if p := green.Pix; green.Alpha != nil || p[0] > 30 || p[1] < 225 || p[2] > 30 {
		t.Errorf("the corner on green is %d", p[:3])
	}
	write(t, in("behind.png"), square(t, color.NRGBA{10, 20, 200, 255}, 8)) // on yellow
	if p := cutTo(t, in("laid.png"), portrait, "--background", in("behind.png")).Pix; p[0] < 250 || p[1] < 250 || p[2] > 5 {
		t.Errorf("the corner on a file is %d", p[:3])
	}
	if p := cutTo(t, in("blur.png"), portrait, "--background", "blur:12"); p.Alpha != nil || p.Pix[3*face] != before.Pix[3*face] || string(p.Pix) == string(before.Pix) {
		t.Error("blur changes the face, or nothing")
	}
}

// TestCutoutFolder: pictures of a folder, their names, what fails, and a run that goes on.
func TestCutoutFolder(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	photos, out := filepath.Join(dir, "photos"), filepath.Join(dir, "OUT")
	if err := os.MkdirAll(photos, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(photos, "a.png"), read(t, portrait))
	write(t, filepath.Join(photos, "b.jpg"), read(t, "testdata/photos/rocket.jpg"))
	write(t, filepath.Join(photos, "b.png"), read(t, portrait)) // b.jpg becomes b.png, too
	write(t, filepath.Join(photos, "c.png"), "broken")
	code, _, stderr := ortho(t, "cutout", photos, "-o", out)
	rows := read(t, filepath.Join(out, "ortho.jsonl"))
	if code != exitItems || !strings.Contains(stderr, "4 images, 2 failed") || strings.Count(rows, `"error"`) != 2 || !strings.Contains(rows, `"file":"b.png","width":640`) {
		t.Fatalf("%d: %s%s", code, stderr, rows)
	}
	if strings.Contains(rows, ": image: ") {
		t.Errorf("rows name the image twice: %s", rows)
	}
	first := read(t, filepath.Join(out, "a.png"))
	if code, _, stderr := ortho(t, "cutout", photos, "-o", out); code != exitFailed || !strings.Contains(stderr, "exists") {
		t.Errorf("without --resume: %d: %s", code, stderr)
	}
	if err := os.Remove(filepath.Join(out, "a.png")); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := ortho(t, "cutout", photos, "-o", out, "--resume"); code != exitItems || read(t, filepath.Join(out, "a.png")) != first {
		t.Errorf("resumed: %d: %s", code, stderr)
	}
	if code, _, stderr := ortho(t, "cutout", photos, "-o", out, "--resume", "--feather", "2"); code == exitItems || !strings.Contains(stderr, "feather") {
		t.Errorf("resumed with other settings: %d: %s", code, stderr)
	}
	if code, _, stderr := ortho(t, "cutout", photos, "-o", filepath.Join(dir, "part"), "--shard", "1/2", "--overwrite"); code != exitItems || !strings.Contains(stderr, "2 images, 1 failed") {
		t.Errorf("a shard: %d: %s", code, stderr)
	}
}

// TestCutoutMistakes: what can't be done is said before any work.
func TestCutoutMistakes(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"x.png", "-o OUT"},
		{"x.png -o x.jpg", "JPEG has no alpha"},
		{"x.png -o O/ -f jpeg", "JPEG has no alpha"},
		{"x.png -o y.png --mask-only --background white", "nothing stands behind"},
		{"x.png -o y.png --feather -1", "from 0 to 1000"},
		{"x.png -o y.png --background #12345", "a colour"},
		{"x.png -o y.png --background blur:0", "more than 0"},
		{"x.png -o y.gif", "no animation"},
		{"x.png -o y.png --resume", "only a folder"},
	} {
		if code, _, stderr := ortho(t, append([]string{"cutout"}, strings.Fields(c.args)...)...); code != exitUsage || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: %d: %s", c.args, code, stderr)
		}
	}
	needLibrary(t)
	if code, _, stderr := ortho(t, "cutout", portrait, "-m", "../../models/cutout/testdata/isnet.onnx", "-o", filepath.Join(t.TempDir(), "x.png")); code != exitFailed || !strings.Contains(stderr, "give --matte") || !strings.Contains(stderr, "--matte isnet") {
		t.Errorf("a graph without a rule: %d: %s", code, stderr)
	}
}
