package rows

import (
	"fmt"
	"strconv"

	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/output"
	"ortho/models/depth"
)

// Depth is the row of how far an image's pixels are.
type Depth struct {
	output.Head
	depth.Result
	output.Failure
}

// OfDepth makes the row of an image's depth.
func OfDepth(name string, made depth.Result) Depth {
	made.Values = nil
	return Depth{Head: output.Head{Input: name}, Result: made}
}

// Results counts what the row says.
func (r Depth) Results() int {
	if r.Result.Depth == nil {
		return 0
	}
	return 1
}

// DepthCodec is for depth: a record for each image.
var DepthCodec = &output.Codec[Depth]{
	Variant: "-depth",
	CSV: &output.CSV[Depth]{
		Columns: []string{"min", "max", "mean", "std", "unit", "width", "height"},
		Write:   Depth.records,
		Read:    readDepth,
	},
	Parquet: output.Columns(Depth.columns, (*depthColumns).row, (*depthColumns).size),
	Table: &output.Table[Depth]{
		Columns: []grid.Column{grid.File("image"), grid.Number("min"), grid.Number("max"), grid.Number("mean"), grid.Number("std"), grid.Text("unit")},
		Cells:   Depth.cells,
	},
	Fields: Depth.fields,
}

func (r Depth) records(record func(...string)) error {
	d := r.Result.Depth
	if d == nil {
		return nil
	}
	double := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	record(float(d.Min), float(d.Max), double(d.Mean), double(d.Std), d.Unit, strconv.Itoa(r.Width), strconv.Itoa(r.Height))
	return nil
}

func readDepth(row, _ *Depth, f []string) (joined bool, err error) {
	number := func(column, field string, bits int) float64 {
		v, e := strconv.ParseFloat(field, bits)
		if e != nil && err == nil {
			err = fmt.Errorf("%s is no number", column)
		}
		return v
	}
	row.Result.Depth = &depth.Range{Min: float32(number("min", f[0], 32)), Max: float32(number("max", f[1], 32)), Mean: number("mean", f[2], 64), Std: number("std", f[3], 64), Unit: f[4]}
	row.Width, row.Height = int(number("width", f[5], 64)), int(number("height", f[6], 64))
	return false, err
}

func (r Depth) cells(line func(...any)) {
	d := r.Result.Depth
	if d == nil {
		message := ""
		if r.Error != nil {
			message = r.Error.Message
		}
		line(r.Input, "", "", "", "", message)
		return
	}
	short := func(v float64) string { return strconv.FormatFloat(v, 'g', 4, 64) }
	unit := d.Unit
	if unit == "" {
		unit = "relative"
	}
	line(r.Input, short(float64(d.Min)), short(float64(d.Max)), short(d.Mean), short(d.Std), unit)
}

// depthColumns are those of Parquet.
type depthColumns struct {
	Input      string        `parquet:"input"`
	Min        *float32      `parquet:"min,optional"`
	Max        *float32      `parquet:"max,optional"`
	Mean       *float64      `parquet:"mean,optional"`
	Std        *float64      `parquet:"std,optional"`
	Unit       string        `parquet:"unit,optional"`
	Error      *output.Error `parquet:"error,optional"`
	Width      int32         `parquet:"width,optional"`
	Height     int32         `parquet:"height,optional"`
	InputBytes []byte        `parquet:"input_bytes,optional"`
}

func (r Depth) columns() (c depthColumns) {
	c.Input, c.InputBytes = r.UTF8()
	c.Error, c.Width, c.Height = r.Error, int32(r.Width), int32(r.Height)
	if d := r.Result.Depth; d != nil {
		c.Min, c.Max, c.Mean, c.Std, c.Unit = &d.Min, &d.Max, &d.Mean, &d.Std, d.Unit
	}
	return c
}

func (c *depthColumns) row() (r Depth) {
	r.Head, r.Error = output.HeadOf(c.Input, c.InputBytes), c.Error
	r.Width, r.Height = int(c.Width), int(c.Height)
	if c.Min != nil && c.Max != nil && c.Mean != nil && c.Std != nil {
		r.Result.Depth = &depth.Range{Min: *c.Min, Max: *c.Max, Mean: *c.Mean, Std: *c.Std, Unit: c.Unit}
	}
	return r
}

func (c *depthColumns) size() int { return 2*len(c.Input) + 96 }
