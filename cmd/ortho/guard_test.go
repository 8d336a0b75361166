package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/flags"

	"github.com/urfave/cli/v2"
)

// guarded are commands that write files, each with what it can read. In the words, FILE is
// one of the files that stand for an input: the command must refuse to write to any of them.
var guarded = []struct {
	command string   // with the input's arguments and flags
	input   string   // "argument", or the flag that names it
	files   []string // in the test's folder, that are read
	outputs string   // flags
}{
	{"classify in.png", "argument", []string{"in.png"}, "output html"},
	{"classify photos", "argument", []string{"photos/a.png", "photos/deep/b.png"}, "output html"},
	{"classify photos/*.png", "argument", []string{"photos/a.png"}, "output html"},
	{"classify shard.tar", "argument", []string{"shard.tar"}, "output html"},
	{"classify @list.txt", "argument", []string{"list.txt", "in.png", "shard.tar"}, "output html"},
	{"classify -0 @nul.txt", "argument", []string{"nul.txt", "in.png"}, "output html"},
	{"classify none.png -m graph/model.onnx", "model", []string{"graph/model.onnx", "graph/weights.bin", "graph/ortho.json", "graph/config.json", "graph/preprocessor_config.json", "graph/names.txt"}, "output html"},
	{"classify none.png -m graph", "model", []string{"graph/model.onnx", "graph/weights.bin", "graph/ortho.json", "graph/names.txt"}, "output html"},
	{"classify none.png -m parts", "model", []string{"parts/then.bin", "parts/function.bin", "parts/deep/constant.bin", "parts/sparse.bin"}, "output html"},
	{"classify none.png -m parts/model.onnx", "model", []string{"parts/else.bin", "parts/function.bin", "parts/deep/constant.bin", "parts/sparse.bin"}, "output html"},
	{"classify none.png -m array", "model", []string{"array/weights.npy"}, "output html"},
	{"classify none.png -m above/onnx", "model", []string{"above/onnx/model.onnx", "above/config.json"}, "output html"},
	{"classify none.png -m above/onnx/model.onnx", "model", []string{"above/onnx/model.onnx", "above/config.json"}, "output html"},
	{"classify none.png --labels names.txt", "labels", []string{"names.txt"}, "output html"},
	{"classify none.png --set mask=@latents.npy", "set", []string{"latents.npy"}, "output html"},
	{"classify none.png --settings settings.json", "settings", []string{"settings.json"}, "output html"},

	{"sort in.png --into OUT --copy", "argument", []string{"in.png"}, "output"},
	{"sort none.png --into OUT --copy -m graph", "model", []string{"graph/model.onnx", "graph/weights.bin", "graph/ortho.json"}, "output"},
	{"sort none.png --into OUT --copy --labels names.txt", "labels", []string{"names.txt"}, "output"},
	{"sort none.png --into OUT --copy --set mask=@latents.npy", "set", []string{"latents.npy"}, "output"},
	{"sort none.png --into OUT --copy --custom-ops ops.so", "custom-ops", []string{"ops.so"}, "output"},
	{"sort none.png --into OUT --copy --settings settings.json", "settings", []string{"settings.json"}, "output"},
	{"sort --from-rows results.jsonl --into OUT --copy", "from-rows", []string{"results.jsonl"}, "output"},
	{"sort --undo results.jsonl", "undo", []string{"results.jsonl"}, "output"},

	{"classify-text --texts texts.txt", "texts", []string{"texts.txt"}, "output"},
	{"classify-text --file one.txt --file two.txt", "file", []string{"one.txt", "two.txt"}, "output"},
	{"classify-text hello -m graph", "model", []string{"graph/model.onnx", "graph/weights.bin"}, "output"},
	{"classify-text hello --labels names.txt", "labels", []string{"names.txt"}, "output"},
	{"classify-text hello --set mask=@latents.npy", "set", []string{"latents.npy"}, "output"},
	{"classify-text hello --vocabulary names.txt", "vocabulary", []string{"names.txt"}, "output"},
	{"classify-text hello --settings settings.json", "settings", []string{"settings.json"}, "output"},

	{"embed in.png -m none", "argument", []string{"in.png"}, "output"},
	{"embed none.png --set mask=@latents.npy", "set", []string{"latents.npy"}, "output"},
	{"embed none.png -m graph", "model", []string{"graph/model.onnx", "graph/weights.bin", "graph/ortho.json"}, "output"},
	{"embed none.png -m none --settings settings.json", "settings", []string{"settings.json"}, "output"},

	{"detect in.png -m none", "argument", []string{"in.png"}, "output html"},
	{"detect none.png -m none --labels names.txt", "labels", []string{"names.txt"}, "output html"},
	{"detect none.png -m none --set mask=@latents.npy", "set", []string{"latents.npy"}, "output html"},
	{"detect none.png -m graph", "model", []string{"graph/model.onnx", "graph/weights.bin", "graph/ortho.json"}, "output html"},
	{"detect none.png -m none --settings settings.json", "settings", []string{"settings.json"}, "output html"},

	{"describe in.png", "argument", []string{"in.png"}, "output html"},
	{"describe @list.txt", "argument", []string{"list.txt", "in.png"}, "output html"},
	{"describe none.png --prompt prompt.txt", "prompt", []string{"prompt.txt"}, "output html"},
	{"describe none.png --cache answers", "cache", []string{"answers/1.json"}, "output html"},
	{"describe none.png -m graph", "model", []string{"graph/model.onnx", "graph/ortho.json"}, "output html"},
	{"describe none.png --labels names.txt", "labels", []string{"names.txt"}, "output html"},
	{"describe none.png --set mask=@latents.npy", "set", []string{"latents.npy"}, "output html"},
	{"describe none.png --detector graph", "detector", []string{"graph/model.onnx", "graph/weights.bin"}, "output html"},
	{"describe none.png --segmenter graph", "segmenter", []string{"graph/model.onnx"}, "output html"},
	{"describe none.png --zero-shot texts.txt --zero-shot-model graph", "zero-shot", []string{"texts.txt"}, "output html"},
	{"describe none.png --zero-shot texts.txt --zero-shot-model graph", "zero-shot-model", []string{"graph/model.onnx"}, "output html"},
	{"describe none.png --settings settings.json", "settings", []string{"settings.json"}, "output html"},

	{"tag in.png -m none", "argument", []string{"in.png"}, "output html"},
	{"tag none.png -m none --labels names.txt", "labels", []string{"names.txt"}, "output html"},
	{"tag none.png -m none --set mask=@latents.npy", "set", []string{"latents.npy"}, "output html"},
	{"tag none.png -m graph", "model", []string{"graph/model.onnx", "graph/weights.bin", "graph/ortho.json"}, "output html"},
	{"tag none.png -m none --settings settings.json", "settings", []string{"settings.json"}, "output html"},
	{"tag none.png -m none --custom-ops ops.so", "custom-ops", []string{"ops.so"}, "output html"},
	{"depth in.png -m none", "argument", []string{"in.png"}, "output html"},
	{"depth none.png -m none --set mask=@latents.npy", "set", []string{"latents.npy"}, "output html"},
	{"depth none.png -m graph", "model", []string{"graph/model.onnx", "graph/weights.bin", "graph/ortho.json"}, "output html"},
	{"depth none.png -m none --settings settings.json", "settings", []string{"settings.json"}, "output html"},
	{"depth none.png -m none --custom-ops ops.so", "custom-ops", []string{"ops.so"}, "output html"},
	{"segment in.png -m none", "argument", []string{"in.png"}, "output html"},
	{"segment none.png -m none --labels names.txt", "labels", []string{"names.txt"}, "output html"},
	{"segment none.png -m none --set mask=@latents.npy", "set", []string{"latents.npy"}, "output html"},
	{"segment none.png -m graph", "model", []string{"graph/model.onnx", "graph/weights.bin", "graph/ortho.json"}, "output html"},
	{"segment none.png -m none --settings settings.json", "settings", []string{"settings.json"}, "output html"},
	{"segment none.png -m none --custom-ops ops.so", "custom-ops", []string{"ops.so"}, "output html"},
	{"cutout in.png", "argument", []string{"in.png"}, "output"},
	{"cutout in.png -o new.png", "argument", []string{"in.png"}, "html"},
	{"cutout none.png -o new.png -m graph", "model", []string{"graph/model.onnx", "graph/weights.bin", "graph/ortho.json"}, "html"},
	{"cutout none.png --background in.png", "background", []string{"in.png"}, "output"},
	{"cutout none.png --background in.png -o new.png", "background", []string{"in.png"}, "html"},
	{"cutout none.png --set mask=@latents.npy", "set", []string{"latents.npy"}, "output"},
	{"cutout none.png --settings settings.json", "settings", []string{"settings.json"}, "output"},
	{"cutout none.png --custom-ops ops.so", "custom-ops", []string{"ops.so"}, "output"},
	{"generate none.png --background white", "background", nil, ""}, // a colour alone
	{"generate in.png", "argument", []string{"in.png"}, "output"},
	{"generate in.png -o new.png", "argument", []string{"in.png"}, "html"},
	{"generate photos -o OUT", "argument", []string{"photos/a.png"}, "html"},
	{"generate @list.txt -o OUT", "argument", []string{"list.txt", "in.png"}, "html"},
	{"generate none.png -o new.png -m graph", "model", []string{"graph/model.onnx", "graph/weights.bin", "graph/ortho.json"}, "html"},
	{"generate none.png -m graph/model.onnx", "model", []string{"graph/model.onnx", "graph/weights.bin"}, "output"},
	{"generate none.png -m none --face-detector graph", "face-detector", []string{"graph/model.onnx", "graph/weights.bin"}, "output"},
	{"generate none.png -m none --face-detector none --upscale graph", "upscale", []string{"graph/model.onnx"}, "output"},
	{"generate --texts texts.txt", "texts", []string{"texts.txt"}, "output grid"},
	{"generate --latents latents.npy", "latents", []string{"latents.npy"}, "output grid"},
	{"generate --latents latents.npy -o new.png", "latents", []string{"latents.npy"}, "html"},
	{"generate --text seven --vocabulary names.txt", "vocabulary", []string{"names.txt"}, "output grid"},
	{"generate --class seven --labels names.txt", "labels", []string{"names.txt"}, "output grid"},
	{"generate --class seven --set mask=@latents.npy", "set", []string{"latents.npy"}, "output grid"},
	{"generate --class 7 --settings settings.json", "settings", []string{"settings.json"}, "output grid"},
	{"generate -m sd fox", "model", []string{"sd/model_index.json", "sd/unet/model.onnx", "sd/tokenizer/vocab.json"}, "output grid"},
	{"generate -m sd fox --image in.png", "image", []string{"in.png"}, "output grid"},
	{"generate -m sd fox --controlnet graph", "controlnet", []string{"graph/model.onnx", "graph/weights.bin"}, "output grid"},
	{"generate -m sd fox --control in.png", "control", []string{"in.png"}, "output grid"},
	{"generate -m sd fox --image photos/a.png --mask in.png -o new.png", "mask", []string{"in.png"}, "html"},

	{"imagine in.png", "argument", []string{"in.png"}, "output html json"},
	{"imagine --text seven -m graph", "model", []string{"graph/model.onnx", "graph/weights.bin"}, "output html json"},
	{"imagine --text seven --text-model graph", "text-model", []string{"graph/model.onnx"}, "output html json"},
	{"imagine --text seven -g sd", "generator", []string{"sd/unet/model.onnx"}, "output html json"},
	{"imagine in.png --prompt prompt.txt", "prompt", []string{"prompt.txt"}, "output html json"},
	{"imagine in.png --cache answers", "cache", []string{"answers/1.json"}, "output html json"},
	{"imagine in.png --labels names.txt", "labels", []string{"names.txt"}, "output html json"},
	{"imagine in.png --set mask=@latents.npy", "set", []string{"latents.npy"}, "output html json"},
	{"imagine in.png --detector graph", "detector", []string{"graph/model.onnx"}, "output html json"},
	{"imagine in.png --segmenter graph", "segmenter", []string{"graph/model.onnx"}, "output html json"},
	{"imagine in.png --zero-shot texts.txt --zero-shot-model graph", "zero-shot", []string{"texts.txt"}, "output html json"},
	{"imagine in.png --zero-shot texts.txt --zero-shot-model graph", "zero-shot-model", []string{"graph/model.onnx"}, "output html json"},
	{"imagine in.png --settings settings.json", "settings", []string{"settings.json"}, "output html json"},

	{"eval --data labels.csv", "data", []string{"labels.csv", "photos/a.png"}, "output html"},
	{"eval --data classes", "data", []string{"classes/0/a.png"}, "output html"},
	{"eval --data none -m graph", "model", []string{"graph/model.onnx", "graph/names.txt"}, "output html"},
	{"eval --data none --labels names.txt", "labels", []string{"names.txt"}, "output html"},
	{"eval --data none --set mask=@latents.npy", "set", []string{"latents.npy"}, "output html"},
	{"eval --data none --against graph", "against", []string{"graph/model.onnx", "graph/names.txt"}, "output html"},
	{"eval --data none --images photos", "images", []string{"photos/a.png", "photos/deep/b.png"}, "output html"},
	{"eval --data none -m none --zero-shot texts.txt", "zero-shot", []string{"texts.txt"}, "output html"},
	{"eval --data none --settings settings.json", "settings", []string{"settings.json"}, "output html"},

	{"bench run --iterations 1 --rounds 1 --data labels.csv", "data", []string{"labels.csv", "photos/a.png"}, "output html save-settings"},
	{"bench run --iterations 1 --rounds 1 --data none --images photos", "images", []string{"photos/a.png"}, "output html save-settings"},
	{"bench run --iterations 1 --rounds 1 --data none --against graph", "against", []string{"graph/model.onnx"}, "output html save-settings"},
	{"bench run --iterations 1 --rounds 1 --input photos", "input", []string{"photos/a.png"}, "output html save-settings"},
	{"bench run --iterations 1 --rounds 1 --input @list.txt", "input", []string{"list.txt", "in.png"}, "output html save-settings"},
	{"bench run --iterations 1 --rounds 1 --input arrays.npz", "input", []string{"arrays.npz"}, "output html save-settings"},
	{"bench run --iterations 1 --rounds 1 --rerun results.jsonl", "rerun", []string{"results.jsonl"}, "output html save-settings"},
	{"bench run --iterations 1 --rounds 1 -m graph/model.onnx", "model", []string{"graph/model.onnx", "graph/weights.bin", "graph/ortho.json"}, "output html save-settings"},
	{"bench run --iterations 1 --rounds 1 -m parts", "model", []string{"parts/then.bin", "parts/deep/constant.bin"}, "output html save-settings"},
	{"bench run --iterations 1 --rounds 1 --labels names.txt", "labels", []string{"names.txt"}, "output html save-settings"},
	{"bench run --iterations 1 --rounds 1 --set mask=@latents.npy", "set", []string{"latents.npy"}, "output html save-settings"},
	{"bench run --iterations 1 --rounds 1 -m sd", "model", []string{"sd/unet/model.onnx"}, "html"},
	{"bench run --iterations 1 --rounds 1 -m sd --image in.png", "image", []string{"in.png"}, "html"},
	{"bench run --iterations 1 --rounds 1 -m sd --image photos/a.png --mask in.png", "mask", []string{"in.png"}, "html"},
	{"bench report results.jsonl", "argument", []string{"results.jsonl"}, "html"},
	{"bench report results", "argument", []string{"results/unet.jsonl"}, "html"},

	{"compare -m graph -m efficientnet-lite0 in.png", "argument", []string{"in.png"}, "output"},
	{"compare none.png --set mask=@latents.npy", "set", []string{"latents.npy"}, "output"},
	{"compare -m efficientnet-lite0 -m graph/model.onnx photos", "model", []string{"graph/model.onnx", "graph/weights.bin", "graph/ortho.json"}, "output"},
	{"compare -m efficientnet-lite0 -m parts photos", "model", []string{"parts/then.bin", "parts/deep/constant.bin"}, "output"},
	{"compare --providers cpu,cpu @list.txt", "argument", []string{"list.txt", "in.png"}, "output"},
	{"compare --providers cpu,cpu --input arrays.npz", "input", []string{"arrays.npz"}, "output"},

	{"classify none.png -m none --zero-shot texts.txt", "zero-shot", []string{"texts.txt"}, "output html"},
	{"embed -m none --texts texts.txt", "texts", []string{"texts.txt"}, "output"},
	{"classify none.png --custom-ops ops.so", "custom-ops", []string{"ops.so"}, "output html"},
	{"classify-text hello --custom-ops ops.so", "custom-ops", []string{"ops.so"}, "output"},
	{"search texts.txt in.png -m none", "argument", []string{"texts.txt", "in.png"}, "output"},
	{"search none cat --set mask=@latents.npy", "set", []string{"latents.npy"}, "output"},
	{"search none cat -m graph", "model", []string{"graph/model.onnx", "graph/weights.bin", "graph/ortho.json"}, "output"},
	{"search none cat -m none --settings settings.json", "settings", []string{"settings.json"}, "output"},
	{"search none cat -m none --custom-ops ops.so", "custom-ops", []string{"ops.so"}, "output"},
	{"dupes in.png", "argument", []string{"in.png"}, "output"},
	{"dupes none.png --set mask=@latents.npy", "set", []string{"latents.npy"}, "output"},
	{"dupes none.png -m graph", "model", []string{"graph/model.onnx", "graph/weights.bin", "graph/ortho.json"}, "output"},
	{"dupes none.png --settings settings.json", "settings", []string{"settings.json"}, "output"},
	{"dupes none.png --custom-ops ops.so", "custom-ops", []string{"ops.so"}, "output"},
	{"embed none.png -m none --custom-ops ops.so", "custom-ops", []string{"ops.so"}, "output"},
	{"detect none.png -m none --custom-ops ops.so", "custom-ops", []string{"ops.so"}, "output html"},
	{"describe none.png --custom-ops ops.so", "custom-ops", []string{"ops.so"}, "output html"},
	{"generate --class 7 --custom-ops ops.so", "custom-ops", []string{"ops.so"}, "output grid"},
	{"imagine in.png --custom-ops ops.so", "custom-ops", []string{"ops.so"}, "output html json"},
	{"eval --data none --custom-ops ops.so", "custom-ops", []string{"ops.so"}, "output html"},
	{"bench run --iterations 1 --rounds 1 --custom-ops ops.so", "custom-ops", []string{"ops.so"}, "output html save-settings"},
	{"compare --providers cpu,cpu --custom-ops ops.so in.png", "custom-ops", []string{"ops.so"}, "output"},

	{"plan in.png -n 1", "argument", []string{"in.png"}, "output"},
	{"plan @list.txt -n 1", "argument", []string{"list.txt", "in.png", "shard.tar"}, "output"},
	{"gather results --plan none", "argument", []string{"results/unet.jsonl"}, "output"},
	{"gather none --plan results.jsonl", "plan", []string{"results.jsonl"}, "output"},
	{"classify --plan results.jsonl", "plan", []string{"results.jsonl"}, "output html"},
	{"embed -m none --plan results.jsonl", "plan", []string{"results.jsonl"}, "output"},
	{"tag -m none --plan results.jsonl", "plan", []string{"results.jsonl"}, "output html"},
	{"detect -m none --plan results.jsonl", "plan", []string{"results.jsonl"}, "output html"},
	{"depth -m none --plan results.jsonl", "plan", []string{"results.jsonl"}, "output html"},
	{"segment -m none --plan results.jsonl", "plan", []string{"results.jsonl"}, "output html"},
	{"describe --plan results.jsonl", "plan", []string{"results.jsonl"}, "output html"},
	{"convert results.jsonl", "argument", []string{"results.jsonl"}, "output"},
	{"preprocess in.png", "argument", []string{"in.png"}, "output"},
	{"preprocess none.png -m graph/model.onnx", "model", []string{"graph/model.onnx", "graph/weights.bin", "graph/config.json"}, "output"},
	{"preprocess none.png --labels names.txt", "labels", []string{"names.txt"}, "output"},
	{"preprocess none.png --set mask=@latents.npy", "set", []string{"latents.npy"}, "output"},
	{"preprocess none.png --vocabulary names.txt", "vocabulary", []string{"names.txt"}, "output"},
}

// TestGuard: no command writes over what it reads, whichever of its flags names the output:
// by the file's own name, by a link to it, or by another of its names.
func TestGuard(t *testing.T) {
	dir := t.TempDir()
	guardedInputs(t, dir)
	t.Chdir(dir)
	before := map[string]string{}
	for _, name := range filesIn(t, dir) {
		before[name] = read(t, name)
	}
	seen := map[string]bool{}
	for _, c := range guarded {
		words := strings.Fields(c.command)
		seen[commandOf(words)+" --"+c.input] = true
		for flag := range strings.FieldsSeq(c.outputs) {
			seen[commandOf(words)+" --"+flag] = true
			for _, file := range c.files {
				for _, name := range namesOf(t, file) {
					code, stdout, stderr := execute(t, "", with(words, "--"+flag, name, "--overwrite")...)
					if code != exitFailed || stdout != "" || !strings.Contains(stderr, "would replace") || !strings.Contains(stderr, name) || !strings.Contains(stderr, filepath.FromSlash(file)) {
						t.Errorf("%s --%s %s: exit %d, %q, %q; want %s to be told", c.command, flag, name, code, stdout, stderr, file)
					}
				}
				if read(t, file) != before[file] {
					t.Fatalf("%s --%s: %s was replaced", c.command, flag, file)
				}
			}
		}
	}
	if left := filesIn(t, dir); len(left) != len(before) {
		t.Errorf("%q is left behind", slices.DeleteFunc(left, func(name string) bool { _, is := before[name]; return is }))
	}
	for _, flag := range append(fileFlags(newApp().Commands, ""), readFlags(newApp().Commands, "")...) {
		if !seen[flag] {
			t.Errorf("%s is not among the cases", flag)
		}
	}
}

// namesOf are a file's own name in several spellings and, until the test ends, a symbolic and a
// hard link to it.
func namesOf(t *testing.T, file string) []string {
	names := []string{file, "sd/.././" + file}
	links := t.TempDir()
	to, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	if hard := filepath.Join(links, "hard"+filepath.Ext(file)); os.Link(to, hard) == nil {
		names = append(names, hard)
	}
	if soft := filepath.Join(links, "soft"+filepath.Ext(file)); os.Symlink(to, soft) == nil {
		names = append(names, soft)
	}
	return names
}

// guardedInputs makes what guarded names.
func guardedInputs(t *testing.T, dir string) {
	t.Helper()
	source := func(name string) string { return read(t, filepath.FromSlash("../../models/"+name)) }
	picture := square(t, red, 8)
	for name, text := range map[string]string{
		"in.png": picture, "photos/a.png": picture, "photos/deep/b.png": picture, "classes/0/a.png": picture,
		"shard.tar": tarOf(t, "x.png", picture), "list.txt": "in.png\nshard.tar\n", "nul.txt": "in.png\x00",
		"labels.csv": "input,label\nphotos/a.png,0\n", "names.txt": "<pad>\n<unk>\nseven\n",
		"texts.txt": "seven\n", "one.txt": "seven", "two.txt": "eight", "prompt.txt": "What is this?", "answers/1.json": "{}",
		"settings.json": `{"kind": "ortho settings", "provider": "cpu"}`,
		"ops.so":        "no library",
		"latents.npy":   "no array", "arrays.npz": "no arrays", "results.jsonl": read(t, benchResults), "results/unet.jsonl": "no results", "results/pipeline.json": "{}",
		"graph/model.onnx": source("testdata/external/model.onnx"), "graph/weights.bin": source("testdata/external/weights.bin"),
		"graph/ortho.json": `{"labels": "names.txt"}`, "graph/names.txt": "a\nb\n", "graph/config.json": "{}", "graph/preprocessor_config.json": "{}",
		"array/model.onnx": strings.Replace(source("testdata/external/model.onnx"), "weights.bin", "weights.npy", -1), "array/weights.npy": source("testdata/external/weights.bin"),
		"above/onnx/model.onnx": source("testdata/float32_nchw/model.onnx"), "above/config.json": "{}",
	} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(filepath.FromSlash(name))), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, filepath.FromSlash(name)), text)
	}
	for name, from := range map[string]string{"sd": pipelines + "sd", "parts": filepath.Join(testModels, "external_parts")} {
		if err := os.CopyFS(filepath.Join(dir, name), os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
	}
}

// readFlags are the flags of what a command reads, of all commands that write files.
func readFlags(commands []*cli.Command, above string) (all []string) {
	for _, c := range commands {
		if !c.Hidden && len(fileFlags([]*cli.Command{{Name: c.Name, Flags: c.Flags}}, "")) > 0 {
			for _, f := range c.Flags {
				if flags.Reads(f.Names()[0]) {
					all = append(all, above+c.Name+" --"+f.Names()[0])
				}
			}
		}
		all = append(all, readFlags(c.Subcommands, above+c.Name+" ")...)
	}
	return all
}

// TestGuardKnowsFlags: a flag that takes a text names what is written, what is read, or no
// file at all.
func TestGuardKnowsFlags(t *testing.T) {
	no := strings.Fields("format progress shard check-inputs shard-by record text class fit interpolate background tile provider provider-option onnxruntime decode negative scheduler size " +
		"template hash into rest where lang chat-model header detail classes draw crops yolo as captions masks overlay slice merge merge-metric maps previews colors npy threshold man truth providers threads batch concurrency dim objective source from flavor variant repository http grpc token-env tls-cert tls-key min-effect tolerance reference-optimization plan-task task-bytes")
	for _, f := range (&flags.Overrides{}).Flags() {
		if name := f.Names()[0]; !flags.Reads(name) {
			no = append(no, name)
		}
	}
	var check func(commands []*cli.Command)
	check = func(commands []*cli.Command) {
		for _, c := range commands {
			for _, f := range c.Flags {
				switch f.(type) {
				case *cli.StringSliceFlag:
					t.Errorf("%s --%s: flags.Repeated is for flags that are given several times: values stay as they are typed, and are guarded", c.Name, f.Names()[0])
				case *cli.StringFlag, *flags.Repeated:
					name := f.Names()[0]
					if !flags.Writes(name) && !flags.Reads(name) && !slices.Contains(no, name) {
						t.Errorf("%s --%s: does it name a file? It belongs to what package flags writes or reads, or to this test", c.Name, name)
					}
				}
			}
			check(c.Subcommands)
		}
	}
	check(newApp().Commands)
}

// TestGuardOpensAll: what writes files gets them from output.Reads. Others write what is no
// output: to a run's temporary folder, or under names that Reads has not refused.
func TestGuardOpensAll(t *testing.T) {
	allowed := map[string]string{
		"internal/output/file.go":       "appear.Create os.OpenFile", // Reads itself; devices
		"internal/record/open.go":       "appear.Hold",               // Open asks Reads
		"internal/record/reopen.go":     "appear.Create",
		"internal/record/finish.go":     "appear.Create",
		"internal/record/record.go":     "appear.Create",
		"internal/folders/journal.go":   "appear.Hold",                // a name of its own, and a file that says so
		"internal/folders/act.go":       "appear.Create",              // CommitNew, in folders of its own
		"internal/notices/make/main.go": "os.WriteFile",               // of the repository: no command
		"internal/scratch/scratch.go":   "os.OpenFile os.Rename",      // the lock in a folder that it made
		"internal/store/files.go":       "appear.Create",              // who puts an object asks Reads
		"internal/job/shipped.go":       "appear.Create",              // in a folder of its own, of caches
		"internal/hub/cache.go":         "os.Symlink appear.HandOver", // the hub's cache, which no output is in
		"internal/hub/fetch.go":         "appear.Hold",
		"bench_input.go":                "appear.HandOver", // encoded images, likewise
		"bench_output.go":               "bench.CreateLog bench.ContinueLog",
		"bench_draw.go":                 "npz.WriteFile", // in a process of bench run, which asks
	}
	creating := strings.Fields("os.Create os.CreateTemp os.OpenFile os.WriteFile os.Rename os.Link os.Symlink os.CopyFS appear.Create appear.Hold appear.HandOver npz.WriteFile bench.CreateLog bench.ContinueLog")
	err := filepath.WalkDir(".", func(name string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(name) != ".go" || strings.HasSuffix(name, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok {
				if of, ok := s.X.(*ast.Ident); ok {
					call := of.Name + "." + s.Sel.Name
					if slices.Contains(creating, call) && !slices.Contains(strings.Fields(allowed[filepath.ToSlash(name)]), call) {
						t.Errorf("%s: %s opens a file that may be one that the run reads: output.Reads opens outputs", name, call)
					}
				}
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
