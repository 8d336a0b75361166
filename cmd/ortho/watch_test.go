package main

import (
	"bufio"
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"ortho/cmd/ortho/internal/rows"
)

// watchesIn starts a run that watches a folder; rows yields the next of its rows.
func watchesIn(t *testing.T, args ...string) (cmd *exec.Cmd, row func() rows.Classes, stderr *bytes.Buffer) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("no signals")
	}
	cmd, stderr = process(t, args...), &bytes.Buffer{}
	cmd.Stderr = stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string)
	go func() {
		defer close(lines)
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			lines <- scanner.Text()
		}
	}()
	return cmd, func() rows.Classes {
		t.Helper()
		select {
		case line, more := <-lines:
			if !more {
				t.Fatalf("the run has ended: %s", stderr)
			}
			return rowsFrom[rows.Classes](t, line)[0]
		case <-time.After(time.Minute):
			t.Fatalf("no row comes; %s", stderr)
		}
		return rows.Classes{}
	}, stderr
}

// await waits until a file has so many lines.
func await(t *testing.T, name string, lines int) {
	t.Helper()
	for until := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		data, _ := os.ReadFile(name)
		if bytes.Count(data, []byte("\n")) >= lines {
			return
		}
		if time.Now().After(until) {
			t.Fatalf("%s: %d lines", name, bytes.Count(data, []byte("\n")))
		}
	}
}

func TestWatch(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	in := filepath.Join(dir, "in")
	os.Mkdir(in, 0o700)
	cmd, next, stderr := watchesIn(t, "classify", in, "--watch", "-f", "jsonl")
	write(t, filepath.Join(in, "a.png"), square(t, red, 8))
	if r := next(); r.Input != filepath.Join(in, "a.png") || r.Error != nil {
		t.Errorf("%+v", r)
	}
	os.MkdirAll(filepath.Join(in, "b", "c"), 0o700)
	write(t, filepath.Join(in, "b", "c", "d.png"), "\x89PNG\r\n\x1a\n")
	if r := next(); r.Input != filepath.Join(in, "b", "c", "d.png") || r.Error == nil {
		t.Errorf("%+v", r)
	}
	write(t, filepath.Join(in, "b", "c", "d.png"), square(t, red, 9)) // mended
	if r := next(); r.Input != filepath.Join(in, "b", "c", "d.png") || r.Error != nil || r.Width != 9 {
		t.Errorf("%+v", r)
	}
	cmd.Process.Signal(syscall.SIGTERM)
	if cmd.Wait(); cmd.ProcessState.ExitCode() != exitItems || !strings.Contains(stderr.String(), "watching "+in) || !strings.Contains(stderr.String(), "3 images, 1 failed") {
		t.Errorf("exit %d, %s", cmd.ProcessState.ExitCode(), stderr)
	}
}

// TestWatchFile: a signal completes the file, a kill leaves one that is gone on with; what has come
// meanwhile is done, too.
func TestWatchFile(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "x.csv")
	os.Mkdir(in, 0o700)
	put := func(name string) { write(t, filepath.Join(in, name), square(t, red, 8)) }
	put("m.png")
	args := []string{"classify", in, "--watch", "-k", "1", "-o", out}
	cmd, _, _ := watchesIn(t, args...)
	await(t, out+".partial", 1)
	cmd.Process.Kill()
	cmd.Wait()
	put("a.png") // before the other, by its name
	cmd, _, _ = watchesIn(t, with(args, "--resume")...)
	await(t, out+".partial", 2)
	put("z.png")
	await(t, out+".partial", 3)
	cmd.Process.Signal(os.Interrupt)
	cmd.Wait()
	if got := cmd.ProcessState.ExitCode(); got != exitOK || strings.Count(read(t, out), "\n") != 4 {
		t.Errorf("exit %d, %s", got, read(t, out))
	}
	put("b.png")
	cmd, _, stderr := watchesIn(t, with(args, "--resume", "--html", out+".html")...) // of what is complete
	await(t, out+".partial", 4)
	cmd.Process.Signal(syscall.SIGTERM)
	cmd.Wait()
	var inputs []string
	for line := range strings.Lines(read(t, out)) {
		inputs = append(inputs, filepath.Base(strings.Split(line, ",")[0]))
	}
	if slices.Sort(inputs); cmd.ProcessState.ExitCode() != exitOK || !slices.Equal(inputs, []string{"a.png", "b.png", "input", "m.png", "z.png"}) {
		t.Errorf("%q, %s", inputs, stderr)
	}
	if page := read(t, out+".html"); cardsIn(page) != 4 || strings.Count(page, "data:image") != 4 {
		t.Errorf("%d cards", cardsIn(page))
	}
}

// TestWatchPictures: of every verb that makes pictures a changed image is done anew, its row takes the place of the one
// before, and so do its pictures; a run that ended goes on.
func TestWatchPictures(t *testing.T) {
	needLibrary(t)
	for _, c := range []struct{ args, picture string }{
		{"generate", "a.png"},
		{"cutout -m ../../models/cutout/testdata/u2net.onnx", "a.png"},
		{"detect -m " + detectors + "v8.onnx --conf 0.01 --draw DRAWN --crops CROPS --yolo LABELS", "../DRAWN/a.jpg"},
		{"segment -m " + segformer + " --masks MASKS --overlay SHOWN", "../SHOWN/a.jpg"},
		{"tag -m " + tagger + " --captions TEXTS", "../TEXTS/a.txt"},
	} {
		dir := t.TempDir()
		in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
		os.Mkdir(in, 0o700)
		words := strings.Fields(c.args)
		for i, word := range words {
			if strings.ToUpper(word) == word && !strings.HasPrefix(word, "-") && !strings.Contains(word, ".") {
				words[i] = filepath.Join(dir, word)
			}
		}
		rowsFile := filepath.Join(out, "ortho.jsonl")
		if words[0] == "generate" || words[0] == "cutout" {
			words = append(words, "-o", out)
		} else {
			words = append(words, "-o", rowsFile)
			os.Mkdir(out, 0o700)
		}
		words = append(words, in, "--watch")
		cmd, _, stderr := watchesIn(t, words...)
		for i, name := range []string{"a.png", "b.png", "a.png"} {
			write(t, filepath.Join(in, name), square(t, red, 40+10*i))
			await(t, rowsFile+".partial", i+1)
		}
		cmd.Process.Signal(syscall.SIGTERM)
		if cmd.Wait(); cmd.ProcessState.ExitCode() != exitOK || strings.Count(read(t, rowsFile), "\n") != 2 || !strings.Contains(stderr.String(), "2 images, 0 failed") {
			t.Errorf("%s: exit %d, %s, %s", words[0], cmd.ProcessState.ExitCode(), stderr, read(t, rowsFile))
			continue
		}
		picture := filepath.Join(out, c.picture)
		before := read(t, picture)
		write(t, filepath.Join(in, "a.png"), read(t, cat))
		cmd, _, stderr = watchesIn(t, append(words, "--resume")...)
		await(t, rowsFile+".partial", 3)
		cmd.Process.Signal(syscall.SIGTERM)
		if cmd.Wait(); cmd.ProcessState.ExitCode() != exitOK || strings.Count(read(t, rowsFile), "\n") != 2 || read(t, picture) == before {
			t.Errorf("%s goes on: exit %d, %s, %s", words[0], cmd.ProcessState.ExitCode(), stderr, read(t, rowsFile))
		}
	}
}

func TestWatchRefuses(t *testing.T) {
	dir := photosIn(t, filepath.Join(t.TempDir(), "in"))
	for _, c := range []struct{ args, want string }{
		{"--watch", "name the folders"},
		{coffee + " --watch", "is no folder"},
		{"none --watch", "no such file"},
		{dir + " --watch --shard 0/2", "--shard"},
		{dir + " --watch --stdin-paths", "--stdin-paths"},
		{dir + " --watch --shard-by name", "has no number"},
		{dir + " --watch --update -o x.csv", "--watch --resume does what is new"},
		{dir + " --watch -f table", "-f jsonl or csv"},
		{dir + " --watch -f parquet", "-f jsonl or csv"},
	} {
		if code, stdout, stderr := execute(t, "", append([]string{"classify"}, strings.Fields(c.args)...)...); code != exitUsage || stdout != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit %d, %q, %s", c.args, code, stdout, stderr)
		}
	}
}
