package main

import (
	"encoding/xml"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// selfContained reads a page that must parse, hold some texts, and refer to nothing. It
// returns the page without its images.
func selfContained(t *testing.T, name string, most int, want ...string) string {
	t.Helper()
	page := read(t, name)
	if len(page) > most {
		t.Errorf("%s has %d bytes, want %d at most", name, len(page), most)
	}
	for _, w := range want {
		if !strings.Contains(page, w) {
			t.Errorf("%s: no %q", name, w)
		}
	}
	text := regexp.MustCompile(`data:image/(jpeg|png);base64,[^"]*`).ReplaceAllString(page, "data:")
	for _, out := range []string{"http:", "https:", `"//`, `'//`, "(//", "url(", "@import", "ZgotmplZ", "\x00"} {
		if i := strings.Index(text, out); i >= 0 {
			t.Errorf("%s has %q: %q", name, out, text[max(0, i-60):min(len(text), i+60)])
		}
	}
	markup := regexp.MustCompile(`(?s)<(script|style)>.*?</(script|style)>`).ReplaceAllString(text, "")
	decoder := xml.NewDecoder(strings.NewReader(markup))
	decoder.Strict, decoder.AutoClose, decoder.Entity = false, xml.HTMLAutoClose, xml.HTMLEntity
	for {
		if _, err := decoder.Token(); errors.Is(err, io.EOF) {
			return text
		} else if err != nil {
			t.Fatalf("%s does not parse: %v", name, err)
		}
	}
}

func cardsIn(page string) int { return strings.Count(page, `<div class="name">`) }

func TestGallery(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	hostile := filepath.Join(dir, `<script>alert('x')&"<img src=y>.png`)
	if runtime.GOOS == "windows" {
		hostile = filepath.Join(dir, "x&y.png")
	}
	write(t, hostile, read(t, coffee))
	invalid := filepath.Join(dir, "a\xff\u202eb.png")
	if err := os.WriteFile(invalid, []byte(read(t, cat)), 0o600); err != nil {
		invalid = cat // a file system that wants UTF-8
	}
	broken := write(t, filepath.Join(dir, "broken.png"), "\x89PNG\r\n\x1a\n")
	inputs := []string{hostile, invalid, broken, "-", filepath.Join(dir, "missing.png")}
	for _, c := range []struct {
		name string
		args []string
	}{
		{"a stream", nil},
		{"a table", []string{"-f", "table"}},
		{"JSONL", []string{"-o", filepath.Join(dir, "x.jsonl")}},
		{"CSV", []string{"-o", filepath.Join(dir, "x.csv")}},
		{"Parquet", []string{"-o", filepath.Join(dir, "x.parquet")}},
		{"raw outputs", []string{"-o", filepath.Join(dir, "y.jsonl"), "--logits"}},
	} {
		html := filepath.Join(dir, "x.html")
		args := append([]string{"classify", "--html", html, "--overwrite"}, inputs...)
		code, stdout, stderr := execute(t, read(t, coffee), append(args, c.args...)...)
		if code != exitItems || (stdout == "") != (len(c.args) > 0 && c.args[0] == "-o") {
			t.Errorf("%s: exit %d, %q, %s", c.name, code, stdout, stderr)
		}
		page := selfContained(t, html, 100_000, "5 images, 2 failed", "espresso", "broken.png", "missing.png")
		if cardsIn(page) != 5 || strings.Count(page, `<img src="data:"`) != 3 || strings.Count(page, `class="failed"`) != 2 {
			t.Errorf("%s: %d cards, %d pictures, %d failures", c.name, cardsIn(page), strings.Count(page, `<img src="data:"`), strings.Count(page, `class="failed"`))
		}
		if strings.Count(page, "<script") != 1 || strings.Contains(page, "<img src=y") || strings.Contains(page, "\u202e") || strings.ToValidUTF8(page, "") != page {
			t.Errorf("%s: a name is markup, or acts on the page", c.name)
		}
		if left, _ := filepath.Glob(html + ".*"); len(left) > 0 {
			t.Errorf("left behind: %q", left)
		}
	}
	html := filepath.Join(dir, "e.html")
	if code, _, stderr := execute(t, "", "classify", "-m", "../../models/testdata/embedding", "--input-range", "0,1", "--output-name", "embedding", coffee, "--html", html); code != 0 {
		t.Error(stderr)
	}
	selfContained(t, html, 30_000, "embedding: 3 values")
}

// TestGalleryOfResumed: the page has the rows of all runs, also where nothing was left to do.
func TestGalleryOfResumed(t *testing.T) {
	needLibrary(t)
	args := tiny(t, 3)
	dir := t.TempDir()
	out, html := filepath.Join(dir, "x.csv"), filepath.Join(dir, "x.html")
	args = with(args, "-o", out, "--html", html)
	if code, _, stderr := execute(t, "", with(args, "--fail-fast")...); code != exitFailed || !strings.Contains(stderr, "x.html is not written") {
		t.Errorf("exit %d, %s", code, stderr)
	}
	if _, err := os.Stat(html); err == nil {
		t.Error("a run that ended early left a gallery")
	}
	for range 2 { // the second has nothing to do
		if code, _, stderr := execute(t, "", with(args, "--resume")...); code != exitItems {
			t.Errorf("exit %d, %s", code, stderr)
		}
		if page := selfContained(t, html, 100_000, "21 images, 6 failed"); cardsIn(page) != 21 || strings.Count(page, `<img src="data:"`) != 15 {
			t.Errorf("%d cards, %d pictures", cardsIn(page), strings.Count(page, `<img src="data:"`))
		}
		if err := os.Remove(html); err != nil {
			t.Fatal(err)
		}
	}
}

func TestGalleryIsCapped(t *testing.T) {
	needLibrary(t)
	html := filepath.Join(t.TempDir(), "x.html")
	for _, more := range [][]string{nil, {"-o", html + ".jsonl"}} {
		code, _, stderr := execute(t, "", with(tiny(t, 150), append(more, "--html", html, "--overwrite")...)...)
		if code != exitItems || !strings.Contains(stderr, "shows the first 1000 of 1050 images") {
			t.Errorf("exit %d, %s", code, stderr)
		}
		if page := selfContained(t, html, 2_000_000, "The first 1000 of 1050 images."); cardsIn(page) != 1000 {
			t.Errorf("%d cards", cardsIn(page))
		}
	}
}

func TestGalleryRefuses(t *testing.T) {
	dir := t.TempDir()
	there := write(t, filepath.Join(dir, "x.html"), "old")
	for _, c := range []struct {
		code int
		args []string
		want string
	}{
		{exitUsage, []string{"--html", "-"}, "names no file"},
		{exitUsage, []string{"--html", "x.csv", "-o", "x.csv"}, "one file"},
		{exitUsage, []string{"--html", filepath.Join(dir, "y.html"), "-o", filepath.Join(dir, "x.txt")}, "-f jsonl, csv or parquet"},
		{exitFailed, []string{"--html", there}, "--overwrite"},
		{exitFailed, []string{"--html", filepath.Join(dir, "no", "x.html")}, "does not exist"},
	} {
		code, stdout, stderr := execute(t, "", append([]string{"classify", coffee}, c.args...)...)
		if code != c.code || stdout != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: exit %d, %q, %q", c.args, code, stdout, stderr)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) != 1 || read(t, there) != "old" {
		t.Errorf("left behind: %q", left)
	}
}

// TestPageOfCompleteArchive: the page of an output that is complete shows the images of an
// archive, which are no files of their own.
func TestPageOfCompleteArchive(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	archive := write(t, filepath.Join(dir, "a.tar"), tarOf(t, "coffee.png", read(t, coffee)))
	out, page := filepath.Join(dir, "x.jsonl"), filepath.Join(dir, "p.html")
	for _, more := range [][]string{nil, {"--resume", "--html", page}} {
		if code, _, stderr := execute(t, "", append([]string{"classify", archive, "-o", out}, more...)...); code != exitOK {
			t.Fatalf("%q: exit %d, %s", more, code, stderr)
		}
	}
	if !strings.Contains(read(t, page), "data:image/jpeg") {
		t.Error("the page has no picture")
	}
}
