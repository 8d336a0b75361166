package main

import (
	"path/filepath"
	"strings"
	"testing"

	"ortho/preprocess"
)

const withFrames = "../../preprocess/testdata/frames/"

// TestGenerateFrames: all pictures of a file go through the graph where the output holds them; else it is told how many
// were left.
func TestGenerateFrames(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	webp := strings.Contains(libraries(), "libwebpdemux")
	write(t, in("short.gif"), strings.TrimSuffix(read(t, withFrames+"gif-2.gif"), ";")[:200])
	const left = "further frames or pages that the pictures don't get: "
	for _, c := range []struct {
		args   []string
		out    string
		count  int // of pictures
		alpha  bool
		says   string
		unless bool // libwebpdemux is needed
	}{
		{[]string{"gif-0.gif"}, "a.png", 4, true, "", false},
		{[]string{"gif-0.gif", "--background", "white"}, "b.png", 4, false, "", false},
		{[]string{"gif-0.gif"}, "a.webp", 4, true, "", true},
		{[]string{"gif-0.gif", "--quality", "80"}, "b.webp", 4, true, "", true},
		{[]string{"gif-0.gif"}, "a.tif", 4, true, "the pictures don't get: times of frames", false},
		{[]string{"apng-0.png"}, "c.png", 3, true, "", false},
		{[]string{"apng-0.png"}, "c.jpg", 1, true, left + "2, and the first is used", false},
		{[]string{"apng-0.png", "--first-frame"}, "d.jpg", 1, true, "", false},
		{[]string{"lossless.webp"}, "e.png", 3, true, "", true},
		{[]string{"pages.tif"}, "f.tif", 6, true, "", false},
		{[]string{"pages.tif"}, "f.png", 1, true, left + "5, and the first is used", false},
		{[]string{"pages.tif", "--first-frame"}, "g.tif", 1, true, "", false},
	} {
		if c.unless && !webp {
			continue
		}
		c.args[0] = withFrames + c.args[0]
		code, _, stderr := execute(t, "", with(double, append(c.args, "-o", in(c.out))...)...)
		if code != exitOK || c.says == "" && strings.Contains(stderr, "warning") || !strings.Contains(stderr, c.says) {
			t.Errorf("%q: exit %d, %s", c.args, code, stderr)
			continue
		}
		before, after := sequence(t, c.args[0]), sequence(t, in(c.out))
		if len(after) != c.count {
			t.Errorf("%q: %d pictures, want %d", c.args, len(after), c.count)
		}
		for i, p := range after {
			if p.Width != 2*before[i].Width || p.Height != 2*before[i].Height || !c.alpha && p.Alpha != nil {
				t.Errorf("%q: picture %d is %dx%d of %dx%d", c.args, i, p.Width, p.Height, before[i].Width, before[i].Height)
			}
		}
	}
	made(t, exitFailed, "truncated: unexpected EOF (--first-frame makes the first alone)", with(double, in("short.gif"), "-o", in("no.png"))...)
	made(t, exitOK, "", with(double, in("short.gif"), "-o", in("yes.png"), "--first-frame")...)
	made(t, exitItems, "2 images, 1 failed", with(double, in("short.gif"), withFrames+"gif-0.gif", "-o", in("OUT"))...)
	made(t, exitFailed, "first-frame was false, and is true", with(double, in("short.gif"), withFrames+"gif-0.gif", "-o", in("OUT"), "--resume", "--first-frame")...)
	made(t, exitUsage, "--first-frame", "generate", "--text", "seven", "-o", in("h.png"), "--first-frame")
}

// libraries are the names of those that read images here.
func libraries() string {
	var names []string
	for _, l := range preprocess.ImageLibraries() {
		if l.Error == "" {
			names = append(names, l.Name)
		}
	}
	return strings.Join(names, " ")
}

// sequence is the pictures of a file.
func sequence(t *testing.T, name string) []*preprocess.Picture {
	t.Helper()
	first, err := preprocess.DecodePicture([]byte(read(t, name)), preprocess.DecodeOptions{Orientation: preprocess.ApplyOrientation})
	if err != nil {
		t.Fatal(err)
	}
	all := []*preprocess.Picture{first}
	if first.Sequence == nil {
		return all
	}
	for f, err := range first.Sequence.Further() {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f.Picture)
	}
	return all
}
