package coco

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"ortho/models/boxes"
)

// golden is what scripts/goldens/evaluate_coco.py recorded.
type golden struct {
	Kind  Kind
	Truth struct {
		Images []struct {
			ID, Height, Width int
		}
		Annotations []struct {
			ImageID      int        `json:"image_id"`
			CategoryID   int        `json:"category_id"`
			Box          [4]float64 `json:"bbox"`
			Area         float64
			Crowd        int `json:"iscrowd"`
			Segmentation json.RawMessage
			Counts       string
			Around       [4]float64
			Keypoints    []float64
			Marked       int `json:"num_keypoints"`
		}
		Categories []struct{ ID int }
	}
	Found []struct {
		ImageID      int `json:"image_id"`
		CategoryID   int `json:"category_id"`
		Score        float64
		Box          [4]float64 `json:"bbox"`
		Segmentation *boxes.RLE
		Keypoints    []float64
	}
	Stats, Classes []*float64
}

func readGolden(t *testing.T, name string) (g golden) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err == nil {
		err = json.Unmarshal(data, &g)
	}
	if err != nil || len(g.Found) == 0 {
		t.Fatal(err)
	}
	return g
}

// images are the golden's, in the order of their ids.
func (g *golden) images(t *testing.T) (objects [][]Object, detections [][]Found) {
	t.Helper()
	for _, image := range g.Truth.Images {
		var there []Object
		for _, a := range g.Truth.Annotations {
			if a.ImageID != image.ID {
				continue
			}
			o := Object{Class: a.CategoryID - 1, Box: a.Box, Area: a.Area, Crowd: a.Crowd == 1, Keypoints: a.Keypoints, Unmarked: a.Marked == 0}
			if g.Kind == Masks {
				var polygons [][]float64
				var runs struct{ Counts []uint32 }
				var err error
				if json.Unmarshal(a.Segmentation, &polygons) == nil {
					o.Mask, err = Polygons(image.Height, image.Width, polygons)
				} else if err = json.Unmarshal(a.Segmentation, &runs); err == nil {
					o.Mask, err = NewMask(image.Height, image.Width, runs.Counts)
				}
				if err != nil {
					t.Fatal(err)
				}
				same, err := MaskOf(&boxes.RLE{Size: [2]int{image.Height, image.Width}, Counts: a.Counts})
				if err != nil || !slices.Equal(pixels(same), pixels(o.Mask)) || same.box() != a.Around || o.Mask.box() != a.Around {
					t.Fatalf("the mask of %s is another: %v, %v, %v", a.Segmentation, err, o.Mask.box(), a.Around)
				}
			}
			there = append(there, o)
		}
		var found []Found
		for _, f := range g.Found {
			if f.ImageID != image.ID {
				continue
			}
			d := Found{Class: f.CategoryID - 1, Score: f.Score, Box: f.Box, Keypoints: f.Keypoints}
			if f.Segmentation != nil {
				var err error
				if d.Mask, err = MaskOf(f.Segmentation); err != nil {
					t.Fatal(err)
				}
			}
			found = append(found, d)
		}
		objects, detections = append(objects, there), append(detections, found)
	}
	return objects, detections
}

func pixels(m *Mask) (all []bool) {
	for i, n := range m.counts {
		all = append(all, slices.Repeat([]bool{i%2 == 1}, int(n))...)
	}
	return all
}

// TestPycocotools: figures are pycocotools' within 1e-9.
func TestPycocotools(t *testing.T) {
	for _, name := range []string{"boxes", "masks", "keypoints"} {
		g := readGolden(t, name)
		e := New(Options{Kind: g.Kind, Classes: len(g.Truth.Categories)})
		objects, detections := g.images(t)
		for i := range objects {
			if err := e.Add(objects[i], detections[i]); err != nil {
				t.Fatal(err)
			}
		}
		got, names := e.Figures(nil), e.Names()
		for i, want := range slices.Concat(g.Stats, g.Classes) {
			label := "class"
			if i < len(names) {
				label = names[i]
			}
			switch {
			case want == nil && !math.IsNaN(got[i]), want != nil && !(math.Abs(got[i]-*want) <= 1e-9):
				t.Errorf("%s, %s: %v, want %v", name, label, got[i], want)
			}
		}
		if len(got) != len(g.Stats)+len(g.Classes) || len(names) != len(g.Stats) {
			t.Errorf("%s: %d figures, %d names", name, len(got), len(names))
		}
	}
}

// TestTimes: an image that counts twice is as good as two.
func TestTimes(t *testing.T) {
	g := readGolden(t, "boxes")
	objects, detections := g.images(t)
	random := rand.New(rand.NewPCG(1, 2))
	n := 0
	for i := range detections {
		for k := range detections[i] {
			n++
			detections[i][k].Score += 1e-6 * float64(n) // no ties
		}
	}
	for range 20 {
		once, often := New(Options{Kind: Boxes, Classes: 7}), New(Options{Kind: Boxes, Classes: 7})
		times := make([]int, len(objects))
		for i := range objects {
			times[i] = random.IntN(3)
			if err := once.Add(objects[i], detections[i]); err != nil {
				t.Fatal(err)
			}
			for range times[i] {
				if err := often.Add(objects[i], detections[i]); err != nil {
					t.Fatal(err)
				}
			}
		}
		got, want := once.Figures(times), often.Figures(nil)
		for i := range want {
			if !(math.Abs(got[i]-want[i]) <= 1e-12) && !(math.IsNaN(got[i]) && math.IsNaN(want[i])) {
				t.Fatalf("figure %d: %v, want %v", i, got[i], want[i])
			}
		}
	}
}

func TestAddRefuses(t *testing.T) {
	box := [4]float64{1, 1, 5, 5}
	for name, add := range map[string]func() error{
		"class of an object": func() error { return New(Options{Kind: Boxes, Classes: 2}).Add([]Object{{Class: 2}}, nil) },
		"class":              func() error { return New(Options{Kind: Boxes, Classes: 2}).Add(nil, []Found{{Class: -1}}) },
		"score":              func() error { return New(Options{Kind: Boxes, Classes: 2}).Add(nil, []Found{{Score: math.NaN()}}) },
		"mask":               func() error { return New(Options{Kind: Masks, Classes: 2}).Add([]Object{{Box: box}}, nil) },
		"mask found":         func() error { return New(Options{Kind: Masks, Classes: 2}).Add(nil, []Found{{Box: box}}) },
		"points":             func() error { return New(Options{Kind: Keypoints, Classes: 2}).Add([]Object{{Box: box}}, nil) },
		"points found":       func() error { return New(Options{Kind: Keypoints, Classes: 2}).Add(nil, []Found{{Box: box}}) },
	} {
		if add() == nil {
			t.Errorf("%s was taken", name)
		}
	}
	none := New(Options{Kind: Boxes, Classes: 1})
	if err := none.Add(nil, []Found{{Box: [4]float64{math.NaN(), 0, math.Inf(1), -3}, Score: 1}}); err != nil || !math.IsNaN(none.Figures(nil)[0]) {
		t.Errorf("nothing there: %v, %v", err, none.Figures(nil))
	}
}

// FuzzMask: whatever run lengths and corners say, a mask is one of so many pixels, or an error.
func FuzzMask(f *testing.F) {
	f.Add(20, 30, "0_21O2N", 1.5, 2.5, 9.0)
	f.Add(1, 1, "1", -1e300, math.Inf(1), 0.0)
	f.Add(1<<14, 1<<14, "oooooooo", 1e6, 5.0, 7.0)
	f.Fuzz(func(t *testing.T, height, width int, counts string, x, y, z float64) {
		if height > 1<<9 || width > 1<<9 {
			height, width = height%(1<<40), width%(1<<40)
		}
		for _, m := range []func() (*Mask, error){
			func() (*Mask, error) { return MaskOf(&boxes.RLE{Size: [2]int{height, width}, Counts: counts}) },
			func() (*Mask, error) {
				return Polygons(height, width, [][]float64{{x, y, y, z, z, x}, {0, 0, 5, 5, x, z, y, y}})
			},
		} {
			m, err := m()
			if err != nil {
				continue
			}
			all := 0
			for _, n := range m.counts {
				all += int(n)
			}
			if all != height*width || m.Area() > all {
				t.Fatalf("%d pixels of %dx%d", all, width, height)
			}
			if both := union(m, m); both.Area() != m.Area() {
				t.Fatalf("united with itself it has %d pixels, and %d before", both.Area(), m.Area())
			}
			m.box()
		}
	})
}

// BenchmarkFigures is one resample of COCO's validation set: 5000 images, 80 classes.
func BenchmarkFigures(b *testing.B) {
	random := rand.New(rand.NewPCG(1, 2))
	e := New(Options{Kind: Boxes, Classes: 80})
	for range 5000 {
		var objects []Object
		var detections []Found
		for range 7 {
			box := [4]float64{600 * random.Float64(), 400 * random.Float64(), 10 + 200*random.Float64(), 10 + 200*random.Float64()}
			class := random.IntN(80)
			objects = append(objects, Object{Class: class, Box: box, Area: box[2] * box[3]})
			box[0] += 10 * random.Float64()
			detections = append(detections, Found{Class: class, Box: box, Score: random.Float64()})
		}
		for range 60 {
			detections = append(detections, Found{Class: random.IntN(80), Box: [4]float64{600 * random.Float64(), 400 * random.Float64(), 100, 100}, Score: random.Float64() / 2})
		}
		if err := e.Add(objects, detections); err != nil {
			b.Fatal(err)
		}
	}
	times := make([]int, e.Images())
	for i := range times {
		times[i] = 1
	}
	e.Figures(times)
	for b.Loop() {
		e.Figures(times)
	}
}
