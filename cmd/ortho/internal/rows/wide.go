package rows

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"ortho/models/classify"
)

// wideColumns are those of a record for each row: the names and probabilities of its classes, most
// probable first, more, and what identifies the classes. What a row has less of is empty.
//
//	class1,p1,class2,p2,...  more  index1,id1,index2,id2,...
func wideColumns(n int, more ...string) (columns []string) {
	for i := 1; i <= n; i++ {
		columns = append(columns, fmt.Sprintf("class%d", i), fmt.Sprintf("p%d", i))
	}
	columns = append(columns, more...)
	for i := 1; i <= n; i++ {
		columns = append(columns, fmt.Sprintf("index%d", i), fmt.Sprintf("id%d", i))
	}
	return columns
}

// wideRecord gives record the fields of wideColumns.
func wideRecord(n int, all []classify.Prediction, out *classify.Output, logits []float32, record func(...string), more ...string) error {
	if out != nil || logits != nil {
		return errRaw
	}
	if len(all) > n {
		return fmt.Errorf("it has %d classes, and there are columns for %d", len(all), n)
	}
	fields := make([]string, 4*n+len(more))
	copy(fields[2*n:], more)
	for i, p := range all {
		fields[2*i], fields[2*i+1] = className(p), strconv.FormatFloat(p.Probability, 'g', -1, 64)
		last := fields[2*n+len(more)+2*i:]
		last[0], last[1] = strconv.Itoa(p.Index), p.ID
	}
	record(fields...)
	return nil
}

// className is a class's label or, where it has none, its number as tables show it.
func className(p classify.Prediction) string {
	if p.Label == "" {
		return nameless(p.Index)
	}
	return p.Label
}

func nameless(index int) string { return fmt.Sprintf("class %d", index) }

// readWide reads the fields of wideColumns.
func readWide(n int, fields []string) (all []classify.Prediction, more []string, err error) {
	all = []classify.Prediction{}
	names, more := fields[:2*n], fields[2*n:len(fields)-2*n]
	ids := fields[len(fields)-2*n:]
	for i := range n {
		if ids[2*i] == "" {
			if strings.Join(names[2*i:], "")+strings.Join(ids[2*i:], "") != "" {
				return nil, nil, fmt.Errorf("class %d has no index", i+1)
			}
			break
		}
		p := classify.Prediction{Label: names[2*i], ID: ids[2*i+1]}
		if p.Index, err = number("index", ids[2*i]); err != nil {
			return nil, nil, err
		}
		if p.Label == nameless(p.Index) {
			p.Label = ""
		}
		if p.Probability, err = strconv.ParseFloat(names[2*i+1], 64); err != nil {
			return nil, nil, fmt.Errorf("probability %q is no number", names[2*i+1])
		}
		all = append(all, p)
	}
	return all, more, nil
}

// errRaw is of rows for which only formats with lists of any length have a place.
var errRaw = errors.New("the format has no place for raw outputs: use -f jsonl, json or parquet")
