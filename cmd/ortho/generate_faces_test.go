package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ortho/preprocess"
)

const faceFiles = "../../models/faces/testdata/"

func facePicture(t *testing.T, name string) *preprocess.Picture {
	t.Helper()
	p, err := preprocess.DecodePicture([]byte(read(t, name)), preprocess.DecodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestFaces: a detector of YuNet's form, and restorers of GFPGAN's and CodeFormer's, give the pictures that facexlib makes with
// them (scripts/goldens/faces.py); where no face is, no byte is another.
func TestFaces(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	photo := faceFiles + "photo.png"
	for _, c := range []struct {
		want, model string
		more        []string
	}{
		{"run-gfpgan.png", "gfpgan.onnx", nil},
		{"run-codeformer.png", "codeformer.onnx", nil},
		{"run-faithful.png", "codeformer.onnx", []string{"--fidelity", "0.9"}},
		{"run-faithful.png", "codeformer.onnx", []string{"--set", "w=0.9"}},
		{"photo.png", "gfpgan.onnx", []string{"--face-detector", faceFiles + "nobody.onnx"}},
	} {
		out := filepath.Join(dir, "out.png")
		words := append([]string{"generate", photo, "-m", faceFiles + c.model, "-o", out, "--overwrite"}, c.more...)
		if c.want != "photo.png" {
			words = append(words, "--face-detector", faceFiles+"detector.onnx")
		}
		code, _, stderr := execute(t, "", words...)
		if code != exitOK || !strings.Contains(stderr, "faces: ") {
			t.Fatalf("%q: exit %d, %s", words, code, stderr)
		}
		got, want := facePicture(t, out), facePicture(t, faceFiles+c.want)
		off := 0
		for i, v := range got.Pix {
			if d := int(v) - int(want.Pix[i]); d > 1 || d < -1 || d != 0 && c.want == "photo.png" {
				t.Fatalf("%q: byte %d is %d, want %d", words, i, v, want.Pix[i])
			} else if d != 0 {
				off++
			}
		}
		if off > len(want.Pix)/1000 {
			t.Errorf("%q: %d of %d bytes are off by 1", words, off, len(want.Pix))
		}
	}

	// A folder, with alpha and gray; what is around the faces enlarged, too.
	folder := filepath.Join(dir, "in")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	seen := facePicture(t, photo)
	for name, channels := range map[string]int{"alpha.png": 4, "gray.png": 1} {
		pix := seen.WithChannels(min(channels, 3)).Pix
		if channels == 4 {
			alpha := make([]byte, seen.Width*seen.Height)
			for i := range alpha {
				alpha[i] = byte(200 + i%50)
			}
			pix = withAlpha(seen.Image, alpha)
		}
		f, err := os.Create(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		w, err := preprocess.NewFileWriter(f, seen.Width, seen.Height, channels, preprocess.FileOptions{Format: preprocess.PNG})
		if err == nil {
			_, err = w.Write(pix)
		}
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	made := filepath.Join(dir, "made")
	words := []string{"generate", folder, "-m", faceFiles + "gfpgan.onnx", "--face-detector", faceFiles + "detector.onnx", "--upscale", "span-x2", "-o", made}
	if code, _, stderr := execute(t, "", words...); code != exitOK || !strings.Contains(stderr, "faces: 4 restored, in 2 images") {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	if p := facePicture(t, filepath.Join(made, "alpha.png")); p.Width != 2*seen.Width || p.Alpha == nil {
		t.Errorf("%dx%d", p.Width, p.Height)
	}
	if p := facePicture(t, filepath.Join(made, "gray.png")); p.Width != 2*seen.Width || p.Channels != 3 {
		t.Errorf("%dx%d of %d channels", p.Width, p.Height, p.Channels)
	}
	if code, _, stderr := execute(t, "", append(words, "--resume", "--face-detector", faceFiles+"nobody.onnx")...); code != exitFailed || !strings.Contains(stderr, "face-detector") {
		t.Errorf("exit %d, %s", code, stderr)
	}
	// An image that is none costs itself.
	write(t, filepath.Join(folder, "broken.png"), "\x89PNG")
	code, stdout, _ := execute(t, "", "generate", filepath.Join(folder, "broken.png"), "-m", faceFiles+"gfpgan.onnx", "--face-detector", faceFiles+"detector.onnx", "-o", filepath.Join(dir, "x"))
	if code != exitItems {
		t.Errorf("exit %d, %s", code, stdout)
	}
}

// TestFaceFlags: what does not go together, or restores no faces, is told before any image is read.
func TestFaceFlags(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	gfpgan, detector := faceFiles+"gfpgan.onnx", faceFiles+"detector.onnx"
	for _, c := range []struct {
		words []string
		want  string
	}{
		{[]string{cat, "--face-detector", detector}, "GFPGAN"},
		{[]string{cat, "-m", gfpgan, "--fidelity", "0.4"}, "--face-detector"},
		{[]string{cat, "-m", gfpgan, "--upscale", "span-x2"}, "--face-detector"},
		{[]string{cat, "-m", gfpgan, "--face-detector", detector, "--fidelity", "1.5"}, "from 0 to 1"},
		{[]string{cat, "-m", gfpgan, "--face-detector", detector, "--fidelity", "0.4"}, "take it beside a face"},
		{[]string{cat, "-m", gfpgan, "--face-detector", detector, "--tile", "64"}, "--tile"},
		{[]string{cat, "-m", gfpgan, "--face-detector", "ssd-mobilenet-v2"}, "five points"},
		{[]string{cat, "-m", gfpgan, "--face-detector", "nowhere.onnx"}, "nowhere.onnx"},
		{[]string{cat, "-m", gfpgan, "--face-detector", detector, "--upscale", "glyphs"}, "--upscale"},
		{[]string{cat, "-m", gfpgan, "--face-detector", detector, "--upscale", "span-x2", "--keep-size"}, "--keep-size"},
		{[]string{"--text", "seven", "-m", "glyphs", "--face-detector", detector}, "none is named"},
	} {
		code, _, stderr := execute(t, "", append(append([]string{"generate"}, c.words...), "-o", filepath.Join(dir, "o.png"))...)
		if code == exitOK || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: exit %d, %s", c.words, code, stderr)
		}
	}
}
