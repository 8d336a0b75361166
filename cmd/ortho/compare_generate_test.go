package main

import (
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ortho/preprocess"
)

const upscaler = "span-x4"

// smallImage writes an image of less than what compare takes of one.
func smallImage(t *testing.T, width, height int) string {
	t.Helper()
	img := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			img.Set(x, y, color.RGBA{uint8(7 * x), uint8(5 * y), uint8(x * y), 255})
		}
	}
	f, err := os.Create(filepath.Join(t.TempDir(), "small.png"))
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(f, img); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return f.Name()
}

func TestCompareGenerators(t *testing.T) {
	small, other := smallImage(t, 40, 30), smallImage(t, 52, 44)
	for _, c := range []struct {
		args   []string
		rows   int
		pixels int // of a row's output
	}{
		{[]string{"-m", upscaler, "--providers", "cpu,cpu", "--reference-optimization", "none", small, other}, 2, 0}, // of different sizes
		{[]string{"-m", upscaler, "--providers", "cpu,cpu", "--batch", "2", small, small, other}, 3, 0},
		{[]string{"-m", upscaler, "--providers", "cpu,cpu", small}, 1, 160 * 120},
		{[]string{"-m", graphs + "graphs/nearest_x3.onnx", "-m", graphs + "graphs/nearest_x3_float16.onnx", "--input-range", "0,1", "--task", "generate", photos}, 4, 768 * 768}, // of the middle; whose output's shape is not stated
		{[]string{"-m", graphs + "graphs/luma_x3.onnx", "--providers", "cpu,cpu", "--input-range", "0,1", "--size-multiple", "24", small}, 1, 144 * 144},
		{[]string{"-m", graphs + "graphs/style_32x48.onnx", "--providers", "cpu,cpu", "--input-range", "0,255", small, coffee, photos}, 6, 32 * 48},
		{[]string{"-m", graphs + "graphs/blue_nhwc_uint8.onnx", "--providers", "cpu,cpu", small, small}, 2, 40 * 30},
		{[]string{"-m", graphs + "samples/dcgan", "--providers", "cpu,cpu", "--input", "synthetic", "--rows", "3"}, 3, 16 * 16},
		{[]string{"-m", graphs + "samples/class", "--providers", "cpu,cpu", "--input", "synthetic", "--rows", "4", "--batch", "2"}, 4, 16 * 16},
		{[]string{"-m", graphs + "samples/text", "--providers", "cpu,cpu", "--input", "synthetic", "--rows", "3"}, 3, 16 * 16},
	} {
		code, found, stderr := comparing(t, c.args...)
		if code != exitOK || !found.Equal {
			t.Errorf("%q: exit %d: %s", c.args, code, stderr)
			continue
		}
		got := found.Candidates[0]
		o := got.Outputs[0]
		if got.Rows != c.rows || o.Rows != c.rows || !o.Image || o.SSIM == nil || o.SSIM.Worst < 0.9999 || o.PSNR == nil && !o.Exact || o.PSNR != nil && *o.PSNR < 60 {
			t.Errorf("%q: %+v, SSIM %+v", c.args, o, o.SSIM)
		}
		if n := o.Elements / c.rows; c.pixels > 0 && n != 3*c.pixels && n != c.pixels {
			t.Errorf("%q: %d elements in a row's output", c.args, n)
		}
	}
}

func TestCompareGeneratorsDiffer(t *testing.T) {
	small := smallImage(t, 40, 30)
	different := []string{"-m", graphs + "graphs/nearest_x3.onnx", "-m", graphs + "graphs/radius3_x3.onnx", "--input-range", "0,1", small, coffee}
	code, found, stderr := comparing(t, different...)
	if code != exitVerdict || len(found.Candidates) != 1 {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	o := found.Candidates[0].Outputs[0]
	if o.SSIM == nil || o.PSNR == nil || !(o.SSIM.Worst < o.SSIM.Mean && o.SSIM.Mean < 0.9) || o.Worst != []string{small, coffee}[o.SSIM.Row] {
		t.Errorf("%+v, SSIM %+v, worst %q", o, o.SSIM, o.Worst)
	}
	for _, c := range []struct {
		limits []string
		code   int
		want   string
	}{
		{[]string{"--min-ssim", "-1", "--min-psnr-db", "-100"}, exitOK, "rule       PSNR of images >= -100 dB, SSIM of images >= -1"},
		{[]string{"--min-ssim", "0.9"}, exitVerdict, "below 0.9"},
		{[]string{"--min-psnr-db", "100"}, exitVerdict, "PSNR in dB is"},
	} {
		code, stdout, stderr := execute(t, "", append(append([]string{"compare"}, c.limits...), different...)...)
		if code != c.code || !strings.Contains(stdout, c.want) || !strings.Contains(stdout, "SSIM") || !strings.Contains(stdout, "worst      "+o.Worst) {
			t.Errorf("%q: exit %d: %s%s", c.limits, code, stdout, stderr)
		}
	}
	for _, input := range [][]string{{small}, {"--input", "synthetic", "--dim", "height=24", "--dim", "width=20", "--rows", "2"}} {
		code, found, stderr := comparing(t, append([]string{"-m", "span-x2", "-m", "span-x4"}, input...)...)
		if code != exitVerdict || found.Candidates[0].Outputs[0].Shapes == nil || !strings.Contains(found.Candidates[0].Reason, "its shape is [1 3 ") {
			t.Errorf("%q: exit %d: %s; %+v", input, code, stderr, found)
		}
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-m", graphs + "graphs/nearest_x3.onnx", "--providers", "cpu,cpu", coffee}, "--input-range"},
		{[]string{"-m", graphs + "samples/dcgan", "--providers", "cpu,cpu", coffee}, "takes no image"},
		{[]string{"-m", upscaler, "--providers", "cpu,cpu", "--input", "synthetic"}, "add --dim height=N --dim width=N"},
		{[]string{"-m", upscaler, "-m", float, coffee}, "can't be compared"},
	} {
		if code, _, stderr := comparing(t, c.args...); code != exitFailed || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: exit %d: %s, want %q", c.args, code, stderr, c.want)
		}
	}
}

// TestOtherVerbs: what is for classifiers says what runs a generator.
func TestOtherVerbs(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"classify", "-m", upscaler, coffee}, "ortho generate"},
		{[]string{"eval", "-m", upscaler, "--data", "testdata/labels.csv"}, "ortho generate"},
		{[]string{"bench", "run", "-m", upscaler}, "--dim height=N --dim width=N"},
		{[]string{"bench", "run", "-m", upscaler, "--input", photos}, "ortho preprocess -m " + upscaler},
	} {
		if code, _, stderr := execute(t, "", c.args...); code != exitFailed || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: exit %d: %s, want %q", c.args, code, stderr, c.want)
		}
	}
}

func TestBenchGenerator(t *testing.T) {
	out, tensor := filepath.Join(t.TempDir(), "r.jsonl"), filepath.Join(t.TempDir(), "x.npy")
	if code, _, stderr := execute(t, "", "preprocess", "-m", upscaler, smallImage(t, 40, 30), "-o", tensor); code != exitOK {
		t.Fatal(stderr)
	}
	for _, input := range [][]string{{"--dim", "height=24", "--dim", "width=32"}, {"--input", tensor}} {
		args := append([]string{"-m", upscaler, "--iterations", "3", "--rounds", "3", "--threads", "1", "--batch", "1", "--concurrency", "1", "-o", out, "--overwrite"}, input...)
		if code, _, stderr := benchRun(t, args...); code != exitOK {
			t.Errorf("%q: exit %d: %s", input, code, stderr)
			continue
		}
		if f := measured(t, out); len(f.Rows) != 1 || f.Rows[0].Equal == nil || !*f.Rows[0].Equal {
			t.Errorf("%q: %+v", input, f.Rows)
		}
	}
}

func TestPreprocessGenerator(t *testing.T) {
	const header = 128 // bytes
	out := filepath.Join(t.TempDir(), "x.npy")
	img, err := preprocess.Decode([]byte(read(t, coffee)), preprocess.DecodeOptions{Channels: 3})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args  []string
		shape string
		bytes int
	}{
		{[]string{"-m", upscaler, coffee}, "(1, 3, 400, 600, )", 4 * len(img.Pix)},
		{[]string{"-m", graphs + "graphs/blue_nhwc_uint8.onnx", coffee}, "(1, 400, 600, 3, )", len(img.Pix)},
		{[]string{"-m", graphs + "graphs/luma_x3.onnx", "--input-range", "0,1", "--size-multiple", "64", coffee}, "(1, 1, 448, 640, )", 4 * 448 * 640},
		{[]string{"-m", graphs + "graphs/style_32x48.onnx", "--input-range", "0,255", coffee}, "(1, 3, 32, 48, )", 4 * 3 * 32 * 48}, // its output's range is of no account
	} {
		code, _, stderr := execute(t, "", append([]string{"preprocess", "-o", out, "--overwrite"}, c.args...)...)
		if code != exitOK {
			t.Errorf("%q: exit %d: %s", c.args, code, stderr)
			continue
		}
		got := read(t, out)
		if len(got) != header+c.bytes || !strings.Contains(got[:header], c.shape) {
			t.Errorf("%q: %d bytes, %q", c.args, len(got), got[:header])
		}
		if c.bytes == len(img.Pix) && got[header:] != string(img.Pix) {
			t.Errorf("%q: not the image's pixels", c.args)
		}
	}
	for _, c := range []struct{ model, want string }{{graphs + "samples/text", "takes no image"}, {graphs + "graphs/nearest_x2.onnx", "--input-range"}} {
		if code, _, stderr := execute(t, "", "preprocess", "-m", c.model, coffee, "-o", out+"2"); code != exitFailed || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit %d: %s", c.model, code, stderr)
		}
	}
}
