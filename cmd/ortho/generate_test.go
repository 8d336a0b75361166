package main

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/rows"
	"ortho/preprocess"
	"ortho/runner/npz"
	"ortho/runner/onnx"
)

const graphs = "../../models/generate/testdata/"

// double is a graph that makes each pixel 2x2.
var double = []string{"generate", "-m", graphs + "graphs/nearest_x2.onnx", "--input-range", "0,1", "--output-range", "0,1"}

// gan makes 16x16 pixels of 16 numbers.
var gan = []string{"generate", "-m", graphs + "samples/dcgan"}

// square is a PNG of 8x8 pixels, or of another size.
func square(t *testing.T, c color.NRGBA, edge int) string {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, edge, edge))
	for p := range edge * edge {
		img.SetNRGBA(p%edge, p/edge, c)
		if p%3 == 0 { // of one colour it would be an error
			img.SetNRGBA(p%edge, p/edge, color.NRGBA{c.B, 200, c.R, c.A})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

var red, blue = color.NRGBA{255, 0, 0, 255}, color.NRGBA{9, 90, 200, 255}

// filesIn are the files below a folder, with slashes, sorted.
func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func decoded(t *testing.T, name string) *preprocess.Picture {
	t.Helper()
	p, err := preprocess.DecodePicture([]byte(read(t, name)), preprocess.DecodeOptions{})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return p
}

// textOf are the tEXt chunks of a PNG.
func textOf(t *testing.T, file string) map[string]string {
	t.Helper()
	texts := map[string]string{}
	for data := file[8:]; len(data) >= 12; {
		n := int(data[0])<<24 | int(data[1])<<16 | int(data[2])<<8 | int(data[3])
		if data[4:8] == "tEXt" {
			key, value, _ := strings.Cut(data[8:8+n], "\x00")
			texts[key] = value
		}
		data = data[12+n:]
	}
	return texts
}

func made(t *testing.T, code int, want string, args ...string) {
	t.Helper()
	got, stdout, stderr := execute(t, "", args...)
	if got != code || stdout != "" || !strings.Contains(stderr, want) {
		t.Fatalf("%q: exit %d, %q, %q; want %d and %q", args, got, stdout, stderr, code, want)
	}
}

func TestGenerateFile(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	in := write(t, filepath.Join(dir, "in.png"), square(t, red, 8))
	out := filepath.Join(dir, "out.png")
	made(t, exitOK, "", with(double, in, "-o", out)...)
	before, after := decoded(t, in), decoded(t, out)
	if after.Width != 16 || after.Height != 16 {
		t.Fatalf("%dx%d", after.Width, after.Height)
	}
	for i := range 16 * 16 {
		x, y := i%16, i/16
		if !bytes.Equal(after.Pix[3*i:3*i+3], before.Pix[3*(y/2*8+x/2):][:3]) {
			t.Fatalf("pixel %d,%d: %v", x, y, after.Pix[3*i:3*i+3])
		}
	}
	texts := textOf(t, read(t, out))
	for key, want := range map[string]string{"Software": "ortho " + build.Version(), "ortho:model": "nearest_x2.onnx", "ortho:provider": "cpu", "ortho:input": "in.png", "ortho:output-range": "0,1"} {
		if texts[key] != want {
			t.Errorf("%s is %q, want %q", key, texts[key], want)
		}
	}
	if len(texts["ortho:model-sha256"]) != 64 {
		t.Errorf("%q", texts)
	}
	first := read(t, out)
	made(t, exitFailed, "--overwrite replaces it", with(double, in, "-o", out)...)
	made(t, exitOK, "", with(double, in, "-o", out, "--overwrite")...)
	if read(t, out) != first {
		t.Error("the same command has written other bytes")
	}
	made(t, exitFailed, "would replace it", with(double, in, "-o", in, "--overwrite")...)
	made(t, exitOK, "", with(double, in, "-o", filepath.Join(dir, "v1.new")+"/")...)
	made(t, exitOK, "", with(double, in, "-o", filepath.Join(dir, "v1.new"), "--overwrite")...)
	if err := os.RemoveAll(filepath.Join(dir, "v1.new")); err != nil {
		t.Fatal(err)
	}
	made(t, exitFailed, "missing.png", with(double, filepath.Join(dir, "missing.png"), "-o", filepath.Join(dir, "no.png"))...)
	made(t, exitFailed, "too large", with(double, in, "-o", filepath.Join(dir, "no.png"), "--max-pixels", "60")...)
	made(t, exitFailed, "--output-range", "generate", "-m", graphs+"graphs/black.onnx", "--input-range", "0,1", "--output-range", "0,1", in, "-o", filepath.Join(dir, "no.png"))
	for _, ending := range []string{"jpg", "webp", "tif"} {
		name := filepath.Join(dir, "x."+ending)
		made(t, exitOK, "", with(double, in, "-o", name)...)
		if p := decoded(t, name); p.Width != 16 || p.Height != 16 {
			t.Errorf("%s: %dx%d", name, p.Width, p.Height)
		}
	}
	kept := filepath.Join(dir, "kept.png")
	made(t, exitOK, "", with(double, in, "-o", kept, "--keep-size")...)
	if p := decoded(t, kept); p.Width != 8 {
		t.Errorf("--keep-size: %dx%d", p.Width, p.Height)
	}
	code, stdout, stderr := execute(t, read(t, in), with(double, "-", "-o", "-")...)
	if code != exitOK || !strings.HasPrefix(stdout, "\x89PNG") || textOf(t, stdout)["ortho:input"] != "-" {
		t.Errorf("standard output: exit %d, %d bytes, %s", code, len(stdout), stderr)
	}
	if got, want := filesIn(t, dir), []string{"in.png", "kept.png", "out.png", "x.jpg", "x.tif", "x.webp"}; !slices.Equal(got, want) {
		t.Errorf("left: %q", got)
	}
}

func TestGenerateAlphaAndOrientation(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	clear := write(t, filepath.Join(dir, "clear.png"), square(t, color.NRGBA{255, 0, 0, 100}, 8))
	made(t, exitOK, "", with(double, clear, "-o", filepath.Join(dir, "a.png"))...)
	if p := decoded(t, filepath.Join(dir, "a.png")); p.Alpha == nil || p.Alpha[0] != 100 {
		t.Errorf("alpha: %v", p.Alpha)
	}
	made(t, exitFailed, "--background white", with(double, clear, "-o", filepath.Join(dir, "a.jpg"))...)
	// Of Pillow: Image.alpha_composite of (255, 0, 0) with an alpha of 100.
	for colour, want := range map[string][]byte{"white": {255, 155, 155}, "black": {100, 0, 0}, "#102030": {110, 19, 29}} {
		name := filepath.Join(dir, colour+".png")
		made(t, exitOK, "", with(double, clear, "-o", name, "--background", colour)...)
		if p := decoded(t, name); p.Alpha != nil || !bytes.Equal(p.Pix[3*2:3*3], want) || textOf(t, read(t, name))["ortho:background"] == "" {
			t.Errorf("%s: %v, want %v", colour, p.Pix[3*2:3*3], want)
		}
	}
	made(t, exitOK, "", with(double, clear, "-o", filepath.Join(dir, "a.jpg"), "--background", "#FFF000")...)
}

// TestGenerateFolder: names, collisions, endings, archives, and what fails.
func TestGenerateFolder(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	for _, d := range []string{"photos/sub", "other"} {
		if err := os.MkdirAll(in(d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	one, two := square(t, red, 8), square(t, blue, 6)
	write(t, in("photos/a.png"), one)
	write(t, in("photos/broken.png"), "\x89PNG\r\n\x1a\n")
	write(t, in("photos/sub/a.png"), two)
	write(t, in("photos/sub/esc\x1b[31m.png"), two)
	write(t, in("other/a.png"), two)
	var asGIF bytes.Buffer
	if err := gif.Encode(&asGIF, decodeImage(t, one), nil); err != nil {
		t.Fatal(err)
	}
	write(t, in("photos/sub/g.gif"), asGIF.String())
	write(t, in("shard.tar"), tarOf(t, "x/y.png", one, "../../evil.png", one, "/etc/evil.png", one, "..\\win.png", one, "x/./z.png", two, "text.png", "hello"))
	list := write(t, in("list.txt"), in("other/a.png")+"\n")

	out := in("OUT")
	args := with(double, in("photos"), in("other"), in("shard.tar"), "@"+list, in("missing.png"), "-o", out)
	made(t, exitItems, "14 images, 7 failed", args...)
	listed := strings.TrimPrefix(filepath.ToSlash(in("other/a.png")), "/")
	if runtime.GOOS == "windows" {
		listed = listed[3:]
	}
	want := []string{"a.png", "ortho.jsonl", "ortho.jsonl.run.json", "shard/x/y.png", "shard/x/z.png", "sub/a.png", "sub/esc_[31m.png", "sub/g.png", listed}
	slices.Sort(want)
	if got := filesIn(t, out); !slices.Equal(got, want) {
		t.Errorf("files %q, want %q", got, want)
	}
	if _, err := os.Stat(in("evil.png")); err == nil {
		t.Error("an archive has written outside of the folder")
	}
	kinds := map[string]string{}
	for _, row := range rowsFrom[rows.Pictures](t, read(t, filepath.Join(out, "ortho.jsonl"))) {
		switch {
		case row.Error != nil:
			kinds[strings.TrimPrefix(row.Input, dir+string(filepath.Separator))] = row.Error.Kind
		case row.File == "" || row.Width == 0:
			t.Errorf("%+v", row)
		default:
			if p := decoded(t, filepath.Join(out, filepath.FromSlash(row.File))); p.Width != row.Width || p.Height != row.Height {
				t.Errorf("%s has %dx%d", row.File, p.Width, p.Height)
			}
		}
	}
	wantKinds := map[string]string{filepath.Join("photos", "broken.png"): "decode", filepath.Join("other", "a.png"): "write",
		"shard.tar/../../evil.png": "read", "shard.tar//etc/evil.png": "read", `shard.tar/..\win.png`: "read", "shard.tar/text.png": "unsupported", "missing.png": "read"}
	if fmt.Sprint(kinds) != fmt.Sprint(wantKinds) {
		t.Errorf("%v, want %v", kinds, wantKinds)
	}
	made(t, exitFailed, "--overwrite", args...)
	made(t, exitItems, "14 images, 7 failed", with(args, "--overwrite")...)
	made(t, exitItems, "nothing to do", with(args, "--resume")...)
	made(t, exitFailed, "keep-size was false, and is true", with(args, "--resume", "--keep-size")...)
	made(t, exitFailed, "fail-fast", with(args, "--overwrite", "--fail-fast")...)
	if left, _ := filepath.Glob(filepath.Join(out, "*.png.partial")); len(left) > 0 {
		t.Errorf("left: %q", left)
	}

	// What is there and is not of this run costs its row, and stays.
	foreign := in("foreign")
	if err := os.Mkdir(foreign, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(foreign, "a.png"), "mine")
	for _, flag := range []string{"", "--retry-failed"} {
		args := with(double, in("other"), "-o", foreign)
		if flag != "" {
			args = append(args, flag)
		}
		made(t, exitItems, "1 failed", args...)
		if row := rowsFrom[rows.Pictures](t, read(t, filepath.Join(foreign, "ortho.jsonl")))[0]; row.Error == nil || row.Error.Kind != "write" || read(t, filepath.Join(foreign, "a.png")) != "mine" {
			t.Errorf("%q: %+v", flag, row)
		}
	}

	made(t, exitItems, "5 images, 2 failed", with(double, in("photos/sub"), in("other/a.png"), in("photos/a.png"), "-o", in("JPEG"), "--format", "jpeg", "--quality", "70")...)
	if got := filesIn(t, in("JPEG")); !slices.Equal(got, []string{"a.jpg", "esc_[31m.jpg", "g.jpg", "ortho.jsonl", "ortho.jsonl.run.json"}) {
		t.Errorf("%q", got)
	}
}

func decodeImage(t *testing.T, file string) image.Image {
	t.Helper()
	img, err := png.Decode(strings.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

func TestGenerateRefuses(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	in := write(t, filepath.Join(dir, "in.png"), square(t, red, 8))
	file := write(t, filepath.Join(dir, "file"), "x")
	latents := filepath.Join(dir, "z.npy")
	writeLatents(t, latents, []int{3, 16}, 1)
	for _, c := range []struct {
		code int
		args []string
		want string
	}{
		{exitUsage, with(double, in), "-o names no output"},
		{exitUsage, with(double, in, in, "-o", filepath.Join(dir, "x.png")), "-o FOLDER"},
		{exitUsage, with(double, dir, "-o", "-"), "takes one image"},
		{exitUsage, with(double, in, "-o", filepath.Join(dir, "x.gif")), "GIF"},
		{exitUsage, with(double, in, "-o", filepath.Join(dir, "x.bmp")), "no such format: png, jpeg, webp, tiff"},
		{exitUsage, with(double, in, "-o", filepath.Join(dir, "x.HEIC")), "slash at its end"},
		{exitUsage, with(double, in, in, "-o", filepath.Join(dir, "x.avif")), "slash at its end"},
		{exitUsage, with(gan, "-n", "2", "-o", filepath.Join(dir, "x.xyz")), "slash at its end"},
		{exitUsage, with(double, in, "-o", filepath.Join(dir, "x.png"), "--background", "pink"), "#rrggbb"},
		{exitUsage, with(double, in, "-o", filepath.Join(dir, "x.png"), "--background", "#fff"), "#rrggbb"},
		{exitUsage, with(gan, "-o", filepath.Join(dir, "x"), "--background", "white"), "are for images"},
		{exitUsage, with(double, in, "-o", filepath.Join(dir, "x.png"), "--format", "jpeg"), "different things"},
		{exitUsage, with(double, in, "-o", filepath.Join(dir, "x.png"), "--quality", "80"), "--quality is for"},
		{exitUsage, with(double, in, "-o", filepath.Join(dir, "x.jpg"), "--quality", "101"), "1 to 100"},
		{exitUsage, with(double, in, "-o", filepath.Join(dir, "x"), "--format", "bmp"), "png, jpeg"},
		{exitUsage, with(double, in, "-o", filepath.Join(dir, "x.png"), "--resume"), "-o FOLDER"},
		{exitUsage, with(double, in, "-o", filepath.Join(dir, "x"), "--resume", "--overwrite"), "one of them"},
		{exitUsage, with(double, in, "-o", filepath.Join(dir, "x"), "--seed", "3"), "--seed is for"},
		{exitUsage, with(double, in, "-o", filepath.Join(dir, "x"), "--tile", "0"), "--tile"},
		{exitUsage, with(double, in, "-o", filepath.Join(dir, "x"), "--task", "classify"), "there is ortho classify"},
		{exitUsage, with(double, "-o", filepath.Join(dir, "x")), "makes images of images: name them"},
		{exitFailed, with(double, in, "-o", file), "is a file"},
		{exitFailed, with(double, dir, "-o", filepath.Join(dir, "sub")), "would be inputs"},
		{exitFailed, with(double, dir, "-o", dir), "would be inputs"},
		{exitFailed, with(double, in, "-o", filepath.Join(dir, "file", "x")), "output folder"},
		{exitUsage, with(gan, in, "-o", filepath.Join(dir, "x")), "takes no images"},
		{exitUsage, gan, "nothing says where"},
		{exitUsage, with(gan, "-n", "2", "-o", filepath.Join(dir, "x.png")), "-o FOLDER"},
		{exitUsage, with(gan, "-n", "0", "-o", filepath.Join(dir, "x")), "--count"},
		{exitUsage, with(gan, "--text", "seven", "-o", filepath.Join(dir, "x")), "takes no texts"},
		{exitUsage, with(gan, "--class", "7", "-o", filepath.Join(dir, "x")), "takes no classes"},
		{exitUsage, with(gan, "--truncation", "2", "-o", filepath.Join(dir, "x")), "--truncation"},
		{exitUsage, with(gan, "--interpolate", "1", "-o", filepath.Join(dir, "x")), "A,B"},
		{exitUsage, with(gan, "--interpolate", "1,2", "-n", "3", "-o", filepath.Join(dir, "x")), "--frames"},
		{exitUsage, with(gan, "--interpolate", "0,3", "--latents", latents, "-o", filepath.Join(dir, "x")), "rows 0 to 2"},
		{exitUsage, with(gan, "--latents", latents, "-o", filepath.Join(dir, "x.png")), "3 images"},
		{exitUsage, with(gan, "--grid", "x.bmp"), "ending"},
		{exitUsage, with(gan, "--grid", "x.png", "-o", "x.png"), "one file"},
		{exitUsage, with(gan, "-o", filepath.Join(dir, "x"), "--columns", "3"), "for --grid"},
		{exitUsage, with(gan, "-o", filepath.Join(dir, "x.gif"), "--fps", "60"), "--fps"},
		{exitUsage, []string{"generate", "-o", filepath.Join(dir, "x")}, "nothing says what to make"},
		{exitUsage, []string{"generate", "-m", graphs + "samples/class", "--class", "x", "-o", filepath.Join(dir, "x")}, "zero, one, two"},
		{exitUsage, []string{"generate", "-m", graphs + "samples/onehot", "--class", "5", "-o", filepath.Join(dir, "x")}, "0 to 4"},
		{exitFailed, []string{"generate", "-m", "efficientnet-lite0", in, "-o", filepath.Join(dir, "x")}, "gives no image"},
		{exitFailed, with(gan, "--latents", in, "-o", filepath.Join(dir, "x")), "npy"},
		{exitFailed, with(gan, "--texts", filepath.Join(dir, "none"), "-o", filepath.Join(dir, "x")), "texts"},
	} {
		code, stdout, stderr := execute(t, "", c.args...)
		if code != c.code || stdout != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: exit %d, %q, %q; want %d and %q", c.args[1:], code, stdout, stderr, c.code, c.want)
		}
	}
	if left := filesIn(t, dir); !slices.Equal(left, []string{"file", "in.png", "z.npy"}) {
		t.Errorf("left: %q", left)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 3 {
		t.Errorf("left: %v", entries)
	}
}

// writeLatents writes an .npy file of small numbers.
func writeLatents(t *testing.T, name string, shape []int, factor float64) []float32 {
	t.Helper()
	n := 1
	for _, d := range shape {
		n *= d
	}
	random := rand.New(rand.NewPCG(1, 2))
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(factor * random.NormFloat64())
	}
	var b bytes.Buffer
	if err := preprocess.WriteNPY(&b, preprocess.Float32, shape, floatBytes(values)); err != nil {
		t.Fatal(err)
	}
	write(t, name, b.String())
	if a, err := npz.ReadFile(name); err != nil || a[0].Type != onnx.Float {
		t.Fatal(a, err)
	}
	return values
}

// TestGeneratePage: a page is bounded, refers to nothing, and shows failures.
func TestGeneratePage(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	name := `<script>alert('x')&"<img src=y>.png`
	if runtime.GOOS == "windows" {
		name = "x&y.png"
	}
	hostile := write(t, filepath.Join(dir, name), read(t, coffee))
	html := filepath.Join(dir, "x.html")
	out := filepath.Join(dir, "OUT")
	args := with(double, hostile, cat, filepath.Join(dir, "missing.png"), "-o", out, "--html", html)
	for _, flag := range []string{"--overwrite", "--resume"} { // the second has nothing to do
		made(t, exitItems, "", with(args, flag)...)
		page := selfContained(t, html, 600_000, "3 images, 1 failed", "missing.png", "600x400, made 1200x800")
		if cardsIn(page) != 3 || strings.Count(page, `<div class="change"`) != 4 || strings.Count(page, `class="failed"`) != 1 || strings.Contains(page, "<img src=y") {
			t.Errorf("%s: %d cards, %d changes", flag, cardsIn(page), strings.Count(page, `<div class="change"`))
		}
		os.Remove(html)
	}
	made(t, exitOK, "", with(double, cat, "-o", filepath.Join(dir, "cat.png"), "--html", html)...)
	if page := selfContained(t, html, 300_000, "1 image, 0 failed"); cardsIn(page) != 1 || strings.Count(page, `<div class="change"`) != 2 {
		t.Errorf("%d cards", cardsIn(page))
	}
}

// TestGenerateDefault has the bundled upscaler be the default.
func TestGenerateDefault(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	in := write(t, filepath.Join(dir, "in.png"), square(t, red, 24))
	out := filepath.Join(dir, "x.png")
	made(t, exitOK, "", "generate", in, "-o", out)
	if p := decoded(t, out); p.Width != 96 || textOf(t, read(t, out))["ortho:model"] != defaultUpscaler || textOf(t, read(t, out))["ortho:tile"] == "" {
		t.Errorf("%dx%d, %q", p.Width, p.Height, textOf(t, read(t, out)))
	}
	made(t, exitFailed, "-m "+defaultUpscaler+" took its place", "generate", "-m", "esrgan-slim-x4", in, "-o", out, "--overwrite")
}

func fileRows(t *testing.T, out string) []rows.Pictures {
	t.Helper()
	return rowsFrom[rows.Pictures](t, read(t, filepath.Join(out, "ortho.jsonl")))
}
