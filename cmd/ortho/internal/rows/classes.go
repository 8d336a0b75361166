package rows

import (
	"strconv"

	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/term"
	"ortho/models/classify"
)

// Classes are those of an image. A list of none is a result, too.
type Classes struct {
	output.Head
	classify.Result
	output.Failure
}

// OfClasses makes the row of a classifier's result for an image.
func OfClasses(name string, result classify.Result) Classes {
	result.Predictions, result.Output = answer(result)
	return Classes{Head: output.Head{Input: name}, Result: result}
}

// answer is a result as rows have it: a list of predictions where there are no output's values.
func answer(result classify.Result) ([]classify.Prediction, *classify.Output) {
	if out := result.Output; out != nil {
		return nil, &classify.Output{Name: term.UTF8(out.Name), Shape: out.Shape, Values: out.Values}
	}
	return Predictions(result.Predictions), nil
}

// Predictions are those of a model as rows have them: in UTF-8, and rounded.
func Predictions(all []classify.Prediction) []classify.Prediction {
	shown := make([]classify.Prediction, len(all))
	for i, p := range all {
		shown[i] = classify.Prediction{Index: p.Index, Label: term.UTF8(p.Label), ID: term.UTF8(p.ID), Probability: term.SixDigits(p.Probability)}
	}
	return shown
}

// Results is 1, or 0 where the image failed.
func (r Classes) Results() int { return results(r.Predictions, r.Output) }

func results(all []classify.Prediction, out *classify.Output) (n int) {
	if all != nil {
		n++
	}
	if out != nil {
		n++
	}
	return n
}

// ClassesCodec is for the classes of images. CSV has a record for each class.
var ClassesCodec = &output.Codec[Classes]{
	CSV:     &output.CSV[Classes]{Columns: append(classColumns, "width", "height"), Number: isNumber, Write: Classes.records, Read: (*Classes).read},
	Wide:    wideClasses,
	Parquet: output.Columns(Classes.columns, (*classesColumns).row, (*classesColumns).size),
	Table:   &output.Table[Classes]{Columns: cellColumns(grid.File("image")), Cells: Classes.cells},
	Fields:  Classes.fields,
}

func (r Classes) records(record func(...string)) error {
	return classRecords(r.Predictions, r.Output, r.Logits, record, strconv.Itoa(r.Width), strconv.Itoa(r.Height))
}

func (r *Classes) read(before *Classes, fields []string) (joined bool, err error) {
	one, rank, err := readClass(fields)
	if err != nil {
		return false, err
	}
	if r.Width, err = number("width", fields[5]); err != nil {
		return false, err
	}
	if r.Height, err = number("height", fields[6]); err != nil {
		return false, err
	}
	if rank <= 1 {
		r.Predictions = one
		return false, nil
	}
	if before == nil {
		before = &Classes{}
	}
	before.Predictions, err = follow(r.Input, rank, one, before.Input, before.Predictions)
	return err == nil, err
}

// wideClasses has a record for each image.
func wideClasses(n int) *output.CSV[Classes] {
	return &output.CSV[Classes]{
		Columns: wideColumns(n, "width", "height"),
		Number:  isNumber,
		Write: func(r Classes, record func(...string)) error {
			return wideRecord(n, r.Predictions, r.Output, r.Logits, record, strconv.Itoa(r.Width), strconv.Itoa(r.Height))
		},
		Read: func(r, _ *Classes, fields []string) (joined bool, err error) {
			var more []string
			if r.Predictions, more, err = readWide(n, fields); err != nil {
				return false, err
			}
			if r.Width, err = number("width", more[0]); err == nil {
				r.Height, err = number("height", more[1])
			}
			return false, err
		},
	}
}

func (r Classes) cells(line func(...any)) {
	classCells(r.Head, r.Failure, r.Predictions, r.Output, line)
}

// classesColumns are those of Parquet.
type classesColumns struct {
	Input       string         `parquet:"input"`
	Predictions []classColumn  `parquet:"predictions,optional,list"`
	Output      *valuesColumns `parquet:"output,optional"`
	Logits      []float32      `parquet:"logits,optional,list"`
	Error       *output.Error  `parquet:"error,optional"`
	Width       int32          `parquet:"width,optional"`
	Height      int32          `parquet:"height,optional"`
	InputBytes  []byte         `parquet:"input_bytes,optional"`
}

func (r Classes) columns() (c classesColumns) {
	c.Input, c.InputBytes = r.UTF8()
	c.Predictions, c.Output, c.Logits, c.Error = classColumnsOf(r.Predictions), (*valuesColumns)(r.Output), r.Logits, r.Error
	c.Width, c.Height = int32(r.Width), int32(r.Height)
	return c
}

func (c *classesColumns) row() (r Classes) {
	r.Head, r.Error = output.HeadOf(c.Input, c.InputBytes), c.Error
	r.Predictions, r.Output, r.Logits = predictionsOf(c.Predictions), (*classify.Output)(c.Output), c.Logits
	r.Width, r.Height = int(c.Width), int(c.Height)
	return r
}

func (c *classesColumns) size() int {
	return sizeOf(c.Input, c.Predictions, c.Output, c.Logits, c.Error)
}
