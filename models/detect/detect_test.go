package detect_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ortho/models"
	"ortho/models/boxes"
	"ortho/models/detect"
	"ortho/models/images"
	"ortho/runner"
	"ortho/runner/library"
)

func photo(name string) images.Input {
	return images.Input{Name: name, Read: func(context.Context) ([]byte, error) { return os.ReadFile("../../cmd/ortho/testdata/photos/" + name) }}
}

func opened(t *testing.T, path string, opt detect.Options, settings ...string) *detect.Detector {
	t.Helper()
	if _, err := library.Find(""); err != nil {
		t.Skipf("needs ONNX Runtime: %v", err)
	}
	var s models.Settings
	for i := 0; i < len(settings); i += 2 {
		if err := s.Set(settings[i], settings[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	m, err := models.Open(path, s)
	if err != nil {
		t.Fatal(err)
	}
	d, err := detect.Open(t.Context(), m, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// golden is what a reference program found in an image.
type golden struct {
	Input         string
	Width, Height int
	Class         []int
	Score         []float32
	Box           [][4]float32
	Angle         []float32
	Keypoints     [][][]float32
	Mask          []string
}

// same holds a result against a reference: boxes within 0.05 pixels, scores within 1e-4, in the same
// order, and masks pixel by pixel.
func same(t *testing.T, name string, got detect.Result, want golden) {
	t.Helper()
	if len(got.Detections) != len(want.Class) || got.Width != want.Width || got.Height != want.Height {
		t.Errorf("%s: %d boxes of %dx%d, want %d of %dx%d", name, len(got.Detections), got.Width, got.Height, len(want.Class), want.Width, want.Height)
		return
	}
	near := func(a, b float32, by float64) bool { return math.Abs(float64(a)-float64(b)) <= by }
	for i, d := range got.Detections {
		ok := d.Index == want.Class[i] && near(d.Score, want.Score[i], 1e-4)
		for k := range d.Box {
			ok = ok && near(d.Box[k], want.Box[i][k], 0.05)
		}
		if want.Angle != nil {
			ok = ok && d.Angle != nil && near(*d.Angle, want.Angle[i], 1e-4)
		}
		if want.Keypoints != nil {
			ok = ok && slices.EqualFunc(d.Keypoints, want.Keypoints[i], func(a, b []float32) bool {
				return slices.EqualFunc(a, b, func(a, b float32) bool { return near(a, b, 0.05) })
			})
		}
		if want.Mask != nil {
			ok = ok && d.Mask != nil && d.Mask.Counts == want.Mask[i]
		}
		if !ok {
			t.Errorf("%s: box %d is %+v, want class %d, score %v, %v", name, i, d, want.Class[i], want.Score[i], want.Box[i])
			return
		}
	}
}

// goldens are those of a folder, by graph.
func goldens(t *testing.T, folder string) map[string][]golden {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(folder, "goldens.json"))
	if err != nil {
		t.Fatal(err)
	}
	var all struct{ Cases map[string][]golden }
	if err := json.Unmarshal(data, &all); err != nil || len(all.Cases) == 0 {
		t.Fatalf("%d cases, %v", len(all.Cases), err)
	}
	return all.Cases
}

// TestUltralytics: what Ultralytics' own predictor finds, by graphs in each layout that its exporter
// writes (scripts/goldens/detect_ultralytics.py).
func TestUltralytics(t *testing.T) {
	const folder = "testdata/ultralytics"
	for name, cases := range goldens(t, folder) {
		d := opened(t, filepath.Join(folder, name+".onnx"), detect.Options{})
		boxes := 0
		for i, r := range slices.Collect(detect.Each(t.Context(), d, slices.Values(cases), func(g golden) images.Input { return photo(g.Input) })) {
			if r.Err != nil {
				t.Errorf("%s: %v", name, r.Err)
				continue
			}
			same(t, name+" of "+cases[i].Input, r.Value, cases[i])
			boxes += len(r.Value.Detections)
		}
		if boxes < 10 {
			t.Errorf("%s: %d boxes show little", name, boxes)
		}
	}
}

// TestYOLO: what YOLOv5's detect.py and YOLOX's demo find (scripts/goldens/detect_yolo.py). Their graphs say
// nothing of themselves: YOLOX's may be YOLOv6's, too, and a person says which.
func TestYOLO(t *testing.T) {
	const folder = "testdata/yolo"
	for name, cases := range goldens(t, folder) {
		var settings []string
		if name == "yolox" {
			settings = []string{"head", name}
		}
		d := opened(t, filepath.Join(folder, name+".onnx"), detect.Options{}, settings...)
		if got := d.Spec().Head.Family.Name; got != name {
			t.Errorf("%s is taken for %s", name, got)
		}
		for i, r := range slices.Collect(detect.Each(t.Context(), d, slices.Values(cases), func(g golden) images.Input { return photo(g.Input) })) {
			if r.Err != nil {
				t.Errorf("%s: %v", name, r.Err)
				continue
			}
			same(t, name+" of "+cases[i].Input, r.Value, cases[i])
		}
	}
	m, err := models.Open(folder+"/yolox.onnx", models.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Detector(); err == nil || !strings.Contains(err.Error(), "yolov6") || !strings.Contains(err.Error(), "yolox") || !strings.Contains(err.Error(), "give head") {
		t.Errorf("two readings: %v", err)
	}
}

// TestOptions: thresholds, classes and numbers of boxes change what is kept, and nothing else.
func TestOptions(t *testing.T) {
	const graph = "testdata/ultralytics/v8.onnx"
	find := func(opt detect.Options) []detect.Detection {
		data, err := photo("coffee.png").Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		r, err := opened(t, graph, opt).Image(t.Context(), data)
		if err != nil {
			t.Fatal(err)
		}
		return r.Detections
	}
	all, least, most := find(detect.Options{}), 0.9, 3
	same := func(a, b detect.Detection) bool { return a.Box == b.Box && a.Score == b.Score && a.Index == b.Index }
	if got := find(detect.Options{Most: &most}); !slices.EqualFunc(got, all[:3], same) {
		t.Errorf("the best three: %v", got)
	}
	want := slices.DeleteFunc(slices.Clone(all), func(d detect.Detection) bool { return d.Score <= 0.9 })
	if got := find(detect.Options{Confidence: &least}); len(want) == 0 || !slices.EqualFunc(got, want, same) {
		t.Errorf("%d boxes above 0.9, want %d", len(got), len(want))
	}
	want = slices.DeleteFunc(slices.Clone(all), func(d detect.Detection) bool { return d.Index != 2 })
	if got := find(detect.Options{Classes: []int{2}}); len(want) == 0 || !slices.EqualFunc(got, want, same) {
		t.Errorf("%d boxes of class 2, want %d", len(got), len(want))
	}
	if want[0].Label != "cup" {
		t.Errorf("class 2 is called %q", want[0].Label)
	}
	on, little := true, 0.2
	apart, together := find(detect.Options{Overlap: &little}), find(detect.Options{Overlap: &little, Agnostic: &on})
	if len(apart) >= len(all) || len(together) >= len(apart) {
		t.Errorf("%d boxes where those of any class overlap, %d of one class, %d else", len(together), len(apart), len(all))
	}
}

// TestErrors: a broken image costs itself.
func TestErrors(t *testing.T) {
	d := opened(t, "testdata/ultralytics/v8.onnx", detect.Options{})
	if _, err := d.Image(t.Context(), []byte("no image")); models.StageOf(err) != models.StageUnsupported {
		t.Errorf("%v", err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Image(t.Context(), []byte("no image")); !errors.Is(err, runner.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	m, err := models.Open("testdata/ultralytics/v8.onnx", models.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Classifier(); err == nil || !strings.Contains(err.Error(), "boxes") {
		t.Errorf("%v", err)
	}
	if boxes.Named("yolov8") == nil || boxes.Named("none") != nil {
		t.Error("families are not found by their names")
	}
}
