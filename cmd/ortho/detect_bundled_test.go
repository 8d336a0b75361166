package main

import (
	"encoding/json"
	"math"
	"os"
	"strconv"
	"testing"

	"ortho/cmd/ortho/internal/rows"
)

// TestDetectBundled holds that the bundled detector's boxes are those of MediaPipe's steps on LiteRT.
// scripts/export_ssd_mobilenet_v2.py wrote them.
func TestDetectBundled(t *testing.T) {
	data, err := os.ReadFile("testdata/detect/ssd-mobilenet-v2.json")
	if err != nil {
		t.Fatal(err)
	}
	var golden struct {
		Least  float64
		Photos map[string][][6]float64 // class, score, x1, y1, x2, y2
	}
	if err := json.Unmarshal(data, &golden); err != nil {
		t.Fatal(err)
	}
	for photo, want := range golden.Photos {
		code, stdout, stderr := ortho(t, "detect", "--conf", strconv.FormatFloat(golden.Least, 'g', -1, 64), "testdata/photos/"+photo)
		var row rows.Detections
		if err := json.Unmarshal([]byte(stdout), &row); code != 0 || err != nil {
			t.Fatalf("%s: %d, %v, %s", photo, code, err, stderr)
		}
		if len(row.Detections) != len(want) {
			t.Errorf("%s: %d boxes, want %d", photo, len(row.Detections), len(want))
			continue
		}
		for i, w := range want {
			got := row.Detections[i]
			same := got.Index == int(w[0]) && math.Abs(float64(got.Score)-w[1]) < 1e-4
			for k, v := range got.Box {
				same = same && math.Abs(float64(v)-w[k+2]) < 0.05
			}
			if !same {
				t.Errorf("%s: box %d is %+v, want %v", photo, i, got, w)
			}
		}
	}
}
