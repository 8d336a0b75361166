package source

import (
	"archive/tar"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// passedOver goes over all images that arguments name.
func passedOver(args ...string) *Passed {
	var p Passed
	for range 2 { // each time it counts anew
		for range Items(args, Options{Passed: &p, Shard: Shard{Index: 0, Count: 2}}) {
		}
	}
	return &p
}

func TestPassedOver(t *testing.T) {
	root := tree(t, "album/1.png", "album/2.CR2", "album/3.cr2", "album/4.DNG", "album/.DS_Store", "album/Thumbs.db", "album/deep/README", "album/deep/._5.png",
		"album/deep/6.png.gz", "album/.git/x.jpg", "labels/a.jpg", "labels/a.txt", "labels/classes.json", "one/a.jpg", "one/a.xml", "other/b.jpg", "only/a.cr2", "only/b.txt", "plain/a.jpg", "plain/.hidden")
	symlink(t, filepath.Join(root, "other"), filepath.Join(root, "one", "linked"))
	t.Chdir(root)
	for args, want := range map[string]struct {
		counts  map[string]int64
		text    string
		notable bool
	}{
		"album":             {map[string]int64{".cr2": 2, ".dng": 1, ".png.gz": 1, noEnding: 1, hidden: 4}, "5 other files were passed over: 2 .cr2, 1 .dng, 1 .png.gz, 1 without an ending", true},
		"labels":            {map[string]int64{".txt": 1, ".json": 1}, "2 files were passed over that hold no images: 1 .json, 1 .txt", false},
		"one":               {map[string]int64{".xml": 1, linkedFolder: 1}, "1 file was passed over that holds no images: 1 .xml; 1 linked folder was not entered", true},
		"o*":                {map[string]int64{".xml": 1, linkedFolder: 1, ".cr2": 1, ".txt": 1}, "1 other file was passed over: 1 .cr2; 2 files were passed over that hold no images: 1 .txt, 1 .xml; 1 linked folder was not entered", true},
		"plain":             {map[string]int64{hidden: 1}, "", false},
		"album/*.CR2":       {nil, "", false},
		"album/*":           {map[string]int64{hidden: 2, ".png.gz": 1, noEnding: 1}, "2 other files were passed over: 1 .png.gz, 1 without an ending", true}, // .CR2 and .DNG are read, and fail
		"lab*/*":            {map[string]int64{".txt": 1, ".json": 1}, "2 files were passed over that hold no images: 1 .json, 1 .txt", false},
		"lab*/*.t*":         {map[string]int64{".txt": 1}, "1 file was passed over that holds no images: 1 .txt", false},
		"lab*/*.txt":        {nil, "", false},
		"{other,x,y}/*.jpg": {nil, "nothing matches x/*.jpg, y/*.jpg", true},
	} {
		p := passedOver(args)
		if text, notable := p.Text(); !maps.Equal(p.Counts(), want.counts) || text != want.text || notable != want.notable {
			t.Errorf("%s: %v, %q, %v; want %+v", args, p.Counts(), text, notable, want)
		}
	}
	if err := Check([]string{"only/b*"}); err == nil || !strings.HasSuffix(err.Error(), "as a glob it matches no images, but 1 .txt") {
		t.Error(err)
	}
	if err := Check([]string{"only"}); err == nil || !strings.Contains(err.Error(), "holds no images (files ending in .jpg") || !strings.HasSuffix(err.Error(), ", but 1 .cr2, 1 .txt") {
		t.Error(err)
	}
}

func TestPassedOverInArchives(t *testing.T) {
	t.Chdir(t.TempDir())
	make := func(name string, entries ...string) {
		f, err := os.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		w := tar.NewWriter(f)
		for _, e := range entries {
			h := &tar.Header{Name: e, Mode: 0o600}
			if strings.HasSuffix(e, "/") {
				h.Typeflag = tar.TypeDir
			}
			if err := w.WriteHeader(h); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	make("a.tar", "0.png", "0.cls", "1.img", "2.image", "2.cls", "./3.PNG.gz", ".x/4.jpg", "a/._5.jpg", "a/", "a/b.")
	p := passedOver("a.tar")
	if text, notable := p.Text(); text != "4 other files were passed over: 1 .image, 1 .img, 1 .png.gz, 1 without an ending; 2 files were passed over that hold no images: 2 .cls" || !notable ||
		!maps.Equal(p.Counts(), map[string]int64{".cls": 2, ".img": 1, ".image": 1, ".png.gz": 1, noEnding: 1, hidden: 2}) {
		t.Errorf("%s: %v", text, p.Counts())
	}
	make("b.tar", "0.cr2", "0.cls")
	if err := Check([]string{"b.tar"}); err == nil || !strings.HasSuffix(err.Error(), ", but 1 .cls, 1 .cr2") {
		t.Error(err)
	}
}

func TestPassedOverIsBounded(t *testing.T) {
	var p Passed
	for i := range 1000 {
		p.file(fmt.Sprintf("a.x%d", i))
		p.file("b." + strings.Repeat("y", i))
	}
	p.file("a.\x1b[2J")
	p.file("a.\xff")
	text, _ := p.Text()
	if counts := p.Counts(); len(counts) > maxEndings+1 || total(counts) != 2002 || !strings.Contains(text, "2002 other files") || len(text) > 300 {
		t.Errorf("%d kinds: %s", len(counts), text)
	}
	var none *Passed
	none.file("a")
	none.Begin()
	if text, _ := none.Text(); text != "" || none.Counts() != nil {
		t.Error(text)
	}
}
