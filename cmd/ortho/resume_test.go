package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
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

	"ortho/cmd/ortho/internal/defaults"
	"ortho/cmd/ortho/internal/record"

	"ortho/cmd/ortho/internal/rows"
)

// asOrtho is set in the environment of every process that the tests start.
const asOrtho = "ORTHO_TEST_MAIN"

// TestMain has the test binary be ortho in the processes that tests, and the commands that
// they run, start of it.
func TestMain(m *testing.M) {
	if os.Getenv(asOrtho) != "" && !slices.Contains(os.Args, "-test.fuzzworker") {
		main()
	}
	os.Setenv(asOrtho, "1")
	os.Setenv(defaults.FileVariable, "off") // tests know nothing of who runs them
	os.Exit(m.Run())
}

// few are the first n of all cases under -short, and else all of them.
func few[T any](n int, all []T) []T {
	if testing.Short() {
		return all[:n]
	}
	return all
}

func process(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = os.Environ()
	return cmd
}

// tiny classifies a list of small images: a repeated handful, of which some are broken,
// one is missing and one has a name that is no UTF-8.
func tiny(t *testing.T, repeated int) (args []string) {
	t.Helper()
	dir := t.TempDir()
	var names []string
	for i, c := range []color.NRGBA{{255, 0, 0, 255}, {0, 255, 0, 255}, {9, 90, 200, 255}} {
		img := image.NewNRGBA(image.Rect(0, 0, 8, 8))
		for p := range 64 {
			img.SetNRGBA(p%8, p/8, c)
		}
		var b bytes.Buffer
		if err := png.Encode(&b, img); err != nil {
			t.Fatal(err)
		}
		names = append(names, write(t, filepath.Join(dir, fmt.Sprintf("%d.png", i)), b.String()))
	}
	names = append(names, write(t, filepath.Join(dir, "broken.png"), "\x89PNG\r\n\x1a\n"), names[0], names[0], filepath.Join(dir, "missing\xff.png"))
	list := write(t, filepath.Join(dir, "list"), strings.Repeat(strings.Join(names, "\n")+"\n", repeated))
	return []string{"classify", "-m", "../../models/testdata/float32_nchw", "--input-range", "0,1", "@" + list}
}

func with(args []string, more ...string) []string { return append(slices.Clone(args), more...) }

// sealed are rows as OUT.partial has them: with a position, and a checksum of all before it.
func sealed(rows string) string {
	var all strings.Builder
	n := 0
	for line := range strings.Lines(rows) {
		line = fmt.Sprintf(`%s,"position":%d`, strings.TrimSuffix(line, "}\n"), n)
		fmt.Fprintf(&all, "%s,\"crc32c\":\"%08x\"}\n", line, crc32.Checksum([]byte(line), crc32.MakeTable(crc32.Castagnoli)))
		n++
	}
	return all.String()
}

func recordOf(t *testing.T, out string) (r record.Record) {
	t.Helper()
	if err := json.Unmarshal([]byte(read(t, out+".run.json")), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

var fileFormats = []string{"jsonl", "csv", "parquet", "table"}

// TestFileIsStream compares files, which are made of FILE.partial, with what is
// streamed in the same format.
func TestFileIsStream(t *testing.T) {
	needLibrary(t)
	for _, format := range fileFormats {
		args := with(tiny(t, 40), "-f", format)
		out := filepath.Join(t.TempDir(), "x")
		code, stdout, _ := execute(t, "", args...)
		if code != exitItems {
			t.Fatalf("exit %d", code)
		}
		if code, printed, stderr := execute(t, "", with(args, "-o", out, "--record", "always")...); code != exitItems || printed != "" || read(t, out) != stdout {
			t.Errorf("%s: exit %d, %s, and the file is not what is printed", format, code, stderr)
		}
		r := recordOf(t, out)
		if r.Rows != 280 || r.Failed != 80 || r.Inputs == nil || r.Inputs.Count != 280 || r.Finished.IsZero() ||
			r.Provider != "cpu" || r.Concurrency < 1 || r.PerSecond <= 0 || len(r.Model.SHA256) != 64 {
			t.Errorf("%s: %+v", format, r)
		}
		if _, err := os.Stat(out + ".partial"); err == nil {
			t.Errorf("%s: FILE.partial is left", format)
		}
	}
}

func TestResumeAndRetry(t *testing.T) {
	needLibrary(t)
	args := tiny(t, 3)
	_, list, _ := strings.Cut(args[len(args)-1], "@")
	out := filepath.Join(t.TempDir(), "x.csv")
	_, want, _ := execute(t, "", with(args, "-f", "csv")...)
	expect := func(code int, text string, more ...string) {
		t.Helper()
		got, stdout, stderr := execute(t, "", with(args, append(more, "-o", out)...)...)
		if got != code || stdout != "" || !strings.Contains(stderr, text) {
			t.Errorf("%q: exit %d, %q; want %d and %q", more, got, stderr, code, text)
		}
	}
	expect(exitFailed, "(4 images) is in "+out+".partial; --resume continues it", "--fail-fast")
	expect(exitFailed, "--resume continues it, --overwrite starts anew")
	expect(exitFailed, "top was 5, and is 2", "--resume", "-k", "2")
	expect(exitFailed, "preprocessing: orientation was ignore, and is exif", "--resume", "--orientation", "exif")
	expect(exitFailed, "(7 images)", "--resume", "--fail-fast")
	expect(exitItems, "resumed at 7 images\n", "--resume", "--batch", "2", "--threads", "2")
	if read(t, out) != want {
		t.Errorf("resumed: %s, want %s", read(t, out), want)
	}
	if r := recordOf(t, out); r.Rows != 21 || r.Failed != 6 || len(r.Resumes) != 2 || r.Resumes[1].Rows != 7 || r.Batch != 2 || r.Threads != 2 {
		t.Errorf("%+v", r)
	}
	expect(exitItems, "nothing to do", "--resume")
	expect(exitFailed, "--overwrite replaces it")
	expect(exitItems, "21 images (resumed at 15), 6 failed", "--retry-failed")
	if read(t, out) != want {
		t.Errorf("failed again: %s, want %s", read(t, out), want)
	}
	for name := range strings.Lines(read(t, list)) {
		if name = strings.TrimSuffix(name, "\n"); strings.Contains(name, "broken") || strings.Contains(name, "missing") {
			if err := os.WriteFile(name, []byte(read(t, coffee)), 0o600); err != nil {
				t.Skip(err) // a file system that wants UTF-8
			}
		}
	}
	_, want, _ = execute(t, "", with(args, "-f", "csv")...)
	expect(exitOK, "21 images (resumed at 15), 0 failed", "--retry-failed")
	if read(t, out) != want {
		t.Errorf("mended: %s, want %s", read(t, out), want)
	}
	expect(exitOK, "nothing to do", "--retry-failed")
	write(t, list, coffee+"\n")
	expect(exitFailed, "number of inputs was 21, and is 1", "--resume")
}

// TestKilled kills ortho at 50 moments, and has --resume or --retry-failed go on, until
// the output is there: it must be that of a run that nothing has killed.
func TestKilled(t *testing.T) {
	needLibrary(t)
	args, most := tiny(t, 400), 50
	if testing.Short() {
		most = 6
	}
	random := rand.New(rand.NewPCG(1, 2))
	want := map[string]string{}
	var whole time.Duration
	for _, format := range fileFormats[:3] {
		out := filepath.Join(t.TempDir(), "x."+format)
		start := time.Now()
		if err := process(t, with(args, "-o", out)...).Run(); exitCode(err) != exitItems {
			t.Fatal(err)
		}
		whole = max(whole, time.Since(start))
		want[format] = read(t, out)
	}
	kills, sessions := 0, 0
	for round := 0; kills < most; round++ {
		format := fileFormats[round%3]
		out := filepath.Join(t.TempDir(), "x."+format)
		redo := true // what failed, after the output is there
		for flag := "--resume"; ; {
			if sessions++; sessions > 1000 {
				t.Fatalf("%d kills in %d runs", kills, sessions)
			}
			var stderr bytes.Buffer
			cmd := process(t, with(args, "-o", out, flag)...)
			cmd.Stderr = &stderr
			killed, err := runAndKill(cmd, out, whole, random)
			if killed {
				kills++
				flag = []string{"--resume", "--resume", "--retry-failed"}[random.IntN(3)]
				continue
			}
			if exitCode(err) != exitItems {
				t.Fatalf("%s: %v, %s", flag, err, stderr.String())
			}
			if read(t, out) != want[format] {
				t.Fatalf("%s after %d kills: the output is not that of a run that was not killed", format, kills)
			}
			if left, want := filesIn(t, filepath.Dir(out)), []string{filepath.Base(out), filepath.Base(out) + ".run.json"}; !slices.Equal(left, want) {
				t.Errorf("%s after %d kills: %q is left", format, kills, left)
			}
			if r := recordOf(t, out); r.Rows != 2800 || r.Failed != 800 {
				t.Errorf("%s after %d kills: %+v", format, kills, r)
			}
			if !redo {
				break
			}
			redo, flag = false, "--retry-failed"
		}
	}
	t.Logf("%d kills in %d runs", kills, sessions)
}

// runAndKill kills a run at a random moment: at any time, early, or in the steps at
// its end. whole is about how long a run takes.
func runAndKill(cmd *exec.Cmd, out string, whole time.Duration, random *rand.Rand) (killed bool, err error) {
	if err := cmd.Start(); err != nil {
		return false, err
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	switch random.IntN(4) {
	case 0:
		time.Sleep(time.Duration(random.Float64() * 0.1 * float64(whole)))
	case 1: // until it renders, or is through
		for range 10_000 {
			begun, _ := filepath.Glob(filepath.Join(filepath.Dir(out), ".ortho-*.tmp"))
			if len(begun) > 0 && exists(out+".partial") || len(done) > 0 {
				break
			}
			time.Sleep(100 * time.Microsecond)
		}
		time.Sleep(time.Duration(random.IntN(2000)) * time.Microsecond)
	default:
		time.Sleep(time.Duration(random.Float64() * 1.1 * float64(whole)))
	}
	cmd.Process.Kill()
	err = <-done
	return exitCode(err) < 0 || runtime.GOOS == "windows" && exitCode(err) == 1, err
}

func exists(name string) bool {
	_, err := os.Lstat(name)
	return err == nil
}

// exitCode is -1 for a process that was killed.
func exitCode(err error) int {
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.ExitCode()
	}
	return -2
}

// TestSignal interrupts a run that waits for its next path.
func TestSignal(t *testing.T) {
	needLibrary(t)
	if runtime.GOOS == "windows" {
		t.Skip("no process can send another an interrupt there")
	}
	args := tiny(t, 100)
	paths := read(t, args[len(args)-1][1:])
	args = with(args[:len(args)-1], "--stdin-paths", "-o", filepath.Join(t.TempDir(), "x.csv"))
	out := args[len(args)-1]
	cmd := process(t, args...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(stdin, paths); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	for enough := false; !enough; time.Sleep(time.Millisecond) {
		text, _ := os.ReadFile(out + ".partial")
		enough = bytes.Count(text, []byte("\n")) > 400 || len(done) > 0
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := <-done; exitCode(err) != exitInterrupted || !strings.Contains(stderr.String(), "--resume continues it") {
		t.Errorf("%v, %s", err, stderr.String())
	}
	if r := recordOf(t, out); r.Rows < 400 || !r.Finished.IsZero() {
		t.Errorf("%+v", r)
	}
	code, _, errs := execute(t, paths, with(args, "--resume")...)
	_, want, _ := execute(t, paths, with(args[:len(args)-2], "-f", "csv")...)
	if code != exitItems || read(t, out) != want {
		t.Errorf("resumed: exit %d, %s", code, errs)
	}
}

// TestFullDisk has a limit on the size of files stand for it.
func TestFullDisk(t *testing.T) {
	needLibrary(t)
	shell, err := exec.LookPath("sh")
	if err != nil || runtime.GOOS == "windows" {
		t.Skip("needs ulimit -f")
	}
	args := tiny(t, 200)
	out := filepath.Join(t.TempDir(), "x.csv")
	limited := process(t, with(args, "-o", out)...)
	limited.Args = append([]string{shell, "-c", `trap "" XFSZ; ulimit -f 40; exec "$0" "$@"`, limited.Path}, limited.Args[1:]...)
	limited.Path = shell
	if text, err := limited.CombinedOutput(); exitCode(err) != exitFailed || !strings.Contains(string(text), "--resume continues it") {
		t.Fatalf("%v, %s", err, text)
	}
	code, _, stderr := execute(t, "", with(args, "-o", out, "--resume")...)
	_, want, _ := execute(t, "", with(args, "-f", "csv")...)
	if code != exitItems || read(t, out) != want || strings.Contains(stderr, "resumed at 0") || !strings.Contains(stderr, "resumed at") {
		t.Errorf("exit %d, %s", code, stderr)
	}
}

// TestResumeShardOfArchive: an archive's shard is continued, and under another shard or
// another way of decoding it is not.
func TestResumeShardOfArchive(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	var entries []string
	for i := range 7 {
		entries = append(entries, fmt.Sprintf("%d.png", i), read(t, coffee))
	}
	archive := write(t, filepath.Join(dir, "x.tar"), tarOf(t, append(entries, "7.png", "broken")...))
	out := filepath.Join(dir, "x.jsonl")
	args := []string{"classify", "-m", "../../models/testdata/float32_nchw", "--input-range", "0,1", archive, "-o", out}
	if code, _, stderr := execute(t, "", with(args, "--shard", "1/2")...); code != exitItems {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	whole := read(t, out)
	if names := inputsOf(rowsFrom[rows.Classes](t, whole)); !slices.Equal(names, []string{archive + "/1.png", archive + "/3.png", archive + "/5.png", archive + "/7.png"}) {
		t.Fatalf("%q", names)
	}
	// What a crash in the third row leaves.
	if err := os.Remove(out); err != nil {
		t.Fatal(err)
	}
	rows := sealed(whole)
	write(t, out+".partial", rows[:strings.Index(rows, "/5.png")+3])
	for _, c := range []struct {
		flags []string
		want  string
	}{
		{[]string{"--shard", "0/2"}, "shard was 1/2, and is 0/2"},
		{nil, "shard was 1/2, and is not set"},
		{[]string{"--shard", "1/2", "--decode", "scaled"}, "decode was exact, and is scaled"},
	} {
		if code, _, stderr := execute(t, "", with(args, append(c.flags, "--resume")...)...); code != exitFailed || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: exit %d, %s", c.flags, code, stderr)
		}
	}
	if code, _, stderr := execute(t, "", with(args, "--shard", "1/2", "--resume")...); code != exitItems || read(t, out) != whole {
		t.Errorf("exit %d, %s\n%s\nwant\n%s", code, stderr, read(t, out), whole)
	}
}

// TestResumeCompleteByPaths: paths on standard input are not known before, and still
// must be those that the output was made of.
func TestResumeCompleteByPaths(t *testing.T) {
	needLibrary(t)
	out := filepath.Join(t.TempDir(), "x.jsonl")
	args := []string{"classify", "-m", "../../models/testdata/float32_nchw", "--input-range", "0,1", "--stdin-paths", "-o", out}
	for _, c := range []struct {
		paths, flag, want string
		code              int
	}{
		{coffee + "\n" + cat, "--resume", "2 images", exitOK},
		{coffee + "\n" + cat, "--resume", "nothing to do", exitOK},
		{coffee + "\n" + coffee, "--resume", "was made of 2 inputs, and not of these 2", exitFailed},
		{coffee, "--retry-failed", "was made of 2 inputs, and not of these 1", exitFailed},
	} {
		if code, _, stderr := execute(t, c.paths, with(args, c.flag)...); code != c.code || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: exit %d, %s; want %d, %s", c.paths, code, stderr, c.code, c.want)
		}
	}
}

// TestResumeChangedPartial: where the inputs are the same, it is the rows that are not.
func TestResumeChangedPartial(t *testing.T) {
	needLibrary(t)
	out := filepath.Join(t.TempDir(), "x.jsonl")
	args := []string{"classify", "-m", "../../models/testdata/float32_nchw", "--input-range", "0,1", coffee, cat, coffee, "-o", out}
	if code, _, stderr := execute(t, "", args...); code != exitOK {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	lines := strings.SplitAfter(read(t, out), "\n")
	if err := os.Remove(out); err != nil {
		t.Fatal(err)
	}
	write(t, out+".partial", sealed(lines[1]))
	code, _, stderr := execute(t, "", with(args, "--resume")...)
	if code != exitFailed || !strings.Contains(stderr, ".partial was changed") || strings.Contains(stderr, "--resume continues it") {
		t.Errorf("exit %d, %s", code, stderr)
	}
}
