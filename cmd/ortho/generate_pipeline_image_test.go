package main

import (
	"bytes"
	"path/filepath"
	"testing"

	"ortho/preprocess"
)

// TestPipelineFitsAndMasks: what is decided of an image and its mask is told, also where the run is quiet.
func TestPipelineFitsAndMasks(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	image := filepath.Join("testdata", "photos", "chelsea.png")
	black := write(t, filepath.Join(dir, "black.png"), encodedGray(t, 32, 32, func(int, int) byte { return 0 }))
	soft := write(t, filepath.Join(dir, "soft.png"), encodedGray(t, 32, 32, func(x, _ int) byte { return byte(8 * x) }))
	args := with(fox, "a red fox", "--seed", "1", "--steps", "2", "--image", image, "--size", "32x64", "--progress", "never", "--overwrite", "-o", filepath.Join(dir, "x.png"))
	for _, c := range []struct {
		more []string
		want string
	}{
		{nil, "of its width is cut off (--fit pad"},
		{[]string{"--fit", "squash"}, "squashed to 32x64: its proportions change"},
		{[]string{"--mask", black}, "changes nothing: it is black everywhere"},
		{[]string{"--mask", black, "--mask-invert"}, "it keeps nothing"},
		{[]string{"--mask", soft}, "its grays blend the picture with the image"},
	} {
		made(t, exitOK, c.want, with(args, c.more...)...)
	}
	for name, want := range map[string]string{"models/generate/testdata/images/picture_alpha.png": "is transparent in parts", "preprocess/testdata/frames/gif-0.gif": "further frames or pages"} {
		made(t, exitOK, want, with(fox, "a red fox", "--seed", "1", "--steps", "2", "--image", "../../"+name, "--size", "32", "--progress", "never", "--overwrite", "-o", filepath.Join(dir, "x.png"))...)
	}
	made(t, exitUsage, "crop, pad, squash", with(args, "--fit", "fill")...)
}

// TestInpaintGraph: a graph that takes a mask beside an image changes nothing else.
func TestInpaintGraph(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	in := write(t, filepath.Join(dir, "in.png"), encodedGray(t, 80, 60, func(x, y int) byte { return byte(3*x + y) }))
	mask := write(t, filepath.Join(dir, "mask.png"), encodedGray(t, 80, 60, func(x, y int) byte {
		if x/20 == 1 && y/20 == 1 {
			return 255
		}
		return 0
	}))
	black := write(t, filepath.Join(dir, "black.png"), encodedGray(t, 40, 30, func(int, int) byte { return 0 }))
	out := filepath.Join(dir, "new", "out.png")
	graph := []string{"generate", "-m", "../../models/generate/testdata/graphs/fill_24x32.onnx", "--input-range", "0,1", "--output-range", "0,1", in}
	made(t, exitOK, "what is white in it is made anew", with(graph, "--mask", mask, "-o", out)...)
	before, after := decoded(t, in), decoded(t, out)
	for i, v := range after.Pix {
		if x, y := i%80, i/80; (x/20 != 1 || y/20 != 1) && v != before.Pix[i] {
			t.Fatalf("pixel %d, %d has changed", x, y)
		}
	}
	if bytes.Equal(before.Pix, after.Pix) {
		t.Error("nothing has changed")
	}
	if textOf(t, read(t, out))["ortho:mask-sha256"] == "" {
		t.Error("the mask is not in the picture's texts")
	}
	made(t, exitOK, "changes nothing: it is black everywhere", with(graph, "--mask", black, "-o", filepath.Join(dir, "b.png"))...)
	for name, c := range map[string]struct {
		code int
		want string
	}{"fill_kept": {exitOK, "what is white in it is made anew"}, "fill_nhwc": {exitOK, "what is white in it is made anew"}, "fill_neither": {exitFailed, "--mask-marks hole"}} {
		out := filepath.Join(dir, name+".png")
		made(t, c.code, c.want, "generate", "-m", "../../models/generate/testdata/graphs/"+name+".onnx", in, "--mask", mask, "-o", out)
		if c.code != exitOK {
			continue
		}
		changed := 0
		for i, v := range decoded(t, out).Pix {
			if x, y := i%80, i/80; v == before.Pix[i] {
				continue
			} else if changed++; x/20 != 1 || y/20 != 1 {
				t.Fatalf("%s: pixel %d, %d has changed", name, x, y)
			}
		}
		if changed < 300 {
			t.Errorf("%s: %d pixels have changed", name, changed)
		}
	}
	made(t, exitUsage, "give --mask FILE", with(graph, "-o", filepath.Join(dir, "no.png"))...)
	made(t, exitUsage, "that take a mask beside an image", with(double, in, "--mask", mask, "-o", filepath.Join(dir, "no.png"))...)
}

// encodedGray is a gray PNG.
func encodedGray(t *testing.T, width, height int, value func(x, y int) byte) string {
	t.Helper()
	var b bytes.Buffer
	w, err := preprocess.NewFileWriter(&b, width, height, 1, preprocess.FileOptions{Format: preprocess.PNG})
	for y := 0; y < height && err == nil; y++ {
		row := make([]byte, width)
		for x := range row {
			row[x] = value(x, y)
		}
		_, err = w.Write(row)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}
