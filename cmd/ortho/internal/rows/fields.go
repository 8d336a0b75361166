package rows

import (
	"cmp"
	"slices"

	"ortho/cmd/ortho/internal/output"
	"ortho/models/classify"
)

// What --where knows of rows; see package where.

// rowFields are those of every row.
type rowFields struct {
	Input string `expr:"input"`
	Error string `expr:"error"` // "": none
}

// classFields are those of a class.
type classFields struct {
	Label string  `expr:"label"`
	P     float64 `expr:"p"`
	Index int     `expr:"index"`
	ID    string  `expr:"id"`
	Rank  int     `expr:"rank"`
}

// classesFields are those of the best class, and all.
type classesFields struct {
	classFields
	Classes []classFields `expr:"classes"`
	rowFields
}

type imageFields struct {
	classesFields
	Width  int `expr:"width"`
	Height int `expr:"height"`
}

type textFields struct {
	classesFields
	Doubt string `expr:"doubt"`
}

// checkedFields are those of an object that was checked.
type checkedFields struct {
	Object string `expr:"object"`
	Status string `expr:"status"`
	Label  string `expr:"label"` // of the box; "": none
}

type descriptionFields struct {
	Class      string          `expr:"class"`
	Index      int             `expr:"index"` // -1: none of the candidates
	Sentence   string          `expr:"sentence"`
	Objects    []string        `expr:"objects"`
	Attributes []string        `expr:"attributes"`
	Scene      string          `expr:"scene"`
	Tokens     int             `expr:"tokens"`
	Checked    []checkedFields `expr:"checked"`
	Cached     bool            `expr:"cached"`
	rowFields
}

func rowFieldsOf(head output.Head, failure output.Failure) (f rowFields) {
	if f.Input = head.Input; failure.Error != nil {
		f.Error = failure.Error.Message
	}
	return f
}

func classesFieldsOf(all []classify.Prediction, row rowFields) (f classesFields) {
	f.rowFields = row
	for i, p := range all {
		f.Classes = append(f.Classes, classFields{p.Label, p.Probability, p.Index, p.ID, i + 1})
	}
	if len(f.Classes) > 0 {
		f.classFields = f.Classes[0]
	}
	return f
}

func (r Classes) fields() any {
	return imageFields{classesFieldsOf(r.Predictions, rowFieldsOf(r.Head, r.Failure)), r.Width, r.Height}
}

func (r Texts) fields() any {
	return textFields{classesFieldsOf(r.Predictions, rowFieldsOf(r.Head, r.Failure)), r.Doubt}
}

func (r Embeddings) fields() any { return rowFieldsOf(r.Head, r.Failure) }

func (r Descriptions) fields() any {
	f := descriptionFields{rowFields: rowFieldsOf(r.Head, r.Failure), Index: -1}
	if d := r.Description; d != nil {
		f.Class, f.Sentence, f.Objects, f.Attributes, f.Scene, f.Tokens, f.Cached = d.Class, d.Sentence, d.Objects, d.Attributes, d.Scene, d.Tokens, d.Cached
		if d.Index != nil {
			f.Index = *d.Index
		}
		for _, m := range d.Checked {
			f.Checked = append(f.Checked, checkedFields{m.Name, string(m.Status), m.Label})
		}
	}
	return f
}

// boxFields are those of an object that was found.
type boxFields struct {
	Label string  `expr:"label"`
	P     float64 `expr:"p"` // its score
	Index int     `expr:"index"`
	ID    string  `expr:"id"`
	X1    float64 `expr:"x1"`
	Y1    float64 `expr:"y1"`
	X2    float64 `expr:"x2"`
	Y2    float64 `expr:"y2"`
}

// detectionsFields are those of the best box, and all.
type detectionsFields struct {
	boxFields
	Detections []boxFields `expr:"detections"`
	imageSize
	rowFields
}

type imageSize struct {
	Width  int `expr:"width"`
	Height int `expr:"height"`
}

func (r Detections) fields() any {
	f := detectionsFields{rowFields: rowFieldsOf(r.Head, r.Failure), imageSize: imageSize{r.Width, r.Height}}
	for _, d := range r.Result.Detections {
		b := d.Box
		f.Detections = append(f.Detections, boxFields{d.Label, float64(d.Score), d.Index, d.ID, float64(b[0]), float64(b[1]), float64(b[2]), float64(b[3])})
	}
	if len(f.Detections) > 0 {
		f.boxFields = f.Detections[0]
	}
	return f
}

type segmentPart struct {
	Label string  `expr:"label"`
	Share float64 `expr:"share"`
	P     float64 `expr:"p"` // its score; 0: it has none
	Index int     `expr:"index"`
	ID    string  `expr:"id"`
}

// segmentsFields are those of the largest segment, and all.
type segmentsFields struct {
	segmentPart
	Segments []segmentPart `expr:"segments"`
	imageSize
	rowFields
}

func (r Segments) fields() any {
	f := segmentsFields{rowFields: rowFieldsOf(r.Head, r.Failure), imageSize: imageSize{r.Width, r.Height}}
	for _, s := range r.Result.Segments {
		f.Segments = append(f.Segments, segmentPart{s.Label, s.Share, float64(s.Score), s.Index, s.ID})
	}
	if len(f.Segments) > 0 {
		f.segmentPart = slices.MaxFunc(f.Segments, func(a, b segmentPart) int { return cmp.Compare(a.Share, b.Share) })
	}
	return f
}

type tagFields struct {
	Label    string  `expr:"label"`
	P        float64 `expr:"p"`
	Category string  `expr:"category"`
	Index    int     `expr:"index"`
	ID       string  `expr:"id"`
}

// tagsFields are those of the first tag, and all.
type tagsFields struct {
	tagFields
	Tags []tagFields `expr:"tags"`
	imageSize
	rowFields
}

func (r Tags) fields() any {
	f := tagsFields{rowFields: rowFieldsOf(r.Head, r.Failure), imageSize: imageSize{r.Width, r.Height}}
	for _, t := range r.Tags {
		f.Tags = append(f.Tags, tagFields{t.Label, t.Probability, t.Category, t.Index, t.ID})
	}
	if len(f.Tags) > 0 {
		f.tagFields = f.Tags[0]
	}
	return f
}

// depthFields are the least, the largest and the mean value of a map, and their spread.
type depthFields struct {
	Min  float64 `expr:"min"`
	Max  float64 `expr:"max"`
	Mean float64 `expr:"mean"`
	Std  float64 `expr:"std"`
	Unit string  `expr:"unit"` // "": values are relative
	imageSize
	rowFields
}

func (r Depth) fields() any {
	f := depthFields{rowFields: rowFieldsOf(r.Head, r.Failure), imageSize: imageSize{r.Width, r.Height}}
	if d := r.Result.Depth; d != nil {
		f.Min, f.Max, f.Mean, f.Std, f.Unit = float64(d.Min), float64(d.Max), d.Mean, d.Std, d.Unit
	}
	return f
}

type matchFields struct {
	Match  string  `expr:"match"`
	Cosine float64 `expr:"cosine"`
}

// matchesFields are those of the nearest, and all.
type matchesFields struct {
	matchFields
	Matches []matchFields `expr:"matches"`
	rowFields
}

func (r Matches) fields() any {
	f := matchesFields{rowFields: rowFieldsOf(r.Head, r.Failure)}
	for _, m := range r.Matches {
		f.Matches = append(f.Matches, matchFields{m.Input, m.Cosine})
	}
	if len(f.Matches) > 0 {
		f.matchFields = f.Matches[0]
	}
	return f
}

type twinPart struct {
	Image    string  `expr:"image"`
	Distance int     `expr:"distance"`
	Cosine   float64 `expr:"cosine"` // 0: there is none
	Width    int     `expr:"width"`
	Height   int     `expr:"height"`
}

type duplicatesFields struct {
	Kind   string     `expr:"kind"`
	Images []twinPart `expr:"images"`
	rowFields
}

func (r Duplicates) fields() any {
	f := duplicatesFields{Kind: r.Kind, rowFields: rowFieldsOf(r.Head, r.Failure)}
	for _, t := range r.Images {
		one := twinPart{Image: t.Input, Distance: t.Distance, Width: t.Width, Height: t.Height}
		if t.Cosine != nil {
			one.Cosine = *t.Cosine
		}
		f.Images = append(f.Images, one)
	}
	return f
}

type pictureFields struct {
	File string `expr:"file"`
	Text string `expr:"text"`
	imageSize
	rowFields
}

func (r Pictures) fields() any {
	return pictureFields{r.File, r.Text, imageSize{r.Width, r.Height}, rowFieldsOf(r.Head, r.Failure)}
}
