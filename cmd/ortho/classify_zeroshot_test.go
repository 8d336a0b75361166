package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/rows"
)

const dualTestdata = "../../models/dual/testdata/"

// TestZeroShot: rows of classify by labels of a file or of a list that ships, in shards, going on
// where a run ended; other labels can't.
func TestZeroShot(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	file, out := filepath.Join(dir, "labels.txt"), filepath.Join(dir, "out.jsonl")
	if err := os.WriteFile(file, []byte("cat\na cup of coffee\n\n rocket \n"), 0o644); err != nil {
		t.Fatal(err)
	}
	photos := []string{"testdata/photos/chelsea.png", "testdata/photos/coffee.png"}
	args := append([]string{"classify", "-m", dualTestdata + "clip-joint", "--zero-shot", file, "-o", out}, photos...)
	if code, _, stderr := execute(t, "", args...); code != 0 {
		t.Fatal(stderr)
	}
	got := rowsFrom[rows.Classes](t, read(t, out))
	if len(got) != 2 || len(got[0].Predictions) != 3 || got[0].Input != photos[0] {
		t.Fatalf("%+v", got)
	}
	labels := map[int]string{0: "cat", 1: "a cup of coffee", 2: "rocket"}
	sum := 0.0
	for _, p := range got[0].Predictions {
		sum += p.Probability
		if labels[p.Index] != p.Label {
			t.Errorf("%+v", p)
		}
	}
	if sum < 0.9999 || sum > 1.0001 {
		t.Errorf("probabilities sum to %v", sum)
	}
	again := append(args, "--resume")
	if code, _, stderr := execute(t, "", again...); code != 0 || !strings.Contains(stderr, "complete: nothing to do") {
		t.Errorf("%d %s", code, stderr)
	}
	if err := os.WriteFile(file, []byte("cat\na cup of tea\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := execute(t, "", again...); code == 0 || !strings.Contains(stderr, "labels' SHA-256") {
		t.Errorf("other labels: %d %s", code, stderr)
	}
	shard := filepath.Join(dir, "shard.jsonl")
	code, _, stderr := execute(t, "", append([]string{"classify", "-m", dualTestdata + "siglip-joint", "--zero-shot", "weather", "--template", "{}", "--template", "a photo of {}", "--shard", "1/2", "-o", shard}, photos...)...)
	if got := rowsFrom[rows.Classes](t, read(t, shard)); code != 0 || len(got) != 1 || got[0].Input != photos[1] || len(got[0].Predictions) != 5 {
		t.Errorf("%d %s %+v", code, stderr, got)
	}
}

// TestZeroShotRefusals: what can't be is refused with what to do.
func TestZeroShotRefusals(t *testing.T) {
	needLibrary(t)
	const photo = "testdata/photos/coffee.png"
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"--zero-shot", "weather"}, "optimum-cli export onnx --model"},
		{[]string{"-m", "../../models/testdata/embedding", "--zero-shot", "weather"}, "does not compare images with texts"},
		{[]string{"-m", dualTestdata + "clip-joint"}, "give --zero-shot with a file of labels"},
		{[]string{"-m", dualTestdata + "clip-joint", "--zero-shot", "wether"}, "there is no file wether, and the lists that ship are indoor-outdoor, scenes"},
		{[]string{"-m", dualTestdata + "clip-joint", "--zero-shot", "weather", "--template", "a photo"}, "has to have {} once"},
		{[]string{"-m", dualTestdata + "clip-joint", "--zero-shot", "weather", "--labels", "x.txt"}, "--labels"},
		{[]string{"-m", dualTestdata + "siglip-split", "--zero-shot", "weather"}, "give --logit-scale and --logit-bias"},
		{[]string{"--template", "{}"}, "--template is of models that compare images with texts"},
		{[]string{"--logit-scale", "3"}, "--logit-scale is of models"},
	} {
		if code, _, stderr := execute(t, "", append([]string{"classify", photo}, c.args...)...); code == 0 || !strings.Contains(stderr, c.says) {
			t.Errorf("%q: %d %s\ndoes not say %q", c.args, code, stderr, c.says)
		}
	}
}

// TestEmbedTexts: texts get rows as images do, by the same model.
func TestEmbedTexts(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	file, out := filepath.Join(dir, "texts.txt"), filepath.Join(dir, "out.parquet")
	if err := os.WriteFile(file, []byte("a cat\na cup of coffee\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := execute(t, "", "embed", "-m", dualTestdata+"openclip", "--texts", file, "--normalize", "-o", out); code != 0 {
		t.Fatal(stderr)
	}
	code, stdout, stderr := execute(t, "", "embed", "-m", dualTestdata+"openclip", "--texts", file, "-f", "jsonl")
	if got := rowsFrom[rows.Embeddings](t, stdout); code != 0 || len(got) != 2 || got[1].Input != "a cup of coffee" || len(got[1].Embedding) != 24 {
		t.Errorf("%d %s %+v", code, stderr, got)
	}
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"-m", dualTestdata + "clip-split"}, "no images named"},
		{[]string{"-m", dualTestdata + "clip-split", "--texts", file, "x.png"}, "--texts stands alone"},
		{[]string{"-m", "../../models/testdata/embedding", "--texts", file}, "takes no texts beside images"},
	} {
		if code, _, stderr := execute(t, "", append([]string{"embed"}, c.args...)...); code == 0 || !strings.Contains(stderr, c.says) {
			t.Errorf("%q: %d %s\ndoes not say %q", c.args, code, stderr, c.says)
		}
	}
}

// TestInspectBothHalves: inspect has the values of both halves, and tells of one that is missing.
func TestInspectBothHalves(t *testing.T) {
	needLibrary(t)
	code, stdout, stderr := execute(t, "", "inspect", "-m", dualTestdata+"openclip", "--json")
	for _, says := range []string{`"image float32[1,3,64,64]"`, `"preprocess_cfg.json"`, `"text int32[1,77]"`, `"tokenizer_config.json (pad_token)"`, `"config.json (no init_logit_bias)"`} {
		if code != 0 || !strings.Contains(stdout, says) {
			t.Errorf("%d %s: %s does not say %s", code, stderr, stdout, says)
		}
	}
	half := filepath.Join(t.TempDir(), "textual")
	if err := os.CopyFS(half, os.DirFS(dualTestdata+"openclip/textual")); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := execute(t, "", "inspect", "-m", filepath.Dir(half)); code == 0 || !strings.Contains(stderr, "but not the other half of the model, visual/model.onnx") {
		t.Errorf("%d %s", code, stderr)
	}
}
