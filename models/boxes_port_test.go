package models

import (
	"slices"
	"strings"
	"testing"

	"ortho/models/config"
	"ortho/runner/onnx"
)

// TestDetector: what says how boxes are read: metadata, shapes with labels, a person; and what is asked
// where nothing does.
func TestDetector(t *testing.T) {
	const f = onnx.Float
	ultralytics := map[string]string{"author": "Ultralytics", "task": "detect", "names": "{0: 'cat', 1: 'dog'}", "imgsz": "[64, 96]", "stride": "32", "head": "Detect", "args": "{'nms': None}"}
	fixed, open := tensor("images", f, "", 1, 3, 64, 96), tensor("images", f, "", "batch", 3, "height", "width")
	for name, c := range map[string]struct {
		in       onnx.Value
		out      []onnx.Value
		metadata map[string]string
		flags    []string
		want     string // the family and how images are resized, or else the error
	}{
		"metadata":              {fixed, list(tensor("output0", f, "", 1, 6, 126)), ultralytics, nil, "yolov8: fit into 64x96 in the image's own ratio, rounded, then pad"},
		"dynamic":               {open, list(tensor("output0", f, "", "batch", 6, "anchors")), ultralytics, nil, "yolov8: as each image asks for within 64x96, in multiples of 32"},
		"no metadata":           {fixed, list(tensor("output0", f, "", 1, 6, 126)), nil, nil, "may be those of yolov8"},
		"and a head":            {fixed, list(tensor("output0", f, "", 1, 6, 126)), nil, []string{"head", "yolov8"}, "yolov8: fit into 64x96"},
		"no such head":          {fixed, list(tensor("output0", f, "", 1, 6, 126)), nil, []string{"head", "yolo"}, `states the head "yolo"; there are yolov8, `},
		"another head":          {fixed, list(tensor("output0", f, "", 1, 6, 126)), nil, []string{"head", "yolox"}, "are not those of yolox"},
		"another resize":        {fixed, list(tensor("output0", f, "", 1, 6, 126)), ultralytics, []string{"resize", "squash"}, "yolov8: squash to 64x96"},
		"padding at the end":    {fixed, list(tensor("output0", f, "", 1, 6, 126)), ultralytics, []string{"pad-at", "start", "fill", "0"}, "yolov8: fit into 64x96"},
		"of other classes":      {fixed, list(tensor("output0", f, "", 1, 9, 126)), ultralytics, nil, "ONNX metadata states 2 classes"},
		"nothing that is known": {fixed, list(tensor("y", f, "", 1, 77)), nil, nil, "of no family of detectors"},
	} {
		var s Settings
		for i := 0; i < len(c.flags); i += 2 {
			if err := s.Set(c.flags[i], c.flags[i+1]); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Assume(config.ModelTask.Name(), string(Detect), "the test"); err != nil {
			t.Fatal(err)
		}
		m := opened(t, &onnx.Graph{Inputs: list(c.in), Outputs: c.out, Metadata: c.metadata}, nil, s)
		spec, err := m.Detector()
		if err != nil {
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s: %v, want %q", name, err, c.want)
			}
			continue
		}
		got := ""
		for _, key := range []string{"resize", "input-size"} {
			if i := slices.IndexFunc(m.Facts, func(f Fact) bool { return f.Key == key }); i >= 0 {
				got += "|" + spec.Head.Family.Name + ": " + m.Facts[i].Value
			}
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: %s, want %q", name, got, c.want)
		}
		if slices.ContainsFunc(m.Facts, func(f Fact) bool { return f.Source == "" }) {
			t.Errorf("%s: a fact has no source: %v", name, m.Facts)
		}
		if c.flags != nil && c.flags[0] == "pad-at" && (spec.Input.Fill != [3]uint8{} || spec.Input.Placement(10, 10).X != 0) {
			t.Errorf("%s: %+v", name, spec.Input)
		}
	}
}
