package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/rows"
	"ortho/models"
	"ortho/runner/library"
)

var update = flag.Bool("update", false, "write docs/cli.md anew")

const (
	photos = "testdata/photos"
	coffee = "testdata/photos/coffee.png"
	cat    = "testdata/photos/chelsea.png"
)

func needLibrary(t *testing.T) {
	t.Helper()
	if _, err := library.Find(""); err != nil {
		t.Skipf("needs ONNX Runtime: %v", err)
	}
}

func execute(t *testing.T, stdin string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), append([]string{"ortho"}, args...), strings.NewReader(stdin), &out, &errs)
	return code, out.String(), errs.String()
}

// rowsFrom are the rows of JSONL.
func rowsFrom[R output.Row](t *testing.T, text string) []R {
	t.Helper()
	var all []R
	for line := range strings.Lines(text) {
		var row R
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all = append(all, row)
	}
	return all
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func read(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestUsageErrors(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"clasify"}, `no command "clasify"; did you mean classify?`},
		{[]string{"models", "lst"}, "did you mean list?\nSee `ortho models --help`."},
		{[]string{"xyzzy"}, "no command \"xyzzy\"\nSee `ortho --help`."},
		{[]string{"classify", "a.jpg", "--outptu", "x"}, "no flag --outptu; did you mean --output?\nSee `ortho classify --help`."},
		{[]string{"classify", "a.jpg", "-k", "five"}, `invalid value "five" for flag --top`},
		{[]string{"classify"}, "no images named"},
		{[]string{"classify", "a.jpg", "--bogus"}, "bogus"},
		{[]string{"classify", "a.jpg", "-k", "0"}, "--top 0"},
		{[]string{"classify", "a.jpg", "-k"}, "-k needs a value"},
		{[]string{"classify", "a.jpg", "--min-probability", "1.5"}, "--min-probability"},
		{[]string{"classify", "a.jpg", "--threads", "-1"}, "--threads"},
		{[]string{"classify", "a.jpg", "-f", "xml"}, "table, jsonl, json, csv, tsv"},
		{[]string{"classify", "a.jpg", "-p", "gpu"}, "cuda"},
		{[]string{"classify", "a.jpg", "--provider-option", "cuda.device_id=0"}, "cuda"},
		{[]string{"classify", "a.jpg", "--interpolation", "sharp"}, "bicubic"},
		{[]string{"classify", "a.jpg", "--logits", "-f", "csv"}, "jsonl"},
		{[]string{"classify", "a.jpg", "--resume"}, "-o FILE"},
		{[]string{"classify", "a.jpg", "--retry-failed", "-o", "-"}, "-o FILE"},
		{[]string{"classify", "a.jpg", "--resume", "-o", os.DevNull}, "-o FILE"},
		{[]string{"classify", "a.jpg", "-o", "x.csv", "--resume", "--overwrite"}, "one of them"},
		{[]string{"classify", "a.jpg", "-o", "x.csv", "--retry-failed", "--overwrite"}, "one of them"},
		{[]string{"preprocess", "a.jpg"}, "-o"},
		{[]string{"bench", "run", "--input", "-"}, "standard input"},
		{[]string{"completion", "tcsh"}, "bash"},
	} {
		code, stdout, stderr := execute(t, "", c.args...)
		if code != exitUsage || stdout != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: exit %d, stdout %q, stderr %q; want exit 2 and %q on stderr", c.args, code, stdout, stderr, c.want)
		}
	}
}

func TestCannot(t *testing.T) {
	dir := t.TempDir()
	existing := write(t, filepath.Join(dir, "out.csv"), "old")
	corrupt := write(t, filepath.Join(dir, "corrupt.onnx"), "<html>not a model</html>")
	library := write(t, filepath.Join(dir, "lib.so"), "not a library")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"classify", "-m", "nope", coffee}, "efficientnet-lite0"},
		{[]string{"classify", "-m", corrupt, coffee}, "corrupt.onnx"},
		{[]string{"classify", "-m", "../../models/testdata/two_images", coffee}, "more than one image"},
		{[]string{"classify", "-m", "../../models/testdata/float32_nchw", coffee}, "--mean"},
		{[]string{"classify", "-o", existing, coffee}, "--overwrite"},
		{[]string{"classify", "-o", filepath.Join(dir, "missing", "x.csv"), coffee}, "does not exist"},
		{[]string{"classify", "../../scripts"}, "no images"},
		{[]string{"classify", filepath.Join(dir, "*.png")}, "matches nothing"},
		{[]string{"classify", "@" + filepath.Join(dir, "nolist")}, "read list"},
		{[]string{"classify", "--labels", write(t, filepath.Join(dir, "two.txt"), "a\nb\n"), coffee}, "1000"},
	} {
		code, stdout, stderr := execute(t, "", c.args...)
		if code != exitFailed || stdout != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: exit %d, stdout %q, stderr %q; want exit 1 and %q on stderr", c.args, code, stdout, stderr, c.want)
		}
	}
	if got := read(t, existing); got != "old" {
		t.Errorf("the existing output now holds %q", got)
	}
	// In a process of its own: another test may have loaded a library in this one.
	text, err := process(t, "classify", "--onnxruntime", library, coffee).CombinedOutput()
	if exitCode(err) != exitFailed || !strings.Contains(string(text), "not a shared library") {
		t.Errorf("%v, %s", err, text)
	}
}

func TestClassify(t *testing.T) {
	needLibrary(t)
	t.Run("flags after arguments", func(t *testing.T) {
		code, stdout, stderr := execute(t, "", "classify", photos, "-k", "2", "--format=jsonl")
		got := rowsFrom[rows.Classes](t, stdout)
		if code != 0 || len(got) != 4 || got[2].Input != filepath.FromSlash(coffee) || len(got[2].Predictions) != 2 {
			t.Fatalf("exit %d, %+v, %s", code, got, stderr)
		}
		if p := got[2].Predictions[0]; p.Index != 967 || p.Label != "espresso" || p.ID != "n07920052" || got[2].Width != 600 || got[2].Height != 400 {
			t.Errorf("%+v", got[2])
		}
		if !strings.Contains(stderr, "provider cpu") {
			t.Errorf("the provider in use is not reported: %q", stderr)
		}
	})
	t.Run("sources", func(t *testing.T) {
		dir := t.TempDir()
		comma := filepath.Join(dir, "a,b.png")
		write(t, comma, read(t, coffee))
		list := write(t, filepath.Join(dir, "list.txt"), coffee+"\n\n"+cat+"\n")
		dash := write(t, filepath.Join(dir, "-k.png"), read(t, coffee))
		t.Chdir(".")
		for name, c := range map[string]struct {
			stdin string
			args  []string
			want  []string
		}{
			"comma":       {"", []string{comma}, []string{comma}},
			"list":        {"", []string{"@" + list}, []string{coffee, cat}},
			"stdin":       {read(t, coffee), []string{"-"}, []string{"-"}},
			"stdin paths": {coffee + "\n" + cat, []string{"--stdin-paths"}, []string{coffee, cat}},
			"nul":         {coffee + "\x00" + cat + "\x00", []string{"--stdin-paths", "-0"}, []string{coffee, cat}},
			"glob":        {"", []string{"testdata/photos/c*.png"}, []string{cat, coffee}},
			"dashes":      {"", []string{"--", dash}, []string{dash}},
			"twice":       {"", []string{coffee, coffee}, []string{coffee, coffee}},
		} {
			code, stdout, stderr := execute(t, c.stdin, append([]string{"classify", "-k1"[:2], "1"}, c.args...)...)
			var names []string
			for _, row := range rowsFrom[rows.Classes](t, stdout) {
				names = append(names, row.Input)
				if row.Error != nil {
					t.Errorf("%s: %+v", name, row.Error)
				}
			}
			if code != 0 || !slices.Equal(names, c.want) {
				t.Errorf("%s: exit %d, %q, want %q; %s", name, code, names, c.want, stderr)
			}
		}
	})
	t.Run("bad images cost their row", func(t *testing.T) {
		dir := t.TempDir()
		bad := map[string]string{
			write(t, filepath.Join(dir, "empty.jpg"), ""):                         "unsupported",
			write(t, filepath.Join(dir, "truncated.png"), read(t, coffee)[:5000]): "decode",
			write(t, filepath.Join(dir, "text.png"), "hello"):                     "unsupported",
			filepath.Join(dir, "missing.jpg"):                                     "read",
			dir + "/link.jpg":                                                     "read",
		}
		if err := os.Symlink(filepath.Join(dir, "nowhere"), dir+"/link.jpg"); err != nil {
			t.Fatal(err)
		}
		for path, kind := range bad {
			code, stdout, _ := execute(t, "", "classify", path, coffee)
			got := rowsFrom[rows.Classes](t, stdout)
			if code != exitItems || len(got) != 2 || got[0].Error == nil || got[1].Error != nil {
				t.Fatalf("%s: exit %d, %+v", path, code, got)
			}
			if got[0].Error.Kind != kind && !(kind == "unsupported" && got[0].Error.Kind == "decode") || !strings.Contains(got[0].Error.Message, filepath.Base(path)) {
				t.Errorf("%s: %+v, want kind %s and the file's name", path, *got[0].Error, kind)
			}
		}
		code, stdout, _ := execute(t, "", "classify", "--fail-fast", filepath.Join(dir, "text.png"), coffee)
		if got := rowsFrom[rows.Classes](t, stdout); code != exitFailed || len(got) != 1 {
			t.Errorf("--fail-fast: exit %d, %d rows", code, len(got))
		}
		code, stdout, _ = execute(t, "", "classify", "--max-pixels", "1000", coffee)
		if got := rowsFrom[rows.Classes](t, stdout); code != exitItems || got[0].Error.Kind != "too_large" {
			t.Errorf("--max-pixels: exit %d, %s", code, stdout)
		}
	})
	t.Run("other graphs", func(t *testing.T) {
		const graphs = "../../models/testdata/"
		for _, c := range []struct {
			model string
			args  []string
			kind  string
		}{
			{"uint8_nhwc_softmax", nil, ""},
			{"float16_nchw", []string{"--mean", "0.5", "--std", "0.5"}, ""},
			{"int8_nchw", []string{"--input-range", "-128,127"}, ""},
			{"batch4", []string{"--input-range", "0,1"}, ""},
			{"pooled", []string{"--input-range", "0,1"}, ""},
			{"sigmoid", []string{"--input-range", "0,1"}, ""},
			{"no_shape", []string{"--input-range", "0,1"}, ""},
			{"external", []string{"--input-range", "0,1"}, ""},
			{"dynamic_size", []string{"--input-range", "0,1", "--input-size", "32"}, ""},
			{"nan", []string{"--input-range", "0,1"}, "output"},
		} {
			_, stdout, stderr := execute(t, "", append([]string{"classify", "-m", graphs + c.model, coffee}, c.args...)...)
			got := rowsFrom[rows.Classes](t, stdout)
			switch {
			case len(got) != 1:
				t.Errorf("%s: %q, %s", c.model, stdout, stderr)
			case c.kind != "":
				if got[0].Error == nil || got[0].Error.Kind != c.kind {
					t.Errorf("%s: %s, want an error of kind %s", c.model, stdout, c.kind)
				}
			case got[0].Error != nil || got[0].Predictions[0].Index != 0: // coffee is mostly red
				t.Errorf("%s: %s", c.model, stdout)
			}
		}
		_, stdout, _ := execute(t, "", "classify", "-m", graphs+"embedding", "--input-range", "0,1", "--output-name", "embedding", coffee)
		if got := rowsFrom[rows.Classes](t, stdout); len(got) != 1 || got[0].Output == nil || got[0].Output.Name != "embedding" || len(got[0].Output.Values) != 3 {
			t.Errorf("--output-name: %s", stdout)
		}
	})
	t.Run("provider not in this library", func(t *testing.T) {
		code, stdout, stderr := execute(t, "", "classify", "-p", "cuda", coffee)
		if code != exitFailed && code != 0 || code == exitFailed && (stdout != "" || !strings.Contains(stderr, "cuda")) {
			t.Errorf("exit %d, %q, %q", code, stdout, stderr)
		}
	})
}

func TestOutputFiles(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	out := filepath.Join(dir, "x.csv")
	for range 2 {
		if code, stdout, stderr := execute(t, "", "classify", cat, coffee, "-k", "2", "-o", out, "--overwrite"); code != 0 || stdout != "" {
			t.Fatalf("exit %d, %q, %q", code, stdout, stderr)
		}
	}
	records, err := csv.NewReader(strings.NewReader(read(t, out))).ReadAll()
	if err != nil || len(records) != 5 || records[3][0] != coffee || records[3][4] != "espresso" {
		t.Errorf("%q, %v", records, err)
	}
	if _, err := os.Stat("/dev/full"); err == nil {
		if code, _, stderr := execute(t, "", "classify", coffee, "-o", "/dev/full"); code != exitFailed || !strings.Contains(stderr, "no space left") {
			t.Errorf("full disk: exit %d, %q", code, stderr)
		}
	}
	npy := filepath.Join(dir, "x.npy")
	if code, _, stderr := execute(t, "", "preprocess", coffee, "-o", npy); code != 0 || len(read(t, npy)) != 128+4*3*224*224 {
		t.Errorf("preprocess: exit %d, %d bytes, %s", code, len(read(t, npy)), stderr)
	}
	left, err := filepath.Glob(filepath.Join(dir, ".ortho-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
}

func TestInterrupted(t *testing.T) {
	needLibrary(t)
	ctx, cancel := context.WithCancel(t.Context())
	out := filepath.Join(t.TempDir(), "x.jsonl")
	var stdout, stderr bytes.Buffer
	paths := &cancelling{strings.NewReader(strings.Repeat(coffee+"\n", 10000)), cancel}
	code := run(ctx, []string{"ortho", "classify", "--stdin-paths", "-o", out}, paths, &stdout, &stderr)
	if code != exitInterrupted {
		t.Errorf("exit %d, %s", code, stderr.String())
	}
	if _, err := os.Stat(out); err == nil {
		t.Error("an interrupted run left a file that looks complete")
	}
	for i, row := range rowsFrom[rows.Classes](t, read(t, out+".partial")) {
		if row.Error != nil {
			t.Errorf("row %d: %+v", i, row.Error)
		}
	}
}

// cancelling interrupts the run after its first read.
type cancelling struct {
	*strings.Reader
	cancel func()
}

func (c *cancelling) Read(p []byte) (int, error) {
	if c.Reader.Len() < int(c.Reader.Size()) {
		c.cancel()
	}
	return c.Reader.Read(p[:min(len(p), 256)])
}

func TestModelsAndInspect(t *testing.T) {
	for _, args := range [][]string{{"models", "list"}, {"models", "show", "efficientnet-lite0"}, {"models", "verify"}, {"inspect"}, {"version"}, {"licenses"}, {"help"}, {"completion", "bash"}} {
		if code, stdout, stderr := execute(t, "", args...); code != 0 || stdout == "" {
			t.Errorf("%q: exit %d, %q", args, code, stderr)
		}
	}
	_, stdout, _ := execute(t, "", "inspect", "--json", "--std", "0.25")
	var d pages.Inspection
	if err := json.Unmarshal([]byte(stdout), &d); err != nil {
		t.Fatal(err)
	}
	if d.Opsets["ai.onnx"] != 17 || d.Inputs[0].Dims[0] != "batch" || d.Outputs[0].Op != "Gemm" || len(d.SHA256) != 64 || d.Exporter != "timm" {
		t.Errorf("%+v", d)
	}
	i := slices.IndexFunc(d.Facts, func(f models.Fact) bool { return f.Key == "std" })
	if i < 0 || !strings.HasPrefix(d.Facts[i].Source, "flag") || !strings.HasPrefix(d.Facts[i].Value, "0.25") {
		t.Errorf("std: %+v", d.Facts)
	}
}

func TestDocs(t *testing.T) {
	var want bytes.Buffer
	if err := commandline.Docs(&want, newApp()); err != nil {
		t.Fatal(err)
	}
	var reference bytes.Buffer
	if err := writeReference(&reference); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"../../docs/cli.md": want.String(), "../../docs/reference.md": reference.String()} {
		if *update {
			write(t, name, want)
		}
		if read(t, name) != want {
			t.Errorf("%s is out of date: make docs", name)
		}
	}
}

// TestPreprocessInterrupted: a decoder that takes its time is not waited for.
func TestPreprocessInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	out := filepath.Join(t.TempDir(), "x.npy")
	block := make(chan struct{})
	defer close(block)
	var stdout, stderr bytes.Buffer
	if code := run(ctx, []string{"ortho", "preprocess", "-", "-o", out}, blocked{cancel, block}, &stdout, &stderr); code != exitInterrupted {
		t.Errorf("exit %d, %s", code, stderr.String())
	}
	if left, _ := filepath.Glob(out + "*"); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// blocked interrupts the run when it is read, and gives nothing.
type blocked struct {
	cancel func()
	until  chan struct{}
}

func (b blocked) Read([]byte) (int, error) {
	b.cancel()
	<-b.until
	return 0, io.EOF
}
