package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/rows"
	"ortho/models"
	"ortho/models/bundled"
	"ortho/preprocess/codecs"
)

// evaluated runs eval --json.
func evaluated(t *testing.T, want int, args ...string) pages.Evaluation {
	t.Helper()
	code, stdout, stderr := execute(t, "", append([]string{"eval", "--json"}, args...)...)
	var doc pages.Evaluation
	if err := json.Unmarshal([]byte(stdout), &doc); code != want || err != nil {
		t.Fatalf("exit %d, want %d; %v, %s, %s", code, want, err, stdout, stderr)
	}
	return doc
}

// TestEvalEqualsPython: of the ImageNet samples, as many are right as Pillow and ONNX
// Runtime get right in Python. The class is the WordNet id that a file's name begins with.
func TestEvalEqualsPython(t *testing.T) {
	needLibrary(t)
	folder, err := filepath.Abs("../../../shared/images")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(folder); err != nil {
		t.Skip("needs shared/images beside the repository")
	}
	var goldens []struct {
		Input string
		Top   []int
	}
	if err := json.Unmarshal([]byte(read(t, "../../models/classify/testdata/shared_images.json")), &goldens); err != nil {
		t.Fatal(err)
	}
	model, err := flags.OpenBundled(bundled.Default, models.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	labels := model.Labels()
	lines := "input,label\n"
	right, right5 := 0, 0
	for _, g := range goldens {
		id, _, _ := strings.Cut(g.Input, "_")
		lines += filepath.Join(folder, g.Input) + "," + id + "\n"
		if labels[g.Top[0]].ID == id {
			right++
		}
		if slices.ContainsFunc(g.Top, func(i int) bool { return labels[i].ID == id }) {
			right5++
		}
	}
	slack := 0
	if err := codecs.FindJPEG().Err; err != nil {
		slack = 1 // Go's decoder rounds otherwise
	}
	html := filepath.Join(t.TempDir(), "x.html")
	doc := evaluated(t, exitOK, "--data", write(t, filepath.Join(t.TempDir(), "labels.csv"), lines), "--html", html)
	r := doc.Result
	t.Logf("%d of %d right, Python %d; top-5 %d, Python %d", r.Top1.Right, r.Top1.N, right, r.Top5.Right, right5)
	if r.Items != len(goldens) || r.Top1.Right < right-slack || r.Top1.Right > right+slack || r.Top5.Right < right5-slack || r.Top5.Right > right5+slack || right != 89 {
		t.Errorf("%d of %d right, top-5 %d; Python gets %d and %d", r.Top1.Right, r.Top1.N, r.Top5.Right, right, right5)
	}
	if f := r.Calibration.Fitted; f.Temperature == nil || f.ECE == nil || *f.ECE >= *r.Calibration.ECE {
		t.Errorf("%+v", f)
	}
	selfContained(t, html, 400_000, fmt.Sprintf("Top-1 %.1f %%", 100*r.Top1.Rate), "Reliability", "Confusion matrix", "data:image/jpeg", "n02128925_jaguar.JPEG", "--temperature 0.")
}

func TestEval(t *testing.T) {
	needLibrary(t)
	t.Run("csv", func(t *testing.T) {
		out := filepath.Join(t.TempDir(), "x.json")
		code, stdout, stderr := execute(t, "", "eval", "--data", "testdata/labels.csv", "-o", out)
		for _, want := range []string{"3 judged, 0 failed", "top-1", "CSV, 3 classes named by id (1) and label (1) and index (1)", "1 of 1 tabby cat (n02123045) taken for", "images/s; provider cpu"} {
			if code != exitOK || !strings.Contains(stdout, want) {
				t.Errorf("exit %d, no %q in %s%s", code, want, stdout, stderr)
			}
		}
		var doc pages.Evaluation
		if err := json.Unmarshal([]byte(read(t, out)), &doc); err != nil {
			t.Fatal(err)
		}
		r := doc.Result
		if !doc.Complete || r.Items != 3 || r.Top1.Right != 2 || r.Top5.Right != 3 || r.Classes != 1000 || len(doc.Model.SHA256) != 64 || doc.Throughput == nil {
			t.Errorf("%+v, %+v", doc, r.Top1)
		}
		if m := r.Mistakes; len(m) != 1 || m[0].Truth.ID != "n02123045" || m[0].TruthRank != 3 || m[0].Input != filepath.FromSlash("testdata/photos/chelsea.png") {
			t.Errorf("%+v", m)
		}
		code, _, stderr = execute(t, "", "eval", "--data", "testdata/labels.csv", "-o", out)
		if code != exitFailed || !strings.Contains(stderr, "--overwrite") {
			t.Errorf("exit %d, %s", code, stderr)
		}
	})
	t.Run("folder with broken images", func(t *testing.T) {
		dir := t.TempDir()
		put := func(name, text string) {
			if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(dir, name), text)
		}
		hostile := "<script>x<script>.png"
		if runtime.GOOS == "windows" {
			hostile = "x.png"
		}
		put("espresso/a.png", read(t, coffee))
		put("espresso/sub/b.png", read(t, coffee))
		put("espresso/broken.png", read(t, coffee)[:1000])
		put("Egyptian_Mau/"+hostile, read(t, coffee))
		html := filepath.Join(t.TempDir(), "x.html")
		doc := evaluated(t, exitItems, "--data", dir, "--html", html, "--batch", "2")
		r := doc.Result
		if r.Items != 3 || doc.Failed != 1 || len(doc.Failures) != 1 || doc.Failures[0].Error.Kind != "decode" || r.Top1.Right != 2 || doc.Data.NamedBy["label"] != 2 {
			t.Errorf("%+v, %+v", doc, r)
		}
		page := selfContained(t, html, 200_000, "1 image failed", "broken.png", "2 classes named by label")
		if strings.Contains(page, "<script>x") {
			t.Error("a name is markup")
		}
		code, stdout, _ := execute(t, "", "eval", "--data", dir, "--fail-fast", "--html", html+"2")
		if _, err := os.Stat(html + "2"); code != exitFailed || err == nil || !strings.Contains(stdout, "PARTIAL") && stdout != "" {
			t.Errorf("--fail-fast: exit %d, %s", code, stdout)
		}
	})
	t.Run("all broken", func(t *testing.T) {
		dir := t.TempDir()
		html := filepath.Join(dir, "x.html")
		list := write(t, filepath.Join(dir, "l.csv"), "input,label\nmissing.png,0\n")
		doc := evaluated(t, exitItems, "--data", list, "--html", html)
		if doc.Result.Top1 != nil || doc.Failed != 1 || doc.Result.Calibration.Reason == "" {
			t.Errorf("%+v", doc)
		}
		selfContained(t, html, 50_000, "No image was judged", "missing.png")
	})
	t.Run("graphs", func(t *testing.T) {
		const graphs = "../../models/testdata/"
		dir := t.TempDir()
		list := write(t, filepath.Join(dir, "l.csv"), fmt.Sprintf("input,label\n%[1]s,0\n%[1]s,1\n%[1]s,0\n", absolute(t, coffee))) // coffee is mostly red
		for _, c := range []struct {
			args   []string
			reason string
		}{
			{[]string{"-m", graphs + "float32_nchw", "--input-range", "0,1"}, ""},
			{[]string{"-m", graphs + "float32_nchw", "--input-range", "0,1", "--temperature", "3"}, ""},
			{[]string{"-m", graphs + "batch4", "--input-range", "0,1"}, ""},
			{[]string{"-m", graphs + "no_shape", "--input-range", "0,1"}, ""},
			{[]string{"-m", graphs + "uint8_nhwc_softmax"}, ""},
			{[]string{"-m", graphs + "sigmoid", "--input-range", "0,1"}, "don't add up to 1"},
			{[]string{"-m", graphs + "float32_nchw", "--input-range", "0,1", "--activation", "sigmoid"}, "of its own"},
			{[]string{"-m", graphs + "float32_nchw", "--input-range", "0,255", "--activation", "none"}, "above 1"},
		} {
			html := filepath.Join(t.TempDir(), "x.html")
			doc := evaluated(t, exitOK, append(c.args, "--data", list, "--html", html)...)
			if r := doc.Result; r.Items != 3 || r.Top1.Right != 2 || r.Top5 != nil || r.Classes != 3 || !strings.Contains(r.Calibration.Reason, c.reason) || (r.Calibration.Reason == "") != (c.reason == "") {
				t.Errorf("%v: %+v, %q", c.args, r.Top1, r.Calibration.Reason)
			}
			selfContained(t, html, 100_000, "class 1")
		}
	})
}

// TestEvalNoSuchClass: a graph that states no number of classes tells it by its answers.
func TestEvalNoSuchClass(t *testing.T) {
	needLibrary(t)
	list := write(t, filepath.Join(t.TempDir(), "l.csv"), "input,label\n"+absolute(t, coffee)+",70000\n")
	code, stdout, stderr := execute(t, "", "eval", "-m", "../../models/testdata/no_shape", "--input-range", "0,1", "--data", list)
	if code != exitFailed || stdout != "" || !strings.Contains(stderr, "its class is 70000, but the model has 3") {
		t.Errorf("exit %d, %q, %q", code, stdout, stderr)
	}
}

func absolute(t *testing.T, name string) string {
	t.Helper()
	name, err := filepath.Abs(name)
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// TestEvalTemperature: what eval fits is what it then judges by.
func TestEvalTemperature(t *testing.T) {
	needLibrary(t)
	before := evaluated(t, exitOK, "--data", "testdata/labels.csv").Result.Calibration
	if before.Fitted.Temperature == nil {
		t.Fatal(before.Fitted.Reason)
	}
	after := evaluated(t, exitOK, "--data", "testdata/labels.csv", "--temperature", fmt.Sprint(*before.Fitted.Temperature)).Result.Calibration
	if *after.NLL >= *before.NLL || after.Temperature != *before.Fitted.Temperature || *after.Fitted.Temperature != *before.Fitted.Temperature {
		t.Errorf("NLL %v at 1, %v at %v", *before.NLL, *after.NLL, after.Temperature)
	}
	_, stdout, _ := execute(t, "", "classify", coffee, "-k", "1")
	_, cooled, _ := execute(t, "", "classify", coffee, "-k", "1", "--temperature", "0.5")
	if p, q := rowsFrom[rows.Classes](t, stdout)[0].Predictions[0], rowsFrom[rows.Classes](t, cooled)[0].Predictions[0]; p.Index != q.Index || q.Probability <= p.Probability {
		t.Errorf("%+v at 1, %+v at 0.5", p, q)
	}
	// A run is not continued at another temperature.
	out := filepath.Join(t.TempDir(), "x.jsonl")
	args := []string{"classify", coffee, cat, "-o", out}
	if code, _, stderr := execute(t, "", args...); code != exitOK {
		t.Fatal(stderr)
	}
	if code, _, stderr := execute(t, "", with(args, "--resume", "--temperature", "2")...); code != exitFailed || !strings.Contains(stderr, "temperature was not set, and is 2") {
		t.Errorf("exit %d, %s", code, stderr)
	}
}

func TestEvalRefuses(t *testing.T) {
	dir := t.TempDir()
	csv := func(name, text string) string { return write(t, filepath.Join(dir, name), "input,label\n"+text) }
	if err := os.MkdirAll(filepath.Join(dir, "splits", "val", "n01440764"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "splits", "val", "n01440764", "a.jpg"), "")
	for _, c := range []struct {
		code int
		args []string
		want []string
	}{
		{exitUsage, nil, []string{"--data FOLDER"}},
		{exitUsage, []string{"x"}, []string{"no arguments"}},
		{exitUsage, []string{"--data", dir, "--truth", "name"}, []string{"auto, id, label, index"}},
		{exitUsage, []string{"--data", dir, "--temperature", "0"}, []string{"no temperature"}},
		{exitUsage, []string{"--data", dir, "-o", "x", "--html", "x"}, []string{"one file"}},
		{exitUsage, []string{"--data", dir, "--html", "-"}, []string{"names no file"}},
		{exitUsage, []string{"--data", "testdata/labels.csv", "-m", "../../models/testdata/embedding", "--input-range", "0,1", "--output-name", "embedding"}, []string{"no classes to judge"}},
		{exitFailed, []string{"--data", filepath.Join(dir, "nope")}, []string{"no such folder"}},
		{exitFailed, []string{"--data", photos}, []string{"no sub-folders"}},
		{exitFailed, []string{"--data", filepath.Join(dir, "splits")}, []string{"they look like splits", "splits/val"}},
		{exitFailed, []string{"--data", csv("a.csv", "a.jpg,crane\n"), "-m", "../../models/testdata/float32_nchw", "--input-range", "0,1", "--labels", write(t, filepath.Join(dir, "l.csv"), "id,label\na,crane\nb,crane\nc,eel\n")},
			[]string{`"crane" is the label of class 0 (a "crane") and the label of class 1`, "by their id"}},
		{exitFailed, []string{"--data", csv("b.csv", "a.jpg,espreso\nb.jpg,zzzz\n")}, []string{"2 of its 2 labels", `did you mean class 967 (n07920052 "espresso")`, "zzzz"}},
		{exitFailed, []string{"--data", csv("c.csv", "a.jpg,967\n"), "--truth", "label"}, []string{`"967" names no class`}},
		{exitFailed, []string{"--data", csv("d.csv", "a.jpg,967\n"), "--temperature", "2", "--activation", "sigmoid"}, []string{"sigmoid", "of its own"}},
	} {
		code, stdout, stderr := execute(t, "", append([]string{"eval"}, c.args...)...)
		for _, want := range c.want {
			if code != c.code || stdout != "" || !strings.Contains(stderr, want) {
				t.Errorf("%q: exit %d, %q, %q; want %d and %q", c.args, code, stdout, stderr, c.code, want)
			}
		}
	}
}

// TestEvalInterrupted: what was done so far is printed as partial, and no file is made.
func TestEvalInterrupted(t *testing.T) {
	needLibrary(t)
	if runtime.GOOS == "windows" {
		t.Skip("no process can send another an interrupt there")
	}
	dir := t.TempDir()
	list := write(t, filepath.Join(dir, "l.csv"), "input,label\n"+strings.Repeat(absolute(t, coffee)+",0\n", 100_000))
	out := filepath.Join(dir, "x.json")
	cmd := process(t, "eval", "-m", "../../models/testdata/float32_nchw", "--input-range", "0,1", "--data", list, "-o", out, "--html", out+".html", "--progress", "always")
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	shown, buffer := "", make([]byte, 4096)
	for some := regexp.MustCompile(`[1-9]\d* of 100000`); !some.MatchString(shown); {
		n, err := stderr.Read(buffer)
		shown += string(buffer[:n])
		if err != nil {
			t.Fatalf("%v, %s", err, shown)
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	rest := make(chan string)
	go func() {
		var all bytes.Buffer
		all.ReadFrom(stderr)
		rest <- all.String()
	}()
	select {
	case text := <-rest:
		shown += text
	case <-time.After(time.Minute):
		t.Fatal("it does not end")
	}
	err = cmd.Wait()
	if exitCode(err) != exitInterrupted || !strings.Contains(stdout.String(), "PARTIAL") || !strings.Contains(shown, "interrupted after") || !strings.Contains(shown, "x.json is not written") {
		t.Errorf("%v, %s, %s", err, stdout.String(), shown)
	}
	if left, _ := filepath.Glob(out + "*"); len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}
