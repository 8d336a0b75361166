package main

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/urfave/cli/v2"
)

// unrun are the marks of blocks that a test can't run, and why: their commands are only read.
var unrun = map[string]string{
	"cluster": "a cluster",
	"cuda":    "a GPU",
	"key":     "a key of a chat server",
	"long":    "minutes",
	"model":   "a model that is not in the repository",
	"network": "a network",
	"python":  "Python packages, and weights out of a hub",
	"runtime": "another flavor of ONNX Runtime",
	"stays":   "someone who ends it",
}

// block is what stands between two fences of a page.
type block struct {
	line         int    // of the page, from 1
	kind, marked string // sh, console, json, ...; the word behind it
	text         string
}

// blocks are those of a page that are fenced, and the lines that are indented as code.
func blocks(t *testing.T, page string) (fenced []block, indented []string) {
	t.Helper()
	var within *block
	for i, line := range strings.Split(read(t, page), "\n") {
		switch fence, ok := strings.CutPrefix(line, "```"); {
		case ok && within == nil:
			kind, marked, _ := strings.Cut(fence, " ")
			within = &block{line: i + 1, kind: kind, marked: marked}
		case ok:
			fenced, within = append(fenced, *within), nil
		case within != nil:
			within.text += line + "\n"
		case strings.HasPrefix(line, "    "):
			indented = append(indented, fmt.Sprintf("%s:%d: %s", page, i+1, strings.TrimSpace(line)))
		}
	}
	if within != nil {
		t.Errorf("%s:%d: a block that does not end", page, within.line)
	}
	return fenced, indented
}

// TestDocuments runs the commands of README and of docs, page by page, in a folder that has what
// they name: photographs, and models as small as they come in place of those that a reader has.
func TestDocuments(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the commands of the pages are those of a Unix shell")
	}
	needLibrary(t)
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, "../../README.md") {
		if name := filepath.Base(page); name == "cli.md" || name == "reference.md" { // which are made
			continue
		}
		fenced, indented := blocks(t, page)
		for _, line := range indented {
			if strings.Contains(line, ": ortho ") {
				t.Errorf("%s: a command stands in a block of sh, so that it is run", line)
			}
		}
		if !slices.ContainsFunc(fenced, func(b block) bool { return b.kind == "sh" || b.kind == "console" }) {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(page), ".md"), func(t *testing.T) {
			t.Parallel()
			folder := documentsFolder(t)
			for _, b := range fenced {
				place := fmt.Sprintf("%s:%d", page, b.line)
				switch _, known := unrun[b.marked]; {
				case b.kind == "console":
					session(t, folder, place, b.text)
				case b.kind != "sh":
				case b.marked == "":
					if output, err := runScript(t.Context(), folder, b.text); err != nil {
						t.Errorf("%s: %v\n%s", place, err, output)
					}
				case known:
					readCommands(t, folder, place, b.text)
				default:
					t.Errorf("%s: the mark %q is unknown", place, b.marked)
				}
			}
		})
	}
}

// session holds what a command prints against what stands below it.
func session(t *testing.T, folder, place, text string) {
	t.Helper()
	command, want, _ := strings.Cut(text, "\n")
	got, err := runScript(t.Context(), folder, strings.TrimPrefix(command, "$ ")+" 2> /dev/null")
	if err != nil || got != want {
		t.Errorf("%s: %v\nprinted\n%s\nthe page has\n%s", place, err, got, want)
	}
}

// runScript runs a script of sh, which ends at the first command that fails.
func runScript(ctx context.Context, folder, script string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "sh", "-e", "-c", script)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "PATH="+filepath.Join(folder, "bin")+string(os.PathListSeparator)+os.Getenv("PATH"), "OPENAI_API_KEY=", "OPENAI_BASE_URL=")
	output, err := cmd.CombinedOutput()
	return string(output), err
}

// readCommands holds the verbs and flags of commands against those that there are.
func readCommands(t *testing.T, folder, place, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimPrefix(line, "./")
		if !strings.HasPrefix(line, "ortho ") {
			continue
		}
		words, err := runScript(t.Context(), folder, `ortho() { printf '%s\n' "$@"; }; `+line)
		if err != nil {
			t.Errorf("%s: %s: %v", place, line, err)
			continue
		}
		var command *cli.Command
		commands := newApp().Commands
		for word := range strings.Lines(words) {
			word = strings.TrimSuffix(word, "\n")
			switch name, isFlag := strings.CutPrefix(word, "-"); {
			case isFlag && name != "":
				name, _, _ = strings.Cut(strings.TrimPrefix(name, "-"), "=")
				if command == nil || !slices.ContainsFunc(command.Flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), name) }) {
					t.Errorf("%s: %s: no flag %s", place, line, word)
				}
			default:
				if i := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(word) }); i >= 0 {
					command, commands = commands[i], commands[i].Subcommands
				} else if command == nil {
					t.Errorf("%s: %s: no command %s", place, line, word)
				}
			}
		}
	}
}

// documentsFolder is a folder with what the pages name.
func documentsFolder(t *testing.T) string {
	t.Helper()
	folder := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(folder, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(folder, "bin", "ortho")); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{
		"docs/photos":         "../../docs/photos",
		"portrait.jpg":        "../../docs/cutout.jpg",
		"photo.jpg":           "../../docs/photos/coffee.jpg",
		"photos":              "../../docs/photos",
		"like-this.jpg":       "../../docs/photos/cat.jpg",
		"vit":                 "../../models/testdata/exports/optimum-vit",
		"clip":                "../../models/dual/testdata/clip-joint",
		"segformer":           "../../models/segment/testdata/segformer",
		"depth-anything":      "../../models/depth/testdata/depth-anything",
		"aerial.jpg":          "../../docs/photos/otters.jpg",
		"u2net.onnx":          "../../models/cutout/testdata/u2net.onnx",
		"wd-vit-tagger-v3":    "../../models/tag/testdata/wd",
		"yolo11n.onnx":        "../../models/detect/testdata/ultralytics/v8-dynamic.onnx",
		"yolo11n-seg.onnx":    "../../models/detect/testdata/ultralytics/v8-seg.onnx",
		"yolox_s.onnx":        "../../models/detect/testdata/yolo/yolox.onnx",
		"models/pets":         "../../models/testdata/exports/optimum-vit",
		"exports/pets":        "../../models/testdata/exports/optimum-vit",
		"val/espresso/a.jpg":  "../../docs/photos/coffee.jpg",
		"val/tabby cat/a.jpg": "../../docs/photos/cat.jpg",
		"incoming/one.jpg":    "../../docs/photos/otters.jpg",
		"shards/photos.jpg":   "../../docs/photos/otters.jpg",
	} {
		copyInto(t, target, filepath.Join(folder, name))
	}
	write(t, filepath.Join(folder, "list.txt"), "photo.jpg\nphotos/cat.jpg\n")
	write(t, filepath.Join(folder, "labels.txt"), "a cat\na cup of coffee\nan otter\n")
	write(t, filepath.Join(folder, "labels.csv"), "input,label\nphoto.jpg,espresso\nphotos/cat.jpg,tabby cat\n")
	for _, name := range []string{"000", "001"} {
		var archive bytes.Buffer
		w := tar.NewWriter(&archive)
		data := []byte(read(t, "../../docs/photos/otters.jpg"))
		if err := w.WriteHeader(&tar.Header{Name: name + ".jpg", Mode: 0o600, Size: int64(len(data))}); err != nil {
			t.Fatal(err)
		}
		w.Write(data)
		w.Close()
		write(t, filepath.Join(folder, "shards", name+".tar"), archive.String())
	}
	return folder
}

// copyInto copies a file or a folder to a name, whose folder is made.
func copyInto(t *testing.T, from, to string) {
	t.Helper()
	info, err := os.Stat(from)
	if err != nil {
		t.Fatal(err)
	}
	if info.IsDir() {
		if err := os.CopyFS(to, os.DirFS(from)); err != nil {
			t.Fatal(err)
		}
		return
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, to, read(t, from))
}
