package rows

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/term"
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

// MarshalJSON leaves the list out of a row that failed.
func (r Segments) MarshalJSON() ([]byte, error) {
	var list *[]segment.Segment
	if r.Result.Segments != nil {
		list = &r.Result.Segments
	}
	return json.Marshal(struct {
		output.Head
		Segments *[]segment.Segment `json:"segments,omitempty"`
		Width    int                `json:"width,omitempty"`
		Height   int                `json:"height,omitempty"`
		output.Failure
	}{r.Head, list, r.Width, r.Height, r.Failure})
}

// SegmentsCodec is for segments: CSV has a record for each, or one without a rank where there is none.
var SegmentsCodec = &output.Codec[Segments]{
	Variant: "-segments",
	CSV: &output.CSV[Segments]{
		Columns: []string{"rank", "index", "id", "label", "share", "score", "value", "mask", "width", "height"},
		Write:   Segments.records,
		Read:    readSegment,
	},
	Parquet: output.Columns(Segments.columns, (*segmentsColumns).row, (*segmentsColumns).size),
	Table: &output.Table[Segments]{
		Columns: []grid.Column{grid.File("image"), grid.Number("class"), grid.Text("label"), grid.Number("share"), grid.Number("score")},
		Cells:   Segments.cells,
	},
}

func (r Segments) records(record func(...string)) error {
	size := []string{strconv.Itoa(r.Width), strconv.Itoa(r.Height)}
	if len(r.Result.Segments) == 0 {
		record(append(make([]string, 8), size...)...)
	}
	for i, s := range r.Result.Segments {
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
		record(append([]string{strconv.Itoa(i + 1), strconv.Itoa(s.Index), s.ID, s.Label, strconv.FormatFloat(s.Share, 'g', -1, 64), score, value, mask}, size...)...)
	}
	return nil
}

// readSegment reads a record of one segment, or of none.
func readSegment(row, before *Segments, f []string) (joined bool, err error) {
	number := func(column, field string, bits int) float64 {
		if field == "" || err != nil {
			return 0
		}
		v, e := strconv.ParseFloat(field, bits)
		if e != nil {
			err = fmt.Errorf("%s is no number", column)
		}
		return v
	}
	row.Width, row.Height = int(number("width", f[8], 64)), int(number("height", f[9], 64))
	row.Result.Segments = []segment.Segment{}
	if f[0] == "" || err != nil {
		return false, err
	}
	rank := int(number("rank", f[0], 64))
	s := segment.Segment{Index: int(number("index", f[1], 64)), ID: f[2], Label: f[3], Share: number("share", f[4], 64), Score: float32(number("score", f[5], 32)), Value: int(number("value", f[6], 64))}
	if f[7] != "" {
		s.Mask = &boxes.RLE{Size: [2]int{row.Height, row.Width}, Counts: f[7]}
	}
	switch {
	case err != nil:
		return false, err
	case rank < 1:
		return false, fmt.Errorf("rank %d is below 1", rank)
	case rank == 1:
		row.Result.Segments = append(row.Result.Segments, s)
		return false, nil
	case before == nil || before.Input != row.Input || len(before.Result.Segments) != rank-1:
		return false, fmt.Errorf("rank %d of %q does not follow rank %d", rank, row.Input, rank-1)
	}
	before.Result.Segments = append(before.Result.Segments, s)
	return true, nil
}

func (r Segments) cells(line func(...any)) {
	name := r.Input
	switch {
	case r.Error != nil: // the name stands beside it already
		line(name, "", "failed: "+strings.TrimPrefix(r.Error.Message, term.UTF8(name)+": "), "", "")
	case len(r.Result.Segments) == 0:
		line(name, "", "nothing found", "", "")
	}
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
func NameOfSegment(s segment.Segment) string {
	if s.Label == "" {
		return fmt.Sprintf("class %d", s.Index)
	}
	return s.Label
}

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
