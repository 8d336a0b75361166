package rows

import (
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
