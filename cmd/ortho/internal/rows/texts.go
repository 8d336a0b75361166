package rows

import (
	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/term"
	"ortho/models/classify"
)

// Texts are the classes of a text, which has no size.
type Texts struct {
	output.Head
	Predictions []classify.Prediction `json:"predictions,omitzero"`
	Doubt       string                `json:"doubt,omitempty"` // why they are no answer
	Output      *classify.Output      `json:"output,omitempty"`
	Logits      []float32             `json:"logits,omitempty"`
	output.Failure
}

// OfText makes the row of a classifier's result for a text.
func OfText(name string, result classify.TextResult) Texts {
	r := Texts{Head: output.Head{Input: name}, Doubt: term.UTF8(result.Doubt), Logits: result.Logits}
	r.Predictions, r.Output = answer(result.Result)
	return r
}

// Results is 1, or 0 where the text failed.
func (r Texts) Results() int { return results(r.Predictions, r.Output) }

// TextsCodec is for the classes of texts.
var TextsCodec = &output.Codec[Texts]{
	Variant: "-texts",
	CSV:     &output.CSV[Texts]{Columns: append(classColumns, "doubt"), Number: isNumber, Write: Texts.records, Read: (*Texts).read},
	Wide:    wideTexts,
	Parquet: output.Columns(Texts.columns, (*textsColumns).row, (*textsColumns).size),
	Table:   &output.Table[Texts]{Columns: cellColumns(grid.Text("text")), Cells: Texts.cells},
	Fields:  Texts.fields,
}

func (r Texts) records(record func(...string)) error {
	return classRecords(r.Predictions, r.Output, r.Logits, record, r.Doubt)
}

func (r *Texts) read(before *Texts, fields []string) (joined bool, err error) {
	one, rank, err := readClass(fields)
	if err != nil {
		return false, err
	}
	if rank <= 1 {
		r.Predictions, r.Doubt = one, fields[5]
		return false, nil
	}
	if before == nil {
		before = &Texts{}
	}
	before.Predictions, err = follow(r.Input, rank, one, before.Input, before.Predictions)
	return err == nil, err
}

// wideTexts has a record for each text.
func wideTexts(n int) *output.CSV[Texts] {
	return &output.CSV[Texts]{
		Columns: wideColumns(n, "doubt"),
		Number:  isNumber,
		Write: func(r Texts, record func(...string)) error {
			return wideRecord(n, r.Predictions, r.Output, r.Logits, record, r.Doubt)
		},
		Read: func(r, _ *Texts, fields []string) (joined bool, err error) {
			var more []string
			if r.Predictions, more, err = readWide(n, fields); err == nil {
				r.Doubt = more[0]
			}
			return false, err
		},
	}
}

func (r Texts) cells(line func(...any)) {
	classCells(r.Head, r.Failure, r.Predictions, r.Output, line)
	if r.Doubt != "" {
		name := ""
		if len(r.Predictions) == 0 {
			name = r.Input
		}
		line(name, "", "no answer: "+r.Doubt, "")
	}
}

// textsColumns are those of Parquet.
type textsColumns struct {
	Input       string         `parquet:"input"`
	Predictions []classColumn  `parquet:"predictions,optional,list"`
	Doubt       string         `parquet:"doubt,optional"`
	Output      *valuesColumns `parquet:"output,optional"`
	Logits      []float32      `parquet:"logits,optional,list"`
	Error       *output.Error  `parquet:"error,optional"`
	InputBytes  []byte         `parquet:"input_bytes,optional"`
}

func (r Texts) columns() (c textsColumns) {
	c.Input, c.InputBytes = r.UTF8()
	c.Predictions, c.Doubt, c.Output, c.Logits, c.Error = classColumnsOf(r.Predictions), r.Doubt, (*valuesColumns)(r.Output), r.Logits, r.Error
	return c
}

func (c *textsColumns) row() (r Texts) {
	r.Head, r.Error = output.HeadOf(c.Input, c.InputBytes), c.Error
	r.Predictions, r.Doubt, r.Output, r.Logits = predictionsOf(c.Predictions), c.Doubt, (*classify.Output)(c.Output), c.Logits
	return r
}

func (c *textsColumns) size() int {
	return sizeOf(c.Input, c.Predictions, c.Output, c.Logits, c.Error)
}
