package output

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
)

// Description is what a chat model says of an image.
type Description struct {
	Sentence   string   `json:"sentence"`
	Objects    []string `json:"objects"`
	Attributes []string `json:"attributes"`
	Scene      string   `json:"scene"`
	// Class is one of the candidates, with its Index, or free text.
	Class    string       `json:"class"`
	Index    *int         `json:"index,omitempty"`
	Evidence []Prediction `json:"evidence,omitempty"` // of the CNN, that the model was shown
	Model    string       `json:"model"`
	Cached   bool         `json:"cached,omitempty"`
	Tokens   int          `json:"tokens,omitempty"` // that it cost
}

// The formats of descriptions have a row for each image, and no evidence: only JSONL does.
const ofDescriptions = "-descriptions"

// Descriptions is the format for rows with descriptions that a format stands for.
func Descriptions(format string) string {
	if format == "jsonl" {
		return format
	}
	return format + ofDescriptions
}

var descriptionColumns = []string{"input", "sentence", "objects", "attributes", "scene", "index", "class", "model", "cached", "tokens", "error_kind", "error"}

// between stands between the elements of a list, none of which holds it.
const between = "; "

func joined(list []string) string {
	clean := make([]string, len(list))
	for i, s := range list {
		clean[i] = strings.ReplaceAll(s, ";", ",")
	}
	return strings.Join(clean, between)
}

func split(s string) []string {
	if s == "" {
		return []string{}
	}
	return strings.Split(s, between)
}

type descriptionsCSV struct {
	w      *csv.Writer
	clean  func(string) string
	headed bool
}

func (c *descriptionsCSV) Write(row Row) error {
	c.head()
	switch d := row.Description; {
	case row.Error != nil:
		c.w.Write([]string{c.clean(row.Input), "", "", "", "", "", "", "", "", "", row.Error.Kind, c.clean(row.Error.Message)})
	case d == nil:
		return errors.New("it is no row of a description")
	default:
		index := ""
		if d.Index != nil {
			index = strconv.Itoa(*d.Index)
		}
		c.w.Write([]string{c.clean(row.Input), c.clean(d.Sentence), c.clean(joined(d.Objects)), c.clean(joined(d.Attributes)), c.clean(d.Scene),
			index, c.clean(d.Class), c.clean(d.Model), strconv.FormatBool(d.Cached), strconv.Itoa(d.Tokens), "", ""})
	}
	c.w.Flush()
	return c.w.Error()
}

func (c *descriptionsCSV) head() {
	if !c.headed {
		c.w.Write(descriptionColumns)
		c.headed = true
	}
}

func (c *descriptionsCSV) Close() error {
	c.head()
	c.w.Flush()
	return c.w.Error()
}

func readDescriptionsCSV(r io.Reader, max int) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		bounded := &returns{r: r, max: max}
		reader := csv.NewReader(bounded)
		reader.FieldsPerRecord = len(descriptionColumns)
		for n := 0; ; n++ {
			bounded.left = max
			fields, err := reader.Read()
			var row Row
			switch {
			case errors.Is(err, io.EOF) && n > 0:
				return
			case errors.Is(err, io.EOF), err == nil && n == 0 && !slices.Equal(fields, descriptionColumns):
				err = fmt.Errorf("it does not begin with the columns %s", strings.Join(descriptionColumns, ","))
			case err == nil && n > 0:
				row, err = describedBy(fields)
			}
			if err != nil {
				yield(Row{}, fmt.Errorf("record %d: %w", n+1, err))
				return
			}
			if n > 0 && !yield(row, nil) {
				return
			}
		}
	}
}

func describedBy(fields []string) (Row, error) {
	for i, f := range fields {
		fields[i] = restored(f)
	}
	row := Row{Input: fields[0]}
	if fields[10] != "" || fields[11] != "" {
		row.Error = &Error{fields[10], fields[11]}
		return row, nil
	}
	d := &Description{Sentence: fields[1], Objects: split(fields[2]), Attributes: split(fields[3]), Scene: fields[4], Class: fields[6], Model: fields[7], Cached: fields[8] == "true"}
	tokens, err := strconv.Atoi(fields[9])
	if err != nil {
		return row, fmt.Errorf("tokens %q is no number", fields[9])
	}
	d.Tokens = tokens
	if fields[5] != "" {
		index, err := strconv.Atoi(fields[5])
		if err != nil {
			return row, fmt.Errorf("index %q is no number", fields[5])
		}
		d.Index = &index
	}
	row.Description = d
	return row, nil
}
