package rows

import (
	"fmt"
	"strconv"

	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/output"
)

// Duplicates is the row of images that are the same, or alike; or of one that can't be read.
type Duplicates struct {
	output.Head        // the first of them
	Kind        string `json:"kind,omitempty"` // exact: all have the same bytes; near: they look alike
	Images      []Twin `json:"images,omitzero"`
	output.Failure
}

// Twin is one of them. Distances are from the first.
type Twin struct {
	Input    string   `json:"input" parquet:"input"`
	SHA256   string   `json:"sha256" parquet:"sha256"`
	PHash    string   `json:"phash" parquet:"phash"` // imagehash's, hexadecimal
	DHash    string   `json:"dhash" parquet:"dhash"`
	Distance int      `json:"distance" parquet:"distance"`                // bits, of the hash that they were compared by
	Cosine   *float64 `json:"cosine,omitempty" parquet:"cosine,optional"` // of the embeddings, where a model made some
	Width    int      `json:"width" parquet:"width"`
	Height   int      `json:"height" parquet:"height"`
}

// Results is 1, or 0 where an image failed.
func (r Duplicates) Results() int {
	if r.Images == nil {
		return 0
	}
	return 1
}

// DuplicatesCodec is for groups of images: CSV has a record for each of them.
var DuplicatesCodec = &output.Codec[Duplicates]{
	Variant: "-duplicates",
	CSV: list[Duplicates, Twin]{
		columns: []string{"image", "sha256", "phash", "dhash", "distance", "cosine", "width", "height"},
		write:   twinFields,
		read:    readTwin,
		more:    []string{"kind"}, writeMore: func(r Duplicates) []string { return []string{r.Kind} },
		readMore: func(r *Duplicates, f *fields) { r.Kind = f.text("kind") },
		of:       func(r *Duplicates) *[]Twin { return &r.Images },
	}.csv(),
	Parquet: output.Columns(Duplicates.columns, (*duplicatesColumns).row, (*duplicatesColumns).size),
	Table: &output.Table[Duplicates]{
		Columns: []grid.Column{grid.Text("group"), grid.File("image"), grid.Text("size"), grid.Number("bits"), grid.Number("cosine")},
		Cells:   Duplicates.cells,
	},
	Fields: Duplicates.fields,
}

func twinFields(_ Duplicates, t Twin) ([]string, error) {
	cosine := ""
	if t.Cosine != nil {
		cosine = double(*t.Cosine)
	}
	return append([]string{t.Input, t.SHA256, t.PHash, t.DHash, strconv.Itoa(t.Distance), cosine}, sizeFields(t.Width, t.Height)...), nil
}

func readTwin(_ *Duplicates, f *fields) Twin {
	t := Twin{Input: f.text("image"), SHA256: f.text("sha256"), PHash: f.text("phash"), DHash: f.text("dhash"), Distance: f.whole("distance"), Width: f.whole("width"), Height: f.whole("height")}
	if f.given("cosine") {
		cosine := f.decimal("cosine", 64)
		t.Cosine = &cosine
	}
	return t
}

func (r Duplicates) cells(line func(...any)) {
	if r.Error != nil {
		line("failed", r.Input, r.Error.Message, "", "")
		return
	}
	kind := r.Kind
	for _, t := range r.Images {
		cosine := ""
		if t.Cosine != nil {
			cosine = fmt.Sprintf("%.3f", *t.Cosine)
		}
		line(kind, t.Input, fmt.Sprintf("%dx%d", t.Width, t.Height), fmt.Sprint(t.Distance), cosine)
		kind = ""
	}
}

type duplicatesColumns struct {
	Input      string        `parquet:"input"`
	Kind       string        `parquet:"kind,optional"`
	Images     []Twin        `parquet:"images,optional,list"`
	Error      *output.Error `parquet:"error,optional"`
	InputBytes []byte        `parquet:"input_bytes,optional"`
}

func (r Duplicates) columns() (c duplicatesColumns) {
	c.Input, c.InputBytes = r.UTF8()
	c.Kind, c.Images, c.Error = r.Kind, r.Images, r.Error
	return c
}

func (c *duplicatesColumns) row() (r Duplicates) {
	r.Head, r.Error = output.HeadOf(c.Input, c.InputBytes), c.Error
	r.Kind, r.Images = c.Kind, c.Images
	return r
}

func (c *duplicatesColumns) size() int { return len(c.Input) + 256*len(c.Images) + 64 }
