package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"ortho/cmd/ortho/internal/rows"
)

// TestDay is a day with a folder of pictures, each step one command: classified, brought up to date when it has
// grown, filtered, sorted and put back, opened as a sheet, enlarged, and watched.
func TestDay(t *testing.T) {
	needLibrary(t)
	graph, err := filepath.Abs(testModels + "/float32_nchw")
	if err != nil {
		t.Fatal(err)
	}
	model := []string{"-m", graph, "--mean", "0", "--std", "1"}
	t.Chdir(t.TempDir())
	expect := func(code int, said string, words ...string) string {
		t.Helper()
		got, stdout, stderr := execute(t, "", words...)
		if got != code || !strings.Contains(stdout+stderr, said) {
			t.Fatalf("%q: exit %d, %s%s; want %d, %q", words, got, stdout, stderr, code, said)
		}
		return stdout
	}
	classified := func(more ...string) []string {
		return append(append([]string{"classify", "photos"}, model...), more...)
	}

	for i := range 500 {
		colourful(t, fmt.Sprintf("photos/%d/IMG_%04d.png", i%4, i), i, time.Hour)
	}
	for _, name := range []string{"photos/0/broken.png", "photos/1/empty.jpg", "photos/2/notes.txt"} {
		write(t, name, strings.Repeat("no picture", len(name)%3))
	}
	expect(exitItems, "502 images, 2 failed", classified("-o", "rows.jsonl", "--update")...)

	for i := range 50 {
		colourful(t, fmt.Sprintf("photos/new/IMG_%04d.png", i), 500+i, time.Minute)
	}
	for i := range 20 {
		if err := os.Remove(fmt.Sprintf("photos/%d/IMG_%04d.png", i%4, i)); err != nil {
			t.Fatal(err)
		}
	}
	expect(exitItems, "50 new", classified("-o", "rows.jsonl", "--update")...)
	expect(exitItems, "", classified("-o", "anew.jsonl")...)
	if read(t, "rows.jsonl") != read(t, "anew.jsonl") {
		t.Error("what was brought up to date is not what a run anew makes")
	}

	expect(exitOK, "", "convert", "rows.jsonl", "rows.xlsx", "--thumbnails")
	expect(exitOK, "", "convert", "rows.xlsx", "back.jsonl")
	if read(t, "back.jsonl") != read(t, "rows.jsonl") {
		t.Error("rows do not come back from the sheet as they went there")
	}
	expect(exitOK, "", "convert", "-f", "wide", "rows.jsonl", "wide.csv")

	sure := expect(exitItems, "", classified("-f", "jsonl", "--where", "p > 0.5 && error == nil")...)
	for _, row := range rowsFrom[rows.Classes](t, sure) {
		if row.Error != nil || row.Predictions[0].Probability <= 0.5 {
			t.Errorf("%+v", row)
		}
	}

	expect(exitOK, "530 images moved", "sort", "--from-rows", "rows.jsonl", "--into", "sorted", "--move")
	moved, _ := filepath.Glob("sorted/*/*.png")
	if left, _ := filepath.Glob("photos/*/IMG_*.png"); len(moved) != 530 || len(left) != 0 {
		t.Errorf("%d were moved, and %d are left", len(moved), len(left))
	}
	expect(exitOK, "", "sort", "--undo", "sorted/ortho-sort.jsonl")
	if back, _ := filepath.Glob("photos/*/IMG_*.png"); len(back) != 530 {
		t.Errorf("%d are back", len(back))
	}

	expect(exitOK, "", "generate", "-m", "span-x2", "photos/new/IMG_0000.png", "photos/new/IMG_0001.png", "-o", "large")
	if large, _ := filepath.Glob("large/*.png"); len(large) != 2 {
		t.Errorf("%q", large)
	}

	watched := append(append([]string{"classify", "arriving", "--watch", "-f", "jsonl"}, model...), "--progress", "never")
	os.Mkdir("arriving", 0o700)
	cmd, next, stderr := watchesIn(t, watched...)
	for i := range 3 {
		colourful(t, fmt.Sprintf("arriving/%d.png", i), i, 0)
		if row := next(); row.Error != nil || row.Input != fmt.Sprintf("arriving/%d.png", i) {
			t.Errorf("%+v", row)
		}
	}
	cmd.Process.Signal(syscall.SIGTERM)
	if cmd.Wait(); cmd.ProcessState.ExitCode() != exitOK {
		t.Errorf("%d %s", cmd.ProcessState.ExitCode(), stderr)
	}
}
