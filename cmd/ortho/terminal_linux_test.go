package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/sys/unix"

	"ortho/models/describe/openaitest"
)

// evil is what a name, a label or an answer may hold to act on a terminal, or to look like another.
// A name of a file may hold bytes that are no UTF-8, too.
const (
	evil     = "\x1b]0;owned\x07\x1b[31m\r\x7f\u0085\u202e\u2066\u200f\u061c\u2028\u200b\u00ad\u2060\ufeff\U000e0041\u115f."
	evilFile = evil + "\x9b7m"
)

// terminal is a pseudo-terminal that changes nothing: to is what a program writes to. read ends it,
// and returns what a person's end has got.
func terminal(t *testing.T) (to *os.File, read func() string) {
	t.Helper()
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	control := int(ours.Fd())
	number, err := unix.IoctlGetInt(control, unix.TIOCGPTN)
	if err == nil {
		err = unix.IoctlSetPointerInt(control, unix.TIOCSPTLCK, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	to, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip(err)
	}
	mode, err := unix.IoctlGetTermios(int(to.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	mode.Oflag &^= unix.OPOST
	mode.Lflag &^= unix.ECHO
	if err := unix.IoctlSetTermios(int(to.Fd()), unix.TCSETS, mode); err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(control, unix.TIOCSWINSZ, &unix.Winsize{Row: 40, Col: 160}); err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		io.Copy(&got, ours) // until the other end is closed
	}()
	return to, func() string {
		to.Close()
		<-ended
		ours.Close()
		return got.String()
	}
}

// progressLine is how the line of progress moves: up, and all below is erased.
var progressLine = regexp.MustCompile(`\x1b\[\d+A\x1b\[J`)

// acting finds what must not come to a terminal.
func acting(shown string) string {
	shown = progressLine.ReplaceAllString(shown, "")
	for i, r := range shown {
		switch {
		case r == '\n' || r == '\t':
		case r == utf8.RuneError && !strings.HasPrefix(shown[i:], "\ufffd"), r < 0x20, r >= 0x7f && r < 0xa0,
			r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069, r == 0x200e, r == 0x200f, r == 0x061c, r == 0x2028, r == 0x2029,
			unicode.Is(unicode.Cf, r), r == 0x115f, r == 0x1160, r == 0x3164:
			return fmt.Sprintf("%q in %q", r, shown[max(0, i-80):min(len(shown), i+80)])
		}
	}
	return ""
}

// escapes are how what is evil is shown.
var escapes = regexp.MustCompile(`\\(x1b|u001b|x9b|u061c|u202e|u200b)`)

// evilModel is a model whose names, labels and settings are evil, and a folder of evil names around it.
func evilModel(t *testing.T, dir, from string) string {
	t.Helper()
	folder := filepath.Join(dir, "model "+evil, from)
	if err := os.CopyFS(folder, os.DirFS(filepath.Join(testModels, from))); err != nil {
		t.Fatal(err)
	}
	graph := read(t, filepath.Join(folder, "model.onnx"))
	for is, becomes := range map[string]string{"make_test_models": "\x1b]0;owned\x07\u202ebad", "logits": "\x1b[31mL", "\x05input": "\x05\x1b[7mi", "batch": "\u202ebb"} {
		graph = strings.ReplaceAll(graph, is, becomes)
	}
	if err := os.Remove(filepath.Join(folder, "model.onnx")); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, "model.onnx"), graph)
	return folder
}

// TestTerminal: nothing that a command prints acts on a terminal, whatever names, labels, models,
// results, servers and drivers say, and in whatever format.
func TestTerminal(t *testing.T) {
	needLibrary(t)
	t.Setenv("ORTHO_INSPECT_MODEL", "no"+evil)
	dir := t.TempDir()
	photo := write(t, filepath.Join(dir, "photo "+evilFile+".png"), read(t, coffee))
	broken := write(t, filepath.Join(dir, "broken "+evilFile+".png"), "no image"+evil)
	model, pooled, texts := evilModel(t, dir, "float32_nchw"), evilModel(t, dir, "embedding"), evilModel(t, dir, "texts")
	labels := write(t, filepath.Join(dir, "labels "+evilFile+".txt"), strings.Repeat("%d"+strings.ReplaceAll(strings.ReplaceAll(evil, "\r", ""), "\u2028", "")+"\n", 3))
	detector := write(t, filepath.Join(dir, "detector "+evilFile+".onnx"), strings.NewReplacer("bird", "\x1b[1m", "cat", "\u202e").Replace(read(t, detectors+"v8.onnx")))
	bad := evilModel(t, dir, "gray")
	write(t, filepath.Join(bad, "ortho.json"), `{"labels": ["`+"\u202e"+`\u001b[31m"], "no such \u001b[31m\u202e": 1}`)
	list := write(t, filepath.Join(dir, "list "+evilFile), broken+"\n"+photo+"\n"+filepath.Join(dir, "missing "+evilFile)+"\n")
	data := filepath.Join(dir, "data")
	for _, class := range []string{"a" + evilFile, "b" + evilFile, "c" + evilFile} {
		if err := os.CopyFS(filepath.Join(data, class), os.DirFS(photos)); err != nil {
			t.Fatal(err)
		}
	}
	bench := strings.NewReplacer("efficientnet-lite0", `e\u001b[31m\u202e\u009b\u200b`, "debian 12.7", `\u001b[31m\u202e`, "AMD EPYC 7B13", `\u001b]0;x\u0007\u2066`,
		"the system has no cpufreq", `\u001b[2J\u061c`, "openvino", `o\u001b[31m\u202e`, `"photos"`, `"\u001b[31m"`).Replace(read(t, benchResults))
	results := write(t, filepath.Join(dir, "bench.jsonl"), bench)
	bin := filepath.Join(dir, "bin")
	if err := os.Mkdir(bin, 0o700); err != nil {
		t.Fatal(err)
	}
	smi := write(t, filepath.Join(bin, "nvidia-smi"), "#!/bin/sh\nprintf '\\033[31mGPU\\342\\200\\256, 5\\0331, 100, 9.0\\n'\n")
	if err := os.Chmod(smi, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	index := filepath.Join(dir, "index "+evilFile+".jsonl")
	if code, _, stderr := execute(t, "", "embed", "-m", pooled, "--input-range", "0,1", photo, "-o", index); code != 0 {
		t.Fatal(stderr)
	}
	says := openaitest.Describe(openaitest.Description{Sentence: "It is " + evil, Objects: []string{evil}, Scene: evil, Attributes: []string{evil}, Class: evil})
	refuses := openaitest.Refuse("No " + evil)

	by := func(words ...string) []string { return append(words, "-m", model, "--input-range", "0,1") }
	var tried []string
	for _, c := range []struct {
		words  []string
		answer openaitest.Answer // nil: there is no server
		plain  bool              // it shows nothing that is evil
	}{
		{words: by("classify", photo, broken)},
		{words: by("classify", photo, broken, "-f", "jsonl", "--labels", labels)},
		{words: by("classify", photo, broken, "-f", "csv", "--labels", labels, "--progress", "always")},
		{words: by("classify", photo, broken, "-f", "table", "--labels", labels, "--progress", "always")},
		{words: by("classify", photo, broken, "-f", "csv", "-o", "TERMINAL")},
		{words: by("classify", "@"+list, "-o", filepath.Join(dir, "rows "+evilFile+".jsonl"), "-f", "jsonl")},
		{words: []string{"classify", photo, "-m", bad}},
		{words: []string{"classify", photo, "-m", "no" + evilFile}},
		{words: []string{"classify", photo, "--onnxruntime", "no" + evilFile}},
		{words: []string{"classify", photo, "--" + evilFile}},
		{words: []string{"classify" + evilFile}},
		{words: []string{"classify", photo, "-f", evilFile}},
		{words: by("sort", photo, broken, "--labels", labels, "--into", filepath.Join(dir, "sorted "+evilFile), "--dry-run")},
		{words: []string{"serve", "-m", "no" + evilFile}},
		{words: []string{"tag", "-m", model, "--threshold", "0", photo, broken, "-f", "table"}},
		{words: []string{"segment", "-m", model, photo}},
		{words: []string{"depth", "-m", model, photo}},
		{words: []string{"cutout", photo, broken, "-o", filepath.Join(dir, "cut")}},
		{words: []string{"classify-text", "-m", texts, "red " + evil, "-f", "csv"}},
		{words: []string{"classify-text", "-m", texts, "red " + evil}},
		{words: []string{"embed", "-m", pooled, "--input-range", "0,1", photo, broken, "-f", "jsonl"}},
		{words: []string{"detect", "-m", detector, photo, broken, "-f", "table"}},
		{words: []string{"detect", "-m", detector, photo, broken, "-f", "csv"}},
		{words: []string{"detect", "-m", detector, photo, broken, "-f", "coco", "--draw", filepath.Join(dir, "drawn"), "--crops", filepath.Join(dir, "cut")}},
		{words: []string{"detect", "-m", model, photo}},
		{words: []string{"search", index, photo, broken, "-m", pooled, "--input-range", "0,1"}},
		{words: []string{"search", index, photo, "-m", pooled, "--input-range", "0,1", "-f", "jsonl"}},
		{words: []string{"dupes", photo, photo, broken}},
		{words: []string{"dupes", photo, photo, broken, "-f", "jsonl"}},
		{words: []string{"generate", photo, broken, "-o", filepath.Join(dir, "pictures "+evilFile)}},
		{words: []string{"generate", "--text", "seven" + evil, "-o", filepath.Join(dir, "x.png")}},
		{words: []string{"describe", "-m", "none", photo, broken}, answer: says},
		{words: []string{"describe", "-m", "none", photo, "--stream", "-f", "jsonl"}, answer: says},
		{words: []string{"describe", "-m", "none", photo, "-f", "csv"}, answer: says},
		{words: []string{"describe", "-m", "none", photo, "-f", "jsonl"}, answer: refuses},
		{words: by("describe", photo, "--labels", labels, "--dry-run")},
		{words: by("imagine", photo, "--labels", labels, "-g", "glyphs"), answer: says},
		{words: by("eval", "--data", data, "--labels", labels, "--truth", "rank")},
		{words: by("eval", "--data", data, "--labels", labels, "--truth", "rank", "--json")},
		{words: []string{"bench", "run", "--iterations", "1", "--rounds", "1", "--warmup", "0", "-m", model, "--providers", "cpu", "--threads", "1", "--batch", "1", "--concurrency", "1"}, plain: true},
		{words: []string{"bench", "report", results}},
		{words: []string{"bench", "report", "--markdown", results}},
		{words: []string{"bench", "report", "--benchstat", results}},
		{words: []string{"bench", "compare", results, results}},
		{words: []string{"compare", "-m", model, "--providers", "cpu,cpu", "--input", "synthetic"}},
		{words: []string{"compare", "-m", model, "--providers", "cpu,cpu", "--input", "synthetic", "--json"}},
		{words: []string{"pull", "hf:no/" + evilFile, "--offline"}},
		{words: []string{"classify", "https://store.example/" + evil, "--offline", "-f", "jsonl"}},
		{words: []string{"models", "list"}, plain: true},
		{words: []string{"models", "show", "no" + evilFile}},
		{words: []string{"models", "verify", "no" + evilFile}},
		{words: []string{"convert", filepath.Join(dir, "rows "+evilFile+".jsonl"), "-f", "csv", "-o", "-"}},
		{words: []string{"plan", "no" + evilFile, "-n", "1", "-o", filepath.Join(dir, "plan.jsonl")}},
		{words: []string{"plan", "@" + list, "-n", "1", "-o", filepath.Join(dir, "plan "+evilFile+".jsonl")}},
		{words: by("classify", "--plan", filepath.Join(dir, "plan "+evilFile+".jsonl"), "--plan-task", "0", "-o", filepath.Join(dir, "parts "+evilFile)+"/")},
		{words: []string{"gather", filepath.Join(dir, "no"+evilFile), "--plan", filepath.Join(dir, "plan "+evilFile+".jsonl")}},
		{words: []string{"gather", filepath.Join(dir, "parts "+evilFile), "--plan", filepath.Join(dir, "plan "+evilFile+".jsonl"), "-o", filepath.Join(dir, "all "+evilFile+".csv"), "-f", "csv"}},
		{words: []string{"schema", "no" + evilFile}},
		{words: []string{"inspect", "-m", model}},
		{words: []string{"inspect", "-m", model, "--json"}},
		{words: by("inspect", "--labels", labels, "--classes")},
		{words: []string{"preprocess", photo, "-o", filepath.Join(dir, "no "+evilFile, "x.npy")}},
		{words: []string{"describe", "prompts"}, plain: true},
		{words: []string{"runtime", "list", "--onnxruntime", "no" + evilFile}},
		{words: []string{"runtime", "list", "--onnxruntime", "no" + evilFile, "--json"}},
		{words: []string{"runtime", "install", "--from", "no" + evilFile}},
		{words: []string{"licenses", "no" + evilFile}},
		{words: []string{"doctor"}},
		{words: []string{"doctor", "--json"}},
		{words: []string{"config", "list"}},
		{words: []string{"config", "list", "--json"}},
		{words: []string{"config", "path"}, plain: true}, // which is off here
		{words: []string{"docs"}, plain: true},
		{words: []string{"version"}, plain: true},
		{words: []string{"version", "--json"}, plain: true},
		{words: []string{"completion", "bash"}, plain: true},
	} {
		if c.answer != nil {
			chatting(t, c.answer)
		} else {
			t.Setenv(envBaseURL, "")
			t.Setenv(envKey, "")
		}
		tried = append(tried, strings.Join(c.words[:min(len(c.words), 2)], " "))
		screen, shown := terminal(t)
		words := slices.Clone(c.words)
		for i := range words {
			words[i] = strings.Replace(words[i], "TERMINAL", screen.Name(), 1)
		}
		code := run(t.Context(), append([]string{"ortho"}, words...), strings.NewReader(""), screen, screen)
		text := shown()
		if found := acting(text); found != "" {
			t.Errorf("%q: %s", words, found)
		}
		if text == "" || !c.plain && !escapes.MatchString(text) {
			t.Errorf("%q shows nothing of what is evil: exit %d, %s", words, code, text)
		}
	}
	every(newApp().Commands, "", func(name string) {
		if !slices.ContainsFunc(tried, func(line string) bool { return strings.HasPrefix(line+" ", name+" ") }) {
			t.Errorf("%s is not among the cases", name)
		}
	})
}

// TestTerminalAlone: what is no terminal gets the bytes as they are.
func TestTerminalAlone(t *testing.T) {
	needLibrary(t)
	photo := write(t, filepath.Join(t.TempDir(), evil+".png"), read(t, coffee))
	args := []string{"classify", photo, "-m", testModels + "/float32_nchw", "--input-range", "0,1"}
	out := filepath.Join(t.TempDir(), "x.csv")
	screen, shown := terminal(t)
	code := run(t.Context(), append([]string{"ortho"}, with(args, "-o", out)...), strings.NewReader(""), screen, screen)
	if got := read(t, out); code != exitOK || !strings.Contains(got, evil) {
		t.Errorf("exit %d, %q; %s", code, got, shown())
	}
	if _, stdout, stderr := execute(t, "", with(args, "-f", "csv")...); !strings.Contains(stdout, evil) {
		t.Errorf("%q, %s", stdout, stderr)
	}
}

// TestTerminalLooks: help and tables fit terminals of any width, no colours are asked for, and on a dumb
// terminal no line moves.
func TestTerminalLooks(t *testing.T) {
	needLibrary(t)
	for _, kind := range []string{"xterm-256color", "dumb"} {
		t.Setenv("TERM", kind)
		for _, line := range []string{"classify -h", "generate --help", "classify " + photos + " nosuch.jpg", "models list", "doctor --help"} {
			for _, width := range []uint16{40, 80, 120} {
				screen, shown := terminal(t)
				if err := unix.IoctlSetWinsize(int(screen.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 50, Col: width}); err != nil {
					t.Fatal(err)
				}
				run(t.Context(), append([]string{"ortho"}, strings.Fields(line)...), strings.NewReader(""), screen, screen)
				said := shown()
				if regexp.MustCompile(`\x1b\[[0-9;]*m`).MatchString(said) {
					t.Errorf("%s: colours in %q", line, said)
				}
				if kind == "dumb" && strings.Contains(said, "\x1b") {
					t.Errorf("%s on a dumb terminal: %q", line, said)
				}
				for text := range strings.Lines(said) {
					text = strings.TrimRight(text, "\r\n")
					help := strings.Contains(line, "-h") && !regexp.MustCompile(`^  (ortho|curl|-)`).MatchString(text) // lines to copy, and names of flags, stay whole
					if !help && !strings.HasPrefix(text, "│") {
						continue // sentences of stderr, and progress
					}
					if n := utf8.RuneCountInString(text); n > int(width) {
						t.Errorf("%s in %d columns: %q has %d", line, width, text, n)
					}
				}
			}
		}
	}
}
