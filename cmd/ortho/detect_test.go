package main

import (
	"encoding/json"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/rows"
)

const detectors = "../../models/detect/testdata/ultralytics/"

// thin is an image of 1x3000 pixels.
func thin(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "thin.png")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if err := png.Encode(f, image.NewGray(image.Rect(0, 0, 1, 3000))); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestDetect: a row for each image, of whatever size, and one that says why there is none; options,
// pictures and labels.
func TestDetect(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	broken := write(t, filepath.Join(dir, "broken.png"), "broken")
	for _, graph := range []string{"v8", "v8-dynamic", "26-end2end", "v8-seg", "v8-pose", "v8-obb", "rtdetr"} {
		code, stdout, stderr := execute(t, "", "detect", "-m", detectors+graph+".onnx", coffee, thin(t, dir), broken, "-f", "jsonl")
		all := rowsFrom[rows.Detections](t, stdout)
		if code != exitItems || len(all) != 3 || all[0].Error != nil || all[1].Error != nil || all[1].Height != 3000 || all[2].Error == nil {
			t.Fatalf("%s: exit %d, %s, %s", graph, code, stdout, stderr)
		}
		for _, r := range all {
			for i, d := range r.Result.Detections {
				if d.Label == "" || i > 0 && d.Score > r.Result.Detections[i-1].Score {
					t.Errorf("%s: box %d of %s: %+v", graph, i, r.Input, d)
				}
			}
		}
	}

	drawn, crops, labels, page := filepath.Join(dir, "drawn"), filepath.Join(dir, "crops"), filepath.Join(dir, "labels"), filepath.Join(dir, "x.html")
	args := []string{"detect", "-m", detectors + "v8-obb.onnx", coffee, broken, "--max-det", "3", "--draw", drawn, "--crops", crops, "--yolo", labels, "--html", page, "-o", filepath.Join(dir, "x.jsonl")}
	if code, _, stderr := execute(t, "", args...); code != exitItems {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	if lines := strings.Count(read(t, filepath.Join(labels, "coffee.txt")), "\n"); lines != 3 {
		t.Errorf("%d labels", lines)
	}
	if !strings.HasPrefix(read(t, filepath.Join(drawn, "coffee.jpg")), "\xff\xd8") {
		t.Error("what is drawn is no JPEG")
	}
	if cut, err := filepath.Glob(filepath.Join(crops, "coffee", "*.png")); err != nil || len(cut) == 0 || !strings.HasPrefix(filepath.Base(cut[0]), "1-") {
		t.Errorf("crops: %q, %v", cut, err)
	}
	if text := read(t, page); !strings.Contains(text, "the first") && !strings.Contains(text, "bird") {
		t.Error("the page shows no boxes")
	}
	left, err := os.ReadDir(drawn)
	if err != nil || len(left) != 1 {
		t.Errorf("%v is in the folder of drawn images, %v", left, err)
	}
	again := with(args[:len(args)-4], "-o", filepath.Join(dir, "y.jsonl"))
	if code, stdout, _ := execute(t, "", again...); code != exitItems || stdout != "" || !strings.Contains(read(t, filepath.Join(dir, "y.jsonl")), "exists") {
		t.Errorf("pictures that are there: exit %d, %s", code, read(t, filepath.Join(dir, "y.jsonl")))
	}
}

// TestDetectResume: a run that was interrupted goes on, and shards make the whole.
func TestDetectResume(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	broken := write(t, filepath.Join(dir, "broken.png"), "broken")
	base := []string{"detect", "-m", detectors + "v8.onnx", coffee, broken, photos}
	_, want, _ := execute(t, "", with(base, "-f", "csv")...)
	out := filepath.Join(dir, "x.csv")
	if code, _, stderr := execute(t, "", with(base, "-o", out, "--fail-fast")...); code != exitFailed || !strings.Contains(stderr, "--resume continues it") {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	if code, _, stderr := execute(t, "", with(base, "-o", out, "--resume", "--conf", "0.5")...); code != exitFailed || !strings.Contains(stderr, "conf was") {
		t.Errorf("another threshold: exit %d, %s", code, stderr)
	}
	if code, _, stderr := execute(t, "", with(base, "-o", out, "--resume")...); code != exitItems || read(t, out) != want {
		t.Errorf("exit %d, %s\n%s\nwant\n%s", code, stderr, read(t, out), want)
	}
	var names []string
	for _, shard := range []string{"0/2", "1/2"} {
		_, stdout, _ := execute(t, "", with(base, "-f", "jsonl", "--shard", shard)...)
		for _, r := range rowsFrom[rows.Detections](t, stdout) {
			names = append(names, r.Input)
		}
	}
	slices.Sort(names)
	_, stdout, _ := execute(t, "", with(base, "-f", "jsonl")...)
	var whole []string
	for _, r := range rowsFrom[rows.Detections](t, stdout) {
		whole = append(whole, r.Input)
	}
	slices.Sort(whole)
	if !slices.Equal(names, whole) {
		t.Errorf("%q, want %q", names, whole)
	}
}

// TestDetectAsks: where outputs can be read in two ways both are named; where in none, it is told what
// they look like; mistakes on the command line are usage errors.
func TestDetectAsks(t *testing.T) {
	const yolox = "../../models/detect/testdata/yolo/yolox.onnx"
	for _, c := range []struct {
		code int
		args []string
		want []string
	}{
		{exitFailed, []string{"-m", yolox}, []string{"yolov6", "yolox", "--head"}},
		{exitOK, []string{"-m", yolox, "--head", "yolox"}, nil},
		{exitFailed, []string{"-m", yolox, "--head", "none"}, []string{"yolov8, ", "rtdetr-ultralytics"}},
		{exitFailed, []string{"-m", yolox, "--head", "yolov8"}, []string{"output float32[1,189,9]", "are not those of yolov8"}},
		{exitFailed, []string{"-m", testModels + "/embedding", "--input-range", "0,1"}, []string{"of no family of detectors", "--head"}},
		{exitUsage, []string{"-m", detectors + "v8.onnx", "--classes", "cat,dragon"}, []string{"has no such class"}},
		{exitUsage, []string{"-m", detectors + "v8.onnx", "--conf", "2"}, []string{"from 0 to 1"}},
		{exitOK, nil, nil}, // the bundled detector
	} {
		needLibrary(t)
		code, stdout, stderr := execute(t, "", append([]string{"detect", coffee, "-f", "jsonl"}, c.args...)...)
		if code != c.code {
			t.Errorf("%q: exit %d, %s", c.args, code, stderr)
		}
		for _, want := range c.want {
			if !strings.Contains(stderr, want) {
				t.Errorf("%q: %s lacks %q", c.args, stderr, want)
			}
		}
		if c.code == exitOK && !json.Valid([]byte(stdout)) {
			t.Errorf("%q: %s", c.args, stdout)
		}
	}
	if code, _, stderr := execute(t, "", "classify", coffee, "-m", detectors+"v8.onnx"); code != exitFailed || !strings.Contains(stderr, "ortho detect runs it") {
		t.Errorf("classify: exit %d, %s", code, stderr)
	}
	if _, stdout, _ := execute(t, "", "inspect", "-m", detectors+"v8.onnx"); !strings.Contains(stdout, "yolov8") || !strings.Contains(stdout, "LetterBox") {
		t.Errorf("inspect: %s", stdout)
	}
}
