package record

import (
	"context"
	"errors"
	"iter"

	"ortho/cmd/ortho/internal/output"
)

// itemsByName is Items where rows are known by the names of their inputs: each input that has a row
// is left out once, so that one that comes again is made again; a row that is lost or, with
// RetryFailed, has failed is made in its place.
func itemsByName[T any, R output.Row](ctx context.Context, r *Run[R], items iter.Seq[T], known Known[T, R]) iter.Seq[T] {
	name := known.Name
	return func(yield func(T) bool) {
		there := map[key]int64{}
		var absent []int64 // places of rows that are lost with their names
		position := int64(0)
		for row, err := range r.partial.all() {
			if errors.Is(err, errAbsent) {
				absent = append(absent, position)
				position++
				continue
			}
			if err != nil {
				r.fail(err)
				return
			}
			if position < r.start {
				there[keyOf(row.Name(), "")] = position
			}
			position++
		}
		var listed tally
		for item := range items {
			if ctx.Err() != nil {
				return
			}
			listed.add(name(item))
			at := int64(next)
			if before, has := there[keyOf(name(item), "")]; has {
				delete(there, keyOf(name(item), ""))
				failed, lost := r.partial.state(before)
				if !lost && !(failed && r.mode == RetryFailed) {
					continue
				}
				at = before
			} else if len(absent) > 0 {
				at, absent = absent[0], absent[1:]
			}
			row := pendingRow{name(item), known.stamp(ctx, item), at}
			r.mutex.Lock()
			r.pending = append(r.pending, row)
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
