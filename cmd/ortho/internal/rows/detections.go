package rows

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/output"
	"ortho/models/boxes"
	"ortho/models/detect"
)

// Detections is the row of what was found in an image.
type Detections struct {
	output.Head
	detect.Result
	output.Failure
}

// OfDetections makes the row of what was found in an image.
func OfDetections(name string, found detect.Result) Detections {
	return Detections{Head: output.Head{Input: name}, Result: found}
}

// Results counts what the row says.
func (r Detections) Results() int {
	if r.Result.Detections == nil {
		return 0
	}
	return 1
}

// DetectionsCodec is for boxes: CSV has a record for each, or one without a rank where there is none.
var DetectionsCodec = &output.Codec[Detections]{
	Variant: "-detections",
	CSV: list[Detections, detect.Detection]{
		columns: []string{"index", "id", "label", "score", "x1", "y1", "x2", "y2", "angle", "keypoints", "mask"},
		write:   detectionFields,
		read:    readDetection,
		more:    size, writeMore: func(r Detections) []string { return sizeFields(r.Width, r.Height) },
		readMore: func(r *Detections, f *fields) { r.Width, r.Height = f.whole("width"), f.whole("height") },
		of:       func(r *Detections) *[]detect.Detection { return &r.Result.Detections },
	}.csv(),
	Own:     map[string]func(io.Writer) output.Writer[Detections]{"coco": newCOCO},
	Parquet: output.Columns(Detections.columns, (*detectionsColumns).row, (*detectionsColumns).size),
	Table: &output.Table[Detections]{
		Columns: []grid.Column{grid.File("image"), grid.Number("class"), grid.Text("label"), grid.Number("score"), grid.Text("box")},
		Cells:   Detections.cells,
	},
	Fields: Detections.fields,
}

func detectionFields(_ Detections, d detect.Detection) ([]string, error) {
	all := []string{strconv.Itoa(d.Index), d.ID, d.Label, float(d.Score)}
	for _, v := range d.Box {
		all = append(all, float(v))
	}
	angle, points, mask := "", "", ""
	if d.Angle != nil {
		angle = float(*d.Angle)
	}
	if d.Keypoints != nil {
		text, err := json.Marshal(d.Keypoints)
		if err != nil {
			return nil, err
		}
		points = string(text)
	}
	if d.Mask != nil {
		mask = d.Mask.Counts
	}
	return append(all, angle, points, mask), nil
}

func readDetection(row *Detections, f *fields) (d detect.Detection) {
	d.Index, d.ID, d.Label, d.Score = f.whole("index"), f.text("id"), f.text("label"), float32(f.decimal("score", 32))
	for i, side := range []string{"x1", "y1", "x2", "y2"} {
		d.Box[i] = float32(f.decimal(side, 32))
	}
	if f.given("angle") {
		angle := float32(f.decimal("angle", 32))
		d.Angle = &angle
	}
	if f.given("keypoints") {
		if err := json.Unmarshal([]byte(f.text("keypoints")), &d.Keypoints); err != nil && f.err == nil {
			f.err = fmt.Errorf("keypoints: %w", err)
		}
	}
	if f.given("mask") {
		d.Mask = &boxes.RLE{Size: [2]int{row.Height, row.Width}, Counts: f.text("mask")}
	}
	return d
}

func (r Detections) cells(line func(...any)) {
	instead(line, 5, r.Head, r.Failure, len(r.Result.Detections), "nothing found")
	name := r.Input
	for _, d := range r.Result.Detections {
		box := fmt.Sprintf("%.0f,%.0f to %.0f,%.0f", d.Box[0], d.Box[1], d.Box[2], d.Box[3])
		if d.Angle != nil {
			box += fmt.Sprintf(", turned by %.2f", *d.Angle)
		}
		line(name, d.Index, NameOfClass(d), percent(float64(d.Score)), box)
		name = ""
	}
}

// NameOfClass is the class of a detection in words.
func NameOfClass(d detect.Detection) string { return named(d.Label, d.Index) }

// detectionColumn is a box in Parquet.
type detectionColumn struct {
	Index     int32     `parquet:"index"`
	Label     string    `parquet:"label,optional,dict"`
	ID        string    `parquet:"id,optional,dict"`
	Score     float32   `parquet:"score"`
	X1        float32   `parquet:"x1"`
	Y1        float32   `parquet:"y1"`
	X2        float32   `parquet:"x2"`
	Y2        float32   `parquet:"y2"`
	Angle     *float32  `parquet:"angle,optional"`
	Keypoints []float32 `parquet:"keypoints,optional,list"` // one after the other
	Each      int32     `parquet:"keypoint_numbers,optional"`
	Mask      string    `parquet:"mask,optional"`
}

// detectionsColumns are those of Parquet.
type detectionsColumns struct {
	Input      string            `parquet:"input"`
	Detections []detectionColumn `parquet:"detections,optional,list"`
	Error      *output.Error     `parquet:"error,optional"`
	Width      int32             `parquet:"width,optional"`
	Height     int32             `parquet:"height,optional"`
	InputBytes []byte            `parquet:"input_bytes,optional"`
}

func (r Detections) columns() (c detectionsColumns) {
	c.Input, c.InputBytes = r.UTF8()
	c.Error, c.Width, c.Height = r.Error, int32(r.Width), int32(r.Height)
	if r.Result.Detections != nil {
		c.Detections = make([]detectionColumn, len(r.Result.Detections))
	}
	for i, d := range r.Result.Detections {
		one := detectionColumn{Index: int32(d.Index), Label: d.Label, ID: d.ID, Score: d.Score, X1: d.Box[0], Y1: d.Box[1], X2: d.Box[2], Y2: d.Box[3], Angle: d.Angle}
		for _, p := range d.Keypoints {
			one.Each = int32(len(p))
			one.Keypoints = append(one.Keypoints, p...)
		}
		if d.Mask != nil {
			one.Mask = d.Mask.Counts
		}
		c.Detections[i] = one
	}
	return c
}

func (c *detectionsColumns) row() (r Detections) {
	r.Head, r.Error = output.HeadOf(c.Input, c.InputBytes), c.Error
	r.Width, r.Height = int(c.Width), int(c.Height)
	if c.Detections != nil || c.Error == nil {
		r.Result.Detections = make([]detect.Detection, len(c.Detections))
	}
	for i, o := range c.Detections {
		d := detect.Detection{Index: int(o.Index), Label: o.Label, ID: o.ID, Score: o.Score, Box: [4]float32{o.X1, o.Y1, o.X2, o.Y2}, Angle: o.Angle}
		if n := int(o.Each); n > 0 {
			for k := 0; k+n <= len(o.Keypoints); k += n {
				d.Keypoints = append(d.Keypoints, o.Keypoints[k:k+n:k+n])
			}
		}
		if o.Mask != "" {
			d.Mask = &boxes.RLE{Size: [2]int{r.Height, r.Width}, Counts: o.Mask}
		}
		r.Result.Detections[i] = d
	}
	return r
}

func (c *detectionsColumns) size() int {
	n := 2*len(c.Input) + 64
	for _, d := range c.Detections {
		n += 48 + len(d.Label) + len(d.ID) + 4*len(d.Keypoints) + len(d.Mask)
	}
	return n
}
