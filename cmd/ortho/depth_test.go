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

const depthAnything, glpn = "../../models/depth/testdata/depth-anything", "../../models/depth/testdata/glpn"

// TestDepth: rows in every format, maps, previews and arrays of the same values, and a run that goes on.
func TestDepth(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	if err := os.Mkdir(in("photos"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, in("photos/cat.png"), read(t, "testdata/photos/chelsea.png"))
	write(t, in("photos/broken.png"), "broken")
	write(t, in("photos/thin.png"), read(t, thin(t, dir)))
	run := []string{"depth", "-m", depthAnything, in("photos"), "-o", in("rows.jsonl"), "--maps", in("maps"), "--previews", in("shown"), "--colors", "inferno", "--npy", in("raw"), "--html", in("page.html")}
	code, _, stderr := ortho(t, run...)
	if code != exitItems || !strings.Contains(stderr, "3 images, 1 failed") {
		t.Fatalf("%d: %s", code, stderr)
	}
	lines := strings.Split(strings.TrimSpace(read(t, in("rows.jsonl"))), "\n")
	var cat rows.Depth
	if err := json.Unmarshal([]byte(lines[1]), &cat); err != nil || cat.Width != 451 || cat.Result.Depth == nil || cat.Result.Depth.Max < 3.8 || cat.Result.Depth.Unit != "" {
		t.Fatalf("%s: %v", lines[1], err)
	}
	if !strings.Contains(lines[0], `"error"`) || strings.Contains(lines[0], `"depth"`) {
		t.Errorf("what failed: %s", lines[0])
	}
	deep, err := png.Decode(bytes.NewReader([]byte(read(t, in("maps/cat.png")))))
	if err != nil {
		t.Fatal(err)
	}
	gray, ok := deep.(*image.Gray16)
	if !ok || gray.Rect.Dx() != 451 {
		t.Fatalf("a map of %T", deep)
	}
	if raw := read(t, in("raw/cat.npy")); len(raw) < 4*300*451 || !strings.Contains(raw[:128], "'<f4', 'fortran_order': False, 'shape': (300, 451, )") {
		t.Errorf("an array of %d bytes: %q", len(raw), raw[:min(128, len(raw))])
	}
	least, most := uint16(65535), uint16(0)
	for i := 0; i < len(gray.Pix); i += 2 {
		v := uint16(gray.Pix[i])<<8 | uint16(gray.Pix[i+1])
		least, most = min(least, v), max(most, v)
	}
	if least != 0 || most != 65535 {
		t.Errorf("a map from %d to %d", least, most)
	}
	shown, err := png.Decode(bytes.NewReader([]byte(read(t, in("shown/cat.png")))))
	if err != nil {
		t.Fatal(err)
	}
	if r, g, b, _ := shown.At(0, 0).RGBA(); r == g && g == b {
		t.Error("a preview without colours")
	}
	if page := read(t, in("page.html")); !strings.Contains(page, "relative values from") {
		t.Error("the page says nothing of the values")
	}
	for _, name := range []string{"maps/cat.png", "rows.jsonl"} {
		if code, _, stderr := ortho(t, run...); code == exitOK || !strings.Contains(stderr, "there already") && !strings.Contains(stderr, "exist") {
			t.Errorf("%s is there: %d, %s", name, code, stderr)
		}
	}
	for _, format := range []string{"csv", "json", "tsv", "xlsx", "parquet"} {
		if code, _, stderr := ortho(t, "depth", "-m", glpn, in("photos/cat.png"), "-o", in("rows."+format), "--shard", "0/1"); code != exitOK {
			t.Errorf("%s: %d, %s", format, code, stderr)
		}
	}
	if code, out, _ := ortho(t, "depth", "-m", glpn, in("photos/cat.png")); code != exitOK || !strings.Contains(out, "m") {
		t.Errorf("%d: %s", code, out)
	}
	for args, want := range map[string]string{"--colors inferno": "--colors is for --previews", "--previews x --colors jet": `--colors "jet" is not one of`, "--maps": "", "--npy -": "names no folder", "--maps a --npy a": "name one folder"} {
		if code, _, stderr := ortho(t, append([]string{"depth", "-m", "none", "x.png"}, strings.Fields(args)...)...); code != exitUsage || !strings.Contains(stderr, want) {
			t.Errorf("%s: %d, %s", args, code, stderr)
		}
	}
	if _, _, stderr := ortho(t, "classify", "-m", depthAnything, in("photos/cat.png")); !strings.Contains(stderr, "ortho depth runs it") {
		t.Errorf("another verb: %s", stderr)
	}
	if code, out, _ := ortho(t, "inspect", "-m", glpn); code != exitOK || !strings.Contains(out, "distances in metres") || !strings.Contains(out, "multiples of 64") {
		t.Errorf("inspect: %s", out)
	}
}
