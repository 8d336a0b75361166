package convert

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/runner/regular"
)

// Input is a file of rows.
type Input struct {
	Name   string
	Format string

	file   *os.File
	size   int64
	record *record.Record // of the run that made it; nil: there is none
}

// Open opens files of rows. from are the files of names, which may be others: a copy of standard
// input. warn is called with what does not keep them from being read.
func Open(names, from []string, warn func(string)) (all []*Input, err error) {
	defer func() {
		if err != nil {
			Close(all)
		}
	}()
	for i, name := range names {
		in := &Input{Name: name}
		if in.file, err = regular.Open(from[i]); err != nil {
			return all, err
		}
		all = append(all, in)
		info, err := in.file.Stat()
		if err != nil {
			return all, fmt.Errorf("read %s: %w", name, err)
		}
		for _, other := range all[:i] {
			if before, err := other.file.Stat(); err == nil && os.SameFile(before, info) {
				return all, fmt.Errorf("%s and %s are one file: its rows would be there twice", other.Name, name)
			}
		}
		in.size = info.Size()
		if in.Format, err = output.Sniff(in.file, in.size); err != nil {
			return all, fmt.Errorf("%s: %w", name, err)
		}
		in.record, err = record.Read(from[i])
		switch {
		case errors.Is(err, fs.ErrNotExist):
			in.record = nil
		case err != nil:
			in.record = nil
			warn(err.Error())
		case strings.HasPrefix(in.record.Settings.Get("format"), output.Escaped(in.Format)):
			in.Format = output.Escaped(in.Format)
		}
	}
	return all, nil
}

// Close closes files of rows.
func Close(all []*Input) {
	for _, in := range all {
		in.file.Close()
	}
}
