package main

import (
	"archive/tar"
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/rows"
)

// tarOf makes a shard of names and bodies, in turn.
func tarOf(t *testing.T, namesAndBodies ...string) string {
	t.Helper()
	var buffer bytes.Buffer
	w := tar.NewWriter(&buffer)
	for pair := range slices.Chunk(namesAndBodies, 2) {
		if err := w.WriteHeader(&tar.Header{Name: pair[0], Size: int64(len(pair[1])), Mode: 0o600}); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte(pair[1])); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return buffer.String()
}

func inputsOf(all []rows.Classes) []string {
	var names []string
	for _, row := range all {
		names = append(names, row.Input)
	}
	return names
}

func TestClassifyTar(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	good := write(t, in("good.tar"), tarOf(t, "0/coffee.png", read(t, coffee), "0/coffee.cls", "967", "./1/cat.png", read(t, cat)))
	bad := write(t, in("bad.tar"), tarOf(t, "text.png", "hello", "../cat.png", read(t, cat), "cat.png", read(t, cat)))
	write(t, in("cut.tar"), tarOf(t, "cat.png", read(t, cat), "coffee.png", read(t, coffee))[:300_000])

	code, stdout, stderr := execute(t, "", "classify", "-k", "1", good)
	got := rowsFrom[rows.Classes](t, stdout)
	if want := []string{good + "/0/coffee.png", good + "/1/cat.png"}; code != exitOK || !slices.Equal(inputsOf(got), want) {
		t.Fatalf("exit %d, %q, want %q; %s", code, stdout, want, stderr)
	}
	if got[0].Predictions[0].Label != "espresso" || got[1].Width == 0 || got[1].Predictions[0].Label == "espresso" {
		t.Errorf("%+v", got)
	}

	code, stdout, stderr = execute(t, "", "classify", "-k", "1", bad, in("[cg]*.tar"), coffee)
	got = rowsFrom[rows.Classes](t, stdout)
	want := []string{bad + "/text.png", bad + "/../cat.png", bad + "/cat.png", in("cut.tar/cat.png"), in("cut.tar/coffee.png"), good + "/0/coffee.png", good + "/1/cat.png", coffee}
	if code != exitItems || !slices.Equal(inputsOf(got), want) {
		t.Fatalf("exit %d, %q, want %q; %s", code, inputsOf(got), want, stderr)
	}
	for i, kind := range []string{"unsupported", "read", "", "", "read", "", "", ""} {
		if e := got[i].Error; (e == nil) != (kind == "") || e != nil && e.Kind != kind {
			t.Errorf("%s: %+v, want %q", got[i].Input, e, kind)
		}
	}
	if e := got[4].Error; !strings.Contains(e.Message, "cut.tar/coffee.png") || !strings.Contains(e.Message, "cut short") {
		t.Errorf("%+v", e)
	}

	for name, want := range map[string]string{
		write(t, in("none.tar"), tarOf(t, "0.cls", "967")): "holds no images",
		write(t, in("packed.tar"), "\x1f\x8b\x08"):         "give it one that ends with .tar.gz",
		write(t, in("packed.txz"), "\xfd7zXZ\x00"):         "compress it with zstd or gzip instead",
		dir: "give them as '" + in("*.tar") + "'",
	} {
		if code, stdout, stderr := execute(t, "", "classify", name); code != exitFailed || stdout != "" || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit %d, %q, %q; want %q", name, code, stdout, stderr, want)
		}
		if code, stdout, stderr := execute(t, "", "classify", good, name, "-f", "jsonl"); code != exitItems || len(rowsFrom[rows.Classes](t, stdout)) != 3 || !strings.Contains(stderr, want) {
			t.Errorf("%s, beside others: exit %d, %q, %q; want %q", name, code, stdout, stderr, want)
		}
	}
}

func TestShard(t *testing.T) {
	needLibrary(t)
	shard := write(t, filepath.Join(t.TempDir(), "x.tar"), tarOf(t, "a.png", read(t, coffee), "b.png", read(t, cat)))
	args := []string{"classify", "-k", "1", "-f", "csv", coffee, shard}
	lines := func(stdout string) (names []string) {
		for line := range strings.Lines(stdout) {
			name, _, _ := strings.Cut(line, ",")
			names = append(names, name)
		}
		return names[min(1, len(names)):] // without the head
	}
	for text, want := range map[string][]string{
		"0/2":    {coffee, shard + "/b.png"},
		"1/2":    {shard + "/a.png"},
		"3/4":    {},
		"auto":   {shard + "/a.png"}, // by the environment below
		"auto/3": {shard + "/a.png"},
	} {
		t.Setenv("AWS_BATCH_JOB_ARRAY_INDEX", "1")
		t.Setenv("AWS_BATCH_JOB_ARRAY_SIZE", "3")
		code, stdout, stderr := execute(t, "", append(args, "--shard", text)...)
		if got := lines(stdout); code != exitOK || !slices.Equal(got, want) {
			t.Errorf("--shard %s: exit %d, %q, want %q; %s", text, code, got, want, stderr)
		}
	}
	if code, stdout, stderr := execute(t, "", "classify", "--progress", "always", "--shard", "1/2", coffee); code != exitOK || stdout != "" {
		t.Errorf("a shard without items: exit %d, %q, %s", code, stdout, stderr)
	}
	for text, want := range map[string]string{"2/2": "0/2 to 1/2", "": "is not i/n", "auto/2": "the array job has 3 tasks", "1": "--shard"} {
		if code, stdout, stderr := execute(t, "", append(args, "--shard", text)...); code != exitUsage || stdout != "" || !strings.Contains(stderr, want) {
			t.Errorf("--shard %q: exit %d, %q, %q; want exit 2 and %q", text, code, stdout, stderr, want)
		}
	}
}

// TestClassifyJoinedTars: what follows an archive's end is left out, and not in silence.
func TestClassifyJoinedTars(t *testing.T) {
	needLibrary(t)
	one := tarOf(t, "a.png", read(t, coffee))
	dir := t.TempDir()
	joined := write(t, filepath.Join(dir, "joined.tar"), one+one)
	padded := write(t, filepath.Join(dir, "padded.tar"), one+strings.Repeat("\x00", 10240))
	code, stdout, _ := execute(t, "", "classify", joined, padded)
	got := rowsFrom[rows.Classes](t, stdout)
	if code != exitItems || !slices.Equal(inputsOf(got), []string{joined + "/a.png", joined, padded + "/a.png"}) {
		t.Fatalf("exit %d, %s", code, stdout)
	}
	if e := got[1].Error; e == nil || !strings.Contains(e.Message, "end-of-archive mark") || got[0].Error != nil || got[2].Error != nil {
		t.Errorf("%s", stdout)
	}
}

// TestPassedOver: what is no image is told once a run and recorded, also where a run goes on; what
// only stands beside images is no warning, and with --progress never no word.
func TestPassedOver(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	for name, text := range map[string]string{"album/a.png": read(t, coffee), "album/b.CR2": "", "album/c.cr2": "", "album/d.dng": "", "album/e.txt": "", "album/.f": ""} {
		if err := os.MkdirAll(filepath.Dir(in(name)), 0o777); err != nil {
			t.Fatal(err)
		}
		write(t, in(name), text)
	}
	shard := write(t, in("shard.tar"), tarOf(t, "0.png", read(t, coffee), "0.cls", "967"))
	const told = "ortho: warning: 3 other files were passed over: 2 .cr2, 1 .dng; 1 file was passed over that holds no images: 1 .txt\n"
	const beside = "ortho: 1 file was passed over that holds no images: 1 .cls\n"
	for _, c := range []struct{ args, want string }{
		{"classify -k 1 " + in("album"), told}, {"classify -k 1 --progress never " + in("album"), told}, {"embed " + in("album"), told},
		{"classify -k 1 " + shard, beside}, {"classify -k 1 --progress never " + shard, ""}, {"classify -k 1 " + in("album/a.png"), ""},
		{"classify -k 1 -f table " + in("{album,none}/*.png"), "ortho: warning: nothing matches " + in("none/*.png") + "\n"},
	} {
		args := strings.Fields(c.args)
		if args[0] == "embed" {
			args = append(args, "-m", "../../models/testdata/no_shape", "--input-range", "0,1", "--output-name", "logits")
		}
		code, _, stderr := execute(t, "", args...)
		if code != exitOK || strings.Count(stderr, "passed over")+strings.Count(stderr, "nothing matches") != min(1, len(c.want))+strings.Count(c.want, "; ") || !strings.Contains(stderr, c.want) {
			t.Errorf("%s: exit %d, %q; want %q", c.args, code, stderr, c.want)
		}
	}
	out := in("o.jsonl")
	for _, more := range []string{"", "--resume"} {
		if code, _, stderr := execute(t, "", strings.Fields("classify -k 1 -o "+out+" "+more+" "+in("album")+" "+shard)...); code != exitOK || strings.Contains(stderr, "4 .") {
			t.Errorf("exit %d, %s", code, stderr)
		}
		run, err := record.Read(out)
		if want := map[string]int64{".cr2": 2, ".dng": 1, ".txt": 1, ".cls": 1, "hidden": 1}; err != nil || !maps.Equal(run.PassedOver, want) {
			t.Errorf("%v, %v; want %v", run.PassedOver, err, want)
		}
	}
}

// TestBraces: braces are names, also on the way to rows of CSV; those that are missing fail in their place.
func TestBraces(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	for _, i := range []string{"000", "001", "003"} {
		write(t, in("s-"+i+".tar"), tarOf(t, i+".png", read(t, coffee)))
	}
	code, stdout, _ := execute(t, "", "classify", "-k", "1", in("s-{000..003}.tar"))
	got := inputsOf(rowsFrom[rows.Classes](t, stdout))
	if want := []string{in("s-000.tar/000.png"), in("s-001.tar/001.png"), in("s-002.tar"), in("s-003.tar/003.png")}; code != exitItems || !slices.Equal(got, want) {
		t.Errorf("exit %d, %q", code, got)
	}
	if code, _, stderr := execute(t, "", "classify", in("t-{000..003}.tar")); code != exitFailed || !strings.Contains(stderr, "of the 4 names that its braces stand for") {
		t.Errorf("exit %d, %q", code, stderr)
	}
}
