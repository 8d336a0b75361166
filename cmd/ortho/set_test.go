package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestSet: an input that is the same in every run is given by --set, for every command.
func TestSet(t *testing.T) {
	needLibrary(t)
	const graphs = "../../models/classify/testdata/given/"
	image, black := graphs+"image.png", graphs+"black.png"
	dir := t.TempDir()
	for class, from := range map[string]string{"0": image, "1": black} {
		if err := os.MkdirAll(filepath.Join(dir, "data", class), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "data", class, "a.png"), read(t, from))
	}
	model := []string{"-m", graphs + "half.onnx", "--input-range", "0,1", "--set", "steps=3", "--set", "sigma=0.1"}
	for _, c := range []struct {
		args []string
		want string
	}{
		{with([]string{"classify"}, with(model, image)...), `"predictions"`},
		{with([]string{"embed"}, with(model, "--output-name", "y", image)...), `"embedding":[-1.7348`},
		{with([]string{"eval"}, with(model, "--data", filepath.Join(dir, "data"))...), "2 judged, 0 failed"},
		{with([]string{"inspect"}, model...), "set sigma"},
		{with([]string{"compare"}, with(model, "-m", graphs+"half.onnx", "--input", "synthetic")...), "equal"},
		{with([]string{"compare"}, with(model, "-m", graphs+"half.onnx", image, black)...), "2 rows of images compared"},
		{with([]string{"preprocess"}, with(model, "-o", filepath.Join(dir, "x.npy"), image)...), ""},
		{with([]string{"bench", "run"}, with(model, "--input", "synthetic", "--iterations", "2", "--rounds", "2", "--providers", "cpu", "--threads", "1", "--batch", "2", "--concurrency", "1", "-o", filepath.Join(dir, "a.jsonl"))...), "cpu"},
		{with([]string{"bench", "run"}, with(model, "--input", image, "--iterations", "2", "--rounds", "2", "--providers", "cpu", "--threads", "1", "--batch", "2", "--concurrency", "1", "-o", filepath.Join(dir, "b.jsonl"))...), "cpu"},
	} {
		code, stdout, stderr := execute(t, "", c.args...)
		if code != exitOK || !strings.Contains(stdout, c.want) {
			t.Errorf("%q: exit %d, %s%s, want %q", c.args, code, stdout, stderr, c.want)
		}
	}
	if rows := read(t, filepath.Join(dir, "b.jsonl")); !strings.Contains(rows, "sigma float16[N], given") || strings.Contains(rows, `"failed"`) {
		t.Errorf("bench run: %s", rows)
	}
}

// TestSetMissing: what is not given is asked for by the flag, with a value that may fit.
func TestSetMissing(t *testing.T) {
	needLibrary(t)
	const graphs = "../../models/classify/testdata/given/"
	for graph, want := range map[string]string{
		"scalar": "its input keep_prob float32[] takes: give --set keep_prob=1.0", "training": "--set is_training=false",
		"mask": "--set pixel_mask=1", "sizes": "--set 'orig_target_sizes=[480,640]'", "half": `"set": {"sigma": 1.0, "steps": 1}`,
	} {
		code, _, stderr := execute(t, "", "classify", "-m", graphs+graph+".onnx", "--input-range", "0,1", graphs+"image.png")
		if code == exitOK || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit %d, %s, want %q", graph, code, stderr, want)
		}
	}
}

// TestSetResume: another value is another run, and so is another file of the same name; the
// output is never the file that a value is read from.
func TestSetResume(t *testing.T) {
	needLibrary(t)
	const graphs = "../../models/classify/testdata/given/"
	dir := t.TempDir()
	out, mask := filepath.Join(dir, "o.jsonl"), filepath.Join(dir, "mask.npy")
	content := read(t, graphs+"mask.npy")
	write(t, mask, content)
	run := func(more ...string) (int, string) {
		code, _, stderr := execute(t, "", with([]string{"classify", "-m", graphs + "file.onnx", "--input-range", "0,1", graphs + "image.png"}, more...)...)
		return code, stderr
	}
	if code, stderr := run("--set", "mask="+mask, "-o", out); code != exitOK {
		t.Fatal(stderr)
	}
	if code, stderr := run("--set", "mask="+mask, "-o", out, "--resume"); code != exitOK {
		t.Error(stderr)
	}
	if code, stderr := run("--set", "mask=1", "-o", out, "--resume"); code == exitOK || !strings.Contains(stderr, "set mask was") {
		t.Errorf("another value: exit %d, %s", code, stderr)
	}
	write(t, mask, content[:len(content)-1]+"\x40")
	if code, stderr := run("--set", "mask="+mask, "-o", out, "--resume"); code == exitOK || !strings.Contains(stderr, "set mask was") {
		t.Errorf("another file: exit %d, %s", code, stderr)
	}
	if code, stderr := run("--set", "mask=@"+mask, "-o", mask, "--overwrite"); code == exitOK || !strings.Contains(stderr, "would replace") {
		t.Errorf("output over the value: exit %d, %s", code, stderr)
	}
}
