package dataset

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"ortho/cmd/ortho/internal/source"
	"ortho/runner/regular"
)

// maxCSV bounds the bytes of a CSV, whose rows are held in memory.
const maxCSV = 256 << 20

// row is an input, as the CSV names it, and an index of the classes' names.
type row struct {
	input string
	class int
}

func openCSV(path string) (*Set, error) {
	f, err := regular.Open(path)
	if err != nil {
		return nil, fmt.Errorf("data %s: %w", path, err)
	}
	defer f.Close()
	rows, names, err := readCSV(f, maxCSV)
	if err != nil {
		return nil, fmt.Errorf("data %s: %w", path, err)
	}
	return &Set{Kind: "CSV", Names: names, items: func(_ *source.Passed, yield func(Item) bool) bool {
		for _, r := range rows {
			input := r.input
			if !filepath.IsAbs(input) {
				input = filepath.Join(filepath.Dir(path), input)
			}
			if !yield(Item{source.File(input), r.class}) {
				return false
			}
		}
		return true
	}}, nil
}

// separator is what stands between the columns that the first line names: a comma, or the tab or semicolon of
// other tables.
func separator(head []byte) rune {
	first, _, _ := bytes.Cut(head, []byte("\n"))
	for _, other := range "\t;" {
		if bytes.ContainsRune(first, other) && !bytes.ContainsRune(first, ',') {
			return other
		}
	}
	return ','
}

// readCSV reads at most max bytes. Further columns are left out, but for input_bytes, which rows
// of ortho have where a name is not UTF-8.
func readCSV(r io.Reader, max int64) (rows []row, names []string, err error) {
	limited := &io.LimitedReader{R: r, N: max + 1}
	buffered := bufio.NewReader(limited)
	if mark, _ := buffered.Peek(3); bytes.Equal(mark, []byte("\xef\xbb\xbf")) {
		buffered.Discard(3)
	}
	head, _ := buffered.Peek(1024)
	if bytes.HasPrefix(head, []byte("PAR1")) {
		return nil, nil, errors.New("it is Parquet: write its columns input and label as CSV")
	}
	reader := csv.NewReader(buffered)
	reader.Comma = separator(head)
	reader.ReuseRecord = true
	input, label, exact := -1, -1, -1
	classes := map[string]int{}
	for {
		fields, err := reader.Read()
		switch {
		case limited.N == 0:
			return nil, nil, fmt.Errorf("it has more than %d bytes", max)
		case errors.Is(err, io.EOF) && input >= 0 && len(rows) > 0:
			return rows, names, nil
		case errors.Is(err, io.EOF):
			return nil, nil, errors.New("it has no rows: the first line names the columns input,label, and each further one an image and its class")
		case err != nil:
			return nil, nil, fmt.Errorf("not CSV: %w", err)
		}
		if input < 0 {
			column := func(name string) int {
				return slices.IndexFunc(fields, func(f string) bool { return strings.EqualFold(strings.TrimSpace(f), name) })
			}
			if input, label = column("input"), column("label"); input < 0 || label < 0 {
				return nil, nil, fmt.Errorf("its first line must name the columns input and label; it is %.100q", strings.Join(fields, ","))
			}
			exact = column("input_bytes")
			if again := slices.IndexFunc(fields[label+1:], func(f string) bool { return strings.EqualFold(strings.TrimSpace(f), "label") }); again >= 0 {
				return nil, nil, fmt.Errorf("columns %d and %d are both called label: which of them is the truth can't be told", label+1, label+again+2)
			}
			continue
		}
		line, _ := reader.FieldPos(0)
		in, name := fields[input], strings.TrimSpace(fields[label])
		if exact >= 0 && fields[exact] != "" {
			raw, err := base64.StdEncoding.DecodeString(fields[exact])
			if err != nil {
				return nil, nil, fmt.Errorf("line %d: input_bytes: %w", line, err)
			}
			in = string(raw)
		}
		switch {
		case in == "" || name == "":
			return nil, nil, fmt.Errorf("line %d has no input or no label", line)
		case len(in) > source.MaxPath:
			return nil, nil, fmt.Errorf("line %d: the input has %d bytes; a path may have %d at most", line, len(in), source.MaxPath)
		}
		class, known := classes[name]
		if !known {
			class = len(names)
			name = strings.Clone(name) // fields of a line share its memory
			classes[name] = class
			names = append(names, name)
		}
		rows = append(rows, row{strings.Clone(in), class})
	}
}
