package record

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"

	"ortho/runner/appear"
	"ortho/runner/regular"
)

// anyGone reports whether something that a complete output names does not exist any more.
func (r *Run[R]) anyGone(ctx context.Context) (bool, error) {
	if r.Gone == nil {
		return false, nil
	}
	rows, done, err := r.complete(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	for row, err := range rows {
		if err != nil {
			return false, err
		}
		if row.Failed() == nil && r.Gone(row) {
			return true, nil
		}
	}
	return false, nil
}

// complete are the rows of a complete output. done closes it.
func (r *Run[R]) complete(ctx context.Context) (rows iter.Seq2[R, error], done func() error, err error) {
	in, err := regular.Open(r.name)
	if err != nil {
		return nil, nil, fmt.Errorf("read output: %w", err)
	}
	info, err := in.Stat()
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("read output: %w", err), in.Close())
	}
	return func(yield func(R, error) bool) {
		for row, err := range r.codec.Read(r.format, in, info.Size()) {
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				err = fmt.Errorf("read %s back: %w", r.name, err)
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}, in.Close, nil
}

// reopen turns a complete output into OUT.partial.
func (r *Run[R]) reopen(ctx context.Context, old *Record) error {
	if err := r.codec.Back(r.format); err != nil {
		return fmt.Errorf("%s can't be read back to redo what failed (%w): --overwrite makes it anew", r.name, err)
	}
	rows, done, err := r.complete(ctx)
	if err != nil {
		return err
	}
	defer done()
	f, err := appear.Create(r.Partial())
	if err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	defer f.Discard() // unless it has appeared
	p := newPartial[R](f.File, r.Partial())
	if r.pool != nil {
		r.pool.of(p)
	} else {
		p.gone = r.Gone
	}
	n := int64(0)
	for row, err := range rows {
		if err != nil {
			return err
		}
		if _, err := p.append(row, old.Stamps.at(n), next); err != nil {
			return fmt.Errorf("write output: %w", err)
		}
		n++
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
