package output

import (
	"context"
	"fmt"
	"io"
)

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
