package rows

import (
	"strconv"

	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/output"
	"ortho/models/boxes"
	"ortho/models/segment"
)

// Segments is the row of how an image is divided.
type Segments struct {
	output.Head
	segment.Result
	output.Failure
}

// OfSegments makes the row of how an image is divided.
func OfSegments(name string, r segment.Result) Segments {
	r.Map = nil
	return Segments{Head: output.Head{Input: name}, Result: r}
}

// Results counts what the row says.
func (r Segments) Results() int {
	if r.Result.Segments == nil {
		return 0
	}
	return 1
}

// SegmentsCodec is for segments: CSV has a record for each, or one without a rank where there is none.
var SegmentsCodec = &output.Codec[Segments]{
	Variant: "-segments",
	CSV: list[Segments, segment.Segment]{
		columns: []string{"index", "id", "label", "share", "score", "value", "mask"},
		write:   segmentFields,
		read:    readSegment,
		more:    size, writeMore: func(r Segments) []string { return sizeFields(r.Width, r.Height) },
		readMore: func(r *Segments, f *fields) { r.Width, r.Height = f.whole("width"), f.whole("height") },
		of:       func(r *Segments) *[]segment.Segment { return &r.Result.Segments },
	}.csv(),
	Parquet: output.Columns(Segments.columns, (*segmentsColumns).row, (*segmentsColumns).size),
	Table: &output.Table[Segments]{
		Columns: []grid.Column{grid.File("image"), grid.Number("class"), grid.Text("label"), grid.Number("share"), grid.Number("score")},
		Cells:   Segments.cells,
	},
	Fields: Segments.fields,
}

func segmentFields(_ Segments, s segment.Segment) ([]string, error) {
	score, value, mask := "", "", ""
	if s.Score != 0 {
		score = float(s.Score)
	}
	if s.Value != 0 {
		value = strconv.Itoa(s.Value)
	}
	if s.Mask != nil {
		mask = s.Mask.Counts
	}
	return []string{strconv.Itoa(s.Index), s.ID, s.Label, double(s.Share), score, value, mask}, nil
}

func readSegment(row *Segments, f *fields) segment.Segment {
	s := segment.Segment{Index: f.whole("index"), ID: f.text("id"), Label: f.text("label"), Share: f.decimal("share", 64), Score: float32(f.decimal("score", 32)), Value: f.whole("value")}
	if f.given("mask") {
		s.Mask = &boxes.RLE{Size: [2]int{row.Height, row.Width}, Counts: f.text("mask")}
	}
	return s
}

func (r Segments) cells(line func(...any)) {
	instead(line, 5, r.Head, r.Failure, len(r.Result.Segments), "nothing found")
	name := r.Input
	for _, s := range r.Result.Segments {
		score := ""
		if s.Score != 0 {
			score = percent(float64(s.Score))
		}
		line(name, s.Index, NameOfSegment(s), percent(s.Share), score)
		name = ""
	}
}

// NameOfSegment is the class of a segment in words.
func NameOfSegment(s segment.Segment) string { return named(s.Label, s.Index) }

// segmentColumn is a segment in Parquet.
type segmentColumn struct {
	Index int32   `parquet:"index"`
	Label string  `parquet:"label,optional,dict"`
	ID    string  `parquet:"id,optional,dict"`
	Share float64 `parquet:"share"`
	Score float32 `parquet:"score,optional"`
	Value int32   `parquet:"value,optional"`
	Mask  string  `parquet:"mask,optional"`
}

// segmentsColumns are those of Parquet.
type segmentsColumns struct {
	Input      string          `parquet:"input"`
	Segments   []segmentColumn `parquet:"segments,optional,list"`
	Error      *output.Error   `parquet:"error,optional"`
	Width      int32           `parquet:"width,optional"`
	Height     int32           `parquet:"height,optional"`
	InputBytes []byte          `parquet:"input_bytes,optional"`
}

func (r Segments) columns() (c segmentsColumns) {
	c.Input, c.InputBytes = r.UTF8()
	c.Error, c.Width, c.Height = r.Error, int32(r.Width), int32(r.Height)
	if r.Result.Segments != nil {
		c.Segments = make([]segmentColumn, len(r.Result.Segments))
	}
	for i, s := range r.Result.Segments {
		one := segmentColumn{Index: int32(s.Index), Label: s.Label, ID: s.ID, Share: s.Share, Score: s.Score, Value: int32(s.Value)}
		if s.Mask != nil {
			one.Mask = s.Mask.Counts
		}
		c.Segments[i] = one
	}
	return c
}

func (c *segmentsColumns) row() (r Segments) {
	r.Head, r.Error = output.HeadOf(c.Input, c.InputBytes), c.Error
	r.Width, r.Height = int(c.Width), int(c.Height)
	if c.Segments != nil || c.Error == nil {
		r.Result.Segments = make([]segment.Segment, len(c.Segments))
	}
	for i, o := range c.Segments {
		s := segment.Segment{Index: int(o.Index), Label: o.Label, ID: o.ID, Share: o.Share, Score: o.Score, Value: int(o.Value)}
		if o.Mask != "" {
			s.Mask = &boxes.RLE{Size: [2]int{r.Height, r.Width}, Counts: o.Mask}
		}
		r.Result.Segments[i] = s
	}
	return r
}

func (c *segmentsColumns) size() int {
	n := 2*len(c.Input) + 64
	for _, s := range c.Segments {
		n += 48 + len(s.Label) + len(s.ID) + len(s.Mask)
	}
	return n
}
