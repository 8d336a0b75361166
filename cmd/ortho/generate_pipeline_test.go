package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/rows"
	"ortho/models/diffusion"
	"ortho/models/noise"
	"ortho/preprocess"
)

// pipelines are tiny, and of random weights.
const pipelines = "../../models/diffusion/testdata/"

// fox is a picture of 64x64 pixels in 3 steps.
var fox = []string{"generate", "-m", pipelines + "sd", "--steps", "3", "--scheduler", "ddim"}

// TestPipelinePicture: what was asked for stands in the file, and makes the same bytes.
func TestPipelinePicture(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	out := filepath.Join(dir, "fox.png")
	args := with(fox, "--seed", "7", "--guidance", "5", "--negative", "blurry \u4e16")
	made(t, exitOK, "64x64, 3 steps, guidance 5, scheduler ddim", with(args, "a red fox", "-o", out)...)
	if p := decoded(t, out); p.Width != 64 || p.Height != 64 || p.Channels != 3 {
		t.Fatalf("%dx%d", p.Width, p.Height)
	}
	texts := textOf(t, read(t, out))
	for key, want := range map[string]string{"Software": "ortho " + build.Version(), "ortho:model": "sd", "ortho:provider": "cpu", "ortho:seed": "7", "ortho:text": "a red fox",
		"ortho:steps": "3", "ortho:guidance": "5", "ortho:scheduler": "ddim", "ortho:model-sha256": sumOf(t, pipelines+"sd")} {
		if texts[key] != want {
			t.Errorf("%s is %q, want %q", key, texts[key], want)
		}
	}
	if !strings.Contains(read(t, out), "ortho:negative\x00\x00\x00\x00\x00blurry \u4e16") {
		t.Error("the negative text is not there")
	}
	whole := read(t, out)
	made(t, exitFailed, "--overwrite replaces it", with(args, "a red fox", "-o", out)...)
	for _, same := range few(2, [][]string{{"a red fox", "--low-memory"}, {"a red fox", "--threads", "1"}, {"--text", "a red fox"}, {"a red fox", "--size", "64"}}) {
		made(t, exitOK, "", with(with(args, same...), "-o", out, "--overwrite")...)
		if read(t, out) != whole {
			t.Errorf("%q: other bytes", same)
		}
	}
	code, stdout, stderr := execute(t, "a red fox\n", with(args, "--texts", "-", "-o", "-", "--progress", "never")...)
	if code != exitOK || stdout != whole || stderr != "" {
		t.Errorf("standard output: exit %d, %d bytes, %s", code, len(stdout), stderr)
	}
	for _, other := range few(2, [][]string{{"--guidance", "3"}, {"--negative", "sharp"}, {"--steps", "4"}, {"--scheduler", "euler-ancestral"}, {"--seed", "8"}, {"--size", "64x80"}}) {
		made(t, exitOK, "", with(with(args, "a red fox", "-o", out, "--overwrite"), other...)...)
		if bytes.Equal(decoded(t, out).Pix, decodedText(t, whole).Pix) {
			t.Errorf("%q: the same picture", other)
		}
	}
	made(t, exitOK, "", with(args, "a red fox", "--size", "80x64", "-o", filepath.Join(dir, "x.jpg"))...)
	if p := decoded(t, filepath.Join(dir, "x.jpg")); p.Width != 80 || p.Height != 64 {
		t.Errorf("%dx%d: the width is not first", p.Width, p.Height)
	}
}

func decodedText(t *testing.T, file string) *preprocess.Picture {
	t.Helper()
	p, err := preprocess.DecodePicture([]byte(file), preprocess.DecodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// sumOf is `sha256sum` of the lines that it prints of a pipeline's files.
func sumOf(t *testing.T, dir string) string {
	t.Helper()
	names := filesIn(t, dir)
	slices.Sort(names)
	var lines strings.Builder
	for _, name := range names {
		fmt.Fprintf(&lines, "%x  %s\n", sha256.Sum256([]byte(read(t, filepath.Join(dir, name)))), name)
	}
	return fmt.Sprintf("%x", sha256.Sum256([]byte(lines.String())))
}

// TestPipelineKinds: every kind of pipeline makes a picture by its own defaults.
func TestPipelineKinds(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	mask := write(t, filepath.Join(dir, "mask.png"), square(t, white, 64))
	for _, kind := range []string{"sd", "sd-fp16", "sdxl", "lcm", "old", "inpaint"} {
		args := []string{"generate", "-m", pipelines + kind, "--steps", "2", "--size", "64", "a red fox", "--seed", "1", "-o", filepath.Join(dir, kind+".png")}
		if kind == "inpaint" {
			args = append(args, "--image", mask, "--mask", mask)
		}
		made(t, exitOK, "", args...)
		decoded(t, filepath.Join(dir, kind+".png"))
	}
}

var white = red // square mixes it

// TestPipelineFolder: rows, names, seeds, sheet and page; also resumed.
func TestPipelineFolder(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	out, sheet, html := filepath.Join(dir, "OUT"), filepath.Join(dir, "sheet.png"), filepath.Join(dir, "x.html")
	texts := write(t, filepath.Join(dir, "texts"), "a blue bird\n\n")
	args := with(fox, "--seed", "3", "-n", "2", "A red fox, in <snow>", "--texts", texts, "-o", out, "--grid", sheet, "--html", html)
	made(t, exitOK, "4 images, 0 failed", args...)
	want := []string{"0000-a-red-fox-in-snow.png", "0001-a-red-fox-in-snow.png", "0002-a-blue-bird.png", "0003-a-blue-bird.png", "ortho.jsonl", "ortho.jsonl.run.json"}
	if got := filesIn(t, out); !slices.Equal(got, want) {
		t.Fatalf("%q", got)
	}
	for i, row := range fileRows(t, out) {
		if row.Diffusion == nil || row.Steps != 3 || row.Scheduler != "ddim" || row.Guidance != 7.5 || *row.Seed != uint64(3+i%2) || row.Width != 64 || row.Strength != 0 {
			t.Errorf("%+v %+v", row, row.Diffusion)
		}
	}
	if p := decoded(t, sheet); p.Width != 2*(2*64+8)+8 || p.Height != 2*(2*64+8)+8 { // a row for each text
		t.Errorf("the sheet has %dx%d pixels", p.Width, p.Height)
	}
	page := selfContained(t, html, 300_000, "4 images, 0 failed", "a blue bird", "3 steps of ddim, guidance 7.5")
	if cardsIn(page) != 4 || strings.Contains(page, "<snow>") {
		t.Errorf("%d cards", cardsIn(page))
	}
	one := filepath.Join(dir, "one.png")
	made(t, exitOK, "", with(fox, "a blue bird", "--seed", "4", "-o", one)...)
	if read(t, one) != read(t, filepath.Join(out, want[3])) {
		t.Error("image i has not the seed + i")
	}

	// As a run that was killed after two rows, while the third picture was written.
	lines := strings.SplitAfter(read(t, filepath.Join(out, "ortho.jsonl")), "\n")
	third := read(t, filepath.Join(out, want[2]))
	os.Remove(filepath.Join(out, "ortho.jsonl"))
	os.Remove(filepath.Join(out, want[2]))
	os.Remove(filepath.Join(out, want[3]))
	write(t, filepath.Join(out, "ortho.jsonl.partial"), sealed(lines[0]+lines[1]))
	made(t, exitOK, "resumed at 2", with(args, "--resume")...)
	if read(t, filepath.Join(out, "ortho.jsonl")) != strings.Join(lines, "") || read(t, filepath.Join(out, want[2])) != third {
		t.Error("a resumed run makes others")
	}
	made(t, exitOK, "nothing to do", with(args, "--resume", "--guidance", "7.5")...) // as it was
	for _, c := range []struct{ flag, value, want string }{
		{"--steps", "4", "steps was 3, and is 4"}, {"--guidance", "3", "guidance was 7.5, and is 3"}, {"--scheduler", "euler", "scheduler was ddim, and is euler"},
		{"--size", "64x80", "size was 64x64, and is 64x80"}, {"--negative", "x", "negative was not set, and is x"}, {"--seed", "4", "seed was 3, and is 4"}, {"--text", "another", "texts' SHA-256"},
	} {
		made(t, exitFailed, c.want, with(args, "--resume", c.flag, c.value)...)
	}
}

// TestPipelineInterrupted: what is finished is kept, nothing is half, and --resume goes on.
func TestPipelineInterrupted(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	out, ref := filepath.Join(dir, "OUT"), filepath.Join(dir, "REF")
	args := with(fox, "--seed", "1", "-n", "4", "a red fox", "--steps", "5", "--preview", "1")
	ctx, cancel := context.WithCancel(t.Context())
	go func() { // once the first row is there
		for ctx.Err() == nil {
			if text, _ := os.ReadFile(filepath.Join(out, "ortho.jsonl.partial")); bytes.Count(text, []byte("\n")) >= 1 {
				cancel()
			}
			time.Sleep(time.Millisecond)
		}
	}()
	var stdout, stderr bytes.Buffer
	if code := run(ctx, with([]string{"ortho"}, with(args, "-o", out)...), strings.NewReader(""), &stdout, &stderr); code != exitInterrupted || !strings.Contains(stderr.String(), "--resume continues it") {
		t.Fatalf("exit %d, %s", code, stderr.String())
	}
	pictures := 0
	for _, name := range filesIn(t, out) {
		if strings.Contains(name, "preview") || strings.HasSuffix(name, ".tmp") {
			t.Errorf("%s is left", name)
		}
		if strings.HasSuffix(name, ".png") {
			decoded(t, filepath.Join(out, name))
			pictures++
		}
	}
	if made := len(rowsFrom[rows.Pictures](t, read(t, filepath.Join(out, "ortho.jsonl.partial")))); made < 1 || made != pictures {
		t.Errorf("%d rows, %d pictures", made, pictures)
	}
	made(t, exitOK, "4 images (resumed at", with(args, "-o", out, "--resume")...)
	made(t, exitOK, "4 images, 0 failed", with(args, "-o", ref)...)
	if !sameFiles(t, out, ref) {
		t.Errorf("%q, want %q", filesIn(t, out), filesIn(t, ref))
	}
}

// TestPipelineLatents: those of a seed make what the seed makes.
func TestPipelineLatents(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	file, out := filepath.Join(dir, "z.npy"), filepath.Join(dir, "OUT")
	var both []float32
	for _, seed := range []uint64{5, 6} {
		z := make([]float32, 4*8*10)
		noise.New(seed).Normal(z)
		both = append(both, z...)
	}
	var b bytes.Buffer
	if err := preprocess.WriteNPY(&b, preprocess.Float32, []int{2, 4, 8, 10}, floatBytes(both)); err != nil {
		t.Fatal(err)
	}
	write(t, file, b.String())
	made(t, exitOK, "80x64", with(fox, "a red fox", "--latents", file, "-o", out)...)
	one := filepath.Join(dir, "one.png")
	made(t, exitOK, "", with(fox, "a red fox", "--seed", "6", "--size", "80x64", "-o", one)...)
	second := filepath.Join(out, "0001-a-red-fox.png")
	if !bytes.Equal(decoded(t, one).Pix, decoded(t, second).Pix) {
		t.Error("the seed's latents make another picture")
	}
	if texts := textOf(t, read(t, second)); texts["ortho:latents-row"] != "1" || len(texts["ortho:latents-sha256"]) != 64 || texts["ortho:seed"] != "1" {
		t.Errorf("%q", texts)
	}
	if row := fileRows(t, out)[1]; row.Latents == nil || row.Latents.From != 1 || *row.Seed != 1 {
		t.Errorf("%+v", row)
	}
	made(t, exitOK, "2 images, 0 failed", with(fox, "a red fox", "--latents", file, "--scheduler", "euler-ancestral", "--seed", "9", "-o", filepath.Join(dir, "ANCESTRAL"))...)
	made(t, exitFailed, "--size says 64x64", with(fox, "a red fox", "--latents", file, "--size", "64", "-o", filepath.Join(dir, "no"))...)
	writeLatents(t, file, []int{2, 3, 8, 8}, 1)
	made(t, exitFailed, "takes [n,4,height/8,width/8]", with(fox, "a red fox", "--latents", file, "-o", filepath.Join(dir, "no"))...)
}

// TestPipelineImage: an image to start from is turned upright, and a mask bounds what is
// made anew.
func TestPipelineImage(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	image := filepath.Join("testdata", "photos", "chelsea.png")
	out := filepath.Join(dir, "x.png")
	args := with(fox, "a red fox", "--seed", "1", "--image", image, "--size", "96x64")
	made(t, exitOK, "96x64", with(args, "-o", out)...)
	first := read(t, out)
	texts := textOf(t, first)
	if digest := fmt.Sprintf("%x", sha256.Sum256([]byte(read(t, image)))); texts["ortho:image-sha256"] != digest || texts["ortho:strength"] != "0.8" {
		t.Errorf("%q", texts)
	}
	mask := write(t, filepath.Join(dir, "mask.png"), square(t, red, 32))
	folder := filepath.Join(dir, "OUT")
	made(t, exitOK, "", with(args, "--mask", mask, "--strength", "0.7", "-o", folder)...)
	row := fileRows(t, folder)[0]
	if row.Strength != 0.7 || len(row.ImageSHA256) != 64 || len(row.MaskSHA256) != 64 || bytes.Equal(decoded(t, filepath.Join(folder, row.File)).Pix, decodedText(t, first).Pix) {
		t.Errorf("%+v", row.Diffusion)
	}
	made(t, exitFailed, "mask's SHA-256", with(args, "--mask", image, "--strength", "0.7", "-o", folder, "--resume")...)
	made(t, exitFailed, "would replace it", with(args, "--mask", mask, "-o", mask, "--overwrite")...)
	turned := filepath.Join(dir, "turned.png")
	made(t, exitOK, "32x64, 3 steps", with(fox, "a red fox", "--seed", "1", "--image", orientated(t, dir), "-o", turned)...)
	if p := decoded(t, turned); p.Width != 32 || p.Height != 64 {
		t.Errorf("%dx%d: not upright", p.Width, p.Height)
	}
}

// orientated is a PNG of 69x38 pixels that EXIF says is to be turned by a quarter.
func orientated(t *testing.T, dir string) string {
	t.Helper()
	var b bytes.Buffer
	pix := make([]byte, 69*38*3)
	for i := range pix {
		pix[i] = byte(i * i)
	}
	w, err := preprocess.NewFileWriter(&b, 69, 38, 3, preprocess.FileOptions{Format: preprocess.JPEG})
	if err == nil {
		_, err = w.Write(pix)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	exif := "Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x06\x00\x00\x00\x00\x00\x00"
	file := b.String()
	return write(t, filepath.Join(dir, "turned.jpg"), file[:2]+"\xff\xe1\x00"+string(rune(len(exif)+2))+exif+file[2:])
}

// TestPipelineTells: what of the command line has no effect.
func TestPipelineTells(t *testing.T) {
	needLibrary(t)
	out := filepath.Join(t.TempDir(), "x.png")
	long := strings.Repeat("a ", 80) + "zebra"
	for _, c := range []struct {
		args []string
		want string
	}{
		{with(fox, long), `is too long: the pipeline takes 77 tokens, and has not seen its end, "a a a a a zebra"`},
		{with(fox, "a fox", "--negative", long), "is too long"},
		{with(fox, "a fox", "--negative", "blurry", "--guidance", "1"), "--negative has no effect: guidance begins above 1, and it is 1"},
		{[]string{"generate", "-m", pipelines + "lcm", "a fox", "--negative", "blurry"}, "a latent consistency model takes the text alone"},
		{with(fox, "a fox"), "makes the same again"},
	} {
		made(t, exitOK, c.want, with(c.args, "-o", out, "--overwrite")...)
	}
	_, _, stderr := execute(t, "", with(fox, "a fox", "--seed", "1", "-o", out, "--overwrite")...)
	if strings.Contains(stderr, "warning") || strings.Count(stderr, "\n") != 2 || !strings.HasSuffix(stderr, "x.png: 64x64\n") {
		t.Errorf("%q", stderr)
	}
}

// TestPipelineFails: NaN costs its row, or the run that has none.
func TestPipelineFails(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	args := []string{"generate", "-m", pipelines + "sd-fp16", "a fox", "--steps", "2", "--seed", "1"}
	latents := filepath.Join(dir, "z.npy")
	writeLatents(t, latents, []int{1, 4, 8, 8}, 1e38)
	args = append(args, "--latents", latents)
	made(t, exitFailed, "NaN", with(args, "-o", filepath.Join(dir, "x.png"))...)
	made(t, exitItems, "1 failed", with(args, "-o", filepath.Join(dir, "OUT"))...)
	if row := fileRows(t, filepath.Join(dir, "OUT"))[0]; row.Error == nil || row.Error.Kind != "output" || row.Seed == nil || row.File != "" || row.Diffusion == nil {
		t.Errorf("%+v", row)
	}
	if left := filesIn(t, dir); !slices.Equal(left, []string{"OUT/ortho.jsonl", "OUT/ortho.jsonl.run.json", "z.npy"}) {
		t.Errorf("left: %q", left)
	}
	writeLatents(t, latents, []int{3, 4, 8, 8}, 1e38)
	made(t, exitFailed, "--fail-fast stops here", with(args, "-o", filepath.Join(dir, "FAST"), "--fail-fast")...)
}

func TestPipelineRefuses(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	image := write(t, in("in.png"), square(t, red, 64))
	file := in("x.png")
	whole := pipelines + "sd"
	without := func(part string) string {
		to := in("no-" + part)
		if err := os.CopyFS(to, os.DirFS(whole)); err != nil {
			t.Fatal(err)
		}
		if err := os.RemoveAll(filepath.Join(to, part)); err != nil {
			t.Fatal(err)
		}
		return to
	}
	noDecoder, noEncoder, noTokenizer, noIndex := without("vae_decoder"), without("vae_encoder"), without("tokenizer"), without("model_index.json")
	of := func(model string, args ...string) []string { return with([]string{"generate", "-m", model}, args...) }
	before := filesIn(t, dir)
	for _, c := range []struct {
		code int
		args []string
		want string
	}{
		{exitUsage, with(fox, "a fox"), "nothing says where"},
		{exitUsage, with(fox, "-o", file), "nothing says what the image is to show"},
		{exitUsage, with(fox, "a", "red", "fox", "-o", file), "put it in quotes"},
		{exitUsage, with(fox, image, "-o", file), "--image " + image + " starts from"},
		{exitUsage, with(fox, "-", "-o", file), "--texts -"},
		{exitUsage, with(fox, "a\xff", "-o", file), "UTF-8"},
		{exitUsage, with(fox, "a fox", "--negative", "a\xff", "-o", file), "--negative is not in UTF-8"},
		{exitUsage, with(fox, "a fox", "-n", "2", "-o", file), "-o FOLDER"},
		{exitUsage, with(fox, "a fox", "--text", "another", "-o", file), "-o FOLDER"},
		{exitUsage, with(fox, "a fox", "--steps", "0", "-o", file), "--steps 0"},
		{exitUsage, with(fox, "a fox", "--steps", "100000", "-o", file), "steps"},
		{exitUsage, with(fox, "a fox", "--guidance", "-1", "-o", file), "--guidance -1"},
		{exitUsage, with(fox, "a fox", "--guidance", "NaN", "-o", file), "--guidance NaN"},
		{exitUsage, with(fox, "a fox", "--scheduler", "sasolver", "-o", file), "euler-ancestral, euler, lcm, ddim, dpm++2m, dpm++2m-karras, pndm"},
		{exitUsage, with(fox, "a fox", "--eta", "2", "-o", file), "from 0 to 1"},
		{exitUsage, with(fox, "a fox", "--scheduler", "euler", "--eta", "0.5", "-o", file), "DDIM and TCD"},
		{exitUsage, with(fox, "a fox", "--guidance-rescale", "-1", "-o", file), "from 0 to 1"},
		{exitUsage, with(fox, "a fox", "--guidance", "1", "--guidance-rescale", "0.7", "-o", file), "there is no guidance"},
		{exitUsage, with(fox, "a fox", "--clip-skip", "5", "-o", file), "at most 1 can be left out"},
		{exitUsage, with(fox, "a fox", "--size", "big", "-o", file), "768x512"},
		{exitUsage, with(fox, "a fox", "--size", "60x64", "-o", file), "must be multiples of"},
		{exitUsage, with(fox, "a fox", "--size", "0", "-o", file), "--size"},
		{exitUsage, with(fox, "a fox", "--size", "1000000", "-o", file), "1000000"},
		{exitUsage, with(fox, "a fox", "--mask", image, "-o", file), "give --image, too"},
		{exitUsage, with(fox, "a fox", "--strength", "0.5", "-o", file), "give --image, too"},
		{exitUsage, with(fox, "a fox", "--strength", "1.5", "--image", image, "-o", file), "--strength 1.5"},
		{exitUsage, with(fox, "a fox", "--strength", "0.01", "--image", image, "-o", file), "strength"},
		{exitUsage, with(fox, "a fox", "--preview", "0", "-o", file), "--preview 0"},
		{exitUsage, with(fox, "a fox", "--preview", "2", "--grid", file), "--preview stands beside"},
		{exitUsage, with(fox, "a fox", "--preview", "2", "-o", in("OUT"), "--grid", in("OUT/ortho.preview.png")), "where previews stand"},
		{exitUsage, with(fox, "a fox", "--class", "3", "-o", file), "--class is not for a pipeline"},
		{exitUsage, with(fox, "a fox", "--truncation", "0.5", "-o", file), "--truncation is not for a pipeline"},
		{exitUsage, with(fox, "a fox", "--interpolate", "1,2", "-o", file), "give seeds by --seed"},
		{exitUsage, with(fox, "a fox", "--tile", "64", "-o", file), "--tile is not for a pipeline"},
		{exitUsage, with(fox, "a fox", "--keep-size", "-o", file), "--size gives"},
		{exitUsage, with(fox, "a fox", "--mean", "0.5", "-o", file), "its files say how it is read"},
		{exitUsage, with(fox, "a fox", "--concurrency", "2", "-o", file), "one image at a time"},
		{exitUsage, with(fox, "--stdin-paths", "-o", file), "--texts - reads them"},
		{exitUsage, with(fox, "a fox", "--count", "2", "--latents", image, "-o", file), "--count is of seeds"},
		{exitUsage, with(fox, "a fox", "-n", "200", "--size", "4096", "--grid", file), "the sheet would have"},
		{exitUsage, with(double, image, "--steps", "3", "-o", file), "--steps is for pipelines"},
		{exitUsage, with(gan, "--low-memory", "-o", file), "--low-memory is for pipelines"},
		{exitUsage, []string{"generate", "--text", "seven", "--guidance", "3", "-o", file}, "name the folder of one with -m"},
		{exitUsage, of(noEncoder, "a fox", "--image", image, "-o", file), "vae_encoder"},
		{exitFailed, of(pipelines+"inspect-none-of-these", "a fox", "-o", file, "--steps", "3"), "there is no such file or folder"}, // the first cause
		{exitUsage, of(pipelines+"inpaint", "a fox", "-o", file), "give an image and a mask"},
		{exitFailed, of(noDecoder, "a fox", "-o", file), "it has no vae_decoder"},
		{exitFailed, of(noDecoder, "a fox", "-o", in("OUT")), "it has no vae_decoder"},
		{exitFailed, of(noIndex, "--text", "a fox", "-o", file), "no model_index.json"},
		{exitFailed, []string{"inspect", "-m", noIndex}, "no model_index.json"},
		{exitFailed, of(noTokenizer, "a fox", "-o", file), "it has no tokenizer"},
		{exitFailed, with(fox, "a fox", "--image", in("none.png"), "-o", file), "--image " + in("none.png")},
		{exitFailed, with(fox, "a fox", "--image", noDecoder+"/model_index.json", "-o", file), "not a known image format"},
		{exitFailed, with(fox, "a fox", "--image", image, "--max-pixels", "60", "-o", file), "too large"},
		{exitFailed, with(fox, "a fox", "--latents", image, "-o", file), "npy"},
		{exitFailed, with(fox, "a fox", "-o", filepath.Join(noDecoder, "unet", "model.onnx")), "output"},
		{exitFailed, []string{"classify", "-m", whole, image}, "is a pipeline of several graphs"},
		{exitFailed, []string{"classify-text", "-m", whole, "a fox"}, "ortho generate -m"},
		{exitFailed, []string{"imagine", "-g", noDecoder, "--text", "a seven", "-o", file}, "it has no vae_decoder"},
	} {
		code, stdout, stderr := execute(t, "", c.args...)
		if code != c.code || stdout != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: exit %d, %q, %q; want %d and %q", c.args[1:], code, stdout, stderr, c.code, c.want)
		}
	}
	if left := filesIn(t, dir); !slices.Equal(left, before) {
		t.Errorf("left: %q", left)
	}
	if _, err := os.Stat(in("OUT")); err == nil {
		t.Error("a folder is left")
	}
	// Nothing of the pipeline is replaced.
	mine := without("none")
	if err := os.Link(filepath.Join(mine, "unet", "model.onnx"), in("unet.html")); err != nil {
		t.Fatal(err)
	}
	made(t, exitFailed, "would replace it", of(mine, "a fox", "--html", in("unet.html"), "-o", file, "--overwrite")...)
	made(t, exitFailed, "output", with(fox, "a fox", "--preview", "1", "-o", filepath.Join(write(t, in("a.preview.png"), "mine")[:len(in("a"))]+".png"))...)
	made(t, exitFailed, "would replace it", with(fox, "a fox", "--preview", "1", "--image", write(t, in("b.preview.png"), square(t, red, 64)), "-o", in("b.png"), "--overwrite")...)
	if read(t, in("a.preview.png")) != "mine" {
		t.Error("a file was replaced by a preview")
	}
}

// TestPipelinePreview has previews stand beside the picture, and go.
func TestPipelinePreview(t *testing.T) {
	dir := t.TempDir()
	p := &pipelineEngine{preview: &preview{reads: output.Protect(), name: filepath.Join(dir, "fox.preview.png")}}
	for i := range 3 {
		img := &preprocess.Image{Width: 2, Height: 2, Channels: 3, Pix: bytes.Repeat([]byte{byte(i)}, 12)}
		p.step(t.Context(), diffusion.Step{Done: i + 1, Of: 3, Preview: img})
		if got := decoded(t, p.preview.name); !bytes.Equal(got.Pix, img.Pix) {
			t.Fatalf("after step %d: %v", i, got.Pix)
		}
	}
	for want, to := range map[string]*flags.Destination{"a/b.preview.png": {File: "a/b.jpg"}, "OUT/ortho.preview.png": {Folder: "OUT"}, "x.preview.png": {File: "x.gif", Animation: true}} {
		if got := filepath.ToSlash(previewOf(to)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	needLibrary(t)
	os.Remove(p.preview.name)
	args := with(fox, "a fox", "--seed", "1", "--preview", "1")
	made(t, exitOK, "", with(args, "-o", filepath.Join(dir, "x.png"))...)
	made(t, exitOK, "", with(args, "-o", filepath.Join(dir, "y.png"), "--low-memory")...)
	if got := filesIn(t, dir); !slices.Equal(got, []string{"x.png", "y.png"}) || read(t, filepath.Join(dir, "x.png")) != read(t, filepath.Join(dir, "y.png")) {
		t.Errorf("%q", got)
	}
}
