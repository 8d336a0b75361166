package main

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ortho/preprocess"
)

const withMetadata = "../../preprocess/testdata/metadata/"

// TestGenerateMetadata: pictures have what their images say, but for how those were made; what they can't have is one
// line, and with --strip it is neither.
func TestGenerateMetadata(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	read := func(name string) preprocess.Metadata {
		p, err := preprocess.DecodePicture([]byte(read(t, name)), preprocess.DecodeOptions{})
		if err != nil {
			t.Fatal(err)
		}
		return p.Metadata
	}
	for _, name := range []string{"a.png", "a.jpg", "a.webp", "a.tif"} {
		made(t, exitOK, "", with(double, withMetadata+"big.png", "-o", in(name))...)
		m := read(in(name))
		// The camera's directory is where it was, and what it says of the size is right.
		if !bytes.Contains(m.EXIF, []byte("maker's notes")) || bytes.Contains(m.EXIF, []byte("thumbnail")) {
			t.Errorf("%s: %q", name, m.EXIF)
		}
		titles := slices.DeleteFunc(m.Text, func(t [2]string) bool { return t[0] != "Software" && t[0] != "ortho:seed" && t[0] != "Title" })
		if ending := filepath.Ext(name); ending == ".png" && (len(titles) != 2 || !strings.HasPrefix(titles[1][1], "ortho ")) {
			t.Errorf("%s: %q", name, titles)
		}
	}
	made(t, exitOK, "", with(double, withMetadata+"big.png", "-o", in("b.png"), "--strip")...)
	if m := read(in("b.png")); m.EXIF != nil || m.Resolution.X != 0 || slices.ContainsFunc(m.Text, func(t [2]string) bool { return t[0] == "Title" }) {
		t.Errorf("--strip: %+v", m)
	}
	const lost = "metadata that the pictures don't get: "
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{withMetadata, "-o", in("OUT")}, ") " + lost + "IPTC, private tags, text\n"},
		{[]string{withMetadata + "little.jpg", withMetadata + "after.png", "-o", in("MORE"), "-f", "webp"}, ") " + lost + "resolution, text\n"},
		{[]string{withMetadata, "-o", in("STRIPPED"), "--strip"}, ""},
		{[]string{withMetadata + "little.jpg", "-o", in("c.jpg")}, ""},
		{[]string{withMetadata + "camera.jpg", "-o", in("c.webp")}, ""},
		{[]string{withMetadata + "xmp.png", "-o", in("c.tif")}, ""},
	} {
		code, _, stderr := execute(t, "", with(double, c.args...)...)
		if code != exitOK || strings.Count(stderr, lost) > 1 || (c.says == "") == strings.Contains(stderr, lost) || !strings.Contains(stderr, c.says) {
			t.Errorf("%q: exit %d, %s", c.args, code, stderr)
		}
	}
	made(t, exitFailed, "strip was false, and is true", with(double, withMetadata, "-o", in("OUT"), "--resume", "--strip")...)
	made(t, exitUsage, "--strip", "generate", "--text", "seven", "-o", in("d.png"), "--strip")
}
