package main

import (
	"bytes"
	"context"
	"fmt"
	"image/color"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ortho/cmd/ortho/internal/rows"
)

// TestGenerateResume: after any row was lost, and with it what came after, the run ends as
// one that nothing has ended early.
func TestGenerateResume(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	photos, out, ref := filepath.Join(dir, "photos"), filepath.Join(dir, "OUT"), filepath.Join(dir, "REF")
	if err := os.Mkdir(photos, 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range 7 {
		write(t, filepath.Join(photos, fmt.Sprintf("%d.png", i)), square(t, color.NRGBA{uint8(30 * i), 7, 99, 255}, 8))
	}
	write(t, filepath.Join(photos, "3.png"), "broken")
	made(t, exitItems, "7 images, 1 failed", with(double, photos, "-o", ref)...)
	rowsWanted := read(t, filepath.Join(ref, "ortho.jsonl"))
	for _, left := range []int{0, 1, 4, 6} {
		os.RemoveAll(out)
		made(t, exitItems, "7 images, 1 failed", with(double, photos, "-o", out)...)
		lines := strings.SplitAfter(read(t, filepath.Join(out, "ortho.jsonl")), "\n")
		if err := os.Remove(filepath.Join(out, "ortho.jsonl")); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(out, "ortho.jsonl.partial"), strings.Join(lines[:left], "")+`{"input":"to`)
		// One picture is there without its row, one is half written, one has not been begun.
		write(t, filepath.Join(out, "5.png.partial"), "half")
		os.Remove(filepath.Join(out, "6.png"))
		made(t, exitFailed, "--resume continues it", with(double, photos, "-o", out)...)
		made(t, exitItems, "", with(double, photos, "-o", out, "--resume")...)
		if read(t, filepath.Join(out, "ortho.jsonl")) != rowsWanted {
			t.Errorf("%d rows left: other rows", left)
		}
		if left == 6 { // the row of 5.png is there: what is half written is not of this run
			os.Remove(filepath.Join(out, "5.png.partial"))
		}
		if !sameFiles(t, out, ref) {
			t.Errorf("%d rows left: %q, want %q", left, filesIn(t, out), filesIn(t, ref))
		}
	}
	for _, flag := range []string{"--resume", "--retry-failed"} { // pictures that are not there any more
		os.Remove(filepath.Join(out, "2.png"))
		os.Remove(filepath.Join(out, "6.png"))
		made(t, exitItems, "2.png is not there any more", with(double, photos, "-o", out, flag)...)
		if !sameFiles(t, out, ref) {
			t.Errorf("%s: %q, want %q", flag, filesIn(t, out), filesIn(t, ref))
		}
	}
	write(t, filepath.Join(photos, "3.png"), square(t, blue, 8))
	made(t, exitOK, "7 images (resumed at 6), 0 failed", with(double, photos, "-o", ref, "--retry-failed")...)
	if p := decoded(t, filepath.Join(ref, "3.png")); p.Width != 16 {
		t.Error("what failed was not made again")
	}
}

// sameFiles compares all but the record.
func sameFiles(t *testing.T, a, b string) bool {
	t.Helper()
	names := filesIn(t, a)
	if !slices.Equal(names, filesIn(t, b)) {
		return false
	}
	for _, name := range names {
		if !strings.HasSuffix(name, ".run.json") && read(t, filepath.Join(a, name)) != read(t, filepath.Join(b, name)) {
			t.Errorf("%s differs", name)
		}
	}
	return true
}

// TestGenerateKilled kills runs of 100 images at random moments, and resumes them.
func TestGenerateKilled(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	photos, ref := filepath.Join(dir, "photos"), filepath.Join(dir, "REF")
	if err := os.Mkdir(photos, 0o700); err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		file := square(t, color.NRGBA{uint8(2 * i), 7, uint8(i), 255}, 24)
		if i%10 == 9 {
			file = "broken"
		}
		write(t, filepath.Join(photos, fmt.Sprintf("%02d.png", i)), file)
	}
	start := time.Now()
	if text, err := process(t, with(double, photos, "-o", ref)...).CombinedOutput(); exitCode(err) != exitItems {
		t.Fatalf("%v, %s", err, text)
	}
	whole := time.Since(start)
	most := 12
	if testing.Short() {
		most = 4
	}
	random := rand.New(rand.NewPCG(3, 4))
	kills := 0
	for round := 0; kills < most && round < 50; round++ {
		out := filepath.Join(dir, fmt.Sprintf("OUT%d", round))
		for sessions := 0; ; sessions++ {
			if sessions > 100 {
				t.Fatalf("%d sessions", sessions)
			}
			var stderr bytes.Buffer
			cmd := process(t, with(double, photos, "-o", out, "--resume")...)
			cmd.Stderr = &stderr
			killed, err := runAndKill(cmd, filepath.Join(out, "ortho.jsonl"), whole, random)
			if killed {
				kills++
				continue
			}
			if exitCode(err) != exitItems {
				t.Fatalf("%v, %s", err, stderr.String())
			}
			break
		}
		if !sameFiles(t, out, ref) {
			t.Fatalf("after %d kills: %q, want %q", kills, filesIn(t, out), filesIn(t, ref))
		}
	}
	t.Logf("%d kills", kills)
}

// TestGenerateInterrupted interrupts a run that waits for its next path: what was finished
// is kept, and nothing half.
func TestGenerateInterrupted(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	var paths strings.Builder
	for i := range 40 {
		fmt.Fprintln(&paths, write(t, filepath.Join(dir, fmt.Sprintf("%d.png", i)), square(t, color.NRGBA{uint8(i), 200, 3, 255}, 8)))
	}
	out := filepath.Join(dir, "OUT")
	ctx, cancel := context.WithCancel(t.Context())
	more := make(chan struct{})
	defer close(more)
	var stdout, stderr bytes.Buffer
	go func() { // once some rows are there
		for ctx.Err() == nil {
			if text, _ := os.ReadFile(filepath.Join(out, "ortho.jsonl.partial")); bytes.Count(text, []byte("\n")) >= 20 {
				cancel()
			}
			time.Sleep(time.Millisecond)
		}
	}()
	args := with(append([]string{"ortho"}, double...), "--stdin-paths", "-o", out)
	stdin := io.MultiReader(strings.NewReader(paths.String()), blocked{func() {}, more})
	if code := run(ctx, args, stdin, &stdout, &stderr); code != exitInterrupted || !strings.Contains(stderr.String(), "--resume continues it") {
		t.Fatalf("exit %d, %s", code, stderr.String())
	}
	names := filesIn(t, out)
	pictures := 0
	for _, name := range names {
		if strings.HasSuffix(name, ".png.partial") {
			t.Errorf("%s is left", name)
		}
		if strings.HasSuffix(name, ".png") {
			decoded(t, filepath.Join(out, filepath.FromSlash(name)))
			pictures++
		}
	}
	if made := len(rowsFrom[rows.Pictures](t, read(t, filepath.Join(out, "ortho.jsonl.partial")))); made < 20 || made != pictures {
		t.Errorf("%d rows, %d pictures", made, pictures)
	}
	code, _, errs := execute(t, paths.String(), with(double, "--stdin-paths", "-o", out, "--resume")...)
	if code != exitOK || len(rowsFrom[rows.Pictures](t, read(t, filepath.Join(out, "ortho.jsonl")))) != 40 {
		t.Errorf("resumed: exit %d, %s", code, errs)
	}
}

// TestGenerateFullDisk ends the run; it is no failure of the images.
func TestGenerateFullDisk(t *testing.T) {
	needLibrary(t)
	if _, err := os.Stat("/dev/full"); err != nil {
		t.Skip("needs /dev/full")
	}
	dir := t.TempDir()
	for i := range 3 {
		write(t, filepath.Join(dir, fmt.Sprintf("%d.png", i)), square(t, red, 8))
	}
	out := t.TempDir()
	if err := os.Symlink("/dev/full", filepath.Join(out, "1.png.partial")); err != nil {
		t.Fatal(err)
	}
	made(t, exitFailed, "no space left", with(double, dir, "-o", out)...)
	if got := rowsFrom[rows.Pictures](t, read(t, filepath.Join(out, "ortho.jsonl.partial"))); len(got) != 1 || got[0].Error != nil {
		t.Errorf("%+v", got)
	}
}
