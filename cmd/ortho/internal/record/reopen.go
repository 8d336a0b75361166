package record

import (
	"context"
	"errors"
	"fmt"
	"os"

	"ortho/cmd/ortho/internal/output"
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
func (r *Run[R]) reopen(ctx context.Context, old *Record) (err error) {
	if r.format == "table" {
		return fmt.Errorf("%s is a table, which can't be read back to redo what failed: --overwrite makes it anew", r.name)
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
	f, err := openLocked(r.temporary(), os.O_RDWR|os.O_CREATE, r.warn) // the lock outlives the renaming
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(r.temporary())
		}
	}()
	if !missing(r.Partial()) {
		return fmt.Errorf("%s: %w", r.Partial(), errLocked)
	}
	if err := f.Truncate(0); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	p := newPartial[R](f, r.Partial())
	p.gone = r.Gone
	for row, err := range r.codec.Read(r.format, in, info.Size()) {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("read %s back: %w", r.name, err)
		}
		if err := p.append(row, output.Next); err != nil {
			return fmt.Errorf("write output: %w", err)
		}
	}
	if rows, failed := p.counts(); rows != old.Rows || failed != old.Failed {
		return fmt.Errorf("%s has %d rows, %d of them failed, but %s tells of %d and %d: it was changed; --overwrite makes it anew",
			r.name, rows, failed, r.recordName(), old.Rows, old.Failed)
	}
	if err := errors.Join(toDisk(f), rename(r.temporary(), r.Partial())); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	r.partial = p
	return nil
}

// tidy removes files that a crash of reopen left.
func (r *Run[R]) tidy() {
	if f, err := openLocked(r.temporary(), os.O_RDWR, r.warn); err == nil {
		os.Remove(r.temporary())
		f.Close()
	}
}
