package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestClassifyText(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	lines, whole, out := filepath.Join(dir, "lines.txt"), filepath.Join(dir, "whole.txt"), filepath.Join(dir, "out.jsonl")
	write(t, lines, "red\n\nvery blue\n")
	write(t, whole, "green\ngreen\n")
	for _, c := range []struct {
		args  []string
		stdin string
		code  int
		want  []string // in standard output or standard error
	}{
		{[]string{"Red, RED!", "blue"}, "", exitOK, []string{`{"input":"Red, RED!","predictions":[{"index":0,"label":"red"`, `{"input":"blue","predictions":[{"index":2`, "2 texts, 0 failed"}},
		{nil, "green\r\n", exitOK, []string{`{"input":"green","predictions":[{"index":1`}},
		{[]string{"--texts", lines, "--file", whole}, "", exitOK, []string{`"very blue"`, "whole.txt\",\"predictions\":[{\"index\":1"}},
		{[]string{"unheard-of red"}, "", exitOK, []string{`does not know "unheard", "of"`}},
		{[]string{"red red red red red red blue"}, "", exitOK, []string{`has not seen "blue"`}},
		{[]string{"unheard things red"}, "", exitOK, []string{"the classes are no answer: the model knows 1 of the text's 3 words"}},
		{[]string{"unheard things red", "blue", "unheard things blue"}, "", exitOK, []string{`the classes of 2 texts are no answer, as the rows say; of "unheard things red", the model knows 1`}},
		{[]string{"unheard", "red"}, "", exitItems, []string{`"kind":"input"`, "none of the text's words", `"label":"red"`}},
		{[]string{"--file", filepath.Join(dir, "none"), "red"}, "", exitItems, []string{`"kind":"read"`, "no such file"}},
		{[]string{"--file", filepath.Join(dir, "none"), "--fail-fast"}, "", exitFailed, []string{"--fail-fast stops here"}},
		{[]string{"--texts", filepath.Join(dir, "none")}, "", exitFailed, []string{"no such file"}},
		{[]string{"--top", "0", "red"}, "", exitUsage, []string{"--top 0"}},
		{[]string{"-o", out, "red", "blue"}, "", exitOK, nil},
		{[]string{"-o", out, "red", "blue", "--resume"}, "", exitOK, []string{"is complete"}},
		{[]string{"-o", out, "red", "green", "--resume"}, "", exitFailed, []string{"inputs"}},
		{[]string{"-m", "efficientnet-lite0", "red"}, "", exitFailed, []string{"classifies no texts"}},
	} {
		args := append([]string{"classify-text", "-f", "jsonl"}, c.args...)
		if len(c.args) == 0 || c.args[0] != "-m" {
			args = append(args, "-m", filepath.Join(testModels, "texts"))
		}
		code, stdout, stderr := execute(t, c.stdin, args...)
		if code != c.code {
			t.Errorf("%q: exit %d, want %d; %s", c.args, code, c.code, stderr)
		}
		for _, want := range c.want {
			if !strings.Contains(stdout+stderr, want) {
				t.Errorf("%q: %s%s lacks %q", c.args, stdout, stderr, want)
			}
		}
	}
	if text, err := os.ReadFile(out); err != nil || strings.Count(string(text), "\n") != 2 {
		t.Errorf("%s, %v", text, err)
	}
}
