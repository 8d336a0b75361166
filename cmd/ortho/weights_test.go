package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/pages"
)

// partsModel is a copy of a model whose weights lie in six files.
func partsModel(t *testing.T) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "m")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(testModels, "external_parts"))); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestWeights: files with weights that can't be used are named, with what to do, by inspect and
// by whatever would run the graph, wherever in the graph they are named.
func TestWeights(t *testing.T) {
	needLibrary(t)
	pointer := "version https://git-lfs.github.com/spec/v1\n"
	for _, c := range []struct {
		file, text, problem string // text: "": there is no such file; "/": a folder
		bytes, needed       int64
	}{
		{"then.bin", "", "missing: copy it there", 0, 4},
		{"function.bin", pointer, "git lfs pull", int64(len(pointer)), 12},
		{"deep/constant.bin", "cut", "cut short", 3, 20},
		{"sparse.bin", "/", "is a folder", 0, 4},
	} {
		dir := partsModel(t)
		file := filepath.Join(dir, filepath.FromSlash(c.file))
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		switch c.text {
		case "":
		case "/":
			if err := os.Mkdir(file, 0o700); err != nil {
				t.Fatal(err)
			}
		default:
			write(t, file, c.text)
		}
		code, stdout, stderr := ortho(t, "inspect", "-m", dir, "--json")
		var got struct {
			Weights []pages.Weights
			Missing string
		}
		if err := json.Unmarshal([]byte(stdout), &got); err != nil || code != exitOK || len(got.Weights) != 6 {
			t.Fatalf("%s: exit %d, %s: %v", c.file, code, stderr, err)
		}
		for _, w := range got.Weights {
			if want := (pages.Weights{File: c.file, Bytes: c.bytes, Needed: c.needed, Problem: w.Problem}); w.File == c.file && (w != want || !strings.Contains(w.Problem, c.problem)) || w.File != c.file && w.Problem != "" {
				t.Errorf("%s: %+v, want %+v of %q", c.file, w, want, c.problem)
			}
		}
		for _, said := range []string{c.file, c.problem} {
			if !strings.Contains(got.Missing, said) {
				t.Errorf("%s: %s", c.file, got.Missing)
			}
		}
		if _, stdout, _ := ortho(t, "inspect", "-m", dir); !strings.Contains(stdout, "weights in "+c.file+", which ") || strings.Count(stdout, c.problem) != 2 {
			t.Errorf("%s:\n%s", c.file, stdout)
		}
		data := write(t, filepath.Join(t.TempDir(), "l.csv"), "input,label\n"+absolute(t, coffee)+",0\n")
		model := []string{"-m", dir, "--input-range", "0,1"}
		for _, args := range [][]string{
			append([]string{"classify", coffee}, model...),
			append([]string{"classify", coffee, "-f", "jsonl", "-o", filepath.Join(t.TempDir(), "o.jsonl")}, model...),
			append([]string{"embed", coffee, "--output-name", "logits"}, model...),
			append([]string{"describe", coffee, "--offline"}, model...),
			append([]string{"eval", "--data", data}, model...),
			append([]string{"compare", coffee, "--providers", "cpu,cpu", "--progress", "never"}, model...),
			append([]string{"bench", "run", "--rounds", "1", "--iterations", "1", "--progress", "never"}, model...),
		} {
			code, stdout, stderr := ortho(t, args...)
			if code == exitOK || !strings.Contains(stderr, c.file) || !strings.Contains(stderr, c.problem) {
				t.Errorf("%s: %s: exit %d, %s%s", c.file, args[0], code, stdout, stderr)
			}
		}
	}
}

// TestResumeOtherWeights: a run does not go on with other weights, wherever the graph names them.
func TestResumeOtherWeights(t *testing.T) {
	needLibrary(t)
	dir := partsModel(t)
	broken := filepath.Join(t.TempDir(), "broken.png")
	write(t, broken, "no image")
	out := filepath.Join(t.TempDir(), "o.jsonl")
	args := []string{"classify", coffee, broken, "-m", dir, "--input-range", "0,1", "-o", out, "--fail-fast"}
	if code, _, stderr := ortho(t, args...); code == exitOK {
		t.Fatal(stderr)
	}
	for _, name := range []string{"else.bin", "function.bin", "deep/constant.bin", "sparse.bin", "initializer.bin"} {
		file := filepath.Join(dir, filepath.FromSlash(name))
		before := read(t, file)
		write(t, file, strings.Repeat("\x00", len(before)))
		if code, _, stderr := ortho(t, append(args, "--resume")...); code != exitFailed || !strings.Contains(stderr, "SHA-256 of "+name) {
			t.Errorf("%s: exit %d, %s", name, code, stderr)
		}
		write(t, file, before)
	}
}
