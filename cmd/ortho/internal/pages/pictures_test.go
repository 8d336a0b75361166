package pages

import (
	"testing"

	"ortho/models/provenance"
	"ortho/preprocess"
)

func TestMadeOf(t *testing.T) {
	seed, class, to, at := uint64(7), 3, uint64(2), 0.5
	for _, c := range []struct {
		made provenance.Image
		want string
	}{
		{provenance.Image{}, ""},
		{provenance.Image{Text: "a fox", Seed: &seed}, "“a fox”, seed 7"},
		{provenance.Image{Class: &class, Label: "cat"}, "class 3 cat"},
		{provenance.Image{Latents: &provenance.Latents{From: 4}}, "latents of row 4"},
		{provenance.Image{Latents: &provenance.Latents{From: 1, To: &to, At: &at}}, "0.5 of the way from 1 to 2"},
		{provenance.Image{Diffusion: &provenance.Diffusion{Steps: 1, Scheduler: "ddim", Guidance: 7.5}}, "1 step of ddim, guidance 7.5"},
	} {
		if got := MadeOf(c.made); got != c.want {
			t.Errorf("%+v: %q, want %q", c.made, got, c.want)
		}
	}
}

// TestChange: the detail is of the part in which most happens, and small images have none.
func TestChange(t *testing.T) {
	before := &preprocess.Image{Pix: make([]byte, 400*400), Width: 400, Height: 400, Channels: 1}
	for y := 300; y < 400; y++ {
		for x := 300; x < 400; x++ {
			before.Pix[y*400+x] = byte(255 * ((x + y) % 2))
		}
	}
	if x, y := busiest(before, 160, 160); x < 160 || y < 160 {
		t.Errorf("most happens at %d, %d", x, y)
	}
	after := preprocess.Resample(before, 800, 800, preprocess.Bicubic)
	if c := Change(before, after); c.Detail == nil {
		t.Error("no detail")
	}
	if c := Change(before, preprocess.Resample(before, 200, 200, preprocess.Lanczos)); c.Detail != nil {
		t.Error("a small image has a detail")
	}
}
