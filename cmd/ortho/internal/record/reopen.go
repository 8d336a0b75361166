package record

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"ortho/cmd/ortho/internal/output"
	"ortho/runner/appear"
	"ortho/runner/regular"
)

// anyGone reports whether something that a complete output names does not exist any more.
func (r *Run[R]) anyGone(ctx context.Context) (bool, error) {
	if r.Gone == nil {
		return false, nil
	}
	in, err := regular.Open(r.name)
	if err != nil {
		return false, fmt.Errorf("read output: %w", err)
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return false, fmt.Errorf("read output: %w", err)
	}
	for row, err := range r.codec.Read(r.format, in, info.Size()) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return false, fmt.Errorf("read %s back: %w", r.name, err)
		}
		if row.Failed() == nil && r.Gone(row) {
			return true, nil
		}
	}
	return false, nil
}

// reopen turns a complete output into OUT.partial.
func (r *Run[R]) reopen(ctx context.Context, old *Record) error {
	if !output.ReadsBack(r.format) {
		return fmt.Errorf("%s is a table or COCO's results, which can't be read back to redo what failed: --overwrite makes it anew", r.name)
	}
	in, err := regular.Open(r.name)
	if err != nil {
		return fmt.Errorf("read output: %w", err)
	}
	defer in.Close()
	info, err := in.Stat()
	if err != nil {
		return fmt.Errorf("read output: %w", err)
	}
	f, err := appear.Create(r.Partial())
	if err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	defer f.Discard() // unless it has appeared
	p := newPartial[R](f.File, r.Partial())
	p.gone = r.Gone
	for row, err := range r.codec.Read(r.format, in, info.Size()) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("read %s back: %w", r.name, err)
		}
		if err := p.append(row, next); err != nil {
			return fmt.Errorf("write output: %w", err)
		}
	}
	if rows, failed := p.counts(); rows != old.Rows || failed != old.Failed {
		return fmt.Errorf("%s has %d rows, %d of them failed, but %s tells of %d and %d: it was changed; --overwrite makes it anew",
			r.name, rows, failed, r.recordName(), old.Rows, old.Failed)
	}
	if p.file, err = f.Grow(); errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s: %w", r.Partial(), errLocked)
	} else if err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	r.partial = p
	return nil
}
