//go:build unix

package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// places are command lines that read a file, PLACE, which is in the folder of guardedInputs.
var places = []struct{ place, command string }{
	{"fresh.png", "classify fresh.png"},
	{"in.tar", "classify in.tar"},
	{"fresh.list", "classify @fresh.list"},
	{"fresh.tar", "classify @tars"},
	{"graph/model.onnx", "classify in.png -m graph"},
	{"graph/model.onnx", "classify in.png -m graph/model.onnx"},
	{"graph/model.onnx", "inspect -m graph/model.onnx"},
	{"array/weights.npy", "classify in.png -m array --input-range 0,1"},
	{"graph/ortho.json", "classify in.png -m graph"},
	{"graph/config.json", "classify in.png -m graph"},
	{"graph/preprocessor_config.json", "classify in.png -m graph"},
	{"graph/names.txt", "classify in.png -m graph"},
	{"names.txt", "classify in.png --labels names.txt"},
	{"names.txt", "classify-text hello --labels names.txt"},
	{"names.txt", "classify-text hello --vocabulary names.txt"},
	{"results.jsonl", "sort --from-rows results.jsonl --into OUT --copy"},
	{"results.jsonl", "sort --undo results.jsonl"},
	{"texts.txt", "classify-text --texts texts.txt"},
	{"one.txt", "classify-text --file one.txt"},
	{"texts.txt", "generate --texts texts.txt -o new.png"},
	{"latents.npy", "generate --class 7 --latents latents.npy -o new.png"},
	{"latents.npy", "classify in.png --set mask=@latents.npy"},
	{"settings.json", "classify in.png --settings settings.json"},
	{"ops.so", "classify in.png --custom-ops ops.so"},
	{"ops.so", "classify in.png --onnxruntime ops.so"},
	{"prompt.txt", "describe in.png --offline --prompt prompt.txt"},
	{"labels.csv", "eval --data labels.csv"},
	{"photos/a.png", "eval --data labels.csv"},
	{"results.jsonl", "bench report results.jsonl"},
	{"results.jsonl", "bench compare results.jsonl results.jsonl"},
	{"results.jsonl", "bench run --iterations 1 --rounds 1 --rerun results.jsonl"},
	{"results/pipeline.json", "bench report results"},
	{"arrays.npz", "bench run --iterations 1 --rounds 1 --input arrays.npz"},
	{"arrays.npz", "compare --providers cpu,cpu --input arrays.npz"},
	{"in.png", "cutout in.png -o new.png"},
	{"in.png", "cutout photos/a.png --background in.png -o new.png"},
	{"in.png", "generate in.png -o new.png"},
	{"in.png", "preprocess in.png -o new.npy"},
	{"in.png", "generate -m sd fox --image in.png -o new.png --steps 2"},
	{"in.png", "generate -m sd fox --image photos/a.png --mask in.png -o new.png --steps 2"},
	{"sd/model_index.json", "generate -m sd fox -o new.png"},
	{"sd/unet/model.onnx", "generate -m sd fox -o new.png"},
	{"sd/tokenizer/vocab.json", "generate -m sd fox -o new.png"},
	{"sd/scheduler/scheduler_config.json", "generate -m sd fox -o new.png"},
	{"rows.jsonl.run.json", "classify in.png -o rows.jsonl --resume"},
	{"rows.jsonl.partial", "classify in.png -o rows.jsonl --resume"},
	{"ops.so", "licenses --spdx --binary ops.so"},
	{"package.whl", "runtime install --from package.whl"},
	{"data/onnxruntime/cpu-1-linux-amd64/install.json", "runtime list --json"},
}

// TestPipedText: what is read once, from its beginning to its end, may be a pipe, as <(command) makes
// them.
func TestPipedText(t *testing.T) {
	needLibrary(t)
	for _, c := range []struct{ command, text string }{
		{"classify " + coffee + " -f jsonl --labels PIPE", strings.Repeat("x\n", 1000)},
		{"classify @PIPE -f jsonl", coffee + "\n"},
		{"classify-text --texts PIPE", "seven\n"},
		{"classify-text --file PIPE", "seven"},
		{"classify " + coffee + " -f jsonl --settings PIPE", `{"kind": "ortho settings", "provider": "cpu"}`},
	} {
		pipe := filepath.Join(t.TempDir(), "pipe")
		if err := syscall.Mkfifo(pipe, 0o600); err != nil {
			t.Skip(err)
		}
		go func() {
			if f, err := os.OpenFile(pipe, os.O_WRONLY, 0); err == nil {
				f.WriteString(c.text)
				f.Close()
			}
		}()
		if code, _, stderr := execute(t, "", strings.Fields(strings.ReplaceAll(c.command, "PIPE", pipe))...); code != exitOK {
			t.Errorf("%s: exit %d, %s", c.command, code, stderr)
		}
	}
}

// TestPipesAndDevices: a pipe into which nobody writes, one that is silent, and a device without an
// end, in the place of any file that is read, are an error in a moment that names the file; at a
// signal the run ends.
func TestPipesAndDevices(t *testing.T) {
	needLibrary(t)
	kinds := []struct {
		name   string
		make   func(name string) error
		silent bool
	}{
		{"pipe", func(name string) error { return syscall.Mkfifo(name, 0o600) }, false},
		{"silent pipe", func(name string) error { return syscall.Mkfifo(name, 0o600) }, true},
		{"/dev/zero", func(name string) error { return os.Symlink("/dev/zero", name) }, false},
	}
	from := t.TempDir()
	guardedInputs(t, from)
	write(t, filepath.Join(from, "tars"), "fresh.tar\n")
	write(t, filepath.Join(from, "rows.jsonl.partial"), "{}\n")
	if err := os.MkdirAll(filepath.Join(from, "data/onnxruntime/cpu-1-linux-amd64"), 0o700); err != nil {
		t.Fatal(err)
	}
	for i, c := range places {
		some := kinds
		if testing.Short() { // one kind in each place, in turn
			some = kinds[i%len(kinds):][:1]
		}
		for _, kind := range some {
			t.Run(c.command+" "+filepath.Base(c.place)+" "+kind.name, func(t *testing.T) {
				dir := t.TempDir()
				if err := os.CopyFS(dir, os.DirFS(from)); err != nil {
					t.Fatal(err)
				}
				t.Chdir(dir)
				if strings.HasPrefix(c.place, "data/") {
					t.Setenv("ORTHO_DATA_DIR", filepath.Join(dir, "data"))
				}
				os.Remove(c.place)
				if err := kind.make(c.place); err != nil {
					t.Skip(err)
				}
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if kind.silent {
					f, err := os.OpenFile(c.place, os.O_RDWR, 0)
					if err != nil {
						t.Fatal(err)
					}
					defer f.Close()
					time.AfterFunc(time.Second/2, cancel)
				}
				var stdout, stderr bytes.Buffer
				ended := make(chan int, 1)
				start := time.Now()
				go func() {
					ended <- run(ctx, append([]string{"ortho"}, strings.Fields(c.command)...), strings.NewReader(""), &stdout, &stderr)
				}()
				select {
				case code := <-ended:
					said := stdout.String() + stderr.String()
					if code == exitOK && !strings.Contains(said, "not a regular file") || code != exitInterrupted && !strings.Contains(said, filepath.Base(c.place)) {
						t.Errorf("exit %d, %s", code, said)
					}
					if took := time.Since(start); took > 4*time.Second {
						t.Errorf("%v until it ended: %s", took, said)
					}
				case <-time.After(20 * time.Second):
					t.Fatalf("it waits: %s", stderr.String())
				}
			})
		}
	}
}

// imagined is a command line of imagine that asks nobody.
const imagined = "imagine --text seven"

// TestPipesNobodyReads: an output that is a pipe which nobody reads holds no run when it is to end, whichever flag
// names it; see regular.Sink for how long it does else.
func TestPipesNobodyReads(t *testing.T) {
	needLibrary(t)
	endings := map[string]string{"html": ".html", "json": ".json", "grid": ".png", "save-settings": ".json",
		"generate --output": ".png", "cutout --output": ".png", "imagine --output": ".png", "preprocess --output": ".npy", "eval --output": ".json", "compare --output": ".json"}
	for i, f := range fileFlags(newApp().Commands, "") {
		if testing.Short() && i%4 > 0 {
			continue
		}
		t.Run(f, func(t *testing.T) {
			command, flag, _ := strings.Cut(f, " --")
			line := imagined
			if i := slices.IndexFunc(stays, func(some string) bool { return strings.HasPrefix(some, command+" ") }); i >= 0 {
				line = stays[i]
			}
			ending := endings[flag]
			if of, ok := endings[f]; ok {
				ending = of
			} else if ending == "" {
				ending = ".jsonl"
			}
			dir := t.TempDir()
			pipe := filepath.Join(dir, "pipe"+ending)
			if err := syscall.Mkfifo(pipe, 0o600); err != nil {
				t.Skip(err)
			}
			prepareOut(t, line, dir)
			words := strings.Fields(strings.ReplaceAll(line, "OUT", dir))
			if i := slices.Index(words, "-o"); flag == "output" && i > 0 {
				words = slices.Delete(words, i, i+2)
			}
			if command == "convert" && flag == "output" {
				words = words[:2]
			}
			if i := slices.Index(words, "-f"); i > 0 && ending != ".jsonl" && flag == "output" {
				words = slices.Delete(words, i, i+2)
			}
			words = append(words, "--"+flag, pipe)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var stdout, stderr bytes.Buffer
			ended := make(chan int, 1)
			go func() {
				ended <- run(ctx, append([]string{"ortho"}, words...), strings.NewReader(""), &stdout, &stderr)
			}()
			var code int
			select {
			case code = <-ended: // it takes no pipe
			case <-time.After(2 * time.Second):
				cancel()
				select {
				case code = <-ended:
				case <-time.After(20 * time.Second):
					t.Fatalf("it waits: %s", stderr.String())
				}
			}
			if code != exitInterrupted && (code != exitFailed && code != exitUsage || !strings.Contains(stderr.String(), filepath.Base(pipe))) {
				t.Errorf("%s: exit %d, %s", words, code, stderr.String())
			}
		})
	}
}

// TestStalled: who does not read what is printed holds no run when it is to end.
func TestStalled(t *testing.T) {
	needLibrary(t)
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	cmd := process(t, with(tiny(t, 20_000), "-f", "jsonl")...)
	cmd.Stdout = writer
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	time.Sleep(3 * time.Second)
	cmd.Process.Signal(syscall.SIGTERM)
	late := time.AfterFunc(20*time.Second, func() { cmd.Process.Kill() })
	err = cmd.Wait()
	if !late.Stop() {
		t.Error("it waits")
	} else if code := exitCode(err); code != exitInterrupted {
		t.Errorf("exit %d", code)
	}
}
