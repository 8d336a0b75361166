package main

import (
	"path/filepath"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/rows"
)

// TestDetectSlices: small windows find more, in rows of the whole image, also of one of 1x3000; pictures and pages
// are made of them; a run that goes on is one of the same windows.
func TestDetectSlices(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	broken, narrow := write(t, filepath.Join(dir, "broken.png"), "broken"), thin(t, dir)
	for _, graph := range []string{"v8", "v8-dynamic", "26-end2end", "v8-seg", "v8-pose", "v8-obb", "rtdetr"} {
		base := []string{"detect", "-m", detectors + graph + ".onnx", coffee, narrow, broken, "-f", "jsonl", "--max-det", "50"}
		code, stdout, stderr := execute(t, "", with(base, "--slice", "200x240", "--draw", filepath.Join(dir, graph))...)
		all := rowsFrom[rows.Detections](t, stdout)
		if code != exitItems || len(all) != 3 || all[0].Error != nil || all[1].Error != nil || all[2].Error == nil {
			t.Fatalf("%s: exit %d, %s, %s", graph, code, stdout, stderr)
		}
		if said := strings.Contains(stderr, "oriented boxes of several windows"); said != (graph == "v8-obb") {
			t.Errorf("%s: %s", graph, stderr)
		}
		if r := all[0]; r.Width != 600 || r.Height != 400 || len(r.Result.Detections) == 0 || len(r.Result.Detections) > 50 {
			t.Errorf("%s: %d boxes of %dx%d", graph, len(r.Result.Detections), r.Width, r.Height)
		}
		for _, d := range all[0].Result.Detections {
			if b := d.Box; d.Angle == nil && (b[0] < 0 || b[1] < 0 || b[2] > 600 || b[3] > 400 || b[0] >= b[2] || b[1] >= b[3]) {
				t.Errorf("%s: box %v", graph, b)
			}
			if m := d.Mask; m != nil {
				if _, err := m.Pixels(); err != nil || m.Size != [2]int{400, 600} {
					t.Errorf("%s: a mask of %v, %v", graph, m.Size, err)
				}
			}
		}
	}
	base := []string{"detect", "-m", detectors + "v8.onnx", coffee, broken, photos}
	sliced := with(base, "--slice", "150", "--overlap", "0.3", "--merge", "nms")
	_, want, _ := execute(t, "", with(sliced, "-f", "csv")...)
	out := filepath.Join(dir, "x.csv")
	if code, _, stderr := execute(t, "", with(sliced, "-o", out, "--fail-fast")...); code != exitFailed {
		t.Fatalf("exit %d, %s", code, stderr)
	}
	for _, other := range [][]string{base, with(base, "--slice", "150", "--merge", "nms"), with(base, "--slice", "150", "--overlap", "0.3")} {
		if code, _, stderr := execute(t, "", with(other, "-o", out, "--resume")...); code != exitFailed || !strings.Contains(stderr, "was made otherwise") {
			t.Errorf("%v: exit %d, %s", other[len(base):], code, stderr)
		}
	}
	if code, _, stderr := execute(t, "", with(sliced, "-o", out, "--resume")...); code != exitItems || read(t, out) != want {
		t.Errorf("exit %d, %s", code, stderr)
	}
	if _, _, stderr := execute(t, "", with(base, "--slice", "150", "--conf", "0.05")...); !strings.Contains(stderr, "--conf is below 0.1") {
		t.Errorf("low confidence: %s", stderr)
	}
}

func TestDetectSlicesMistakes(t *testing.T) {
	for words, want := range map[string]string{
		"--slice 0":                              `--slice "0": pixels of a window`,
		"--slice 640x":                           `--slice "640x"`,
		"--slice 640 --overlap 1":                "--overlap 1: from 0 to below 1",
		"--slice 640 --overlap NaN":              "--overlap NaN",
		"--overlap 0.1":                          "--overlap is for --slice",
		"--no-whole":                             "--no-whole is for --slice",
		"--slice 640 --merge nmn":                `--merge "nmn" is not one of greedy-nmm, nmm, nms`,
		"--slice 640 --merge-metric x":           `--merge-metric "x" is not one of`,
		"--slice 640 --merge-threshold 0":        "--merge-threshold 0: above 0",
		"--slice 640 --decode scaled":            "--decode",
		"--slice 99999999999999999999x1 -m none": "--slice",
	} {
		if code, _, stderr := execute(t, "", append([]string{"detect", coffee}, strings.Fields(words)...)...); code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%s: exit %d, %s", words, code, stderr)
		}
	}
}
