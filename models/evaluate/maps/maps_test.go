package maps

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"
)

func readGolden(t *testing.T, name string, to any) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err == nil {
		err = json.Unmarshal(data, to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// same compares figures; nil is what is not known.
func same(t *testing.T, got []float64, want []*float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d figures, want %d", len(got), len(want))
	}
	for i, w := range want {
		if w == nil && !math.IsNaN(got[i]) || w != nil && !(math.Abs(got[i]-*w) <= 1e-12) {
			t.Errorf("figure %d: %v, want %v", i, got[i], w)
		}
	}
}

// TestSemantic: figures are scikit-learn's of all pixels that count (scripts/goldens/evaluate_maps.py).
func TestSemantic(t *testing.T) {
	var g struct {
		Classes      int
		Truth, Found [][]uint16
		Figures      []*float64
	}
	readGolden(t, "semantic", &g)
	s := NewSemantic(g.Classes)
	twice := NewSemantic(g.Classes)
	times := make([]int, len(g.Truth))
	for i := range g.Truth {
		if err := s.Add(g.Truth[i], g.Found[i]); err != nil {
			t.Fatal(err)
		}
		for times[i] = 0; times[i] < i%3; times[i]++ {
			if err := twice.Add(g.Truth[i], g.Found[i]); err != nil {
				t.Fatal(err)
			}
		}
	}
	same(t, s.Figures(nil), g.Figures)
	same(t, s.Figures(times), pointers(twice.Figures(nil)))
	if c := s.Classes(); c[0].Images != len(g.Truth) || c[5].Pixels != 0 {
		t.Errorf("%+v", c)
	}
	for name, err := range map[string]error{"sizes": s.Add([]uint16{1}, nil), "truth": s.Add([]uint16{6}, []uint16{0}), "found": s.Add([]uint16{0}, []uint16{9})} {
		if err == nil {
			t.Errorf("%s were taken", name)
		}
	}
	if err := s.Add([]uint16{None, 0}, []uint16{9, None}); err != nil {
		t.Errorf("what does not count: %v", err)
	}
}

func pointers(all []float64) (to []*float64) {
	for _, v := range all {
		if math.IsNaN(v) {
			to = append(to, nil)
		} else {
			to = append(to, &v)
		}
	}
	return to
}

// TestPanoptic: figures are those of the definition, and of another program (scripts/goldens/evaluate_maps.py).
func TestPanoptic(t *testing.T) {
	var all []struct {
		Classes int
		Things  []bool
		Images  []struct {
			Truth, Found []uint32
			There, Seen  []Segment
		}
		Figures []*float64
	}
	readGolden(t, "panoptic", &all)
	for _, g := range all {
		p := NewPanoptic(g.Classes, g.Things)
		for _, image := range g.Images {
			if err := p.Add(image.Truth, image.Found, image.There, image.Seen); err != nil {
				t.Fatal(err)
			}
		}
		same(t, p.Figures(nil), g.Figures)
		if len(p.Names())+g.Classes != len(g.Figures) || p.Images() != len(g.Images) {
			t.Errorf("%v", p.Names())
		}
	}
	p := NewPanoptic(2, nil)
	one := []Segment{{ID: 1}}
	for name, err := range map[string]error{
		"sizes": p.Add([]uint32{1}, nil, one, nil), "class": p.Add([]uint32{1}, []uint32{0}, []Segment{{ID: 1, Class: 2}}, nil),
		"number 0": p.Add([]uint32{1}, []uint32{0}, []Segment{{}}, nil), "twice": p.Add([]uint32{1}, []uint32{1}, one, []Segment{{ID: 1}, {ID: 1}}),
		"no segment": p.Add([]uint32{1}, []uint32{7}, one, nil),
	} {
		if err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}
