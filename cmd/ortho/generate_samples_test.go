package main

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"image/gif"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func floatBytes(values []float32) []byte {
	data := make([]byte, 0, 4*len(values))
	for _, v := range values {
		data = binary.NativeEndian.AppendUint32(data, math.Float32bits(v))
	}
	return data
}

// TestGenerateSeeds: a seed is one picture, however it is asked for.
func TestGenerateSeeds(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	out := filepath.Join(dir, "OUT")
	made(t, exitOK, "4 images, 0 failed", with(gan, "--seed", "40", "-n", "4", "-o", out)...)
	want := []string{"0000-seed-40.png", "0001-seed-41.png", "0002-seed-42.png", "0003-seed-43.png", "ortho.jsonl", "ortho.jsonl.run.json"}
	if got := filesIn(t, out); !slices.Equal(got, want) {
		t.Fatalf("%q", got)
	}
	seen := map[string]bool{}
	for i, row := range fileRows(t, out) {
		file := read(t, filepath.Join(out, row.File))
		if row.Seed == nil || *row.Seed != uint64(40+i) || row.Width != 16 || textOf(t, file)["ortho:seed"] != fmt.Sprint(40+i) {
			t.Errorf("%+v", row)
		}
		seen[string(decoded(t, filepath.Join(out, row.File)).Pix)] = true
	}
	if len(seen) != 4 {
		t.Errorf("%d different pictures", len(seen))
	}
	one := filepath.Join(dir, "one.png")
	made(t, exitOK, "", with(gan, "--seed", "42", "-o", one)...)
	code, stdout, _ := execute(t, "", with(gan, "--seed", "42", "-o", "-", "--concurrency", "1")...)
	if whole := read(t, filepath.Join(out, "0002-seed-42.png")); code != exitOK || read(t, one) != whole || stdout != whole {
		t.Error("a seed gives other bytes")
	}

	// A seed that was drawn is told, and kept by --resume.
	drawn := filepath.Join(dir, "DRAWN")
	code, _, stderr := execute(t, "", with(gan, "-n", "3", "-o", drawn)...)
	seed := *fileRows(t, drawn)[0].Seed
	if code != exitOK || !strings.Contains(stderr, fmt.Sprintf("--seed %d makes the same again", seed)) {
		t.Errorf("exit %d, %s", code, stderr)
	}
	lines := read(t, filepath.Join(drawn, "ortho.jsonl"))
	os.Remove(filepath.Join(drawn, "ortho.jsonl"))
	write(t, filepath.Join(drawn, "ortho.jsonl.partial"), sealed(strings.SplitAfter(lines, "\n")[0]))
	made(t, exitOK, "resumed at 1", with(gan, "-n", "3", "-o", drawn, "--resume")...)
	if read(t, filepath.Join(drawn, "ortho.jsonl")) != lines {
		t.Error("--resume has drawn another seed")
	}
	made(t, exitFailed, fmt.Sprintf("seed was %d, and is %d", seed, seed+1), with(gan, "-n", "3", "-o", drawn, "--resume", "--seed", fmt.Sprint(seed+1))...)
}

// vocabulary is what the tests' text model may know.
func vocabulary(t *testing.T) string {
	return write(t, filepath.Join(t.TempDir(), "vocabulary.txt"), "<pad>\n<unk>\nseven\nbold\nslanted\na\neight\n")
}

func TestGenerateTexts(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	out := filepath.Join(dir, "OUT")
	args := []string{"generate", "-m", graphs + "samples/text", "--vocabulary", vocabulary(t), "--seed", "1"}
	hostile := "Seven\n\x1b[31m<script>../../\u202e/etc"
	texts := write(t, filepath.Join(dir, "texts"), "a bold seven\r\n\n  \neight\n")
	sheet, html := filepath.Join(dir, "sheet.png"), filepath.Join(dir, "x.html")
	made(t, exitOK, "6 images, 0 failed", with(args, "--text", hostile, "--texts", texts, "-n", "2", "-o", out, "--grid", sheet, "--html", html)...)
	want := []string{"0000-seven-31m-script-etc.png", "0001-seven-31m-script-etc.png", "0002-a-bold-seven.png", "0003-a-bold-seven.png", "0004-eight.png", "0005-eight.png", "ortho.jsonl", "ortho.jsonl.run.json"}
	if got := filesIn(t, out); !slices.Equal(got, want) {
		t.Fatalf("%q", got)
	}
	if row := fileRows(t, out)[3]; row.Text != "a bold seven" || *row.Seed != 2 {
		t.Errorf("%+v", row)
	}
	if got := textOf(t, read(t, filepath.Join(out, "0003-a-bold-seven.png")))["ortho:text"]; got != "a bold seven" {
		t.Errorf("ortho:text is %q", got)
	}
	// A row for each text: 2 columns of 16x16 pixels, 7 times.
	if p := decoded(t, sheet); p.Width != 2*(112+8)+8 || p.Height != 3*(112+8)+8 {
		t.Errorf("the sheet has %dx%d pixels", p.Width, p.Height)
	}
	page := selfContained(t, html, 100_000, "6 images, 0 failed", "a bold seven", "seed 2")
	if cardsIn(page) != 6 || strings.Count(page, `class="pixels"`) != 6 || strings.Contains(page, "<script>..") || strings.Contains(page, "\u202e") || !utf8.ValidString(page) {
		t.Errorf("%d cards: %s", cardsIn(page), page[:2000])
	}
	_, _, stderr := execute(t, "", with(args, "--text", "a bold zebra and seven a a", "-o", filepath.Join(dir, "z.png"))...)
	if !strings.Contains(stderr, `the model does not know "zebra", "and"`) || !strings.Contains(stderr, `has not seen "a"`) {
		t.Errorf("%s", stderr)
	}
	// A text of which the model knows nothing is refused; among others it costs its row.
	for _, silent := range []string{"a cat", "x", "!?"} {
		made(t, exitUsage, "which knows", with(args, "--text", silent, "-o", filepath.Join(dir, "no.png"))...)
	}
	made(t, exitUsage, `"a cat" says nothing to glyphs, which knows zero, one, two`, "generate", "--text", "a cat", "-o", filepath.Join(dir, "no.png"))
	made(t, exitOK, `does not know "tails", "cat"`, "generate", "--text", "a cat with two tails", "--seed", "1", "-o", filepath.Join(dir, "two.png"))
	made(t, exitItems, "1 failed", with(args, "--text", "seven", "--text", "a cat", "--seed", "1", "-o", filepath.Join(dir, "SOME"))...)
	if row := fileRows(t, filepath.Join(dir, "SOME"))[1]; row.Error == nil || row.Error.Kind != "input" || !strings.Contains(row.Error.Message, `"a cat" says nothing to`) {
		t.Errorf("%+v", row)
	}
	made(t, exitUsage, "give --text", with(args, "-o", filepath.Join(dir, "no"))...)
	made(t, exitUsage, "the sheet would have", with(args, "--text", "seven", "-n", "90000", "--scale", "4", "--grid", filepath.Join(dir, "no.png"))...)
	made(t, exitUsage, "--fps is for animations", with(args, "--text", "x", "--fps", "3", "-o", filepath.Join(dir, "no"))...)
	code, _, stderr := execute(t, "eight\n", with(args, "--texts", "-", "-o", filepath.Join(dir, "e.png"))...)
	if code != exitOK || !bytes.Equal(decoded(t, filepath.Join(dir, "e.png")).Pix, decoded(t, filepath.Join(out, "0004-eight.png")).Pix) {
		t.Errorf("exit %d, %s", code, stderr)
	}
	// Another vocabulary makes others.
	made(t, exitFailed, "token ids", append(with(args, "--text", hostile, "--texts", texts, "-n", "2", "-o", out, "--resume"), "--vocabulary",
		write(t, filepath.Join(dir, "v"), "<unk>\n<pad>\nseven\neight\n"))...)
}

func TestGenerateClasses(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	labels := write(t, filepath.Join(dir, "labels.txt"), "cat\ndog\nA Big Bird\nfish\nfrog\n")
	args := []string{"generate", "-m", graphs + "samples/onehot", "--labels", labels, "--seed", "5"}
	out := filepath.Join(dir, "OUT")
	made(t, exitOK, "3 images, 0 failed", with(args, "--class", "a big bird", "--class", "0", "--class", "2", "--truncation", "0.5", "-o", out)...)
	got := fileRows(t, out)
	if got[0].File != "0000-a-big-bird.png" || *got[0].Class != 2 || got[0].Label != "A Big Bird" || *got[1].Class != 0 || got[0].Truncation != 0.5 {
		t.Errorf("%+v", got)
	}
	if !bytes.Equal(decoded(t, filepath.Join(out, got[0].File)).Pix, decoded(t, filepath.Join(out, got[2].File)).Pix) {
		t.Error("a class by its label and by its index differ")
	}
	texts := textOf(t, read(t, filepath.Join(out, got[0].File)))
	if texts["ortho:class"] != "2" || texts["ortho:label"] != "A Big Bird" || texts["ortho:truncation"] != "0.5" {
		t.Errorf("%q", texts)
	}
	made(t, exitUsage, "cat, dog", with(args, "--class", "horse", "-o", filepath.Join(dir, "no"))...)
	drawn := filepath.Join(dir, "DRAWN") // a class that the seed draws is told
	made(t, exitOK, "", with(args, "-n", "2", "-o", drawn)...)
	if row := fileRows(t, drawn)[1]; row.Class == nil {
		t.Errorf("%+v", row)
	}
}

func TestGenerateLatents(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "z.npy")
	writeLatents(t, file, []int{3, 16}, 1)
	out := filepath.Join(dir, "OUT")
	made(t, exitOK, "3 images, 0 failed", with(gan, "--latents", file, "-o", out)...)
	if row := fileRows(t, out)[2]; row.Latents == nil || row.Latents.From != 2 || row.Seed != nil {
		t.Errorf("%+v", row)
	}
	between := filepath.Join(dir, "BETWEEN")
	made(t, exitOK, "5 images, 0 failed", with(gan, "--latents", file, "--interpolate", "2,0", "--frames", "5", "-o", between)...)
	rows := fileRows(t, between)
	same := func(a, b string) bool { return bytes.Equal(decoded(t, a).Pix, decoded(t, b).Pix) }
	if !same(filepath.Join(between, rows[0].File), filepath.Join(out, "0002.png")) || !same(filepath.Join(between, rows[4].File), filepath.Join(out, "0000.png")) {
		t.Error("the ends are not those of the file")
	}
	if l := rows[1].Latents; l.From != 2 || *l.To != 0 || *l.At != 0.25 {
		t.Errorf("%+v", l)
	}
	writeLatents(t, file, []int{3, 16}, 0.5)
	made(t, exitFailed, "latents' SHA-256", with(gan, "--latents", file, "-o", out, "--resume")...)

	animation := filepath.Join(dir, "x.gif")
	made(t, exitOK, "6 images", with(gan, "--interpolate", "1,2", "--frames", "6", "--fps", "10", "-o", animation, "--html", filepath.Join(dir, "x.html"))...)
	g, err := gif.DecodeAll(strings.NewReader(read(t, animation)))
	if err != nil || len(g.Image) != 6 || g.Delay[0] != 10 || g.Config.Width != 16 {
		t.Fatalf("%+v, %v", g, err)
	}
	made(t, exitOK, "", with(gan, "--seed", "1", "-o", filepath.Join(dir, "one.png"))...)
	seeds := filepath.Join(dir, "SEEDS")
	made(t, exitOK, "", with(gan, "--interpolate", "1,2", "--frames", "2", "-o", seeds)...)
	if !same(filepath.Join(seeds, "0000.png"), filepath.Join(dir, "one.png")) {
		t.Error("the first is not that of its seed")
	}
	made(t, exitFailed, "--overwrite", with(gan, "--interpolate", "1,2", "-o", animation)...)
	first := read(t, animation)
	made(t, exitOK, "", with(gan, "--interpolate", "1,2", "--frames", "6", "--fps", "10", "-o", animation, "--overwrite")...)
	if read(t, animation) != first {
		t.Error("an animation made again differs")
	}
	selfContained(t, filepath.Join(dir, "x.html"), 60_000, "0.2 of the way from 1 to 2")
}

// TestGenerateSheet: also alone, and of a run that was resumed.
func TestGenerateSheet(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	sheet := filepath.Join(dir, "sheet.png")
	made(t, exitOK, "", with(gan, "--seed", "1", "-n", "10", "--grid", sheet, "--scale", "1")...)
	if p := decoded(t, sheet); p.Width != 4*24+8 || p.Height != 3*24+8 {
		t.Errorf("%dx%d", p.Width, p.Height)
	}
	if texts := textOf(t, read(t, sheet)); texts["ortho:model"] != "dcgan" {
		t.Errorf("%q", texts)
	}
	first := read(t, sheet)
	out := filepath.Join(dir, "OUT")
	args := with(gan, "--seed", "1", "-n", "10", "-o", out, "--grid", sheet, "--scale", "1")
	made(t, exitFailed, "--overwrite", args...)
	made(t, exitOK, "", with(args, "--overwrite")...)
	if read(t, sheet) != first {
		t.Error("the sheet of a folder differs from that of none")
	}
	os.Remove(sheet)
	made(t, exitOK, "nothing to do", with(args, "--resume")...)
	if read(t, sheet) != first {
		t.Error("the sheet of a complete run differs")
	}
	// What fails is an error where no row could tell.
	made(t, exitFailed, `0000-seed-1: output "image"`, "generate", "-m", graphs+"samples/nan", "--seed", "1", "-n", "2", "--grid", filepath.Join(dir, "nan.png"))
	made(t, exitItems, "2 failed", "generate", "-m", graphs+"samples/nan", "--seed", "1", "-n", "2", "-o", filepath.Join(dir, "NAN"))
	if row := fileRows(t, filepath.Join(dir, "NAN"))[1]; row.Error == nil || row.Error.Kind != "output" || row.Seed == nil || row.File != "" {
		t.Errorf("%+v", row)
	}
}
