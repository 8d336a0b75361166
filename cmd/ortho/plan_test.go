package main

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestPlan: tasks of a plan make the rows that one run makes, whatever happens to them in between.
func TestPlan(t *testing.T) {
	needLibrary(t)
	model, err := filepath.Abs(filepath.Join(testModels, "float32_nchw"))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	picture := square(t, red, 8)
	for _, name := range []string{"a", "b", "c"} {
		write(t, name+".tar", tarOf(t, name+"/1.png", picture, name+"/2.png", picture, name+"/broken.png", "no image", name+"/1.txt", "a text"))
	}
	write(t, "loose.png", picture)
	by := func(words ...string) []string { return append(words, "-m", model, "--input-range", "0,1") }
	expect := func(code int, want string, words ...string) (stdout string) {
		t.Helper()
		got, stdout, stderr := execute(t, "", words...)
		if got != code || !strings.Contains(stderr, want) {
			t.Errorf("%q: exit %d, %s%s; want %d, %q", words, got, stdout, stderr, code, want)
		}
		return stdout
	}
	task := func(number string, more ...string) []string {
		return by(append([]string{"classify", "--plan", "plan.jsonl", "--plan-task", number, "-o", "rows/"}, more...)...)
	}
	expect(exitOK, "2 tasks, 4 parts of 4 files", "plan", "*.tar", "loose.png", "-n", "2", "-o", "plan.jsonl")
	first := read(t, "plan.jsonl")
	expect(exitOK, "", "plan", "*.tar", "loose.png", "-n", "2", "-o", "plan.jsonl", "--overwrite")
	if read(t, "plan.jsonl") != first {
		t.Error("the same inputs make another plan")
	}
	expect(exitItems, "task 0 of 2: 2 parts, of which 0 were there", task("0")...)
	expect(exitOK, "of which 2 were there; 6 images, 2 failed", task("0", "--max-failed", "0.5")...)
	if missing := expect(exitVerdict, "2 of 4 parts, 6 rows, 2 failed; 2 missing, of 1 task", "gather", "rows", "--plan", "plan.jsonl"); missing != "1\n" {
		t.Errorf("missing: %q", missing)
	}

	// What can't be put beside what is there.
	expect(exitUsage, "top was 5, and is 2", task("1", "-k", "2")...)
	expect(exitUsage, "rows' format was jsonl, and is csv", task("1", "-f", "csv")...)
	expect(exitUsage, "where was not set, and is p > 0.5", task("1", "--where", "p > 0.5")...)
	expect(exitUsage, "command was classify, and is embed", "embed", "--plan", "plan.jsonl", "--plan-task", "1", "-o", "rows/", "-m", filepath.Join(filepath.Dir(model), "embedding"), "--input-range", "0,1")
	expect(exitOK, "", "plan", "*.tar", "-n", "2", "-o", "other.jsonl")
	expect(exitUsage, "by another plan than other.jsonl", by("classify", "--plan", "other.jsonl", "--plan-task", "1", "-o", "rows/")...)
	expect(exitUsage, "a number from 0 to 1", task("2")...)
	expect(exitUsage, "the plan has 2 tasks", task("auto/3")...)
	expect(exitUsage, "not a task of an array job", task("auto")...)
	expect(exitUsage, "leave out SRC", append(task("1"), "loose.png")...)
	expect(exitUsage, "--html has no place", task("1", "--html", "x.html")...)
	expect(exitUsage, "passed over in any case", task("1", "--resume")...)
	expect(exitUsage, "can't be read back", task("1", "-f", "table")...)

	// An archive that was changed under way, told by name; mended, all goes on.
	archive := read(t, "c.tar")
	info, err := os.Stat("c.tar")
	if err != nil {
		t.Fatal(err)
	}
	write(t, "c.tar", archive+strings.Repeat("\x00", 512))
	expect(exitFailed, "c.tar has changed since the plan was made", task("1")...)
	write(t, "c.tar", archive)
	if err := os.Chtimes("c.tar", info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SLURM_ARRAY_TASK_ID", "1") // --array=1, to do it again
	t.Setenv("SLURM_ARRAY_TASK_MIN", "1")
	t.Setenv("SLURM_ARRAY_TASK_MAX", "1")
	t.Setenv("SLURM_ARRAY_TASK_COUNT", "1")
	var both sync.WaitGroup
	for range 2 { // at once
		both.Go(func() { expect(exitItems, "task 1 of 2: 2 parts", task("auto")...) })
	}
	both.Wait()
	if missing := expect(exitItems, "4 of 4 parts, 10 rows, 3 failed", "gather", "rows", "--plan", "plan.jsonl", "-o", "all.jsonl"); missing != "" {
		t.Errorf("missing: %q", missing)
	}
	expect(exitItems, "", by("classify", "*.tar", "loose.png", "-o", "alone.jsonl")...)
	if read(t, "all.jsonl") != read(t, "alone.jsonl") {
		t.Error("the rows are not those of one run")
	}

	// An attempt that was killed before it could record its part, and files that are of something else.
	const part, record = "rows/0000000-a.jsonl", "rows/_ortho/0000000-a.json"
	good, old := read(t, part), time.Now().Add(-time.Hour)
	if err := os.Remove(record); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(part, old, old); err != nil {
		t.Fatal(err)
	}
	expect(exitVerdict, part+" has no record", "gather", "rows", "--plan", "plan.jsonl")
	expect(exitItems, "of which 2 were there", task("0")...)
	if info, err := os.Stat(part); err != nil || info.ModTime().After(old.Add(time.Minute)) {
		t.Errorf("the part was made again: %v", err)
	}
	expect(exitOK, "4 of 4 parts", "gather", "rows", "--plan", "plan.jsonl", "--max-failed", "1")
	write(t, part, good[:strings.IndexByte(good, '\n')+1])
	expect(exitVerdict, "it was changed since", "gather", "rows", "--plan", "plan.jsonl")
	expect(exitFailed, "it was changed since", task("0")...)
	if err := os.Remove(record); err != nil {
		t.Fatal(err)
	}
	expect(exitFailed, "its rows are not those of the part", task("0")...)
	write(t, part, good)
	expect(exitItems, "of which 2 were there", task("0")...)
	write(t, "rows/notes.txt", "x")
	write(t, "rows/0000001-b.csv", "x")
	expect(exitVerdict, "rows/notes.txt is no part of the plan", "gather", "rows", "--plan", "plan.jsonl", "-o", "no.csv")
	expect(exitVerdict, "0000001-b is there twice", "gather", "rows", "--plan", "plan.jsonl", "--json")
	if _, err := os.Stat("no.csv"); err == nil {
		t.Error("what is not whole is put together")
	}
	if text := expect(exitVerdict, "", "gather", "rows", "--plan", "plan.jsonl", "--json"); !strings.Contains(text, `"done":4,"rows":10,"failed":3,"left_out":0,"wrong":1,"foreign":1,"missing_tasks":"","complete":false`) {
		t.Error(text)
	}
	write(t, "list.txt", "none.png\nloose.png\n")
	expect(exitOK, "1 file of lists is not there", "plan", "@list.txt", "-n", "1", "-o", "listed.jsonl")
	expect(exitItems, "2 images, 1 failed", by("classify", "--plan", "listed.jsonl", "--plan-task", "0", "-o", "listed/", "-f", "parquet", "--where", "p > 2")...)
	expect(exitItems, "2 rows, 1 failed, 1 left out by --where", "gather", "listed", "--plan", "listed.jsonl")
}

// TestStdinTar: an archive on standard input gives a row for each of its entries, by their own names, and one that is cut
// short is no run that has ended well, whatever --max-failed says.
func TestStdinTar(t *testing.T) {
	needLibrary(t)
	model := []string{"-m", testModels + "/float32_nchw", "--input-range", "0,1", "--stdin-tar", "-f", "jsonl"}
	archive := tarOf(t, "s3://bucket/a key", square(t, red, 8), "/etc/../b", "no image")
	for _, c := range []struct {
		stdin string
		words []string
		code  int
		rows  int
		want  string
	}{
		{archive, nil, exitItems, 2, `{"input":"s3://bucket/a key","predictions":`},
		{archive, []string{"--max-failed", "0.5"}, exitOK, 2, `{"input":"/etc/../b","error":`},
		{archive, []string{"--max-failed", "0.4"}, exitItems, 2, ""},
		{archive[:len(archive)-1024], []string{"--max-failed", "1"}, exitFailed, 2, "no end-of-archive mark"},
		{archive[:1100], []string{"--max-failed", "1"}, exitFailed, -1, "cut short"},
		{"text", []string{"--max-failed", "1"}, exitFailed, 0, "standard input"},
		{archive, []string{"x.png"}, exitUsage, 0, "--stdin-tar stands alone"},
		{archive, []string{"--shard", "0/2"}, exitUsage, 0, "--shard"},
		{archive, []string{"--html", "x.html"}, exitUsage, 0, "--html"},
		{archive, []string{"--max-failed", "2"}, exitUsage, 0, "from 0 to 1"},
		{archive, []string{"--max-failed", "1", "--fail-fast"}, exitUsage, 0, "give one of them"},
	} {
		code, stdout, stderr := execute(t, c.stdin, append(append([]string{"classify"}, model...), c.words...)...)
		if n := strings.Count(stdout, "\n"); code != c.code || c.rows >= 0 && n != c.rows || !strings.Contains(stdout+stderr, c.want) {
			t.Errorf("%d bytes, %q: exit %d, %d rows, %s%s; want %d, %d, %q", len(c.stdin), c.words, code, n, stdout, stderr, c.code, c.rows, c.want)
		}
	}
}
