package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"ortho/cmd/ortho/internal/pages"
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
		{[]string{"-m", filepath.Join(testModels, "external")}, []string{"weights in weights.bin, 48 bytes\n"}},
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

// TestInspectClasses: what a class is stands beside its label, a line each, and on a terminal
// in a table that is no wider.
func TestInspectClasses(t *testing.T) {
	labels := write(t, filepath.Join(t.TempDir(), "l.csv"), "label,gloss\nred,\x1b[31mthe colour of blood\ngreen,\nblue,"+strings.Repeat("as the sky ", 30)+"\n")
	three := []string{"-m", filepath.Join(testModels, "float32_nchw"), "--input-range", "0,1"}
	for _, c := range []struct {
		args []string
		code int
		want []string
	}{
		{[]string{"-m", bundled.Default}, exitOK, []string{"\n282\tn02123159\ttiger cat\ta cat having a striped coat\n", "\n999\t"}},
		{[]string{"-m", "imagenet-descriptions"}, exitOK, []string{"\n282\tn02123159\ttiger cat\t"}},
		{append(three, "--labels", labels), exitOK, []string{"0\t\tred\t\\x1b[31mthe colour of blood\n"}},
		{three, exitFailed, []string{"float32_nchw", "--labels FILE"}},
		{[]string{"-m", pipelines + "sd"}, exitUsage, []string{"a pipeline has none"}},
	} {
		code, stdout, stderr := ortho(t, append([]string{"inspect", "--classes"}, c.args...)...)
		for _, want := range c.want {
			if code != c.code || !strings.Contains(stdout+stderr, want) {
				t.Errorf("%q: exit %d, no %q in\n%s%s", c.args, code, want, stdout, stderr)
			}
		}
	}
	_, stdout, stderr := ortho(t, "inspect", "--classes", "--json")
	var got struct{ Classes []pages.Class }
	if err := json.Unmarshal([]byte(stdout), &got); err != nil || len(got.Classes) != 1000 ||
		got.Classes[360] != (pages.Class{Index: 360, ID: "n02444819", Label: "otter", Gloss: "freshwater carnivorous mammal having webbed and clawed feet and dark brown fur"}) {
		t.Errorf("%v, %s: %d classes", err, stderr, len(got.Classes))
	}
	table := pages.ClassTable(got.Classes).Draw(80)
	for line := range strings.SplitSeq(table, "\n") {
		if n := utf8.RuneCountInString(line); n > 80 {
			t.Fatalf("a line of %d characters: %s", n, line)
		}
	}
	if !strings.Contains(table, "│   282 │ n02123159 │ tiger cat ") {
		t.Error(table)
	}
}

// TestInspectPipeline: its parts, what its files say, and what it lacks.
func TestInspectPipeline(t *testing.T) {
	dir := t.TempDir()
	lacking := filepath.Join(dir, "lacking\x1b[31m")
	if err := os.CopyFS(lacking, os.DirFS(pipelines+"old")); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"vae_decoder/model.onnx", "unet/weights.pb"} {
		if err := os.Remove(filepath.Join(lacking, filepath.FromSlash(name))); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		model string
		want  []string
		json  pages.PipelineInspection
	}{
		{pipelines + "sd", []string{"pipeline   sd (StableDiffusionPipeline)\n", "part       unet: unet/model.onnx, ", " kB, opset 18, ", "  input    timestep  float32 []\n",
			"sha256     " + sumOf(t, pipelines+"sd"), "│ pndm ", "642 tokens, texts of 77", "│ unet/config.json", "-o fox.png makes an image"},
			pages.PipelineInspection{Class: "StableDiffusionPipeline", SHA256: sumOf(t, pipelines+"sd"), Parts: make([]pages.PartInspection, 4)}},
		{pipelines + "sdxl", []string{"part       text_encoder_2: ", "tokenizer_2"},
			pages.PipelineInspection{Class: "StableDiffusionXLPipeline", SHA256: sumOf(t, pipelines+"sdxl"), Parts: make([]pages.PartInspection, 5)}},
		{pipelines + "inpaint", []string{"4 channels, and 5 of mask and "},
			pages.PipelineInspection{Class: "StableDiffusionInpaintPipeline", SHA256: sumOf(t, pipelines+"inpaint"), Parts: make([]pages.PartInspection, 4)}},
		{pipelines + "old", []string{"  weights  in weights.pb, 143408 bytes\n", "input_ids  int32"},
			pages.PipelineInspection{Class: "OnnxStableDiffusionPipeline", SHA256: sumOf(t, pipelines+"old"), Parts: make([]pages.PartInspection, 4)}},
		{lacking, []string{"weights.pb, which is missing", "can't generate yet: ", "it has no vae_decoder", "copy"},
			pages.PipelineInspection{Class: "OnnxStableDiffusionPipeline", Parts: make([]pages.PartInspection, 3), Missing: []string{""}}},
	} {
		code, stdout, stderr := ortho(t, "inspect", "-m", c.model)
		if code != exitOK || stderr != "" || strings.Contains(stdout, "\x1b") {
			t.Errorf("%s: exit %d, %s", c.model, code, stderr)
		}
		for _, want := range c.want {
			if !strings.Contains(stdout, want) {
				t.Errorf("%s: no %q in\n%s", c.model, want, stdout)
			}
		}
		code, stdout, stderr = ortho(t, "inspect", "--json", "-m", c.model)
		var got pages.PipelineInspection
		if err := json.Unmarshal([]byte(stdout), &got); err != nil || code != exitOK {
			t.Fatalf("%s: exit %d, %v, %s", c.model, code, err, stderr)
		}
		if got.Class != c.json.Class || got.SHA256 != c.json.SHA256 || len(got.Parts) != len(c.json.Parts) || (got.Missing == nil) != (c.json.Missing == nil) || len(got.Facts) == 0 {
			t.Errorf("%s: %+v", c.model, got)
		}
		var sum int64
		for _, p := range got.Parts {
			sum += p.Size
		}
		if got.Size != sum || got.Parts[0].Name != "text_encoder" || got.Parts[0].Inputs[0].Name != "input_ids" || got.Parts[0].Opset == 0 {
			t.Errorf("%s: %d bytes, %+v", c.model, got.Size, got.Parts[0])
		}
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
		{[]string{"-m", pipelines + "sd", "--mean", "1"}, exitUsage, "--mean is not for a pipeline"},
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
