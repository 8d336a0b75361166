package rows

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/term"
	"ortho/models/tag"
)

// Tags is the row of the tags of an image.
type Tags struct {
	output.Head
	Tags   []tag.Tag `json:"tags"`
	Width  int       `json:"width,omitempty"`
	Height int       `json:"height,omitempty"`
	output.Failure
}

// Results counts what the row says.
func (r Tags) Results() int {
	if r.Tags == nil {
		return 0
	}
	return 1
}

// MarshalJSON leaves the list out of a row that failed.
func (r Tags) MarshalJSON() ([]byte, error) {
	var list *[]tag.Tag
	if r.Tags != nil {
		list = &r.Tags
	}
	return json.Marshal(struct {
		output.Head
		Tags   *[]tag.Tag `json:"tags,omitempty"`
		Width  int        `json:"width,omitempty"`
		Height int        `json:"height,omitempty"`
		output.Failure
	}{r.Head, list, r.Width, r.Height, r.Failure})
}

// TagsCodec is for tags: CSV has a record for each, or one without a rank where there is none.
var TagsCodec = &output.Codec[Tags]{
	Variant: "-tags",
	CSV: &output.CSV[Tags]{
		Columns: []string{"rank", "index", "id", "label", "category", "probability", "width", "height"},
		Write:   Tags.records,
		Read:    readTag,
	},
	Parquet: output.Columns(Tags.columns, (*tagsColumns).row, (*tagsColumns).size),
	Table: &output.Table[Tags]{
		Columns: []grid.Column{grid.File("image"), grid.Number("class"), grid.Text("tag"), grid.Text("category"), grid.Number("probability")},
		Cells:   Tags.cells,
	},
}

func (r Tags) records(record func(...string)) error {
	size := []string{strconv.Itoa(r.Width), strconv.Itoa(r.Height)}
	if len(r.Tags) == 0 {
		record(append(make([]string, 6), size...)...)
	}
	for i, t := range r.Tags {
		record(append([]string{strconv.Itoa(i + 1), strconv.Itoa(t.Index), t.ID, t.Label, t.Category, strconv.FormatFloat(t.Probability, 'g', -1, 64)}, size...)...)
	}
	return nil
}

// readTag reads a record of one tag, or of none.
func readTag(row, before *Tags, f []string) (joined bool, err error) {
	number := func(column, field string) float64 {
		if field == "" || err != nil {
			return 0
		}
		v, e := strconv.ParseFloat(field, 64)
		if e != nil {
			err = fmt.Errorf("%s is no number", column)
		}
		return v
	}
	row.Width, row.Height, row.Tags = int(number("width", f[6])), int(number("height", f[7])), []tag.Tag{}
	if f[0] == "" || err != nil {
		return false, err
	}
	rank := int(number("rank", f[0]))
	t := tag.Tag{Index: int(number("index", f[1])), ID: f[2], Label: f[3], Category: f[4], Probability: number("probability", f[5])}
	switch {
	case err != nil:
		return false, err
	case rank < 1:
		return false, fmt.Errorf("rank %d is below 1", rank)
	case rank == 1:
		row.Tags = append(row.Tags, t)
		return false, nil
	case before == nil || before.Input != row.Input || len(before.Tags) != rank-1:
		return false, fmt.Errorf("rank %d of %q does not follow rank %d", rank, row.Input, rank-1)
	}
	before.Tags = append(before.Tags, t)
	return true, nil
}

func (r Tags) cells(line func(...any)) {
	name := r.Input
	switch {
	case r.Error != nil: // the name stands beside it already
		line(name, "", "failed: "+strings.TrimPrefix(r.Error.Message, term.UTF8(name)+": "), "", "")
	case len(r.Tags) == 0:
		line(name, "", "no tag", "", "")
	}
	for _, t := range r.Tags {
		line(name, t.Index, NameOfTag(t), t.Category, percent(t.Probability))
		name = ""
	}
}

// NameOfTag is a tag in words.
func NameOfTag(t tag.Tag) string {
	if t.Label == "" {
		return fmt.Sprintf("class %d", t.Index)
	}
	return t.Label
}

// tagColumn is a tag in Parquet.
type tagColumn struct {
	Index       int32   `parquet:"index"`
	Label       string  `parquet:"label,optional,dict"`
	ID          string  `parquet:"id,optional,dict"`
	Category    string  `parquet:"category,optional,dict"`
	Probability float64 `parquet:"probability"`
}

// tagsColumns are those of Parquet.
type tagsColumns struct {
	Input      string        `parquet:"input"`
	Tags       []tagColumn   `parquet:"tags,optional,list"`
	Error      *output.Error `parquet:"error,optional"`
	Width      int32         `parquet:"width,optional"`
	Height     int32         `parquet:"height,optional"`
	InputBytes []byte        `parquet:"input_bytes,optional"`
}

func (r Tags) columns() (c tagsColumns) {
	c.Input, c.InputBytes = r.UTF8()
	c.Error, c.Width, c.Height = r.Error, int32(r.Width), int32(r.Height)
	if r.Tags != nil {
		c.Tags = make([]tagColumn, len(r.Tags))
	}
	for i, t := range r.Tags {
		c.Tags[i] = tagColumn{int32(t.Index), t.Label, t.ID, t.Category, t.Probability}
	}
	return c
}

func (c *tagsColumns) row() (r Tags) {
	r.Head, r.Error = output.HeadOf(c.Input, c.InputBytes), c.Error
	r.Width, r.Height = int(c.Width), int(c.Height)
	if c.Tags != nil || c.Error == nil {
		r.Tags = make([]tag.Tag, len(c.Tags))
	}
	for i, t := range c.Tags {
		r.Tags[i] = tag.Tag{Index: int(t.Index), Label: t.Label, ID: t.ID, Category: t.Category, Probability: t.Probability}
	}
	return r
}

func (c *tagsColumns) size() int {
	n := 2*len(c.Input) + 64
	for _, t := range c.Tags {
		n += 24 + len(t.Label) + len(t.ID) + len(t.Category)
	}
	return n
}
