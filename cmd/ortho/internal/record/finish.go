package record

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"time"

	"ortho/cmd/ortho/internal/output"
	"ortho/runner/appear"
)

// Finish makes the output from the rows. Each step leaves what the next run can finish:
//
//  1. the rows are on the disk, in OUT.partial and in their format under a temporary name
//  2. the record says that the run is complete, and has the inputs' stamps
//  3. OUT appears
//  4. OUT.partial disappears; and the record, where it is not to stay
//
// Where it fails, OUT.partial is kept.
func (r *Run[R]) Finish(ctx context.Context, speed Speed) error {
	r.mutex.Lock()
	err, listed := r.err, r.listed
	r.mutex.Unlock()
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = r.reads.Late()
	}
	if err == nil {
		err = appear.Sync(r.partial.file)
	}
	if err == nil {
		err = r.appear(ctx, listed, speed)
	}
	return errors.Join(err, r.partial.file.Close())
}

// PassedOver has the record say what a complete run has passed over. It is for before Finish.
func (r *Run[R]) PassedOver(counts map[string]int64) { r.record.PassedOver = counts }

// Stop ends the run early. OUT.partial is kept, for Resume.
func (r *Run[R]) Stop(speed Speed) error {
	if r.pool != nil { // the record is of what there was before
		return r.partial.file.Close()
	}
	return errors.Join(r.update(speed), r.partial.file.Close())
}

// Abandon ends a run that could not begin. Nothing is left of it; what an earlier one
// has left stays.
func (r *Run[R]) Abandon() {
	if r.partial == nil || r.begun {
		return
	}
	if r.created {
		os.Remove(r.Partial())
	}
	r.partial.file.Close()
}

func (r *Run[R]) update(speed Speed) error {
	r.record.Rows, r.record.Failed = r.Counts()
	r.record.Speed = speed
	if r.Unturned != nil {
		r.record.OrientationIgnored += r.Unturned()
	}
	return r.record.write(r.recordName())
}

// settle has the record say that the run is.
func (r *Run[R]) settle(listed *Inputs, stamps Stamps, speed Speed) error {
	if r.pool != nil {
		if listed == nil {
			return errors.New("the inputs were not gone through to their end")
		}
		r.pool.settle(&r.record, listed)
	}
	r.record.Finished = time.Now().Round(time.Millisecond)
	r.record.LeftOut = r.leftOut
	if r.record.Listed = nil; r.record.Inputs == nil {
		r.record.Listed = listed
	}
	if r.record.Stamps = stamps; len(stamps.All) > maxStamps {
		r.record.Stamps = Stamps{}
		r.warn(fmt.Sprintf("%s has too many rows to keep what their inputs were: --update can't go on from it", r.name))
	}
	return r.update(speed)
}

func (r *Run[R]) appear(ctx context.Context, listed *Inputs, speed Speed) error {
	f, err := appear.Create(r.name)
	if err != nil {
		return fmt.Errorf("write %s: %w", r.name, err)
	}
	defer f.Discard() // unless it has appeared
	var stamps Stamps
	if err := r.render(ctx, f, &stamps); err != nil {
		return fmt.Errorf("write %s: %w", r.name, err)
	}
	if err := r.settle(listed, stamps, speed); err != nil {
		return err
	}
	commit := f.Commit
	if r.mode == Fresh {
		commit = f.CommitNew
	}
	if err := commit(); errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s has appeared meanwhile, and stays: move it away, and --resume makes this run's of %s", r.name, r.Partial())
	} else if err != nil {
		return fmt.Errorf("write %s: %w", r.name, err)
	}
	err = os.Remove(r.Partial())
	switch {
	case err == nil && r.Forget:
		err = os.Remove(r.recordName())
	case err == nil && r.pool != nil:
		r.record.Updating = false
		err = r.record.write(r.recordName())
	}
	return err
}

// lines yields the rows as JSON, with their stamps, in the order of their inputs.
func (r *Run[R]) lines(ctx context.Context, stamps *Stamps) iter.Seq2[unsealed, error] {
	all := r.partial.lines
	if r.pool != nil {
		all = r.pool.lines
	}
	return func(yield func(unsealed, error) bool) {
		for l, err := range all() {
			if err == nil {
				err = ctx.Err()
			}
			if stamps.add(l.stamp); !yield(l, r.partial.again(err)) || err != nil {
				return
			}
		}
	}
}

// render writes the rows in their format, and collects their stamps. Lines of JSONL are those that
// are there, without what only OUT.partial has.
func (r *Run[R]) render(ctx context.Context, to io.Writer, stamps *Stamps) error {
	buffer := bufio.NewWriterSize(to, 1<<18)
	if r.format != "jsonl" {
		return errors.Join(r.encode(ctx, buffer, stamps), buffer.Flush())
	}
	n := int64(0)
	for l, err := range r.lines(ctx, stamps) {
		if err != nil {
			return err
		}
		if n++; r.Keeps != nil {
			row, err := output.DecodeLine[R](l.row)
			if err != nil {
				return r.partial.again(err)
			}
			if !r.kept(n-1, row) {
				continue
			}
		}
		buffer.Write(l.row) // an error comes back from Flush
		buffer.WriteByte('\n')
	}
	return errors.Join(r.whole(n), buffer.Flush())
}

// kept reports whether the row at a place is to be in OUT, and notes those that are not.
func (r *Run[R]) kept(at int64, row R) bool {
	keeps := r.Keeps == nil || r.Keeps(row)
	if !keeps {
		r.leftOut.add(at)
	}
	return keeps
}

// whole checks that all rows were there.
func (r *Run[R]) whole(n int64) error {
	if rows, _ := r.Counts(); n != rows {
		return fmt.Errorf("%s has %d rows, and had %d", r.Partial(), n, rows)
	}
	return nil
}

func (r *Run[R]) encode(ctx context.Context, buffer *bufio.Writer, stamps *Stamps) error {
	w, err := r.codec.Writer(r.format, buffer, 0)
	if err != nil {
		return err
	}
	defer output.Abandon(w) // unless it is closed
	n := int64(0)
	for l, err := range r.lines(ctx, stamps) {
		var row R
		if err == nil {
			row, err = output.DecodeLine[R](l.row)
		}
		if err == nil && r.kept(n, row) {
			err = w.Write(row)
		}
		if err != nil {
			return err
		}
		n++
	}
	if err := r.whole(n); err != nil {
		return err
	}
	return w.Close()
}
