package main

import (
	"bytes"
	"encoding/json"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/rows"
)

const segformer, maskformer = "../../models/segment/testdata/segformer", "../../models/segment/testdata/maskformer"

func decodedMap(t *testing.T, name string) *image.Paletted {
	t.Helper()
	img, err := png.Decode(bytes.NewReader([]byte(read(t, name))))
	if err != nil {
		t.Fatal(err)
	}
	small, ok := img.(*image.Paletted)
	if !ok {
		t.Fatalf("%s is %T", name, img)
	}
	return small
}

// TestSegment: rows in every format, maps, overlays, and a run that goes on.
func TestSegment(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	photos := in("photos")
	if err := os.Mkdir(photos, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(photos, "cat.png"), read(t, "testdata/photos/chelsea.png"))
	write(t, filepath.Join(photos, "broken.png"), "broken")
	write(t, filepath.Join(photos, "rocket.jpg"), read(t, "testdata/photos/rocket.jpg"))
	run := []string{"segment", "-m", segformer, photos, "-o", in("rows.jsonl"), "--masks", in("maps"), "--overlay", in("shown"), "--html", in("page.html")}
	code, _, stderr := ortho(t, run...)
	if code != exitItems || !strings.Contains(stderr, "3 images, 1 failed") {
		t.Fatalf("%d: %s", code, stderr)
	}
	lines := strings.Split(strings.TrimSpace(read(t, in("rows.jsonl"))), "\n")
	var cat rows.Segments
	if err := json.Unmarshal([]byte(lines[1]), &cat); err != nil || cat.Width != 451 || len(cat.Result.Segments) != 5 || cat.Result.Segments[0].Label != "wall" {
		t.Fatalf("%s: %v", lines[1], err)
	}
	if !strings.Contains(lines[0], `"error"`) || strings.Contains(lines[0], "segments") {
		t.Errorf("what failed: %s", lines[0])
	}
	got, want := decodedMap(t, in("maps/cat.png")), read(t, "../../models/segment/testdata/segformer.png")
	reference, err := png.Decode(strings.NewReader(want))
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range reference.(*image.Gray).Pix {
		if got.Pix[i] != v {
			t.Fatalf("pixel %d of the map is %d, want %d", i, got.Pix[i], v)
		}
	}
	if r, g, b, _ := got.Palette[1].RGBA(); r>>8 != 128 || g != 0 || b != 0 {
		t.Errorf("the colour of class 1 is %d,%d,%d: not VOC's", r>>8, g>>8, b>>8)
	}
	if left := filesIn(t, in("shown")); len(left) != 2 {
		t.Errorf("overlays: %q", left)
	}
	if err := os.Remove(in("maps/cat.png")); err != nil {
		t.Fatal(err)
	}
	before := read(t, in("rows.jsonl"))
	if code, _, stderr := ortho(t, append(run, "--retry-failed")...); code != exitItems || read(t, in("rows.jsonl")) != before {
		t.Errorf("resumed: %d: %s", code, stderr)
	}
	for _, format := range []string{"csv", "parquet"} {
		if code, _, stderr := ortho(t, "segment", "-m", segformer, filepath.Join(photos, "cat.png"), "-o", in("rows."+format), "--shard", "0/1"); code != exitOK {
			t.Errorf("%s: %d: %s", format, code, stderr)
		}
	}
	if _, out, _ := ortho(t, "segment", "-m", segformer, filepath.Join(photos, "cat.png"), "-f", "csv", "--no-masks", "--min-share", "0.1"); strings.Count(out, "\n") != 4 || !strings.Contains(out, "wall,0.60") {
		t.Errorf("CSV: %s", out)
	}
}

// TestSegmentQueries: a query each, whose number the map has; and a map of classes of the same.
func TestSegmentQueries(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	run := []string{"segment", "-m", maskformer, "testdata/photos/chelsea.png", "-f", "jsonl", "--conf", "0.5", "--overlap-area", "0.2", "--no-masks"}
	code, out, stderr := ortho(t, append(run, "--masks", dir)...)
	if code != exitOK || !strings.Contains(out, `"value":1,"score":0.89`) || !strings.Contains(out, `"value":3`) {
		t.Fatalf("%d: %s%s", code, out, stderr)
	}
	got := decodedMap(t, filepath.Join(dir, "chelsea.png"))
	reference, err := png.Decode(strings.NewReader(read(t, "../../models/segment/testdata/maskformer.png")))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Pix, reference.(*image.Gray).Pix) {
		t.Error("the map is another than transformers'")
	}
	if code, out, stderr := ortho(t, append(run, "--as", "semantic")...); code != exitOK || strings.Contains(out, "value") || strings.Contains(out, "score") {
		t.Errorf("semantic: %d: %s%s", code, out, stderr)
	}
	if code, out, _ := ortho(t, append(run, "--conf", "1")...); code != exitOK || !strings.Contains(out, `"segments":[],`) {
		t.Errorf("nothing is sure enough: %d: %s", code, out)
	}
	for args, want := range map[string]string{"--as things": `--as "things" is not one of panoptic, semantic, instance`, "--conf 2": "from 0 to 1", "--masks": "", "--masks - ": "names no folder"} {
		if want == "" {
			continue
		}
		if code, _, stderr := ortho(t, append([]string{"segment", "-m", "none", "x.png"}, strings.Fields(args)...)...); code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%s: %d: %s", args, code, stderr)
		}
	}
}
