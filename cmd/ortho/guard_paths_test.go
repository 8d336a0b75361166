package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestGuardPaths: what comes out of a pipe is known late, and still not replaced.
func TestGuardPaths(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	rows := write(t, filepath.Join(dir, "rows.jsonl"), "no image, but it is read")
	page := write(t, filepath.Join(dir, "page.html"), square(t, red, 8))
	model := []string{"classify", "-m", "../../models/testdata/float32_nchw", "--input-range", "0,1", "--stdin-paths", "--overwrite"}
	for _, c := range []struct {
		stdin string
		args  []string
	}{
		{page + "\n" + rows + "\n", []string{"-o", rows}},
		{page + "\n" + coffee + "\n", []string{"--html", page}},
	} {
		code, _, stderr := execute(t, c.stdin, with(model, c.args...)...)
		if code != exitFailed || !strings.Contains(stderr, "would replace") {
			t.Errorf("%q: exit %d, %s", c.args, code, stderr)
		}
	}
	if read(t, rows) != "no image, but it is read" || read(t, page) != square(t, red, 8) {
		t.Error("an input was replaced")
	}
	if code, _, stderr := execute(t, coffee+"\n", with(model, "-o", rows, "--html", page)...); code != exitOK {
		t.Errorf("exit %d, %s", code, stderr)
	}
}

// TestGuardPatterns: a pattern does not match the rows that are being written.
func TestGuardPatterns(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "in.png"), square(t, red, 8))
	for _, args := range [][]string{
		{"classify", filepath.Join(dir, "*"), "-o", filepath.Join(dir, "ortho.jsonl")},
		with(double, filepath.Join(dir, "*"), "-o", dir),
	} {
		code, _, stderr := execute(t, "", args...)
		if code != exitFailed || !strings.Contains(stderr, "reads "+filepath.Join(dir, "ortho.jsonl.partial")) {
			t.Errorf("%q: exit %d, %s", args, code, stderr)
		}
		if left := filesIn(t, dir); len(left) != 1 {
			t.Errorf("%q: %q is left behind", args, left)
		}
	}
}

// TestGuardLinks: a model whose folders or files are links is what they lead to.
func TestGuardLinks(t *testing.T) {
	dir := t.TempDir()
	guardedInputs(t, dir)
	t.Chdir(t.TempDir())
	link := func(to, name string) {
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join(dir, filepath.FromSlash(to)), name); err != nil {
			t.Skip(err)
		}
	}
	link("above/onnx", "linked/onnx")
	link("graph/model.onnx", "blobs/model.onnx") // as in Hugging Face's cache
	link("graph/weights.bin", "blobs/weights.bin")
	link("graph", "whole")
	for _, name := range []string{"model_index.json", "tokenizer", "scheduler", "text_encoder", "unet", "vae_decoder"} {
		link("sd/"+name, "pipeline/"+name)
	}
	for _, c := range []struct {
		command string
		files   []string
	}{
		{"classify none.png -m linked", []string{"above/onnx/model.onnx"}},
		{"classify none.png -m linked/onnx/model.onnx", []string{"above/onnx/model.onnx"}},
		{"classify none.png -m blobs", []string{"graph/model.onnx", "graph/weights.bin"}},
		{"classify none.png -m blobs/model.onnx", []string{"graph/model.onnx", "graph/weights.bin"}},
		{"classify none.png -m whole", []string{"graph/model.onnx", "graph/names.txt", "graph/weights.bin"}},
		{"generate -m pipeline fox", []string{"sd/unet/model.onnx", "sd/tokenizer/vocab.json", "sd/scheduler/scheduler_config.json"}},
	} {
		for _, file := range c.files {
			file = filepath.Join(dir, filepath.FromSlash(file))
			before := read(t, file)
			code, _, stderr := execute(t, "", with(strings.Fields(c.command), "-o", file, "--overwrite")...)
			if code != exitFailed || !strings.Contains(stderr, "would replace") || read(t, file) != before {
				t.Errorf("%s -o %s: exit %d, %s", c.command, file, code, stderr)
			}
		}
	}
}

// TestGuardModelFolder: what runs leave in a model's folder is no part of the model.
func TestGuardModelFolder(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS("../../models/testdata/float32_nchw")); err != nil {
		t.Fatal(err)
	}
	args := []string{"classify", coffee, "-m", dir, "--input-range", "0,1", "-o", filepath.Join(dir, "rows.jsonl"), "--html", filepath.Join(dir, "page.html")}
	for _, more := range []string{"--overwrite", "--overwrite", "--resume"} {
		if code, _, stderr := execute(t, "", with(args, more)...); code != exitOK {
			t.Errorf("%s: exit %d, %s", more, code, stderr)
		}
	}
}

// TestGuardFolders: nor does what goes to a folder, by names that the run makes.
func TestGuardFolders(t *testing.T) {
	needLibrary(t)
	sd := pipelines + "sd"
	for _, c := range []struct {
		file, text string // in OUT
		args       []string
	}{
		{"0000-a-bold-slanted-seven.png", `{"kind": "ortho settings", "provider": "cpu"}`, []string{"imagine", "--text", "a bold slanted seven", "--seed", "1", "--settings", "FILE", "-o", "OUT"}},
		{"ortho.jsonl", "seven\n", []string{"generate", "--texts", "FILE", "--seed", "1", "-o", "OUT"}},
		{"ortho.jsonl.run.json", "seven\n", []string{"generate", "--texts", "FILE", "--seed", "1", "-o", "OUT"}},
		{"ortho.preview.png", square(t, red, 64), []string{"generate", "-m", sd, "--image", "FILE", "--preview", "1", "--steps", "2", "fox", "-o", "OUT"}},
		{"x.preview.png", square(t, red, 64), []string{"generate", "-m", sd, "--image", "FILE", "--preview", "1", "--steps", "2", "fox", "-o", "OUT/x.png"}},
		{"unet.jsonl", square(t, red, 64), []string{"bench", "run", "-m", sd, "--image", "FILE", "-o", "OUT"}},
		{"text_encoder.npz", square(t, red, 64), []string{"bench", "run", "-m", sd, "--image", "FILE", "-o", "OUT"}},
		{"unet.jsonl.rounds", square(t, red, 64), []string{"bench", "run", "-m", sd, "--image", "FILE", "-o", "OUT"}},
	} {
		dir := t.TempDir()
		file := write(t, filepath.Join(dir, c.file), c.text)
		args := slices.Clone(c.args)
		for i := range args {
			args[i] = strings.Replace(strings.Replace(args[i], "FILE", file, 1), "OUT", dir, 1)
		}
		code, _, stderr := execute(t, "", with(args, "--overwrite")...)
		if code != exitFailed || !strings.Contains(stderr, "would replace") || read(t, file) != c.text {
			t.Errorf("%s: exit %d, %s", c.args, code, stderr)
		}
		if left := filesIn(t, dir); len(left) != 1 {
			t.Errorf("%s: %q is left behind", c.args, left)
		}
	}
}

// TestGuardStandardInput: a file that comes by < is one that the run reads.
func TestGuardStandardInput(t *testing.T) {
	for _, c := range []struct {
		args []string
		file string
	}{
		{[]string{"classify", "-", "-f", "jsonl", "-o", "in.out"}, "in.out"},
		{[]string{"classify", "-", "--html", "in.html"}, "in.html"},
		{[]string{"classify", "--stdin-paths", "-o", "in.jsonl"}, "in.jsonl"},
		{[]string{"generate", "-", "-o", "in.png"}, "in.png"},
		{[]string{"generate", "--texts", "-", "-o", "in.png"}, "in.png"},
		{[]string{"preprocess", "-", "-o", "in.npy"}, "in.npy"},
		{[]string{"imagine", "-", "-o", "in.png"}, "in.png"},
		{[]string{"classify-text", "--texts", "-", "-o", "in.jsonl"}, "in.jsonl"},
		{[]string{"classify-text", "-o", "in.jsonl"}, "in.jsonl"},
		{[]string{"describe", "-", "--offline", "-o", "in.jsonl"}, "in.jsonl"},
	} {
		dir := t.TempDir()
		name := write(t, filepath.Join(dir, c.file), "what is read")
		link := filepath.Join(dir, "another name")
		if err := os.Link(name, link); err != nil {
			t.Skip(err)
		}
		stdin, err := os.Open(link)
		if err != nil {
			t.Fatal(err)
		}
		defer stdin.Close()
		args := append([]string{"ortho"}, c.args...)
		args[len(args)-1] = name
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), append(args, "--overwrite"), stdin, &stdout, &stderr); code != exitFailed || !strings.Contains(stderr.String(), "would replace") || read(t, name) != "what is read" {
			t.Errorf("%q: exit %d, %s", c.args, code, stderr.String())
		}
	}
}
