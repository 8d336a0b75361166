package main

import (
	"bytes"
	"fmt"
	"image/color"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"ortho/models/describe/openaitest"
)

// growing is a folder with pictures, of which the fourth is broken, all an hour old.
func growing(t *testing.T, pictures int) string {
	t.Helper()
	photos := filepath.Join(t.TempDir(), "photos")
	for i := range pictures {
		colourful(t, filepath.Join(photos, "sub", fmt.Sprintf("%02d.png", i)), i, time.Hour)
	}
	write(t, filepath.Join(photos, "sub", "03.png"), "broken")
	return photos
}

// colourful writes a picture that is of a colour, and of an age.
func colourful(t *testing.T, name string, n int, age time.Duration) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, name, square(t, color.NRGBA{uint8(40 * n), uint8(255 - 30*n), 90, 255}, 8))
	at := time.Now().Add(-age)
	if err := os.Chtimes(name, at, at); err != nil {
		t.Fatal(err)
	}
}

// grow has pictures come, go, change, become well and get another name.
func grow(t *testing.T, photos string) {
	t.Helper()
	in := func(name string) string { return filepath.Join(photos, "sub", name) }
	colourful(t, in("03.png"), 7, 0)
	colourful(t, in("05.png"), 8, time.Minute)
	colourful(t, in("00a.png"), 9, 0)
	colourful(t, filepath.Join(photos, "a.png"), 10, 0)
	if err := os.Rename(in("01.png"), in("zz.png")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(in("02.png")); err != nil {
		t.Fatal(err)
	}
}

// TestUpdate: an update of any verb and format makes what a run anew would, and no more than it has to; a
// second has nothing to do.
func TestUpdate(t *testing.T) {
	needLibrary(t)
	server := chatting(t, openaitest.Describe(catSays))
	model := []string{"-m", testModels + "/float32_nchw", "--input-range", "0,1"}
	for _, c := range []struct {
		args    []string
		formats []string
	}{
		{append([]string{"classify"}, model...), []string{"jsonl", "csv", "parquet"}},
		{append([]string{"classify", "--logits"}, model...), []string{"jsonl", "parquet"}},
		{append([]string{"embed", "--output-name", "logits"}, model...), []string{"jsonl", "parquet"}},
		{[]string{"describe", "-m", "none", "--cache", "off"}, []string{"jsonl", "csv", "parquet"}},
	} {
		for _, format := range c.formats {
			photos, dir := growing(t, 8), t.TempDir()
			out, anew := filepath.Join(dir, "out."+format), filepath.Join(dir, "anew."+format)
			asked := len(server.Requests())
			expect := func(says string, args ...string) {
				t.Helper()
				code, _, stderr := execute(t, "", with(append(c.args, photos), args...)...)
				if code == exitFailed || code == exitUsage || !strings.Contains(stderr, says) {
					t.Fatalf("%q %q: exit %d, %s; want %q", c.args, args, code, stderr, says)
				}
			}
			expect("8 images, 1 failed", "-o", out, "--update")
			expect("1 failed", "-o", out, "--update")
			grow(t, photos)
			expect("9 images: 4 kept, 3 new, 1 changed, 1 made again, 2 gone, 0 failed", "-o", out, "--update")
			if n := len(server.Requests()) - asked; c.args[0] == "describe" && n != 7+5 {
				t.Errorf("%d requests were made", n)
			}
			expect("9 images, 0 failed", "-o", anew)
			if read(t, out) != read(t, anew) {
				t.Errorf("%q, %s: the output is another than that of a run anew:\n%q, want\n%q", c.args, format, read(t, out), read(t, anew))
			}
			for _, flag := range []string{"--update", "--resume", "--retry-failed"} {
				expect("nothing to do", "-o", out, flag)
			}
		}
	}
}

// TestUpdateSettings: an update with another model, setting or look is refused, or says what it does.
func TestUpdateSettings(t *testing.T) {
	needLibrary(t)
	photos := growing(t, 5)
	out := filepath.Join(t.TempDir(), "x.jsonl")
	args := []string{"classify", "-m", testModels + "/float32_nchw", "--input-range", "0,1", photos}
	expect := func(code int, text string, more ...string) {
		t.Helper()
		got, _, stderr := execute(t, "", with(args, more...)...)
		if got != code || !strings.Contains(stderr, text) {
			t.Errorf("%q: exit %d, %s; want %d, %q", more, got, stderr, code, text)
		}
	}
	table := filepath.Join(filepath.Dir(out), "x.txt")
	expect(exitUsage, "only a file can be brought up to date", "--update")
	expect(exitUsage, "which a table can't be", "--update", "-o", table)
	expect(exitUsage, "continues and redoes what failed, too", "--update", "--resume", "-o", out)
	expect(exitUsage, "give one of them", "--update", "--overwrite", "-o", out)
	expect(exitUsage, "--keep-gone and --remove-gone go with --update", "--keep-gone", "-o", out)
	expect(exitUsage, "leave out --record never", "--update", "--record", "never", "-o", out)
	expect(exitUsage, "not one of auto, always, never", "--record", "maybe", "-o", out)
	expect(exitUsage, "paths from a pipe are known too late", "--update", "--stdin-paths", "-o", out)

	expect(exitItems, "5 images, 1 failed", "-o", out, "--update", "--check-inputs", "contents")
	expect(exitFailed, "top was 5, and is 2", "-o", out, "--update", "-k", "2")
	touched := filepath.Join(photos, "sub", "00.png")
	if err := os.Chtimes(touched, time.Now(), time.Now()); err != nil {
		t.Fatal(err)
	}
	expect(exitItems, "4 kept, 0 new, 0 changed, 1 made again, 0 gone", "-o", out, "--update", "--check-inputs", "contents")
	was, err := os.Stat(touched)
	if err != nil {
		t.Fatal(err)
	}
	write(t, touched, square(t, color.NRGBA{1, 1, 1, 255}, 8)) // of the size that it had
	if err := os.Chtimes(touched, was.ModTime(), was.ModTime()); err != nil {
		t.Fatal(err)
	}
	expect(exitItems, "4 kept, 0 new, 0 changed, 1 made again, 0 gone", "-o", out, "--update", "--check-inputs", "names")
	expect(exitItems, "3 kept, 0 new, 1 changed, 1 made again, 0 gone", "-o", out, "--update", "--check-inputs", "contents")
	expect(exitItems, "4 kept", "-o", out, "--update")
	if err := os.Chtimes(touched, time.Now(), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	expect(exitItems, "3 kept, 0 new, 1 changed", "-o", out, "--update")
	expect(exitItems, "5 images, 1 failed", "-o", out, "--overwrite", "--check-inputs", "names")
	expect(exitFailed, "without a look at the sizes and times", "-o", out, "--update")
	expect(exitItems, "5 images, 1 failed", "-o", out, "--overwrite")
	expect(exitFailed, "without a look at the contents", "-o", out, "--update", "--check-inputs", "contents")
}

// TestRecord: the record stays where something can go on from it, or as it is asked for.
func TestRecord(t *testing.T) {
	needLibrary(t)
	args := []string{"classify", "-m", testModels + "/float32_nchw", "--input-range", "0,1", filepath.Join(growing(t, 2), "sub")}
	for _, c := range []struct {
		out   string
		flags []string
		stays bool
	}{
		{"x.jsonl", nil, true},
		{"x.csv", []string{"--record", "never"}, false},
		{"x.parquet", []string{"--record", "always"}, true},
		{"x.txt", nil, false},
		{"y.txt", []string{"--record", "always"}, true},
		{"z.txt", []string{"--resume"}, true}, // and the next --resume finds it complete
	} {
		out := filepath.Join(t.TempDir(), c.out)
		if code, _, stderr := execute(t, "", with(with(args, "-o", out), c.flags...)...); code != exitItems {
			t.Fatalf("exit %d: %s", code, stderr)
		}
		if stays := exists(out + ".run.json"); stays != c.stays {
			t.Errorf("%s, %q: the record stays: %v", c.out, c.flags, stays)
		}
	}
}

// TestUpdateKilled kills updates of a folder that grows meanwhile, at any moment: the last makes what a
// run anew would.
func TestUpdateKilled(t *testing.T) {
	needLibrary(t)
	most := 12
	if testing.Short() {
		most = 3
	}
	random := rand.New(rand.NewPCG(3, 4))
	photos := growing(t, 40)
	for i := range 400 {
		colourful(t, filepath.Join(photos, "more", fmt.Sprintf("%03d.png", i)), i, time.Hour)
	}
	args := []string{"classify", "-m", testModels + "/float32_nchw", "--input-range", "0,1", photos}
	for _, format := range fileFormats[:3] {
		dir := t.TempDir()
		out, anew := filepath.Join(dir, "out."+format), filepath.Join(dir, "anew."+format)
		kills := 0
		for round := 0; kills < most/3 && round < 10*most; round++ {
			colourful(t, filepath.Join(photos, "more", fmt.Sprintf("%03d.png", random.IntN(400))), random.IntN(9), time.Duration(random.IntN(1000))*time.Second)
			for range 50 {
				name := filepath.Join(photos, "some", fmt.Sprintf("%03d.png", random.IntN(200)))
				if exists(name) {
					os.Remove(name)
				} else {
					colourful(t, name, random.IntN(9), time.Hour)
				}
			}
			var stderr bytes.Buffer
			cmd := process(t, with(args, "-o", out, "--update")...)
			cmd.Stderr = &stderr
			killed, err := runAndKill(cmd, out, time.Second/2, random)
			if killed {
				kills++
			} else if exitCode(err) != exitItems {
				t.Fatalf("%v, %s", err, stderr.String())
			}
		}
		// A process that is younger than what was killed takes away what that has left.
		if text, err := process(t, with(args, "-o", out, "--update")...).CombinedOutput(); exitCode(err) != exitItems {
			t.Fatalf("%v: %s", err, text)
		}
		if code, _, stderr := execute(t, "", with(args, "-o", anew)...); code != exitItems {
			t.Fatalf("exit %d: %s", code, stderr)
		}
		if read(t, out) != read(t, anew) {
			t.Errorf("%s after %d kills: the output is not that of a run anew", format, kills)
		}
		if got := filesIn(t, dir); len(got) != 4 {
			t.Errorf("%q is left", got)
		}
		t.Logf("%s: %d kills", format, kills)
	}
}

// TestUpdateTexts: texts that come and go, and files of them.
func TestUpdateTexts(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	list, whole := write(t, filepath.Join(dir, "list"), "an espresso\na red dog\n"), write(t, filepath.Join(dir, "whole.txt"), "a goldfish")
	out, anew := filepath.Join(dir, "x.csv"), filepath.Join(dir, "y.csv")
	args := []string{"classify-text", "--texts", list, "--file", whole}
	for i, says := range []string{"3 texts, 0 failed", "nothing to do", "4 texts: 2 kept, 1 new, 1 changed, 0 gone"} {
		if i == 2 {
			write(t, list, "a red dog\na yellow bus\nan espresso\n")
			write(t, whole, "a great white shark")
		}
		if code, _, stderr := execute(t, "", with(args, "-o", out, "--update")...); code != exitOK || !strings.Contains(stderr, says) {
			t.Errorf("exit %d, %s; want %q", code, stderr, says)
		}
	}
	execute(t, "", with(args, "-o", anew)...)
	if read(t, out) != read(t, anew) {
		t.Errorf("%s, want %s", read(t, out), read(t, anew))
	}
}

// TestUpdateShards: by name, a picture that comes moves no other to another shard.
func TestUpdateShards(t *testing.T) {
	needLibrary(t)
	photos, dir := growing(t, 8), t.TempDir()
	args := []string{"classify", "-m", testModels + "/float32_nchw", "--input-range", "0,1", photos}
	run := func(by, shard string) string {
		t.Helper()
		_, _, stderr := execute(t, "", with(args, "--shard", shard, "--shard-by", by, "-o", filepath.Join(dir, by+shard[:1]+".jsonl"), "--update")...)
		return stderr
	}
	for _, by := range []string{"name", "number"} {
		run(by, "0/2")
		run(by, "1/2")
	}
	colourful(t, filepath.Join(photos, "sub", "00a.png"), 9, 0)
	newOnes, moved := 0, false
	for _, shard := range []string{"0/2", "1/2"} {
		stderr := run("name", shard)
		newOnes += strings.Count(stderr, " 1 new, 0 changed")
		if strings.Contains(stderr, "--shard goes by number") || strings.Contains(stderr, "1 gone") {
			t.Error(stderr)
		}
		moved = strings.Contains(run("number", shard), "--shard goes by number") || moved
	}
	if newOnes != 1 || !moved {
		t.Errorf("%d shards have a new picture; told that pictures move: %v", newOnes, moved)
	}
	all := strings.Split(strings.TrimSpace(read(t, filepath.Join(dir, "name0.jsonl"))+read(t, filepath.Join(dir, "name1.jsonl"))), "\n")
	slices.Sort(all)
	if all = slices.Compact(all); len(all) != 9 {
		t.Errorf("%d rows in both", len(all))
	}
}
