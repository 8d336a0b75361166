package rows

import (
	"strconv"

	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/output"
	"ortho/models/tag"
)

// Tags is the row of the tags of an image.
type Tags struct {
	output.Head
	Tags   []tag.Tag `json:"tags,omitzero"`
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

// TagsCodec is for tags: CSV has a record for each, or one without a rank where there is none.
var TagsCodec = &output.Codec[Tags]{
	Variant: "-tags",
	CSV: list[Tags, tag.Tag]{
		columns: []string{"index", "id", "label", "category", "probability"},
		write: func(_ Tags, t tag.Tag) ([]string, error) {
			return []string{strconv.Itoa(t.Index), t.ID, t.Label, t.Category, double(t.Probability)}, nil
		},
		read: func(_ *Tags, f *fields) tag.Tag {
			return tag.Tag{Index: f.whole("index"), ID: f.text("id"), Label: f.text("label"), Category: f.text("category"), Probability: f.decimal("probability", 64)}
		},
		more: size, writeMore: func(r Tags) []string { return sizeFields(r.Width, r.Height) },
		readMore: func(r *Tags, f *fields) { r.Width, r.Height = f.whole("width"), f.whole("height") },
		of:       func(r *Tags) *[]tag.Tag { return &r.Tags },
	}.csv(),
	Parquet: output.Columns(Tags.columns, (*tagsColumns).row, (*tagsColumns).size),
	Table: &output.Table[Tags]{
		Columns: []grid.Column{grid.File("image"), grid.Number("class"), grid.Text("tag"), grid.Text("category"), grid.Number("probability")},
		Cells:   Tags.cells,
	},
	Fields: Tags.fields,
}

func (r Tags) cells(line func(...any)) {
	instead(line, 5, r.Head, r.Failure, len(r.Tags), "no tag")
	name := r.Input
	for _, t := range r.Tags {
		line(name, t.Index, NameOfTag(t), t.Category, percent(t.Probability))
		name = ""
	}
}

// NameOfTag is a tag in words.
func NameOfTag(t tag.Tag) string { return named(t.Label, t.Index) }

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
