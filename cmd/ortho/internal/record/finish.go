package record

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// Finish makes the output from the rows. Each step leaves what the next run can finish:
//
//  1. the rows are on the disk
//  2. the record says that the run is complete
//  3. OUT appears, made of OUT.partial or by renaming it
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
		err = toDisk(r.partial.file)
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
	return r.record.write(r.recordName())
}

func (r *Run[R]) appear(ctx context.Context) error {
	if r.format == "jsonl" && len(r.partial.replaced) == 0 { // it is that already
		os.Remove(r.temporary())
		return rename(r.Partial(), r.name)
	}
	if err := replace(r.name, func(w io.Writer) error { return r.render(ctx, w) }); err != nil {
		return err
	}
	return os.Remove(r.Partial())
}

func (r *Run[R]) render(ctx context.Context, to io.Writer) error {
	buffer := bufio.NewWriterSize(to, 1<<18)
	w, err := r.codec.Writer(r.format, buffer, 0)
	if err != nil {
		return err
	}
	n := int64(0)
	for row, err := range r.partial.all() {
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = w.Write(row)
		}
		if err != nil {
			return err
		}
		n++
	}
	if rows, _ := r.partial.counts(); n != rows {
		return fmt.Errorf("%s has %d rows, and had %d", r.Partial(), n, rows)
	}
	return errors.Join(w.Close(), buffer.Flush())
}
