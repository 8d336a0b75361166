package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ortho/models/bundled"
)

const testModels = "../../models/testdata"

// ortho runs a command line and returns what it prints.
func ortho(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), append([]string{"ortho"}, args...), strings.NewReader(""), &out, &errs)
	return code, out.String(), errs.String()
}

func TestInspect(t *testing.T) {
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"-m", bundled.Default}, []string{"input0  float32 [batch, 3, 224, 224]", "output0  float32 [batch, 1000], by Gemm", "ai.onnx 17", "timm", "config.json"}},
		{[]string{"-m", bundled.Default + "-int8"}, []string{"input0  float32 [batch, 3, 224, 224]", "output0  float32 [batch, 1000], by Gemm", "ai.onnx 17", "timm", "config.json"}},
		{[]string{"-m", filepath.Join(testModels, "ultralytics")}, []string{"exporter   ultralytics", "metadata   task = classify", "ONNX metadata", "1 Softmax"}},
		{[]string{"-m", filepath.Join(testModels, "float32_nchw")}, []string{"missing: give --mean or --preset", "can't classify yet:", "give --mean and --std"}},
		{[]string{"-m", filepath.Join(testModels, "two_images")}, []string{"left  float32", "more than one image"}},
		{[]string{"-m", filepath.Join(testModels, "not_an_image")}, []string{"takes no images"}},
		{[]string{"-m", filepath.Join(testModels, "no_shape")}, []string{"logits  float32 [shape not stated]"}},
		{[]string{"-m", filepath.Join(testModels, "external")}, []string{"weights in weights.bin\n"}},
		{[]string{"-m", filepath.Join(testModels, "float32_nchw"), "--preset", "torchvision", "--mean", "7"}, []string{"preset torchvision", "7 ", "flag"}},
	} {
		code, stdout, stderr := ortho(t, append([]string{"inspect"}, c.args...)...)
		if code != exitOK || stderr != "" {
			t.Errorf("%q: exit %d, %s", c.args, code, stderr)
		}
		for _, want := range c.want {
			if !strings.Contains(stdout, want) {
				t.Errorf("%q: no %q in\n%s", c.args, want, stdout)
			}
		}
	}
}

func TestInspectJSON(t *testing.T) {
	code, stdout, stderr := ortho(t, "inspect", "--json", "-m", filepath.Join(testModels, "external"))
	if code != exitOK {
		t.Fatal(stderr)
	}
	var got struct {
		SHA256   string
		Size     int64            `json:"size_bytes"`
		External []string         `json:"external_data"`
		Opsets   map[string]int64 `json:"opsets"`
		Inputs   []struct {
			Name, Type string
			Shape      []any
		}
		Preprocessing []struct{ Key, Value, Source string }
		Missing       string
	}
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		t.Fatal(err)
	}
	if got.Size != 370 || len(got.SHA256) != 64 || got.Opsets["ai.onnx"] != 13 || got.Inputs[0].Shape[0] != "batch" || got.Inputs[0].Shape[1] != 3.0 ||
		len(got.External) != 1 || got.Preprocessing[0].Key != "input" || got.Missing == "" {
		t.Errorf("%+v", got)
	}
}

func TestInspectErrors(t *testing.T) {
	text := filepath.Join(t.TempDir(), "page.onnx")
	if err := os.WriteFile(text, []byte("<!DOCTYPE html>"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		code int
		want string
	}{
		{[]string{"-m", text}, exitFailed, "web page"},
		{[]string{"-m", "missing"}, exitFailed, "missing"},
		{[]string{"-m", t.TempDir()}, exitFailed, "no .onnx file"},
		{[]string{"--mean", "x"}, exitUsage, "no number"},
		{[]string{"--preset", "x"}, exitUsage, "torchvision"},
		{[]string{"extra"}, exitUsage, "no arguments"},
	} {
		code, stdout, stderr := ortho(t, append([]string{"inspect"}, c.args...)...)
		if code != c.code || stdout != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: exit %d, stdout %q, stderr %q; want exit %d and %q", c.args, code, stdout, stderr, c.code, c.want)
		}
	}
}

// TestInspectCleans shows a label with an escape sequence without letting it act.
func TestInspectCleans(t *testing.T) {
	labels := filepath.Join(t.TempDir(), "labels.txt")
	if err := os.WriteFile(labels, []byte("\x1b[31mred\ngreen\nblue\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, stdout, _ := ortho(t, "inspect", "-m", filepath.Join(testModels, "float32_nchw"), "--labels", labels)
	if strings.Contains(stdout, "\x1b") || !strings.Contains(stdout, "red") {
		t.Errorf("%q", stdout)
	}
}
