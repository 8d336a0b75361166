package detect

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"ortho/models"
	"ortho/runner/library"
)

// TestFamilies holds that boxes, scores, classes and key points are those of the programs that the
// families come from. scripts/goldens/families.py wrote them.
func TestFamilies(t *testing.T) {
	if _, err := library.Find(""); err != nil {
		t.Skipf("needs ONNX Runtime: %v", err)
	}
	folders, err := filepath.Glob("testdata/families/*/expected.json")
	if err != nil || len(folders) == 0 {
		t.Fatal(folders, err)
	}
	for _, file := range folders {
		folder := filepath.Dir(file)
		t.Run(filepath.Base(folder), func(t *testing.T) { familyCase(t, folder) })
	}
}

func familyCase(t *testing.T, folder string) {
	data, err := os.ReadFile(filepath.Join(folder, "expected.json"))
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Settings   map[string]string
		Confidence *float64
		Masks      map[string][]string    // the runs of each box, as COCO has them
		Pictures   map[string][][]float64 // class, score, x1, y1, x2, y2, key points
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	var settings models.Settings
	for k, v := range golden.Settings {
		if err := settings.Set(k, v); err != nil {
			t.Fatal(err)
		}
	}
	model, err := models.Open(folder, settings)
	if err != nil {
		t.Fatal(err)
	}
	d, err := Open(t.Context(), model, Options{Confidence: golden.Confidence})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for name, want := range golden.Pictures {
		picture, err := os.ReadFile("testdata/families/" + name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := d.Image(t.Context(), picture)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if len(got.Detections) != len(want) {
			t.Errorf("%s: %d boxes, want %d: %v", name, len(got.Detections), len(want), got.Detections)
			continue
		}
		for i, w := range want {
			g := got.Detections[i]
			if masks := golden.Masks[name]; len(masks) > 0 && (g.Mask == nil || g.Mask.Counts != masks[i]) {
				t.Errorf("%s: the mask of box %d is %v, want %s", name, i, g.Mask, masks[i])
			}
			numbers := []float32{g.Box[0], g.Box[1], g.Box[2], g.Box[3]}
			for _, p := range g.Keypoints {
				numbers = append(numbers, p...)
			}
			same := len(numbers) == len(w)-2 && g.Index == int(w[0]) && math.Abs(float64(g.Score)-w[1]) < 1e-4
			for k := 0; same && k < len(numbers); k++ {
				same = math.Abs(float64(numbers[k])-w[k+2]) < 0.05
			}
			if !same {
				t.Errorf("%s: box %d is %v, want %v", name, i, g, w)
			}
		}
	}
}
