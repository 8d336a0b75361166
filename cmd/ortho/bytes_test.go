package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/flags"
)

// TestBytes: whatever bytes the names of models, images, tables and outputs have, every command that takes a model
// finds and writes them, also where processes of its own do.
func TestBytes(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	if os.Mkdir(filepath.Join(dir, "m\xff"), 0o700) != nil {
		t.Skip("names of files are Unicode here")
	}
	for name, from := range map[string]string{"graph\xff": testModels + "/external", "sd\xff": pipelines + "sd", "texts\xff": testModels + "/texts", "embedding\xff": testModels + "/embedding",
		"wd\xff": "../../models/tag/testdata/wd", "maps\xff": "../../models/segment/testdata/segformer", "deep\xff": "../../models/depth/testdata/dpt"} {
		if err := os.CopyFS(filepath.Join(dir, name), os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "boxes\xfe.onnx"), read(t, detectors+"v8.onnx"))
	write(t, filepath.Join(dir, "one\xfe.onnx"), read(t, testModels+"/float32_nchw/model.onnx"))
	t.Chdir(dir)
	t.Setenv("TMPDIR", filepath.Join(dir, "m\xff"))
	write(t, "graph\xff/ortho.json", `{"mean": 0, "std": 1, "labels": "names.txt"}`)
	write(t, "graph\xff/names.txt", "a\nb\nc\n")
	write(t, "embedding\xff/ortho.json", `{"mean": 0, "std": 1}`)
	write(t, "labels\xfd.txt", "a\nb\nc\n")
	write(t, "p\xfc.png", square(t, red, 8))
	write(t, "texts\xfc.txt", "a red car\n")
	for _, folder := range []string{"data\xfc/a", "data\xfc/b"} {
		if err := os.MkdirAll(folder, 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(folder, "p\xfc.png"), square(t, red, 8))
	}
	seen := map[string]bool{"serve": true, "pull": true} // see TestServeRepository
	for _, c := range []struct{ command, files string }{
		{"classify p\xfc.png -m graph\xff -o o\xfb.jsonl --html o\xfb.html", "o\xfb.jsonl o\xfb.jsonl.run.json o\xfb.html"},
		{"classify p\xfc.png -m graph\xff -o o\xfb.jsonl --resume", ""},
		{"classify p\xfc.png -m one\xfe.onnx --mean 0 --std 1 --labels labels\xfd.txt -o o\xfb.csv", "o\xfb.csv"},
		{"classify p\xfc.png -m one\xfe.onnx --mean 0 --std 1 -o o\xfb.parquet", "o\xfb.parquet"},
		{"classify-text --texts texts\xfc.txt -m texts\xff -o t\xfb.jsonl", "t\xfb.jsonl"},
		{"classify-text --file texts\xfc.txt -m texts\xff", ""},
		{"sort p\xfc.png -m one\xfe.onnx --mean 0 --std 1 --labels labels\xfd.txt --into sorted\xfb --copy", "sorted\xfb/ortho-sort.jsonl"},
		{"detect p\xfc.png -m boxes\xfe.onnx --slice 100 -o s\xfb.jsonl", "s\xfb.jsonl"},
		{"detect p\xfc.png -m boxes\xfe.onnx --draw drawn\xfb --crops cut\xfb --yolo yolo\xfb -o d\xfb.jsonl", "d\xfb.jsonl drawn\xfb/p_.jpg"},
		{"tag p\xfc.png -m wd\xff --captions captions\xfb -o g\xfb.jsonl", "g\xfb.jsonl captions\xfb/p_.txt"},
		{"depth p\xfc.png -m deep\xff --maps deepmaps\xfb --npy raw\xfb -o k\xfb.jsonl", "k\xfb.jsonl deepmaps\xfb/p_.png raw\xfb/p_.npy"},
		{"segment p\xfc.png -m maps\xff --masks masks\xfb -o h\xfb.jsonl", "h\xfb.jsonl masks\xfb/p_.png"},
		{"cutout p\xfc.png -o k\xfb.png", "k\xfb.png"},
		{"embed p\xfc.png -m embedding\xff -o e\xfb.parquet", "e\xfb.parquet"},
		{"search e\xfb.parquet p\xfc.png -m embedding\xff -o q\xfb.jsonl", "q\xfb.jsonl"},
		{"dupes p\xfc.png p\xfc.png -m embedding\xff -o u\xfb.jsonl", "u\xfb.jsonl"},
		{"describe p\xfc.png -m graph\xff --dry-run", ""},
		{"generate -m sd\xff fox --steps 1 -o g\xfb.png --html g\xfb.html", "g\xfb.png g\xfb.html"},
		{"generate -m sd\xff fox --steps 1 -o g\xfb", "g\xfb/0000-fox.png"},
		{"generate -m sd\xff fox --image p\xfc.png --size 64 --steps 2 -o i\xfb.png", "i\xfb.png"},
		{"imagine --text seven --text-model texts\xff -o m\xfb.png --json m\xfb.json", "m\xfb.json"},
		{"eval --data data\xfc -m graph\xff -o v\xfb.json --html v\xfb.html", "v\xfb.json v\xfb.html"},
		{"compare -m graph\xff -m one\xfe.onnx --mean 0 --std 1 p\xfc.png -o c\xfb.json", "c\xfb.json"},
		{"compare --model graph\xff --providers cpu,cpu p\xfc.png", ""},
		{"bench run -m graph\xff --input p\xfc.png --threads 1 --batch 1 --concurrency 1 --iterations 1 --rounds 1 --warmup 0 -o b\xfb.jsonl --html b\xfb.html --save-settings s\xfb.json", "b\xfb.jsonl b\xfb.html s\xfb.json"},
		{"bench run -m graph\xff --rerun b\xfb.jsonl --budget 3s", ""},
		{"bench report b\xfb.jsonl --html r\xfb.html", "r\xfb.html"},
		{"classify p\xfc.png -m graph\xff --settings s\xfb.json", ""},
		{"bench run -m sd\xff --threads 1 --iterations 1 --rounds 1 --warmup 0 --steps 1 -o bp\xfb", "bp\xfb/pipeline.json"},
		{"plan p\xfc.png -n 1 -o w\xfb.jsonl", "w\xfb.jsonl"},
		{"classify --plan w\xfb.jsonl --plan-task 0 -m graph\xff -o parts\xfb/", "parts\xfb/0000000-files.jsonl parts\xfb/_ortho/0000000-files.json"},
		{"gather parts\xfb --plan w\xfb.jsonl -o all\xfb.csv", "all\xfb.csv"},
		{"inspect -m graph\xff", ""},
		{"inspect -m sd\xff --json", ""},
		{"preprocess p\xfc.png -m graph\xff -o p\xfb.npy", "p\xfb.npy"},
	} {
		words := strings.Fields(c.command)
		seen[commandOf(words)] = true
		code, stdout, stderr := execute(t, "", words...)
		if code != 0 && !(code == exitVerdict && slices.Contains(words, "--rerun")) {
			t.Errorf("%q: exit %d, %s%s", c.command, code, stdout, stderr)
			continue
		}
		for file := range strings.FieldsSeq(c.files) {
			if _, err := os.Stat(file); err != nil {
				t.Errorf("%q: %v", c.command, err)
			}
		}
	}
	var check func(commands []*cli.Command, above string)
	check = func(commands []*cli.Command, above string) {
		for _, c := range commands {
			takes := slices.ContainsFunc(c.Flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), "model") })
			if name := above + c.Name; takes && !c.Hidden && !seen[name] {
				t.Errorf("%s is not among the cases", name)
			}
			check(c.Subcommands, above+c.Name+" ")
		}
	}
	check(newApp().Commands, "")
}

// TestRepeated: flags that are repeated keep what was typed.
func TestRepeated(t *testing.T) {
	var got []string
	r := &flags.Repeated{StringSliceFlag: cli.StringSliceFlag{Name: "model", Aliases: []string{"m"}}, Values: &got}
	app := &cli.App{Flags: []cli.Flag{r}, Action: func(*cli.Context) error { return nil }}
	for _, name := range []string{"-m", "--model"} {
		want := []string{" a\xff ", "b,c", "", "sl:::d"}
		words := []string{"tool"}
		for _, w := range want {
			words = append(words, name, w)
		}
		if err := app.Run(words); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v; want %q", name, got, err, want)
		}
	}
}
