package rows

import (
	"bytes"
	"reflect"
	"strings"
	"testing"

	"ortho/cmd/ortho/internal/output"
	"ortho/models/boxes"
	"ortho/models/detect"
)

func someDetections() []Detections {
	angle := float32(0.5)
	return []Detections{
		{Head: output.Head{Input: "a.jpg"}, Result: detect.Result{Width: 3, Height: 2, Detections: []detect.Detection{
			{Index: 16, Label: "dog", Score: 0.91, Box: [4]float32{1, 0.5, 2.25, 2}},
			{Index: 0, Score: 0.5, Box: [4]float32{0, 0, 1, 1}, Angle: &angle, Keypoints: [][]float32{{1, 2, 0.5}, {0, 1, 1}}, Mask: &boxes.RLE{Size: [2]int{2, 3}, Counts: "123"}},
		}}},
		{Head: output.Head{Input: "b,\".jpg"}, Failure: failed("decode", "decode b.jpg: <cut> & short")},
		{Head: output.Head{Input: "7.jpg"}, Result: detect.Result{Width: 1, Height: 1, Detections: []detect.Detection{}}},
	}
}

// TestDetections: boxes in each format, and back.
func TestDetections(t *testing.T) {
	for format, want := range map[string]string{
		"jsonl": `{"input":"a.jpg","detections":[{"index":16,"label":"dog","score":0.91,"box":[1,0.5,2.25,2]},{"index":0,"score":0.5,"box":[0,0,1,1],"angle":0.5,"keypoints":[[1,2,0.5],[0,1,1]],"mask":{"size":[2,3],"counts":"123"}}],"width":3,"height":2}
{"input":"b,\".jpg","error":{"kind":"decode","message":"decode b.jpg: <cut> & short"}}
{"input":"7.jpg","detections":[],"width":1,"height":1}
`,
		"csv": `input,rank,index,id,label,score,x1,y1,x2,y2,angle,keypoints,mask,width,height,error_kind,error,input_bytes
a.jpg,1,16,,dog,0.91,1,0.5,2.25,2,,,,3,2,,,
a.jpg,2,0,,,0.5,0,0,1,1,0.5,"[[1,2,0.5],[0,1,1]]",123,3,2,,,
"b,"".jpg",,,,,,,,,,,,,,,decode,decode b.jpg: <cut> & short,
7.jpg,,,,,,,,,,,,,1,1,,,
`,
		"coco": `[
{"image_id":"a","category_id":16,"bbox":[1,0.5,1.25,1.5],"score":0.91,"file_name":"a.jpg","category":"dog"},
{"image_id":"a","category_id":0,"bbox":[0,0,1,1],"score":0.5,"segmentation":{"size":[2,3],"counts":"123"},"keypoints":[1,2,0.5,0,1,1],"angle":0.5,"file_name":"a.jpg"}
]
`,
		"table":   "",
		"parquet": "",
	} {
		var b bytes.Buffer
		w, err := DetectionsCodec.Writer(format, &b, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range someDetections() {
			if err := w.Write(row); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil || want != "" && b.String() != want {
			t.Errorf("%s: %v\n%s\nwant\n%s", format, err, b.String(), want)
		}
		if !output.ReadsBack(format) {
			continue
		}
		var back []Detections
		for row, err := range DetectionsCodec.Read(format, bytes.NewReader(b.Bytes()), int64(b.Len())) {
			if err != nil {
				t.Fatalf("%s: %v", format, err)
			}
			back = append(back, row)
		}
		if !reflect.DeepEqual(back, someDetections()) {
			t.Errorf("%s: %+v", format, back)
		}
	}
}

// TestYOLOLabels: a line for each box, in parts of the image.
func TestYOLOLabels(t *testing.T) {
	var b strings.Builder
	for _, row := range someDetections() {
		if err := YOLO(&b, row.Result); err != nil {
			t.Fatal(err)
		}
	}
	lines := strings.Split(b.String(), "\n")
	if len(lines) != 3 || lines[0] != "16 0.541667 0.625 0.416667 0.75 0.91" || !strings.HasPrefix(lines[1], "0 0.100") || len(strings.Fields(lines[1])) != 1+8+6+1 {
		t.Errorf("%q", lines)
	}
}
