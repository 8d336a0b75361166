package detect_test

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"ortho/models/boxes"
	"ortho/models/detect"
	"ortho/models/images"
	"ortho/preprocess"
)

// kept is a box as the goldens have it: score, class and edges.
type kept [6]float64

type slicesGolden struct {
	Windows []struct {
		Width, Height int
		Slice         [2]int
		Overlap       float64
		Windows       [][4]int
		N             int
	}
	Merges []struct {
		Boxes   [][4]float32
		Scores  []float32
		Classes []int32
		Cases   []struct {
			Rule      boxes.MergeRule
			Metric    boxes.MergeMetric
			Threshold float64
			Agnostic  bool
			Left      []kept
		}
	}
	Graphs []struct {
		Input     string
		Slice     [2]int
		Overlap   float64
		Rule      boxes.MergeRule
		Metric    boxes.MergeMetric
		Threshold float64
		Whole     bool
		Left      []kept
	}
}

// ofSAHI are what SAHI has made of windows (scripts/goldens/slices.py).
func ofSAHI(t *testing.T) (g slicesGolden) {
	t.Helper()
	data, err := os.ReadFile("testdata/slices.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &g); err != nil || len(g.Windows) < 20 || len(g.Merges) < 4 || len(g.Graphs) < 4 {
		t.Fatalf("%d windows, %d merges, %d graphs, %v", len(g.Windows), len(g.Merges), len(g.Graphs), err)
	}
	return g
}

// TestWindows: they are SAHI's get_slice_bboxes, and the whole image where there are several; too many are refused.
func TestWindows(t *testing.T) {
	for _, c := range ofSAHI(t).Windows {
		s := detect.Slices{Width: c.Slice[0], Height: c.Slice[1], Overlap: c.Overlap}
		got, err := s.Windows(images.Size{Width: c.Width, Height: c.Height})
		if err != nil {
			t.Error(err)
			continue
		}
		if c.N > 1 {
			if got[len(got)-1] != (images.Window{Width: c.Width, Height: c.Height}) {
				t.Errorf("%dx%d: the last is %v", c.Width, c.Height, got[len(got)-1])
			}
			got = got[:len(got)-1]
		}
		for i, w := range c.Windows {
			if len(got) != c.N || got[i] != (images.Window{X: w[0], Y: w[1], Width: w[2], Height: w[3]}) {
				t.Errorf("%dx%d by %v, %v: %d windows, window %d is %v; want %d, %v", c.Width, c.Height, c.Slice, c.Overlap, len(got), i, got[min(i, len(got)-1)], c.N, w)
				break
			}
		}
	}
	for _, s := range []detect.Slices{{Width: 1, Height: 1}, {Width: 100, Height: 100, Overlap: 0.999}} {
		if got, err := s.Windows(images.Size{Width: 12_000, Height: 9_000}); err == nil {
			t.Errorf("%v: %d windows", s, len(got))
		}
	}
}

func sorted(all []kept) []kept {
	slices.SortFunc(all, func(a, b kept) int { return cmp.Or(cmp.Compare(b[0], a[0]), slices.Compare(a[1:], b[1:])) })
	return all
}

// TestMerge: the boxes that are left are SAHI's, by each rule, metric and threshold, also where scores are equal.
func TestMerge(t *testing.T) {
	for i, m := range ofSAHI(t).Merges {
		all := make([]boxes.Box, len(m.Boxes))
		for k := range all {
			all[k] = boxes.Box{Rect: m.Boxes[k], Score: m.Scores[k], Class: m.Classes[k]}
		}
		for _, c := range m.Cases {
			var got []kept
			for _, one := range (boxes.Merging{Rule: c.Rule, Metric: c.Metric, Threshold: c.Threshold, Agnostic: c.Agnostic}).Merge(all) {
				got = append(got, kept{float64(one.Score), float64(one.Class), float64(one.Rect[0]), float64(one.Rect[1]), float64(one.Rect[2]), float64(one.Rect[3])})
			}
			want := c.Left
			for k := range want {
				want[k][0] = float64(float32(want[k][0]))
			}
			if !slices.Equal(sorted(got), sorted(want)) {
				t.Errorf("boxes %d by %s, %s, %v, agnostic %v: %d are left, want %d: %v, want %v", i, c.Rule, c.Metric, c.Threshold, c.Agnostic, len(got), len(want), got, want)
			}
		}
	}
}

// TestSliced: what SAHI's get_sliced_prediction finds by a graph that Ultralytics' program runs.
func TestSliced(t *testing.T) {
	for _, c := range ofSAHI(t).Graphs {
		name := fmt.Sprintf("%s by %s, %s, %v", c.Input, c.Rule, c.Metric, c.Threshold)
		d := opened(t, "testdata/ultralytics/v8.onnx", detect.Options{Slices: &detect.Slices{Width: c.Slice[0], Height: c.Slice[1], Overlap: c.Overlap, NoWhole: !c.Whole,
			Merging: &boxes.Merging{Rule: c.Rule, Metric: c.Metric, Threshold: c.Threshold}}})
		data, err := photo(c.Input).Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got, err := d.Image(t.Context(), data)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Detections) != len(c.Left) {
			t.Errorf("%s: %d boxes, want %d", name, len(got.Detections), len(c.Left))
			continue
		}
		left := slices.Clone(c.Left)
		for i, d := range got.Detections {
			at := slices.IndexFunc(left, func(w kept) bool { // of equal scores SAHI has those of a class together
				ok := float64(d.Index) == w[1] && math.Abs(float64(d.Score)-w[0]) < 1e-4
				for k, v := range d.Box {
					ok = ok && math.Abs(float64(v)-w[2+k]) < 0.05
				}
				return ok
			})
			if at < 0 || i > 0 && d.Score > got.Detections[i-1].Score {
				t.Errorf("%s: box %d is %+v, want %v", name, i, d, left[0])
				break
			}
			left = slices.Delete(left, at, at+1)
		}
	}
}

// TestSlicedAsCrops: masks, key points and oriented boxes lie where those of crops of the image do, and the same
// comes of any batch, and of several images at once.
func TestSlicedAsCrops(t *testing.T) {
	file := "astronaut.png"
	data, err := photo(file).Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	img, err := preprocess.Decode(data, preprocess.DecodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	// Where nothing overlaps, nothing becomes one: a window's boxes are those of the crop.
	cut := detect.Slices{Width: img.Width / 2, Height: img.Height, NoWhole: true, Merging: &boxes.Merging{Rule: boxes.NMS, Metric: boxes.IOU, Threshold: 1}}
	for _, name := range []string{"v8-seg", "v8-pose", "v8-obb", "v8-dynamic"} {
		d := opened(t, "testdata/ultralytics/"+name+".onnx", detect.Options{Slices: &cut})
		plain := opened(t, "testdata/ultralytics/"+name+".onnx", detect.Options{})
		left, right := img.Crop(0, 0, img.Width/2, img.Height), img.Crop(img.Width/2, 0, img.Width/2, img.Height)
		want := map[string]int{}
		for i, crop := range []*preprocess.Image{left, right} {
			found, err := plain.Image(t.Context(), asPNM(crop))
			if err != nil {
				t.Fatal(err)
			}
			for _, one := range found.Detections {
				want[told(t, one, float32(i*img.Width/2), i*img.Width/2, img)]++
			}
		}
		items := []string{file, "chelsea.png", file}
		n := 0
		for r := range detect.Each(t.Context(), d, slices.Values(items), photo) {
			if r.Err != nil {
				t.Fatal(r.Err)
			}
			if n++; r.Item != file {
				continue
			}
			for _, one := range r.Value.Detections {
				if key := told(t, one, 0, 0, img); want[key] == 0 {
					t.Errorf("%s: %s is of no crop", name, key)
					break
				}
			}
			if got := len(r.Value.Detections); got < 5 || got > len(want) {
				t.Errorf("%s: %d boxes of %d", name, got, len(want))
			}
		}
		if n != len(items) {
			t.Errorf("%s: %d images", name, n)
		}
	}
}

// told is what was found, moved right by so much, and its mask by so many pixels.
func told(t *testing.T, d detect.Detection, by float32, shift int, img *preprocess.Image) string {
	t.Helper()
	d.Box[0], d.Box[2] = d.Box[0]+by, d.Box[2]+by
	text := fmt.Sprintf("%d %.4f %.2f", d.Index, d.Score, d.Box)
	if d.Angle != nil {
		text += fmt.Sprintf(" %.4f", *d.Angle)
	}
	for _, p := range d.Keypoints {
		text += fmt.Sprintf(" %.2f,%.2f", p[0]+by, p[1])
	}
	if m := d.Mask; m != nil {
		if m.Size[1] != img.Width {
			var err error
			if m, err = m.Moved(shift, 0, boxes.Size{Width: img.Width, Height: img.Height}); err != nil {
				t.Fatal(err)
			}
		}
		text += " " + m.Counts
	}
	return text
}

// asPNM is an image as a file.
func asPNM(img *preprocess.Image) []byte {
	return append(fmt.Appendf(nil, "P6 %d %d 255\n", img.Width, img.Height), img.Pix...)
}

// TestSlicedErrors: an image that can't be decoded, or would have too many windows, costs itself.
func TestSlicedErrors(t *testing.T) {
	d := opened(t, "testdata/ultralytics/v8.onnx", detect.Options{Slices: &detect.Slices{Width: 2, Height: 2}})
	thin := asPNM(&preprocess.Image{Width: 1, Height: 3000, Channels: 3, Pix: make([]byte, 9000)})
	files := [][]byte{[]byte("no image"), asPNM(&preprocess.Image{Width: 300, Height: 300, Channels: 3, Pix: make([]byte, 270_000)}), thin}
	var got []string
	for r := range detect.Each(t.Context(), d, slices.Values(files), func(data []byte) images.Input {
		return images.Input{Name: "a", Read: func(context.Context) ([]byte, error) { return data, nil }}
	}) {
		got = append(got, fmt.Sprint(r.Err != nil, r.Value.Width, r.Value.Height))
	}
	if want := []string{"true 0 0", "true 0 0", "false 1 3000"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
