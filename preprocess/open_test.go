package preprocess

import (
	"image"
	"math"
	"slices"
	"testing"
)

// TestLetterbox: sizes and places as Ultralytics' LetterBox (8.4.190), YOLOX's preproc and transformers'
// resize of DETR have them.
func TestLetterbox(t *testing.T) {
	box := func(edge, multiple int) Spec {
		s := raw(edge, edge, 3, LinearCV2)
		s.Resize = Resize{Mode: Letterbox, Height: edge, Width: edge}
		if s.PadMultiple = multiple; multiple > 0 {
			s.Height, s.Width = 0, 0
		}
		return s
	}
	yolox := box(640, 0)
	yolox.Resize.Mode, yolox.CropOffset = FitWithin, Start
	detr := raw(1, 1, 3, Bilinear)
	detr.Height, detr.Width, detr.Resize = 0, 0, Resize{Mode: ShortEdge, Size: 800, Longest: 1333}
	central := raw(50, 50, 3, Bilinear)
	central.Central, central.Resize = [2]float64{0.5, 0.5}, Resize{Mode: Exact, Height: 50, Width: 50}
	for name, c := range map[string]struct {
		spec          Spec
		width, height int
		tensor        edges2
		resized       edges2
		x, y          float64
	}{
		"wider":                     {box(640, 0), 810, 1080, edges2{640, 640}, edges2{480, 640}, 80, 0},
		"odd margins begin shorter": {box(640, 0), 641, 480, edges2{640, 640}, edges2{640, 479}, 0, 80},
		"half to even":              {box(96, 0), 64, 43, edges2{96, 96}, edges2{96, 64}, 0, 16},
		"enlarged":                  {box(640, 0), 20, 10, edges2{640, 640}, edges2{640, 320}, 0, 160},
		"thin":                      {box(640, 0), 1, 3000, edges2{640, 640}, edges2{1, 640}, 319, 0},
		"of its own size":           {box(640, 32), 810, 1080, edges2{480, 640}, edges2{480, 640}, 0, 0},
		"and padded":                {box(640, 32), 451, 300, edges2{640, 448}, edges2{640, 426}, 0, 11},
		"thin, and padded":          {box(640, 32), 1, 3000, edges2{32, 640}, edges2{1, 640}, 15, 0},
		"YOLOX":                     {yolox, 451, 300, edges2{640, 640}, edges2{640, 425}, 0, 0},
		"DETR":                      {detr, 640, 480, edges2{1066, 800}, edges2{1066, 800}, 0, 0},
		"a middle":                  {central, 200, 100, edges2{50, 50}, edges2{50, 50}, -75, -25},
	} {
		p := c.spec.Placement(c.width, c.height)
		made := c.spec.For(c.width, c.height)
		w, h := c.spec.centralSize(c.width, c.height)
		if p.Tensor.Width != c.tensor.Width || p.Tensor.Height != c.tensor.Height || made.Width != c.tensor.Width || made.Height != c.tensor.Height ||
			p.X != c.x || p.Y != c.y || math.Round(p.ScaleX*float64(w)) != float64(c.resized.Width) || math.Round(p.ScaleY*float64(h)) != float64(c.resized.Height) {
			t.Errorf("%s: %+v, want %+v", name, p, c)
		}
	}
}

type edges2 struct{ Width, Height int }

// TestOpen: an image's own tensor is that of the spec with its size, and a spec without a bound is refused.
func TestOpen(t *testing.T) {
	open := raw(0, 0, 3, LinearCV2)
	open.Resize, open.PadMultiple, open.Fill = Resize{Mode: Letterbox, Height: 64, Width: 64}, 32, [3]uint8{114, 114, 114}
	if err := open.Validate(); err != nil || !open.Open() {
		t.Fatal(err)
	}
	img := congruential(90, 31, 3)
	made := open.For(img.Width, img.Height)
	if made.Width != 64 || made.Height != 32 {
		t.Fatalf("%dx%d", made.Width, made.Height)
	}
	got := alignedTensor(t, made, img)
	fixed := made
	fixed.PadMultiple, fixed.Height, fixed.Width = 0, 32, 64
	if want := alignedTensor(t, fixed, img); !slices.Equal(got, want) {
		t.Error("the tensor of an open spec is another")
	}
	if err := open.Tensor(nil, img); err == nil {
		t.Error("a tensor of no size is made")
	}
	own := open
	own.Resize, own.PadMultiple = Resize{}, 0
	if made := own.For(90, 31); own.Validate() != nil || made.Width != 90 || made.Height != 31 {
		t.Errorf("an image as it is becomes %dx%d", made.Width, made.Height)
	}
	long := statedPNG(t, image.NewRGBA(image.Rect(0, 0, MaxSize+1, 1)))
	if _, _, err := own.LoadInto(long, LoadOptions{}, func(made *Spec) ([]byte, error) { return make([]byte, made.Bytes()), nil }); err == nil {
		t.Error("a tensor of more than MaxSize pixels in a row is made")
	}
	for _, r := range []Resize{{Mode: ShortEdge, Size: 8}, {Mode: Cover, Height: 8, Width: 8}} {
		bad := open
		if bad.Resize = r; bad.Validate() == nil {
			t.Errorf("%+v has no bound", r)
		}
	}
}
