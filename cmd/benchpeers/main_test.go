package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"ortho/preprocess"
)

func TestSpread(t *testing.T) {
	for _, c := range []struct{ values, want []float64 }{
		{[]float64{3}, []float64{3, 3, 3}}, {[]float64{4, 1, 2}, []float64{2, 1, 4}}, {[]float64{4, 1, 2, 3}, []float64{2.5, 1, 4}},
	} {
		median, least, most := spread(c.values)
		if median != c.want[0] || least != c.want[1] || most != c.want[2] {
			t.Errorf("%v: %v, %v, %v; want %v", c.values, median, least, most, c.want)
		}
	}
}

func TestMiddle(t *testing.T) {
	for _, c := range [][4]int{{500, 375, 500, 375}, {600, 300, 400, 300}, {300, 600, 300, 225}, {7, 7, 7, 5}} {
		img := &preprocess.Image{Width: c[0], Height: c[1], Channels: 3, Pix: make([]byte, c[0]*c[1]*3)}
		for i := range img.Pix {
			img.Pix[i] = byte(i / 3 / c[0]) // the row
		}
		m := middle(img)
		if m.Width != c[2] || m.Height != c[3] || len(m.Pix) != c[2]*c[3]*3 || m.Pix[0] != byte((c[1]-c[3])/2) {
			t.Errorf("%v: %dx%d, first row %d", c, m.Width, m.Height, m.Pix[0])
		}
	}
}

func TestContender(t *testing.T) {
	for command, want := range map[string]float64{"-list=TestSpread": 0, "-test.run=^TestSays$": 12.5} {
		c := contender{"self", func(ctx context.Context) *exec.Cmd { return exec.CommandContext(ctx, os.Args[0], command) }}
		r, err := c.run(t.Context())
		if (err == nil) != (want > 0) || r.rate != want {
			t.Errorf("%s: %+v, %v; want %v", command, r, err, want)
		}
	}
}

// TestSays is what TestContender runs.
func TestSays(t *testing.T) { fmt.Println("threads: 12.5 images/s, 3 images") }

func TestPhotographs(t *testing.T) {
	dir := t.TempDir()
	photos, err := photographs("../ortho/testdata/photos")
	if err != nil {
		t.Fatal(err)
	}
	if err := repeat(photos, filepath.Join(dir, "x"), 3); err != nil {
		t.Fatal(err)
	}
	if links, err := os.ReadDir(filepath.Join(dir, "x")); err != nil || len(links) != 3 {
		t.Errorf("%d links of 3, %v", len(links), err)
	}
	if _, err := photographs(dir); err == nil {
		t.Error("a folder without photographs: no error")
	}
}
