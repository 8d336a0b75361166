package main

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
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
		write(t, filepath.Join(out, "ortho.jsonl.partial"), sealed(strings.Join(lines[:left], ""))+`{"input":"to`)
		// One picture is there without its row, one has not been begun; a stranger's file is beside them.
		write(t, filepath.Join(out, "5.png.partial"), "mine")
		os.Remove(filepath.Join(out, "6.png"))
		made(t, exitFailed, "--resume continues it", with(double, photos, "-o", out)...)
		made(t, exitItems, "", with(double, photos, "-o", out, "--resume")...)
		if read(t, filepath.Join(out, "ortho.jsonl")) != rowsWanted {
			t.Errorf("%d rows left: other rows", left)
		}
		if name := filepath.Join(out, "5.png.partial"); read(t, name) != "mine" || os.Remove(name) != nil {
			t.Errorf("%d rows left: %s is another", left, name)
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
		if strings.HasSuffix(name, ".tmp") {
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

// TestGenerateFullDisk: a full disk, for which a limit on the size of files stands, ends the run; it is
// no failure of the images.
func TestGenerateFullDisk(t *testing.T) {
	needLibrary(t)
	shell, err := exec.LookPath("sh")
	if err != nil || runtime.GOOS == "windows" {
		t.Skip("needs ulimit -f")
	}
	dir, out := t.TempDir(), t.TempDir()
	noise := image.NewNRGBA(image.Rect(0, 0, 128, 128))
	random := rand.New(rand.NewPCG(1, 1))
	for i := range noise.Pix {
		noise.Pix[i] = byte(random.Uint32()) | 0xff*byte(i%4/3)
	}
	var large bytes.Buffer
	if err := png.Encode(&large, noise); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "0.png"), square(t, red, 8))
	write(t, filepath.Join(dir, "1.png"), large.String())
	cmd := process(t, with(double, dir, "-o", out)...)
	cmd.Args = append([]string{shell, "-c", `trap "" XFSZ; ulimit -f 40; exec "$0" "$@"`, cmd.Path}, cmd.Args[1:]...)
	cmd.Path = shell
	if text, err := cmd.CombinedOutput(); exitCode(err) != exitFailed || !strings.Contains(string(text), "file too large") {
		t.Fatalf("%v, %s", err, text)
	}
	if got := rowsFrom[rows.Pictures](t, read(t, filepath.Join(out, "ortho.jsonl.partial"))); len(got) != 1 || got[0].Error != nil {
		t.Errorf("%+v", got)
	}
	if got := filesIn(t, out); !slices.Equal(got, []string{"0.png", "ortho.jsonl.partial", "ortho.jsonl.run.json"}) {
		t.Errorf("left: %q", got)
	}
}
