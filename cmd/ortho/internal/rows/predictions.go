package rows

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"ortho/cmd/ortho/internal/grid"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/term"
	"ortho/models/classify"
)

// classColumns are CSV's of a class, before those of what it is a class of.
var classColumns = []string{"rank", "index", "id", "label", "probability"}

// classRecords gives record a record for each class, or one where there is none. more are the
// fields behind those of the class.
func classRecords(all []classify.Prediction, out *classify.Output, logits []float32, record func(...string), more ...string) error {
	if out != nil || logits != nil {
		return errRaw
	}
	fields := make([]string, len(classColumns), len(classColumns)+len(more))
	fields = append(fields, more...)
	if len(all) == 0 { // nothing is above --min-probability
		record(fields...)
	}
	for i, p := range all {
		fields[0], fields[1], fields[2], fields[3] = strconv.Itoa(i+1), strconv.Itoa(p.Index), p.ID, p.Label
		fields[4] = strconv.FormatFloat(p.Probability, 'g', -1, 64)
		record(fields...)
	}
	return nil
}

// readClass reads the fields of classColumns: one class and its rank, which counts from 1, or
// a list of none and 0.
func readClass(fields []string) (one []classify.Prediction, rank int, err error) {
	if fields[0] == "" {
		return []classify.Prediction{}, 0, nil
	}
	if rank, err = number("rank", fields[0]); err != nil {
		return nil, 0, err
	}
	p := classify.Prediction{ID: fields[2], Label: fields[3]}
	if p.Probability, err = strconv.ParseFloat(fields[4], 64); err != nil {
		return nil, 0, fmt.Errorf("probability %q is no number", fields[4])
	}
	if p.Index, err = number("index", fields[1]); err != nil {
		return nil, 0, err
	}
	if rank < 1 {
		return nil, 0, fmt.Errorf("rank %d is below 1", rank)
	}
	return []classify.Prediction{p}, rank, nil
}

// follow adds a class to those of the row before its record, if it is the next of them.
func follow(input string, rank int, one []classify.Prediction, before string, all []classify.Prediction) ([]classify.Prediction, error) {
	if input != before || len(all) != rank-1 {
		return all, fmt.Errorf("rank %d of %q does not follow rank %d", rank, input, rank-1)
	}
	return append(all, one...), nil
}

// isNumber reports whether a column's values are numbers, in all kinds of rows.
func isNumber(column string) bool { return numbers.MatchString(column) }

var numbers = regexp.MustCompile(`^(rank|index\d*|probability|p\d+|width|height|tokens|score|share|value|[xy][12]|angle|cosine|distance)$`)

func number(column, field string) (int, error) {
	n, err := strconv.Atoi(field)
	if err != nil {
		return 0, fmt.Errorf("%s %q is no number", column, field)
	}
	return n, nil
}

// cellColumns are those of a table of classes, of inputs in a column.
func cellColumns(input grid.Column) []grid.Column {
	return []grid.Column{input, grid.Number("class"), grid.Text("label"), grid.Number("probability")}
}

// classCells gives line a line for each class, or one that says why there is none.
func classCells(of output.Head, failed output.Failure, all []classify.Prediction, out *classify.Output, line func(...any)) {
	name := of.Input
	switch {
	case failed.Error != nil: // the name stands beside it already
		line(name, "", "failed: "+strings.TrimPrefix(failed.Error.Message, term.UTF8(name)+": "), "")
	case out != nil:
		line(name, "", fmt.Sprintf("%s: %d values (-f jsonl prints them)", out.Name, len(out.Values)), "")
	case len(all) == 0:
		line(name, "", "nothing above --min-probability", "")
	}
	for _, p := range all {
		label := p.Label
		if label == "" {
			label = fmt.Sprintf("class %d", p.Index)
		}
		line(name, p.Index, label, percent(p.Probability))
		name = ""
	}
}

// percent writes a probability; what a graph gives under the activation none may be none.
func percent(p float64) string {
	if p < 0 || p > 1.0005 { // float32 sums to a little more
		return fmt.Sprintf("%.4g", p)
	}
	return fmt.Sprintf("%.1f %%", 100*p)
}

// classColumn is a class in Parquet.
type classColumn struct {
	Index       int32   `parquet:"index"`
	Label       string  `parquet:"label,optional,dict"`
	ID          string  `parquet:"id,optional,dict"`
	Probability float64 `parquet:"probability"`
}

func classColumnsOf(all []classify.Prediction) []classColumn {
	if all == nil {
		return nil
	}
	columns := make([]classColumn, len(all))
	for i, p := range all {
		columns[i] = classColumn{int32(p.Index), p.Label, p.ID, p.Probability}
	}
	return columns
}

func predictionsOf(columns []classColumn) []classify.Prediction {
	if columns == nil {
		return nil
	}
	all := make([]classify.Prediction, len(columns))
	for i, c := range columns {
		all[i] = classify.Prediction{Index: int(c.Index), Label: c.Label, ID: c.ID, Probability: c.Probability}
	}
	return all
}

// valuesColumns is a [classify.Output] in Parquet.
type valuesColumns struct {
	Name   string    `parquet:"name,dict"`
	Shape  []int64   `parquet:"shape,list"`
	Values []float32 `parquet:"values,list"`
}

// sizeOf is about the bytes of a row's values in Parquet.
func sizeOf(input string, all []classColumn, out *valuesColumns, logits []float32, err *output.Error) int {
	n := 2*len(input) + 64 + 4*len(logits)
	for _, c := range all {
		n += 16 + len(c.Label) + len(c.ID)
	}
	if out != nil {
		n += 8*len(out.Shape) + 4*len(out.Values)
	}
	if err != nil {
		n += len(err.Message)
	}
	return n
}
