package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// below are commands that write files in folders below OUT, one for each that writes so. IN is a folder of images.
var below = []string{
	"DOUBLE IN -o OUT",
	"cutout IN -o OUT",
	"detect -m ../../models/detect/testdata/ultralytics/v8.onnx IN --draw OUT -f jsonl",
	"detect -m ../../models/detect/testdata/ultralytics/v8.onnx IN --crops OUT --conf 0.01 -f jsonl",
	"detect -m ../../models/detect/testdata/ultralytics/v8.onnx IN --yolo OUT -f jsonl",
	"tag -m ../../models/tag/testdata/wd IN --captions OUT -f jsonl",
	"segment -m ../../models/segment/testdata/segformer IN --masks OUT -f jsonl",
	"segment -m ../../models/segment/testdata/segformer IN --overlay OUT -f jsonl",
	"sort -m MODELS/float32_nchw --input-range 0,1 IN --into OUT --copy",
	"sort -m MODELS/float32_nchw --input-range 0,1 IN --into OUT --link",
	"sort -m MODELS/float32_nchw --input-range 0,1 IN --into OUT --move",
}

// belowOut is a line's words, with folders of the test's own.
func belowOut(t *testing.T, line string) (words []string, in, out string) {
	t.Helper()
	dir := t.TempDir()
	in, out = filepath.Join(dir, "in"), filepath.Join(dir, "out")
	if err := os.CopyFS(filepath.Join(in, "sub", "deep"), os.DirFS(photos)); err != nil {
		t.Fatal(err)
	}
	line = strings.ReplaceAll(strings.ReplaceAll(line, "DOUBLE", strings.Join(double, " ")), "MODELS", testModels)
	words = strings.Fields(line)
	for i, w := range words {
		switch w {
		case "IN":
			words[i] = in
		case "OUT":
			words[i] = out
		}
	}
	return words, in, out
}

// foldersIn are the folders below one.
func foldersIn(t *testing.T, dir string) (all []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && name != dir {
			all = append(all, strings.TrimPrefix(name, dir+string(filepath.Separator)))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// TestPlantedFolders: a link that stands in an output's folder, in place of a folder in it, leads no file out of there.
func TestPlantedFolders(t *testing.T) {
	needLibrary(t)
	for _, line := range below {
		words, _, out := belowOut(t, line)
		if code, _, stderr := execute(t, "", words...); code != exitOK {
			t.Fatalf("%s: exit %d, %s", line, code, stderr)
		}
		made := foldersIn(t, out)
		if len(made) == 0 {
			t.Errorf("%s makes no folders in OUT", line)
		}
		for _, folder := range made {
			words, in, out := belowOut(t, line)
			before, away := filesIn(t, in), t.TempDir()
			if err := os.MkdirAll(filepath.Dir(filepath.Join(out, folder)), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(away, filepath.Join(out, folder)); err != nil {
				t.Skip(err)
			}
			code, stdout, stderr := execute(t, "", words...)
			if code != exitItems && code != exitFailed || !strings.Contains(stdout+stderr, "is a link out of") && !strings.Contains(stdout+stderr, "all failed") {
				t.Errorf("%s, where %s is a link: exit %d, %s", line, folder, code, stderr)
			}
			if left := filesIn(t, away); len(left) > 0 {
				t.Errorf("%s, where %s is a link: %q was written there", line, folder, left)
			}
			if strings.Contains(line, "--move") && code == exitFailed && len(filesIn(t, in))+len(filesIn(t, out)) < len(before) {
				t.Errorf("%s, where %s is a link: %d images of %d are there", line, folder, len(filesIn(t, in)), len(before))
			}
		}
	}
}

// TestPlantedLater: what a run has made is not looked for behind a link that has come in its folder's place, when it is
// removed or put back.
func TestPlantedLater(t *testing.T) {
	needLibrary(t)
	for _, c := range []struct {
		line, then string
		gone       bool // the inputs are
		code       int
	}{
		{below[0], "DOUBLE IN -o OUT --update --remove-gone", true, exitFailed},
		{below[8], "sort --undo OUT/ortho-sort.jsonl", false, exitItems},
		{below[9], "sort --undo OUT/ortho-sort.jsonl", false, exitItems},
		{below[10], "sort --undo OUT/ortho-sort.jsonl", false, exitItems},
	} {
		words, in, out := belowOut(t, c.line)
		if code, _, stderr := execute(t, "", words...); code != exitOK {
			t.Fatalf("%s: exit %d, %s", c.line, code, stderr)
		}
		away := filepath.Join(t.TempDir(), "away")
		for i, folder := range foldersIn(t, out) {
			if strings.Contains(folder, string(filepath.Separator)) {
				continue // lies in another
			}
			there := away + string(rune('0'+i))
			if err := os.Rename(filepath.Join(out, folder), there); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(there, filepath.Join(out, folder)); err != nil {
				t.Skip(err)
			}
		}
		before := filesIn(t, filepath.Dir(away))
		if c.gone {
			if err := os.Remove(filepath.Join(in, "sub", "deep", "coffee.png")); err != nil {
				t.Fatal(err)
			}
		}
		then := strings.ReplaceAll(strings.ReplaceAll(c.then, "DOUBLE", strings.Join(double, " ")), "OUT", out)
		then = strings.Replace(then, " IN ", " "+in+" ", 1)
		code, _, stderr := execute(t, "", strings.Fields(then)...)
		if code == exitOK || !strings.Contains(stderr, "is a link out of") {
			t.Errorf("%s: exit %d, %s", c.then, code, stderr)
		}
		if after := filesIn(t, filepath.Dir(away)); len(after) != len(before) || len(before) == 0 {
			t.Errorf("%s: %q is there, and was %q", c.then, after, before)
		}
	}
}
