package record

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"ortho/cmd/ortho/internal/output"
	"ortho/runner/appear"
)

// Finish makes the output from the rows. Each step leaves what the next run can finish:
//
//  1. the rows are on the disk
//  2. the record says that the run is complete
//  3. OUT appears, made of OUT.partial
//  4. OUT.partial disappears
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
		r.record.Finished = time.Now().Round(time.Millisecond)
		if r.record.Listed = nil; r.record.Inputs == nil {
			r.record.Listed = listed
		}
		err = r.update(speed)
	}
	if err == nil {
		err = r.appear(ctx)
	}
	return errors.Join(err, r.partial.file.Close())
}

// PassedOver has the record say what a complete run has passed over. It is for before Finish.
func (r *Run[R]) PassedOver(counts map[string]int64) { r.record.PassedOver = counts }

// Stop ends the run early. OUT.partial is kept, for Resume.
func (r *Run[R]) Stop(speed Speed) error {
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
	r.record.Rows, r.record.Failed = r.partial.counts()
	r.record.Speed = speed
	if r.Unturned != nil {
		r.record.OrientationIgnored += r.Unturned()
	}
	return r.record.write(r.recordName())
}

func (r *Run[R]) appear(ctx context.Context) error {
	f, err := appear.Create(r.name)
	if err != nil {
		return fmt.Errorf("write %s: %w", r.name, err)
	}
	defer f.Discard() // unless it has appeared
	if err := r.render(ctx, f); err != nil {
		return fmt.Errorf("write %s: %w", r.name, err)
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
	return os.Remove(r.Partial())
}

// render writes the rows in their format. Lines of JSONL are those that are there, without what
// only OUT.partial has.
func (r *Run[R]) render(ctx context.Context, to io.Writer) error {
	buffer := bufio.NewWriterSize(to, 1<<18)
	if r.format != "jsonl" {
		return errors.Join(r.encode(ctx, buffer), buffer.Flush())
	}
	n := int64(0)
	for line, err := range r.partial.texts() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return r.partial.again(err)
		}
		if n++; r.Keeps != nil {
			row, err := output.DecodeLine[R](line)
			if err != nil {
				return r.partial.again(err)
			}
			if kept, err := r.kept(row); err != nil {
				return err
			} else if !kept {
				continue
			}
		}
		buffer.Write(line) // an error comes back from Flush
		buffer.WriteByte('\n')
	}
	return errors.Join(r.whole(n), buffer.Flush())
}

// kept reports whether a row is to be in OUT, and counts those that are not.
func (r *Run[R]) kept(row R) (bool, error) {
	if r.Keeps == nil {
		return true, nil
	}
	keeps, err := r.Keeps(row)
	if err == nil && !keeps {
		r.leftOut++
	}
	return keeps, err
}

// whole checks that all rows were there.
func (r *Run[R]) whole(n int64) error {
	if rows, _ := r.partial.counts(); n != rows {
		return fmt.Errorf("%s has %d rows, and had %d", r.Partial(), n, rows)
	}
	return nil
}

func (r *Run[R]) encode(ctx context.Context, buffer *bufio.Writer) error {
	w, err := r.codec.Writer(r.format, buffer, 0)
	if err != nil {
		return err
	}
	defer output.Abandon(w) // unless it is closed
	n := int64(0)
	for row, err := range r.partial.all() {
		if err == nil {
			err = ctx.Err()
		}
		kept := false
		if err == nil {
			kept, err = r.kept(row)
		}
		if err == nil && kept {
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
