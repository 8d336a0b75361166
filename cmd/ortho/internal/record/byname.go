package record

import (
	"context"
	"errors"
	"iter"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/source"
)

// byName is what is known of the rows where they are known by the names of their inputs, and not by
// their places: of folders that are watched, for example.
type byName struct {
	rows   map[key]*placed
	absent []int64 // places of rows that are lost with their names
	end    int64   // the place of the next row
}

// placed is the row of an input.
type placed struct {
	position int64
	stamp    source.Stamp // of the input that it was made of
	earlier  bool         // it is there from before, and its input has not come yet
}

// nameRows finds the names of the rows that are there.
func (r *Run[R]) nameRows() error {
	if r.pool != nil || !r.ByName {
		return nil
	}
	r.named.rows = map[key]*placed{}
	for l, err := range r.partial.lines() {
		switch {
		case errors.Is(err, errAbsent):
			r.named.absent = append(r.named.absent, r.named.end)
		case err != nil:
			return r.partial.again(err)
		default:
			row, err := output.DecodeLine[R](l.row)
			if err != nil {
				return r.partial.again(err)
			}
			r.named.rows[keyOf(row.Name(), "")] = &placed{r.named.end, l.stamp, true}
		}
		r.named.end++
	}
	r.named.end = max(r.named.end, r.start)
	return nil
}

// next is where the row of a new input is put: in the place of one that is lost, or behind all.
func (b *byName) next() (at int64) {
	if len(b.absent) > 0 {
		at, b.absent = b.absent[0], b.absent[1:]
		return at
	}
	b.end++
	return b.end - 1
}

// itemsByName is Items by name: an input whose row is there, and that is as it was, is left out once. One that is
// changed, or comes again, gets its row made again in the same place.
func itemsByName[T any, R output.Row](ctx context.Context, r *Run[R], items iter.Seq[T], known Known[T, R]) iter.Seq[T] {
	return func(yield func(T) bool) {
		b := &r.named
		if b.rows == nil {
			b.rows = map[key]*placed{}
		}
		var listed tally
		for item := range items {
			if ctx.Err() != nil {
				return
			}
			name, stamp := known.Name(item), known.stamp(ctx, item)
			row, is := b.rows[keyOf(name, "")]
			if !is {
				row = &placed{position: b.next()}
				b.rows[keyOf(name, "")] = row
			}
			if !is || row.earlier {
				listed.add(name)
			}
			if keeps := is && row.earlier && r.stays(row, stamp); keeps {
				row.earlier = false
				continue
			}
			row.earlier, row.stamp = false, stamp
			r.mutex.Lock()
			r.pending = append(r.pending, pendingRow{name, stamp, row.position})
			r.mutex.Unlock()
			if !yield(item) {
				return
			}
		}
		r.mutex.Lock()
		r.listed = listed.inputs()
		r.mutex.Unlock()
	}
}

// stays reports whether the row of an earlier run is still that of an input.
func (r *Run[R]) stays(row *placed, now source.Stamp) bool {
	failed, lost := r.partial.state(row.position)
	was, is := row.stamp.By(r.Look), now.By(r.Look)
	return !lost && !(failed && r.mode == RetryFailed) && (was == "" || is == "" || was == is)
}

// Had reports whether an earlier run has left a row of an input; false where rows go by their places.
func (r *Run[R]) Had(name string) bool {
	if r.pool != nil {
		_, had := r.pool.names[keyOf(name, "")]
		return had
	}
	row := r.named.rows[keyOf(name, "")]
	return row != nil && row.position < r.start
}

// Failed reports whether the row of an input, the one at a position, has failed and is not made again.
func (r *Run[R]) Failed(position int64, name string) bool {
	if r.mode == RetryFailed || r.mode == Update {
		return false
	}
	if r.ByName {
		row := r.named.rows[keyOf(name, "")]
		if row == nil || !row.earlier {
			return false
		}
		position = row.position
	}
	if position >= r.start {
		return false
	}
	failed, _ := r.partial.state(position)
	return failed
}
