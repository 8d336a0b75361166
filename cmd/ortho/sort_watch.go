package main

import (
	"context"
	"errors"
	"iter"

	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/job"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/where"
)

// watched has each image be sorted as soon as it is classified: of folders that are watched there is no end to
// wait for.
func (o *sortOptions) watched(call *flags.Call, j *job.Job[source.Item, rows.Classes]) (*job.Job[source.Item, rows.Classes], error) {
	var keeps *where.Rows[rows.Classes]
	if expression := o.classifyOptions.rows.Where; expression != "" {
		var err error
		if keeps, err = where.Over(rows.ClassesCodec, expression); err != nil {
			return nil, errors.Join(err, j.Close())
		}
	}
	var s *sorting
	classes, ended := j.Rows, j.Ended
	j.Rows = func(ctx context.Context, items iter.Seq[source.Item]) iter.Seq[job.Answer[rows.Classes]] {
		return func(yield func(job.Answer[rows.Classes]) bool) {
			var err error
			if s, err = o.begin(call); err != nil {
				s = nil
				yield(job.Answer[rows.Classes]{End: err})
				return
			}
			for a := range classes(ctx, items) {
				if a.End == nil && (keeps == nil || keeps.Keeps(a.Row)) {
					a.End = s.at(ctx, a.Row)
				}
				if !yield(a) {
					return
				}
			}
		}
	}
	j.Ended = func(err error) {
		ended(err)
		if err != nil && s != nil {
			if err := s.ended(s.sorter.Close(context.Background())); err != nil {
				call.Warn(err.Error())
			}
		}
	}
	j.Finish = func(ctx context.Context, _ iter.Seq2[rows.Classes, error]) error {
		if s == nil { // nothing was left to do
			return nil
		}
		return s.end(ctx)
	}
	return j, nil
}

// at has the image of a row sorted at once.
func (s *sorting) at(ctx context.Context, row rows.Classes) error {
	best, err := row.Best()
	if err == nil {
		err = s.put(ctx, best)
	}
	if err == nil {
		err = s.sorter.Flush(ctx)
	}
	return errors.Join(err, s.lost)
}
