package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"ortho/cmd/ortho/internal/folders"
)

// photosIn copies the photographs into a folder.
func photosIn(t *testing.T, folder string) string {
	t.Helper()
	if err := os.CopyFS(folder, os.DirFS(photos)); err != nil {
		t.Fatal(err)
	}
	return folder
}

// contents are the files below a folder, by names with slashes, but for the journal.
func contents(t *testing.T, folder string) map[string]string {
	t.Helper()
	all := map[string]string{}
	err := filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && d.Name() != folders.JournalFile {
			inside, _ := filepath.Rel(folder, name)
			all[filepath.ToSlash(inside)] = read(t, name)
		}
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return all
}

func TestSort(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	in, into := photosIn(t, filepath.Join(dir, "in")), filepath.Join(dir, "out")
	write(t, filepath.Join(in, "broken.png"), "\x89PNG\r\n\x1a\n")
	before := contents(t, in)
	code, stdout, stderr := execute(t, "", "sort", in, "--into", into, "--dry-run")
	if code != exitItems || !strings.Contains(stdout, filepath.Join(in, "coffee.png")+" -> "+filepath.Join(into, "espresso", "coffee.png")) || !strings.Contains(stderr, "4 images would be sorted") {
		t.Errorf("exit %d, %s%s", code, stdout, stderr)
	}
	if _, err := os.Lstat(into); err == nil {
		t.Error("a dry run made the folder")
	}
	code, stdout, stderr = execute(t, "", "sort", in, "--into", into, "--move", "--min-probability", "0.6")
	if code != exitItems || !strings.Contains(stdout, "1  "+filepath.Join(into, "espresso")) || !strings.Contains(stderr, "below 0.6 left where they are") || !strings.Contains(stderr, "--undo "+into) {
		t.Errorf("exit %d, %s%s", code, stdout, stderr)
	}
	if out := contents(t, into); out["espresso/coffee.png"] != before["coffee.png"] || contents(t, in)["broken.png"] == "" {
		t.Errorf("%d files", len(out))
	}
	code, _, stderr = execute(t, "", "sort", in, "--into", into, "--move", "--rest", "../unsure", "--min-probability", "1")
	if code != exitItems || !strings.Contains(stderr, "among them in") || len(contents(t, filepath.Join(into, "_.._unsure"))) == 0 {
		t.Errorf("exit %d, %s", code, stderr)
	}
	if code, _, stderr = execute(t, "", "sort", "--undo", into); code != exitOK || !strings.Contains(stderr, "4 files put back") || fmt.Sprint(contents(t, in)) != fmt.Sprint(before) {
		t.Errorf("exit %d, %s", code, stderr)
	}
	if _, err := os.Lstat(into); err == nil {
		t.Error("the folder is left")
	}
}

// Rows of every format that is read back sort as the model does; a copy is not made twice.
func TestSortByRows(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	archive := write(t, filepath.Join(dir, "a.tar"), tarOf(t, "x/coffee.png", read(t, coffee)))
	for _, format := range []string{"jsonl", "csv", "parquet", "wide", "xlsx"} {
		rows, into := filepath.Join(dir, "rows."+format), filepath.Join(dir, format)
		if code, _, stderr := execute(t, "", "classify", coffee, archive, "missing.png", "-f", format, "-o", rows); code != exitItems {
			t.Fatal(stderr)
		}
		for _, want := range []string{"2 images copied, 1 whose row is an error", "0 images copied, 2 there already"} {
			code, _, stderr := execute(t, "", "sort", "--from-rows", rows, "--into", into, "--copy")
			if code != exitOK || !strings.Contains(stderr, want) {
				t.Errorf("%s: exit %d, %s", format, code, stderr)
			}
		}
		if out := contents(t, into); len(out) != 2 || out["espresso/coffee.png"] != read(t, coffee) || out["espresso/coffee (2).png"] != read(t, coffee) {
			t.Errorf("%s: %d files", format, len(out))
		}
	}
	if code, _, stderr := execute(t, "", "sort", coffee, archive, "--into", filepath.Join(dir, "moved"), "--move"); code != exitFailed || !strings.Contains(stderr, "only be copied") || contents(t, filepath.Join(dir, "moved"))["espresso/coffee.png"] != "" {
		t.Errorf("exit %d, %s", code, stderr)
	}
}

// TestSortByOthers: rows of tags, boxes and segments sort images, too; those of other kinds say that they can't.
func TestSortByOthers(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct{ row, folder, says string }{
		"tags":       {`"tags":[{"index":0,"label":"general","category":"rating","probability":0.9},{"index":1,"label":"1girl","category":"general","probability":0.8}],"width":1,"height":1`, "1girl", ""},
		"detections": {`"detections":[{"index":16,"label":"dog","score":0.75,"box":[0,0,1,1]},{"index":1,"label":"cat","score":0.5,"box":[0,0,1,1]}],"width":1,"height":1`, "dog", ""},
		"segments":   {`"segments":[{"index":1,"label":"sky","share":0.25},{"index":2,"label":"wall","share":0.75}],"width":1,"height":1`, "wall", ""},
		"embeddings": {`"embedding":[1,2],"width":1,"height":1`, "", "have no classes to be sorted by"},
		"values":     {`"output":{"name":"x","shape":[1],"values":[1]},"width":1,"height":1`, "", "has values of x"},
	} {
		rows, into := write(t, filepath.Join(dir, name+".jsonl"), `{"input":"`+coffee+`",`+c.row+"}\n"), filepath.Join(dir, name)
		code, _, stderr := execute(t, "", "sort", "--from-rows", rows, "--into", into, "--copy", "--min-probability", "0.6")
		if c.says != "" {
			if code != exitFailed || !strings.Contains(stderr, c.says) {
				t.Errorf("%s: exit %d, %s", name, code, stderr)
			}
		} else if code != exitOK || contents(t, into)[c.folder+"/coffee.png"] == "" {
			t.Errorf("%s: exit %d, %s, %q", name, code, stderr, filesIn(t, into))
		}
	}
}

// TestSortIntoFile: what is no folder has none in it.
func TestSortIntoFile(t *testing.T) {
	rows := write(t, filepath.Join(t.TempDir(), "rows.jsonl"), `{"input":"a.png","predictions":[{"index":1,"probability":1}],"width":1,"height":1}`+"\n")
	if code, _, stderr := execute(t, "", "sort", "--from-rows", rows, "--into", rows, "--copy"); code != exitFailed || !strings.Contains(stderr, "is no folder") {
		t.Errorf("exit %d, %s", code, stderr)
	}
}

// TestSortWatch: images that come are moved as they come, and put back all together.
func TestSortWatch(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	in, into := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	os.Mkdir(in, 0o700)
	cmd, _, stderr := watchesIn(t, "sort", in, "--watch", "--into", into, "--move")
	for i := range 2 {
		write(t, filepath.Join(in, fmt.Sprintf("%d.png", i)), read(t, coffee))
		for until := time.Now().Add(time.Minute); !exists(filepath.Join(into, "espresso", fmt.Sprintf("%d.png", i))); time.Sleep(20 * time.Millisecond) {
			if time.Now().After(until) {
				t.Fatalf("%d.png is not moved: %q, %s", i, filesIn(t, dir), stderr)
			}
		}
	}
	cmd.Process.Signal(syscall.SIGTERM)
	if cmd.Wait(); cmd.ProcessState.ExitCode() != exitOK || len(filesIn(t, in)) != 0 || !strings.Contains(stderr.String(), "2 images moved") {
		t.Errorf("exit %d, %s", cmd.ProcessState.ExitCode(), stderr)
	}
	if code, _, stderr := execute(t, "", "sort", "--undo", into); code != exitOK || len(filesIn(t, in)) != 2 {
		t.Errorf("exit %d, %s, %q", code, stderr, filesIn(t, dir))
	}
}

func TestSortRefuses(t *testing.T) {
	dir := t.TempDir()
	in := photosIn(t, filepath.Join(dir, "in"))
	rows := write(t, filepath.Join(dir, "rows.jsonl"), "")
	for _, c := range []struct {
		code int
		args string
		want string
	}{
		{exitUsage, "", "nothing to sort"},
		{exitUsage, "IN", "--into DIR is missing"},
		{exitUsage, "IN --into OUT", "--copy, --link or --move"},
		{exitUsage, "IN --into OUT --copy --move", "one of"},
		{exitUsage, "ROWS --into OUT --copy", "--from-rows"},
		{exitUsage, "IN --from-rows ROWS --into OUT --copy", "leave out SRC"},
		{exitUsage, "- --into OUT --copy", "standard input"},
		{exitUsage, "IN --into OUT --copy --min-probability 2", "from 0 to 1"},
		{exitUsage, "IN --into OUT --copy --resume", "-o FILE"},
		{exitUsage, "--undo OUT --into OUT", "stands alone"},
		{exitFailed, "--undo OUT", "ortho-sort.jsonl"},
		{exitFailed, "--undo ROWS", "no journal"},
		{exitFailed, "IN --into IN/out --copy", "give a folder outside"},
		{exitFailed, "--from-rows ROWS --into OUT --copy", "it is empty"},
		{exitFailed, "--from-rows none.jsonl --into OUT --copy", "none.jsonl"},
		{exitFailed, "IN --into IN/out --move --watch", "give a folder outside"},
		{exitUsage, "IN/coffee.png --into OUT --move --watch", "is no folder"},
	} {
		words := strings.Fields(strings.NewReplacer("IN/out", filepath.Join(in, "out"), "IN", in, "ROWS", rows, "OUT", filepath.Join(dir, "out")).Replace(c.args))
		code, stdout, stderr := execute(t, "", append([]string{"sort"}, words...)...)
		if code != c.code || stdout != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit %d, %q, %s", c.args, code, stdout, stderr)
		}
	}
	if got := filesIn(t, dir); len(got) != len(contents(t, in))+1 {
		t.Errorf("left behind: %q", got)
	}
}

// TestSortKilled: a sort that is killed at any moment has lost nothing: it goes on, and it can be
// undone.
func TestSortKilled(t *testing.T) {
	dir := t.TempDir()
	in, into, rows := filepath.Join(dir, "in"), filepath.Join(dir, "out"), filepath.Join(dir, "rows.jsonl")
	var lines strings.Builder
	for i := range 400 {
		name := filepath.Join(in, fmt.Sprint(i%7), fmt.Sprintf("%d.png", i/7))
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			t.Fatal(err)
		}
		write(t, name, "image "+name)
		quoted, _ := json.Marshal(name)
		fmt.Fprintf(&lines, `{"input":%s,"predictions":[{"index":%d,"label":"class of %d","probability":0.9}]}`+"\n", quoted, i%3, i%3)
	}
	write(t, rows, lines.String())
	before := contents(t, in)
	args := []string{"sort", "--from-rows", rows, "--into", into, "--move"}
	killed := 0
	for round := range 12 {
		cmd := process(t, args...)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		// As soon as so many are there, wherever it is then.
		until := time.Now().Add(time.Minute)
		for n := 0; n < 25*(round+1) && time.Now().Before(until); time.Sleep(time.Millisecond) {
			moved, _ := filepath.Glob(filepath.Join(into, "*", "*.png"))
			if n = len(moved); n == 400 {
				break
			}
		}
		cmd.Process.Kill()
		if cmd.Wait() != nil {
			killed++
		}
		seen := map[string]int{}
		for _, text := range contents(t, dir) {
			seen[text]++
		}
		for name, text := range before {
			if seen[text] < 1 {
				t.Fatalf("round %d: %s is lost", round, name)
			}
		}
		if n := len(contents(t, into)); n == 0 && killed == 0 {
			t.Fatalf("round %d: nothing was moved", round)
		}
		if round%4 == 3 {
			if code, _, stderr := execute(t, "", "sort", "--undo", into); code != exitOK || fmt.Sprint(contents(t, in)) != fmt.Sprint(before) || len(contents(t, into)) != 0 {
				t.Fatalf("round %d: exit %d, %s", round, code, stderr)
			}
		}
	}
	if killed < 3 {
		t.Errorf("only %d of 12 were killed on the way", killed)
	}
	if code, _, stderr := execute(t, "", args...); code != exitOK || len(contents(t, in)) != 0 {
		t.Errorf("exit %d, %s", code, stderr)
	}
	var texts, want []string
	for _, text := range contents(t, into) {
		texts = append(texts, text)
	}
	for _, text := range before {
		want = append(want, text)
	}
	slices.Sort(texts)
	slices.Sort(want)
	if !slices.Equal(texts, want) {
		t.Errorf("%d files, want %d", len(texts), len(want))
	}
}
