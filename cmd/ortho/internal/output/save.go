package output

import (
	"context"
	"fmt"
	"io"
)

// DiskError is of what can't be written, such as to a full disk, by no fault of an input: it ends a run.
type DiskError struct{ Err error }

func (d *DiskError) Error() string { return d.Err.Error() }

func (d *DiskError) Unwrap() error { return d.Err }

// Save writes a whole file, which appears when it is complete.
func (r *Reads) Save(ctx context.Context, name string, overwrite bool, write func(io.Writer) error) error {
	file, err := r.Create(ctx, name, overwrite)
	if err != nil {
		return err
	}
	if err = write(file); err != nil {
		err = fmt.Errorf("write %s: %w", name, err)
	}
	return file.End(err)
}
