package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"ortho/cmd/ortho/internal/pages"
	"ortho/runner/library"
	"ortho/runner/npz"
	"ortho/runner/onnx"
)

// comparing runs compare, whose sides are processes of the test binary.
func comparing(t *testing.T, args ...string) (code int, found pages.Comparison, stderr string) {
	t.Helper()
	needLibrary(t)
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	code, stdout, stderr := execute(t, "", append([]string{"compare", "--json"}, args...)...)
	if left, _ := filepath.Glob(filepath.Join(temp, "ortho-compare-*")); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
	if stdout != "" {
		if err := json.Unmarshal([]byte(stdout), &found); err != nil {
			t.Fatalf("%v: %s", err, stdout)
		}
	}
	return code, found, stderr
}

const (
	float = "efficientnet-lite0"
	int8s = "efficientnet-lite0-int8"
)

func TestCompareQuantized(t *testing.T) {
	for _, c := range []struct {
		flags []string
		code  int
	}{
		{nil, exitOK}, // by the coarser graph's precision
		{[]string{"--tolerance", "float32"}, exitVerdict},
		{[]string{"--tolerance", "float32", "--min-top1", "0.9", "--min-cosine", "0.99"}, exitOK},
		{[]string{"--min-top1", "0.9", "--max-abs", "1e-3"}, exitVerdict},
		{[]string{"--min-sqnr-db", "60"}, exitVerdict},
		{[]string{"--max-rel", "100"}, exitOK},
		{[]string{"--batch", "3"}, exitOK},
	} {
		code, found, stderr := comparing(t, append([]string{"-m", float, "-m", int8s, photos}, c.flags...)...)
		if code != c.code || len(found.Candidates) != 1 || found.Equal != (code == exitOK) {
			t.Errorf("%q: exit %d, want %d; %s; %+v", c.flags, code, c.code, stderr, found)
			continue
		}
		got := found.Candidates[0]
		o := got.Outputs[0]
		if got.Equal != found.Equal || got.Rows != 4 || o.SQNR == nil || *o.SQNR < 15 || *o.SQNR > 40 || o.Exact || o.Top1 == nil || got.Top1[o.Name].Low < 0.3 || got.Top1[o.Name].High != 1 {
			t.Errorf("%q: %+v", c.flags, got)
		}
		if found.Reference.Name != float || got.Name != int8s || len(got.SHA256) != 64 || got.Version == "" || found.Input.Source != "images" {
			t.Errorf("%q: %+v", c.flags, found)
		}
		if c.code == exitVerdict && got.Reason == "" {
			t.Errorf("%q: no reason", c.flags)
		}
		if len(c.flags) == 2 && c.flags[0] == "--tolerance" && (len(o.First) != 4 || o.Inputs[1] != filepath.Join(photos, "chelsea.png")) {
			t.Errorf("%q: %q", c.flags, o.Inputs)
		}
	}
}

func TestCompareWithItself(t *testing.T) {
	for _, args := range [][]string{
		{"-m", float, "-m", float, photos},
		{"--providers", "cpu,cpu", coffee, cat},
		{"-m", testModels + "/embedding", "--providers", "cpu,cpu,cpu", "--input-range", "0,1", photos},
		{"-m", testModels + "/batch4", "-m", testModels + "/float32_nchw", "--input-range", "0,1", photos, coffee}, // 5 images in fours
		{"-m", testModels + "/scalars", "--providers", "cpu,cpu", "--input", "synthetic"},
		{"-m", testModels + "/float32_nchw", "-m", testModels + "/batch4", "--input", "synthetic", "--rows", "6"},
		{"-m", testModels + "/tokens", "--providers", "cpu,cpu", "--input", "synthetic", "--dim", "sequence length=7", "--seed", "3"},
	} {
		code, found, stderr := comparing(t, args...)
		if code != exitOK || !found.Equal {
			t.Errorf("%q: exit %d: %s", args, code, stderr)
			continue
		}
		for _, c := range found.Candidates {
			for _, o := range c.Outputs {
				if !o.Exact || len(o.First) > 0 {
					t.Errorf("%q: %+v", args, o)
				}
			}
		}
	}
}

func TestCompareArrays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.npz")
	x := npz.Array{Name: "x", Type: onnx.Float, Shape: []int64{70, 3}, Data: bytes.Repeat([]byte{0, 0, 0x80, 0x3f}, 210)}
	scale := npz.Array{Name: "scale", Type: onnx.Float, Data: []byte{0, 0, 0, 0x40}}
	if err := npz.WriteFile(path, []npz.Array{x, scale}); err != nil {
		t.Fatal(err)
	}
	code, found, stderr := comparing(t, "-m", testModels+"/scalars", "--providers", "cpu,cpu", "--input", path, "--reference-optimization", "none")
	if code != exitOK || found.Input.Source != "npz" || found.Reference.Optimization != "none" || found.Candidates[0].Optimization != "all" {
		t.Fatalf("exit %d: %s; %+v", code, stderr, found)
	}
	if c := found.Candidates[0]; c.Rows != 70 || len(c.Outputs) != 2 || c.Outputs[0].Name != "y" || c.Outputs[1].Name != "total" || c.Outputs[1].Rows != 70 {
		t.Errorf("%+v", c)
	}
	if code, _, stderr := comparing(t, "-m", testModels+"/scalars", "--providers", "cpu,cpu", "--input", write(t, path+".npz", "no arrays")); code != exitFailed || !strings.Contains(stderr, path+".npz") {
		t.Errorf("exit %d: %s", code, stderr)
	}
}

func TestCompareFailures(t *testing.T) {
	broken := write(t, filepath.Join(t.TempDir(), "broken.png"), "\x89PNG\r\n\x1a\n")
	code, found, stderr := comparing(t, "-m", float, "-m", float, coffee, broken, cat, "missing.jpg")
	if code != exitItems || !found.Equal || found.Candidates[0].Rows != 2 || found.Input.Failed != 2 || len(found.Failures) != 2 || found.Failures[0].Input != broken || !strings.Contains(stderr, broken) {
		t.Errorf("exit %d: %s; %+v", code, stderr, found)
	}
	album := t.TempDir()
	write(t, filepath.Join(album, "a.txt"), "a")
	data, err := os.ReadFile(cat)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(album, "a.jpg"), string(data))
	if code, found, _ = comparing(t, "-m", float, "-m", float, album); code != exitOK || found.Input.PassedOver[".txt"] != 1 {
		t.Errorf("exit %d: %+v", code, found)
	}
	if code, _, stderr = comparing(t, "-m", float, "-m", float, broken); code != exitFailed || !strings.Contains(stderr, "nothing could be compared") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	// A side that can't run what the reference can is not equal.
	code, found, _ = comparing(t, "-m", testModels+"/float32_nchw", "-m", testModels+"/batch2_unsaid", "--batch", "2", "--input", "synthetic", "--rows", "2")
	if code != exitOK || !found.Equal {
		t.Errorf("exit %d: %+v", code, found)
	}
	code, found, _ = comparing(t, "-m", testModels+"/float32_nchw", "-m", testModels+"/batch2_unsaid", "--batch", "2", "--input-range", "0,1", photos, coffee)
	if code != exitVerdict || found.Equal || found.Candidates[0].FailedAlone != 1 || found.Failures[0].Side != "batch2_unsaid" {
		t.Errorf("exit %d: %+v", code, found)
	}
}

func TestCompareErrors(t *testing.T) {
	synthetic := []string{"--input", "synthetic"}
	models := func(names ...string) (args []string) {
		for _, n := range names {
			args = append(args, "-m", testModels+"/"+n)
		}
		return append(args, synthetic...)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{photos}, exitUsage, "one side only"},
		{[]string{"-m", float, "-m", int8s}, exitUsage, "nothing to compare on"},
		{[]string{"-m", float, "-m", int8s, "--providers", "cpu,openvino", photos}, exitUsage, "not both"},
		{[]string{"-m", float, "-m", int8s, photos, "--input", "synthetic"}, exitUsage, "either images or --input"},
		{[]string{"-m", float, "-m", int8s, photos, "--dim", "a=1"}, exitUsage, "--dim"},
		{[]string{"-m", float, "-m", int8s, "--input", "synthetic", "--dim", "a"}, exitUsage, "NAME=N"},
		{[]string{"-m", float, "-m", int8s, photos, "--tolerance", "int4"}, exitUsage, "int8"},
		{[]string{"-m", float, "-m", int8s, photos, "--min-top1", "2"}, exitUsage, "from 0 to 1"},
		{[]string{"-m", float, "-m", int8s, photos, "--max-abs", "NaN"}, exitUsage, "--max-abs"},
		{[]string{"-m", float, "-m", int8s, photos, "--batch", "-1"}, exitUsage, "--batch"},
		{[]string{"-m", float, "-m", int8s, photos, "--reference-optimization", "basic"}, exitUsage, "neither all nor none"},
		{[]string{"--providers", "cpu,gpu", photos}, exitUsage, "unknown execution provider"},
		{[]string{"--providers", "cpu,cpu", photos, "--provider-option", "cuda.device_id=0"}, exitUsage, "not among"},
		{models("float32_nchw", "two_images"), exitFailed, "two_images: the graph's inputs are"},
		{models("float32_nchw", "gray"), exitFailed, "gray"},
		{models("tokens", "tokens"), exitFailed, "--dim 'sequence length=N'"},
		{models("strings", "strings"), exitFailed, "input text"},
		{models("sequence_out", "sequence_out"), exitFailed, "sequence_out has no output that can be compared"},
		{append(models("batch4", "batch4"), "--batch", "3"), exitFailed, "exactly 4"},
		{[]string{"-m", testModels + "/two_images", "--providers", "cpu,cpu", photos}, exitFailed, "--input"},
		{[]string{"-m", "nope", "-m", float, photos}, exitFailed, "nope"},
	} {
		code, _, stderr := comparing(t, c.args...)
		if code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: exit %d, %s; want exit %d and %q", c.args, code, stderr, c.code, c.want)
		}
	}
}

func TestCompareOutput(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	args := []string{"compare", "-m", float, "-m", int8s, "--tolerance", "float32", photos}
	code, stdout, _ := execute(t, "", args...)
	for _, want := range []string{"reference  efficientnet-lite0 on cpu", "NOT EQUAL: output ", "rule       float32", "SQNR dB", "differs    " + filepath.Join(photos, "astronaut.png")} {
		if code != exitVerdict || !strings.Contains(stdout, want) {
			t.Errorf("exit %d: %s\nwant %q", code, stdout, want)
		}
	}
	for _, name := range []string{"x.json", "x.txt"} {
		path := filepath.Join(dir, name)
		code, out, stderr := execute(t, "", append(args, "-o", path)...)
		if code != exitVerdict || out != "" {
			t.Errorf("%s: exit %d, %q, %s", name, code, out, stderr)
		}
		if text := read(t, path); json.Valid([]byte(text)) != (name == "x.json") || name == "x.txt" && text != stdout {
			t.Errorf("%s: %s", name, text)
		}
		if code, _, stderr := execute(t, "", append(args, "-o", path)...); code != exitFailed || !strings.Contains(stderr, "--overwrite") {
			t.Errorf("%s again: exit %d, %s", name, code, stderr)
		}
	}
	// What fails leaves no file.
	path := filepath.Join(dir, "none.json")
	if code, _, _ := execute(t, "", "compare", "-m", float, "-m", testModels+"/gray", "--input", "synthetic", "-o", path); code != exitFailed {
		t.Errorf("exit %d", code)
	}
	if left, _ := filepath.Glob(path + "*"); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

func TestCompareProviders(t *testing.T) {
	needLibrary(t)
	if _, err := library.FindFor("", []string{"openvino"}); err != nil {
		t.Skipf("needs the flavor openvino: %v", err)
	}
	code, found, stderr := comparing(t, "--providers", "cpu,openvino", photos)
	if code != exitOK || !found.Equal || found.Candidates[0].Flavor != "openvino" || found.Candidates[0].Provider != "openvino" || found.Reference.Flavor != "cpu" {
		t.Errorf("exit %d: %s; %+v", code, stderr, found)
	}
}

// TestCompareInterrupted: a signal ends both sides, and leaves nothing behind.
func TestCompareInterrupted(t *testing.T) {
	needLibrary(t)
	if runtime.GOOS == "windows" {
		t.Skip("no process can send another an interrupt there")
	}
	temp, out := t.TempDir(), filepath.Join(t.TempDir(), "x.json")
	list := write(t, filepath.Join(t.TempDir(), "list"), strings.Repeat(coffee+"\n", 100_000))
	cmd := process(t, "compare", "-m", float, "-m", int8s, "@"+list, "-o", out)
	cmd.Env = append(cmd.Env, "TMPDIR="+temp)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	for running := false; !running && len(done) == 0; time.Sleep(time.Millisecond) {
		files, _ := filepath.Glob(filepath.Join(temp, "ortho-compare-*", "in-*.npz"))
		running = len(files) > 0
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Fatal(err)
	}
	if err := <-done; exitCode(err) != exitInterrupted || !strings.Contains(stderr.String(), "no verdict") {
		t.Errorf("%v, %s", err, stderr.String())
	}
	for _, pattern := range []string{filepath.Join(temp, "ortho-compare-*"), out + "*"} {
		if left, _ := filepath.Glob(pattern); len(left) > 0 {
			t.Errorf("left behind: %q", left)
		}
	}
}

// TestSyntheticSizes: what a model's files say of its input is not asked for again.
func TestSyntheticSizes(t *testing.T) {
	needLibrary(t)
	vit := exports + "/optimum-vit"
	expect(t, exitOK, []string{"synthetic input of num_channels=3, height=224, width=224, as optimum-vit is configured"}, "compare", "-m", vit, "-m", vit, "--input", "synthetic", "--rows", "2")
	expect(t, exitFailed, []string{"--dim s53=N --dim s0=N; or --input photos/"}, "bench", "run", "-m", exports+"/torch-dynamo-size")
}
