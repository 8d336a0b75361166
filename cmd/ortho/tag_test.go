package main

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/rows"
)

const tagger = "../../models/tag/testdata/wd"

// TestTag: probabilities are those of imgutils' rule (scripts/goldens/tag.py), and tags what is above thresholds.
func TestTag(t *testing.T) {
	needLibrary(t)
	var want map[string][]float64
	if err := json.Unmarshal([]byte(read(t, "../../models/tag/testdata/wd.json")), &want); err != nil {
		t.Fatal(err)
	}
	for name, probabilities := range want {
		code, out, stderr := ortho(t, "tag", "-m", tagger, "testdata/photos/"+name, "-f", "jsonl", "--threshold", "0", "--threshold", "rating=0")
		var row rows.Tags
		if err := json.Unmarshal([]byte(out), &row); code != exitOK || err != nil || len(row.Tags) != len(probabilities) {
			t.Fatalf("%s: %d: %s%s: %v", name, code, out, stderr, err)
		}
		for _, tag := range row.Tags {
			if math.Abs(tag.Probability-probabilities[tag.Index]) > 1e-5 {
				t.Errorf("%s: %s has %v, want %v", name, tag.Label, tag.Probability, probabilities[tag.Index])
			}
		}
	}
	for args, wanted := range map[string]string{
		"":                                     "^_^ blue_sky sensitive long_hair cat, (animal) 1girl",
		"--threshold character=0.55":           "^_^ blue_sky sensitive rei_(eva) long_hair cat, (animal) 1girl",
		"--threshold 0.6":                      "^_^ blue_sky sensitive",
		"--threshold 0.6 --threshold rating=1": "^_^ blue_sky",
		"--mcut":                               "^_^ blue_sky sensitive rei_(eva)",
	} {
		code, out, stderr := ortho(t, append([]string{"tag", "-m", tagger, "testdata/photos/chelsea.png", "-f", "jsonl"}, strings.Fields(args)...)...)
		var row rows.Tags
		if err := json.Unmarshal([]byte(out), &row); code != exitOK || err != nil {
			t.Fatalf("%s: %d: %s%s: %v", args, code, out, stderr, err)
		}
		var got []string
		for _, tag := range row.Tags {
			got = append(got, tag.Label)
		}
		if strings.Join(got, " ") != wanted {
			t.Errorf("%s: %q, want %q", args, strings.Join(got, " "), wanted)
		}
	}
	for args, wanted := range map[string]string{
		"--threshold x": "a number from 0 to 1", "--threshold artist=0.3": "no tag is of such a category", "--mcut --threshold 0.3": "leave --threshold out",
		"--spaces": "is for --captions", "--captions -": "names no folder",
	} {
		if code, _, stderr := ortho(t, append([]string{"tag", "-m", tagger, "testdata/photos/chelsea.png"}, strings.Fields(args)...)...); code != exitUsage || !strings.Contains(stderr, wanted) {
			t.Errorf("%s: %d: %s", args, code, stderr)
		}
	}
}

// TestTagCaptions: a text for each image, every format, and a run that goes on.
func TestTagCaptions(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	if err := os.Mkdir(in("photos"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, in("photos/cat.png"), read(t, cat))
	write(t, in("photos/broken.jpg"), "broken")
	write(t, in("photos/rocket.jpg"), read(t, "testdata/photos/rocket.jpg"))
	run := []string{"tag", "-m", tagger, in("photos"), "-o", in("tags.csv"), "--captions", in("texts"), "--spaces", "--html", in("page.html")}
	if code, _, stderr := ortho(t, run...); code != exitItems || !strings.Contains(stderr, "3 images, 1 failed") {
		t.Fatalf("%d: %s", code, stderr)
	}
	if got := read(t, in("texts/cat.txt")); got != "^_^, blue sky, long hair, cat, (animal), 1girl\n" {
		t.Errorf("caption: %q", got)
	}
	if left := filesIn(t, in("texts")); len(left) != 2 {
		t.Errorf("captions: %q", left)
	}
	before := read(t, in("tags.csv"))
	if code, _, stderr := ortho(t, append(run, "--retry-failed")...); code != exitItems || read(t, in("tags.csv")) != before {
		t.Errorf("retried: %d: %s", code, stderr)
	}
	if code, out, _ := ortho(t, "tag", "-m", tagger, in("photos"), "-f", "csv", "--shard", "0/3"); code != exitItems || !strings.Contains(out, "error") && !strings.Contains(out, "broken") {
		t.Errorf("a shard: %d: %s", code, out)
	}
	if code, _, stderr := ortho(t, "tag", "-m", tagger, in("photos/cat.png"), "-o", in("tags.parquet")); code != exitOK {
		t.Errorf("Parquet: %d: %s", code, stderr)
	}
}
