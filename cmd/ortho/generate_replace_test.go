package main

import (
	"image/color"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestReplacesNothingRead: no output takes the place of a file that the run reads, whatever
// --overwrite allows.
func TestReplacesNothingRead(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	for _, d := range []string{"photos", "OUT", "model"} {
		if err := os.Mkdir(in(d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write(t, in("in.png"), square(t, red, 8))
	write(t, in("photos/a.png"), square(t, red, 8))
	write(t, in("shard.tar"), tarOf(t, "x.png", square(t, red, 8)))
	write(t, in("list.txt"), in("in.png")+"\n")
	write(t, in("OUT/ortho.jsonl"), in("in.png")+"\n")
	write(t, in("OUT/ortho.jsonl.partial"), in("in.png")+"\n")
	write(t, in("in.png.partial"), square(t, red, 8))
	write(t, in("graph.onnx"), read(t, graphs+"graphs/nearest_x2.onnx"))
	write(t, in("model/model.onnx"), read(t, graphs+"graphs/nearest_x2.onnx"))
	write(t, in("model/ortho.json"), `{"input_range": [0, 1], "output_range": [0, 1]}`)
	write(t, in("words.txt"), "<pad>\n<unk>\nseven\n")
	write(t, in("z.npy"), "")
	writeLatents(t, in("z.npy"), []int{3, 16}, 1)
	write(t, in("left.html.partial"), square(t, red, 8))
	// Under these names, what is read could be written as what the flags make.
	for name, same := range map[string]string{"in.png": "same.html", "photos/a.png": "a.html", "shard.tar": "shard.html", "graph.onnx": "graph.html",
		"model/model.onnx": "weights.html", "model/ortho.json": "sidecar.html", "z.npy": "z.html"} {
		if err := os.Link(in(name), in(same)); err != nil {
			t.Fatal(err)
		}
	}
	before := map[string]string{}
	for _, name := range filesIn(t, dir) {
		before[name] = read(t, in(name))
	}
	folder := with(double, "-o", in("new"))
	graph := []string{"generate", "-m", in("graph.onnx"), "--input-range", "0,1", "--output-range", "0,1", in("in.png"), "-o", in("new.png")}
	modelled := []string{"generate", "-m", in("model"), in("in.png"), "-o", in("new.png")}
	for _, args := range [][]string{
		with(folder, in("in.png"), "--html", in("same.html")),
		with(folder, in("photos"), "--html", in("a.html")),
		with(folder, in("*.png"), "--html", in("same.html")),
		with(folder, "@"+in("list.txt"), "--html", in("same.html")),
		with(folder, "@"+in("list.txt"), "--html", in("list.txt")),
		with(folder, in("shard.tar"), "--html", in("shard.html")),
		with(folder, in("left.html.partial"), "--html", in("left.html")), // which stands there until the page is complete
		with(double, in("in.png"), "-o", in("in.png")),
		with(double, "@"+in("OUT/ortho.jsonl"), "-o", in("OUT")),
		with(double, "@"+in("OUT/ortho.jsonl.partial"), "-o", in("OUT")),
		with(graph, "--html", in("graph.html")),
		with(modelled, "--html", in("weights.html")),
		with(modelled, "--html", in("sidecar.html")),
		with(gan, "--latents", in("z.npy"), "-o", in("new"), "--html", in("z.html")),
		{"generate", "--texts", in("words.txt"), "-o", in("new"), "--html", in("words.txt")},
		{"generate", "--text", "seven", "--vocabulary", in("words.txt"), "-o", in("new"), "--html", in("words.txt")},
		{"generate", "--class", "seven", "--labels", in("words.txt"), "-o", in("new"), "--html", in("words.txt")},
		{"classify", in("in.png"), "--html", in("same.html")},
		{"classify", "@" + in("list.txt"), "-f", "csv", "-o", in("list.txt")},
		{"classify", in("photos"), "--html", in("a.html")},
	} {
		code, stdout, stderr := execute(t, "", with(args, "--overwrite")...)
		if code != exitFailed || stdout != "" || !strings.Contains(stderr, "would replace it") {
			t.Errorf("%q: exit %d, %q, %q", args, code, stdout, stderr)
		}
		for _, name := range filesIn(t, dir) {
			if read(t, in(name)) != before[name] {
				t.Fatalf("%q: %s is another", args, name)
			}
		}
	}
	// A sheet is of what is made without images.
	made(t, exitFailed, "would replace it", with(gan, "--latents", write(t, in("z.png"), read(t, in("z.npy"))), "--grid", in("z.png"), "--overwrite")...)
	made(t, exitOK, "", with(modelled, "--html", in("page.html"))...)
	made(t, exitOK, "", with(modelled, "--html", in("page.html"), "--overwrite")...)
}

// TestGenerateBesideInputs: a picture takes the place of an earlier one, but never of an
// input, its own or another's.
func TestGenerateBesideInputs(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	asPNG := square(t, red, 8)
	for _, name := range []string{"a.jpg", "b.jpg", "c.gif", "a.png"} { // what is in a file tells its format
		write(t, in(name), asPNG)
	}
	write(t, in("b.png"), "of an earlier run")
	args := with(double, in("a.jpg"), in("b.jpg"), in("c.gif"), in("a.png"), "-o", dir, "--format", "png", "--overwrite")
	made(t, exitItems, "4 images, 2 failed", args...)
	if read(t, in("a.png")) != asPNG || decoded(t, in("b.png")).Width != 16 || decoded(t, in("c.png")).Width != 16 {
		t.Error("an input was replaced, or another picture was not")
	}
	for _, row := range fileRows(t, dir) {
		if name := filepath.Base(row.Input); (row.Error != nil) != strings.HasPrefix(name, "a.") || row.Error != nil && row.Error.Kind != "write" {
			t.Errorf("%+v", row)
		}
	}
	// What comes from a pipe is known too late.
	code, _, stderr := execute(t, in("a.jpg")+"\n"+in("a.png")+"\n", with(double, "--stdin-paths", "-o", dir, "--format", "png", "--overwrite")...)
	if code != exitUsage || !strings.Contains(stderr, "@list.txt") || read(t, in("a.png")) != asPNG {
		t.Errorf("exit %d, %s", code, stderr)
	}
}

// TestGenerateNames: a name belongs to the first input that does not fail, and none takes
// those that the run needs itself.
func TestGenerateNames(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, filepath.FromSlash(name)) }
	for _, d := range []string{"1", "2", "3", "4", "own/ortho.jsonl", "own/page.html"} {
		if err := os.MkdirAll(in(d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write(t, in("1/a.png"), "broken")
	write(t, in("2/a.png"), "broken, too")
	write(t, in("3/a.png"), square(t, red, 8))
	write(t, in("4/a.png"), square(t, blue, 6))
	write(t, in("own/ortho.jsonl/a.png"), square(t, red, 8))
	write(t, in("own/page.html/a.png"), square(t, red, 8))
	write(t, in("own/ortho.jsonl.png"), square(t, red, 8))

	out, args := in("OUT"), []string{}
	for _, d := range []string{"1", "2", "3", "4"} {
		args = append(args, in(d))
	}
	args = with(double, with(args, in("own"), "-o", out, "--html", filepath.Join(out, "page.html"))...)
	made(t, exitItems, "7 images, 5 failed", args...)
	if got, want := filesIn(t, out), []string{"a.png", "ortho.jsonl", "ortho.jsonl.png", "ortho.jsonl.run.json", "page.html"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	var messages []string
	whole := fileRows(t, out)
	for _, row := range whole {
		message := "-"
		if row.Error != nil {
			message = strings.ReplaceAll(strings.TrimPrefix(row.Error.Message, row.Input+": "), dir+string(filepath.Separator), "")
		}
		messages = append(messages, filepath.ToSlash(message))
	}
	for i, want := range []string{"unsupported", "unsupported", "-", "its picture would be a.png, which 3/a.png has already: give an output folder for each",
		"the run needs ortho.jsonl itself", "-", "the run needs page.html itself"} {
		if !strings.Contains(messages[i], want) && !(want == "unsupported" && whole[i].Error != nil) {
			t.Errorf("row %d: %q, want %q", i, messages[i], want)
		}
	}
	if decoded(t, filepath.Join(out, "a.png")).Width != 16 {
		t.Error("the name is another's")
	}
	// A run that was interrupted after any row ends the same.
	lines := strings.SplitAfter(read(t, filepath.Join(out, "ortho.jsonl")), "\n")
	for left := range len(lines) - 1 {
		if err := os.Remove(filepath.Join(out, "ortho.jsonl")); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(out, "ortho.jsonl.partial"), sealed(strings.Join(lines[:left], "")))
		os.Remove(filepath.Join(out, "a.png"))
		made(t, exitItems, "", with(args, "--resume")...)
		if got := read(t, filepath.Join(out, "ortho.jsonl")); got != strings.Join(lines, "") {
			t.Errorf("%d rows left:\n%s", left, got)
		}
	}
	// What is mended finds its name in use.
	write(t, in("2/a.png"), square(t, color.NRGBA{1, 2, 3, 255}, 4))
	made(t, exitItems, "5 failed", with(args, "--retry-failed")...)
	if row := fileRows(t, out)[1]; row.Error == nil || !strings.Contains(row.Error.Message, "--retry-failed") {
		t.Errorf("%+v", row)
	}
}

// TestGenerateShownInside: a page and a sheet may lie in the folder that -o makes, but not
// under the names of pictures and rows.
func TestGenerateShownInside(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	in := write(t, filepath.Join(dir, "in.png"), square(t, red, 8))
	out := filepath.Join(dir, "OUT")
	for _, args := range [][]string{
		with(double, in, "-o", out, "--html", filepath.Join(out, "odd")),
		with(gan, "-n", "2", "-o", out, "--html", filepath.Join(out, "0000-seed-1.odd")),
		with(gan, "-n", "2", "-o", out, "--grid", filepath.Join(out, "0000-seed-1.png")),
	} {
		made(t, exitUsage, "lies in the output folder", args...)
		if _, err := os.Stat(out); err == nil {
			t.Fatalf("%q: the folder was made", args)
		}
	}
	made(t, exitFailed, "does not exist", with(double, in, "-o", out, "--html", filepath.Join(out, "sub", "page.html"))...)
	made(t, exitOK, "", with(double, in, "-o", out, "--html", filepath.Join(out, "index.html"))...)
	made(t, exitOK, "", with(gan, "-n", "2", "--seed", "1", "-o", out, "--overwrite", "--html", filepath.Join(out, "index.html"), "--grid", filepath.Join(out, "sheet.png"))...)
	want := []string{"0000-seed-1.png", "0001-seed-2.png", "in.png", "index.html", "ortho.jsonl", "ortho.jsonl.run.json", "sheet.png"}
	if got := filesIn(t, out); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
