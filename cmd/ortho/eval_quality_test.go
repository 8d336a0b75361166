package main

import (
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/rows"
)

// qualityOf runs eval --json of another task than classification.
func qualityOf(t *testing.T, want int, args ...string) pages.Quality {
	t.Helper()
	code, stdout, stderr := execute(t, "", append([]string{"eval", "--json"}, args...)...)
	var doc pages.Quality
	if err := json.Unmarshal([]byte(stdout), &doc); code != want || err != nil {
		t.Fatalf("exit %d, want %d; %v, %s, %s", code, want, err, stdout, stderr)
	}
	return doc
}

// figure is one by its name.
func figure(t *testing.T, doc *pages.Quality, name string) float64 {
	t.Helper()
	for _, p := range doc.Parts {
		for _, f := range p.Figures {
			if f.Name == name && f.Value != nil {
				return *f.Value
			}
		}
	}
	t.Fatalf("no %s among %+v", name, doc.Parts)
	return 0
}

// cocoOf is a truth that says of photographs what the bundled detector finds, one box of them moved aside.
func cocoOf(t *testing.T, dir string) string {
	t.Helper()
	code, stdout, stderr := execute(t, "", "detect", photos, "-f", "jsonl")
	if code != exitOK {
		t.Fatal(stderr)
	}
	var images, annotations []string
	moved := 40.0
	for i, r := range rowsFrom[rows.Detections](t, stdout) {
		images = append(images, fmt.Sprintf(`{"id":%d,"file_name":%q,"width":%d,"height":%d}`, i+1, filepath.Base(r.Input), r.Width, r.Height))
		for _, d := range r.Result.Detections {
			w, h := float64(d.Box[2]-d.Box[0]), float64(d.Box[3]-d.Box[1])
			annotations = append(annotations, fmt.Sprintf(`{"id":%d,"image_id":%d,"category_id":%d,"bbox":[%v,%v,%v,%v],"area":%v,"iscrowd":0}`, len(annotations)+1, i+1, 1+d.Index, float64(d.Box[0])+moved, d.Box[1], w, h, w*h))
			moved = 0
		}
	}
	if len(annotations) != 3 {
		t.Fatalf("%d objects", len(annotations))
	}
	return write(t, filepath.Join(dir, "truth.json"), fmt.Sprintf(`{"images":[%s],"annotations":[%s],"categories":[{"id":4,"name":"person"},{"id":8,"name":"CAT"},{"id":13,"name":"Coffee_cup"}]}`, strings.Join(images, ","), strings.Join(annotations, ",")))
}

func TestEvalDetect(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	truth := cocoOf(t, dir)
	html, out := filepath.Join(dir, "x.html"), filepath.Join(dir, "x.json")
	args := []string{"-m", "ssd-mobilenet-v2", "--data", truth, "--images", photos}
	doc := qualityOf(t, exitOK, with(args, "--html", html, "-o", out)...)
	p := doc.Parts[0]
	// Of 348 pixels, 40 are 0.79 in IoU: right up to 0.75.
	if ap, ap50 := figure(t, &doc, "AP"), figure(t, &doc, "AP50"); math.Abs(ap50-1) > 1e-9 || ap < 0.85 || ap > 0.88 || doc.Judged != 4 || len(p.Classes) != 3 || p.Classes[0].N != 1 || doc.Data.NamedBy["label"] != 3 || len(p.Curve) != 99 || len(p.Advice) != 1 || p.Advice[0].F1 != 1 {
		t.Errorf("AP %v, AP50 %v, %+v", ap, ap50, doc)
	}
	if len(doc.Data.Notes) != 1 || !strings.Contains(doc.Data.Notes[0], "20 of the model's 23 classes") {
		t.Errorf("%q", doc.Data.Notes)
	}
	selfContained(t, html, 100_000, "How good ssd-mobilenet-v2 is", "AP 8", "By threshold", "Boxes, as COCO measures them", "--conf 0.")
	if read(t, out) == "" {
		t.Error("no JSON")
	}
	code, stdout, stderr := execute(t, "", append([]string{"eval"}, args...)...)
	for _, want := range []string{"AP50         100.00", "COCO, 3 classes named by label", "best F1 100.00 above a score of", "│ person "} {
		if code != exitOK || !strings.Contains(stdout, want) {
			t.Errorf("exit %d, no %q in %s%s", code, want, stdout, stderr)
		}
	}
	few := qualityOf(t, exitOK, with(args, "--limit", "2")...)
	if few.Judged != 2 || !strings.Contains(strings.Join(few.Data.Notes, " "), "2 of 4 images are taken") {
		t.Errorf("%d of two judged: %q", few.Judged, few.Data.Notes)
	}
	// A missing image, and one of another size, are rows of failure.
	write(t, truth, strings.NewReplacer("rocket.jpg", "rockets.jpg", `"width":600`, `"width":601`).Replace(read(t, truth)))
	doc = qualityOf(t, exitItems, args...)
	if doc.Judged != 2 || doc.Failed != 2 || doc.Failures[0].Error == nil || !strings.Contains(doc.Failures[0].Error.Message, "601x400") || doc.Failures[0].Error.Kind != "input" {
		t.Errorf("%+v", doc.Failures)
	}
}

func TestEvalYOLO(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	for _, name := range []string{"images", "labels"} {
		if err := os.Mkdir(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	write(t, filepath.Join(dir, "images", "a.png"), read(t, cat))
	write(t, filepath.Join(dir, "labels", "a.txt"), "7 0.473 0.5 0.94 0.99\n5 0.1 0.1 0.1 0.1\n")
	doc := qualityOf(t, exitOK, "-m", "ssd-mobilenet-v2", "--data", dir, "--truth", "index")
	if ap := figure(t, &doc, "AP50"); math.Abs(ap-0.5) > 1e-9 || doc.Data.NamedBy["index"] != 8 { // the other class is not found
		t.Errorf("AP50 %v, %+v", ap, doc.Data)
	}
	write(t, filepath.Join(dir, "classes.txt"), "a\nb\nc\nd\ne\nf\ng\ncat\n")
	doc = qualityOf(t, exitOK, "-m", "ssd-mobilenet-v2", "--data", dir, "--common")
	if ap := figure(t, &doc, "AP50"); math.Abs(ap-1) > 1e-9 || !strings.Contains(strings.Join(doc.Data.Notes, " "), "lacks 7 of 8 classes, which are left out: a, b") {
		t.Errorf("AP50 %v, %q", ap, doc.Data.Notes)
	}
}

func TestEvalSegment(t *testing.T) {
	needLibrary(t)
	const models = "../../models/segment/testdata/"
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "images"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, from := range map[string]string{"a.png": cat, "b.png": coffee} {
		write(t, filepath.Join(dir, "images", name), read(t, from))
	}
	if code, _, stderr := execute(t, "", "segment", filepath.Join(dir, "images"), "-m", models+"segformer", "--masks", filepath.Join(dir, "masks"), "-o", filepath.Join(dir, "rows.jsonl")); code != exitOK {
		t.Fatal(stderr)
	}
	doc := qualityOf(t, exitOK, "-m", models+"segformer", "--data", dir, "--truth", "index")
	if figure(t, &doc, "mIoU") != 1 || figure(t, &doc, "pixel accuracy") != 1 || doc.Judged != 2 || doc.Parts[0].Classes[1].Label != "wall" {
		t.Errorf("%+v", doc.Parts)
	}
	// By names, of which one class is another, values without a name do not count.
	write(t, filepath.Join(dir, "classes.json"), `{"0":"road","1":"sky","2":"wall"}`)
	doc = qualityOf(t, exitOK, "-m", models+"segformer", "--data", dir)
	if v := figure(t, &doc, "mIoU"); v <= 0 || v >= 1 || doc.Data.Classes != 3 {
		t.Errorf("mIoU %v, %+v", v, doc.Data)
	}
	small, err := os.Create(filepath.Join(dir, "masks", "a.png"))
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(small, image.NewGray(image.Rect(0, 0, 5, 5))); err != nil {
		t.Fatal(err)
	}
	small.Close()
	if doc = qualityOf(t, exitItems, "-m", models+"segformer", "--data", dir); doc.Failed != 1 || !strings.Contains(doc.Failures[0].Error.Message, "5x5") {
		t.Errorf("%+v", doc.Failures)
	}
}

func TestEvalPanoptic(t *testing.T) {
	needLibrary(t)
	const model = "../../models/segment/testdata/maskformer"
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a.png"), read(t, cat))
	code, stdout, stderr := execute(t, "", "segment", filepath.Join(dir, "a.png"), "-m", model, "--conf", "0.2", "--overlap-area", "0.5", "-f", "jsonl", "--masks", filepath.Join(dir, "ids"))
	if code != exitOK {
		t.Fatal(stderr)
	}
	row := rowsFrom[rows.Segments](t, stdout)[0]
	ids := image.NewNRGBA(image.Rect(0, 0, row.Width, row.Height))
	names, infos := map[int]string{}, []string{}
	for _, s := range row.Result.Segments {
		pixels, err := s.Mask.Pixels()
		if err != nil {
			t.Fatal(err)
		}
		for i, in := range pixels {
			if in {
				ids.SetNRGBA(i%row.Width, i/row.Width, color.NRGBA{uint8(s.Value), 0, 0, 255})
			}
		}
		names[s.Index] = s.Label
		infos = append(infos, fmt.Sprintf(`{"id":%d,"category_id":%d}`, s.Value, s.Index))
	}
	if len(infos) == 0 {
		t.Skip("nothing is sure enough")
	}
	if err := os.Mkdir(filepath.Join(dir, "truth"), 0o700); err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(filepath.Join(dir, "truth", "a.png"))
	if err != nil {
		t.Fatal(err)
	}
	if err := png.Encode(file, ids); err != nil {
		t.Fatal(err)
	}
	file.Close()
	var categories []string
	for id, name := range names {
		categories = append(categories, fmt.Sprintf(`{"id":%d,"name":%q,"isthing":1}`, id, name))
	}
	truth := write(t, filepath.Join(dir, "truth.json"), fmt.Sprintf(`{"images":[{"id":1,"file_name":"a.png"}],"annotations":[{"image_id":1,"file_name":"a.png","segments_info":[%s]}],"categories":[%s]}`, strings.Join(infos, ","), strings.Join(categories, ",")))
	doc := qualityOf(t, exitOK, "-m", model, "--data", truth, "--conf", "0.2")
	if figure(t, &doc, "PQ") != 1 || figure(t, &doc, "PQ things") != 1 || doc.Data.Kind != "COCO panoptic" {
		t.Errorf("%+v", doc)
	}
}

func TestEvalTags(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	for name, from := range map[string]string{"a.png": cat, "b.png": coffee} {
		write(t, filepath.Join(dir, name), read(t, from))
	}
	list := write(t, filepath.Join(dir, "t.csv"), "input,tags\na.png,\"blue sky, long_hair\"\nb.png,^_^\n")
	doc := qualityOf(t, exitOK, "-m", tagger, "--data", list)
	p := doc.Parts[0]
	if doc.Judged != 2 || figure(t, &doc, "recall") <= 0 || p.ClassFigure != "AP" || doc.Data.NamedBy["label"] != 3 || len(p.Advice) == 0 || !strings.HasPrefix(p.Advice[0].Flag, "--threshold 0.") {
		t.Errorf("%+v", doc)
	}
	write(t, filepath.Join(dir, "a.txt"), "blue_sky, no such tag\n")
	write(t, filepath.Join(dir, "b.txt"), "1girl\n")
	folder := qualityOf(t, exitOK, "-m", tagger, "--data", dir, "--common")
	if folder.Judged != 2 || !strings.Contains(strings.Join(folder.Data.Notes, " "), "lacks 1 of 3 classes, which are left out: no such tag") {
		t.Errorf("%+v", folder.Data)
	}
	if code, _, stderr := execute(t, "", "eval", "-m", tagger, "--data", dir); code != exitFailed || !strings.Contains(stderr, "--common judges the others alone") {
		t.Errorf("exit %d, %s", code, stderr)
	}
}

func TestEvalTexts(t *testing.T) {
	needLibrary(t)
	const clip = "../../models/dual/testdata/clip-joint"
	dir := t.TempDir()
	captions := write(t, filepath.Join(dir, "c.csv"), fmt.Sprintf("input,text\n%[1]s,a cat\n%[1]s,a tabby\n%[2]s,a cup\n", absolute(t, cat), absolute(t, coffee)))
	doc := qualityOf(t, exitOK, "-m", clip, "--data", captions)
	if figure(t, &doc, "text to image recall@5") != 1 || figure(t, &doc, "image to text recall@10") != 1 || !strings.Contains(doc.Parts[0].Of, "3 texts among 2 images") {
		t.Errorf("%+v", doc.Parts)
	}
	classes := write(t, filepath.Join(dir, "l.csv"), fmt.Sprintf("input,label\n%[1]s,cat\n%[1]s,cat\n%[2]s,cup\n", absolute(t, cat), absolute(t, coffee)))
	alike := qualityOf(t, exitOK, "-m", clip, "--data", classes)
	if figure(t, &alike, "image to image recall@1") != 1 || !strings.Contains(strings.Join(alike.Data.Notes, " "), "1 images are alone in their class") {
		t.Errorf("%+v", alike)
	}
	labels := write(t, filepath.Join(dir, "labels.txt"), "cat\ncup\n")
	shot := qualityOf(t, exitOK, "-m", clip, "--data", classes, "--zero-shot", labels, "--template", "a photo of {}")
	code, stdout, _ := execute(t, "", "classify", cat, coffee, "-m", clip, "--zero-shot", labels, "--template", "a photo of {}", "-f", "jsonl")
	right := 0.0
	for i, r := range rowsFrom[rows.Classes](t, stdout) {
		if r.Predictions[0].Index == i {
			right += float64(2 - i)
		}
	}
	if code != exitOK || figure(t, &shot, "top-1") != right/3 || len(shot.Parts[0].Figures) != 1 {
		t.Errorf("top-1 %v, want %v", figure(t, &shot, "top-1"), right/3)
	}
}

// TestEvalAgainst: what one model costs is told with its interval, and how much faster it is.
func TestEvalAgainst(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	list := "input,label\n"
	for range 12 {
		list += fmt.Sprintf("%s,espresso\n%s,n02123045\n%s,missile\n", absolute(t, coffee), absolute(t, cat), absolute(t, photos+"/rocket.jpg"))
	}
	data := write(t, filepath.Join(dir, "l.csv"), list)
	html := filepath.Join(dir, "x.html")
	doc := qualityOf(t, exitOK, "-m", "efficientnet-lite0-int8", "--against", "efficientnet-lite0", "--data", data, "--html", html)
	own := evaluated(t, exitOK, "-m", "efficientnet-lite0-int8", "--data", data)
	other := evaluated(t, exitOK, "--data", data)
	a := doc.Against
	if a == nil || doc.Judged != 36 || figure(t, &doc, "top-1") != own.Result.Top1.Rate || *a.Figures[0][0].Value != other.Result.Top1.Rate || *a.Differences[0][0].Value != own.Result.Top1.Rate-other.Result.Top1.Rate || len(a.Model.SHA256) != 64 || a.Throughput <= 0 {
		t.Fatalf("%+v", doc)
	}
	if !strings.Contains(doc.Verdict(), "top-1") || !strings.Contains(doc.Verdict(), "against efficientnet-lite0") {
		t.Error(doc.Verdict())
	}
	selfContained(t, html, 100_000, "Compared.", "efficientnet-lite0-int8", "difference")
	failing := write(t, filepath.Join(dir, "f.csv"), list+"none.png,espresso\n")
	if doc = qualityOf(t, exitItems, "-m", "efficientnet-lite0-int8", "--against", "efficientnet-lite0", "--data", failing); doc.Judged != 36 || doc.Failed != 1 {
		t.Errorf("%d judged, %d failed", doc.Judged, doc.Failed)
	}
}

// TestBenchQuality: what bench run recommends is what quality is then measured under.
func TestBenchQuality(t *testing.T) {
	needLibrary(t)
	short := []string{"bench", "run", "--iterations", "2", "--rounds", "2", "--warmup", "0", "--threads", "1", "--batch", "1", "--concurrency", "1", "-m", "efficientnet-lite0-int8"}
	code, stdout, stderr := execute(t, "", with(short, "--data", "testdata/labels.csv", "--against", "efficientnet-lite0", "--limit", "2")...)
	for _, want := range []string{"ortho eval -m efficientnet-lite0-int8 --data testdata/labels.csv --against efficientnet-lite0 --limit 2 --provider cpu --threads 1", "2 judged, 0 failed", "against efficientnet-lite0"} {
		if code != exitOK || !strings.Contains(stdout, want) {
			t.Errorf("exit %d, no %q in %s%s", code, want, stdout, stderr)
		}
	}
	for _, c := range []struct {
		args []string
		want string
	}{{[]string{"--against", "efficientnet-lite0"}, "goes with --data"}, {[]string{"--data", ""}, "names nothing"}, {[]string{"--data", "none"}, "none"}, {[]string{"--data", photos, "--against", "none"}, "--against"}} {
		if code, _, stderr := execute(t, "", with(short, c.args...)...); code == exitOK || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: exit %d, %s", c.args, code, stderr)
		}
	}
}

func TestEvalQualityRefuses(t *testing.T) {
	needLibrary(t)
	dir := t.TempDir()
	truth := cocoOf(t, dir)
	other := write(t, filepath.Join(dir, "other.json"), strings.NewReplacer("CAT", "panther").Replace(read(t, truth)))
	detector := []string{"-m", "ssd-mobilenet-v2", "--images", photos, "--data"}
	for _, c := range []struct {
		code int
		args []string
		want string
	}{
		{exitFailed, with(detector, other), `"panther" names no class`},
		{exitFailed, with(detector, other), "--common judges the others alone"},
		{exitUsage, with(detector, truth, "--truth", "id"), "--truth id is of folders"},
		{exitUsage, with(detector, truth, "--threshold", "0.5"), "--threshold says nothing of this task"},
		{exitUsage, with(detector, truth, "--conf", "2"), "from 0 to 1"},
		{exitUsage, with(detector, truth, "--limit", "0"), "--limit 0"},
		{exitUsage, with(detector, truth, "--max-det", "-1"), "--max-det -1"},
		{exitUsage, with(detector, truth, "--against", ""), "--against names no model"},
		{exitFailed, with(detector, truth, "--against", "efficientnet-lite0"), "is for the task classify"},
		{exitFailed, []string{"-m", "ssd-mobilenet-v2", "--data", truth}, "--images FOLDER says where"},
		{exitFailed, []string{"-m", "ssd-mobilenet-v2", "--data", "testdata/labels.csv"}, "COCO's .json"},
		{exitUsage, []string{"--data", "testdata/labels.csv", "--conf", "0.5"}, "--conf says nothing of this task"},
		{exitFailed, []string{"-m", "selfie", "--data", truth}, "ortho cutout runs it"},
		{exitFailed, []string{"--data", "testdata/labels.csv", "--zero-shot", "scenes"}, "--zero-shot needs a model"},
	} {
		code, stdout, stderr := execute(t, "", append([]string{"eval"}, c.args...)...)
		if code != c.code || stdout != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("%q: exit %d, %q, %s; want %d and %q", c.args, code, stdout, stderr, c.code, c.want)
		}
	}
}
