package record

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"sync"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/source"
)

// Updated counts what an update has found and done.
type Updated struct {
	Kept    int64 // rows that were as they would be now
	New     int64 // inputs that had no row
	Changed int64 // inputs that are not what they were, or of which it is not known
	Again   int64 // inputs whose row had failed, or whose picture is gone
	Gone    int64 // inputs that are not there any more
}

// pool is what an update makes its output of: OUT.partial, whose rows stand in no order. First they are
// those of OUT, or of a run that did not finish, and those that are made come behind them: whatever
// ends an update, the next one finds all of them. Which rows the output has, and in which order, the
// inputs decide as they are gone through.
//
// A row is kept where its input has the name and the stamp that it was made of. In memory are some 100
// bytes for each row, and 8 for each input.
type pool[R output.Row] struct {
	partial  *partial[R]
	look     source.Look
	pictures bool // that rows name, and of which only the last made of a name is there

	rows  map[key]int64 // that have not failed, by name and stamp: where they stand; several: ambiguous
	names map[key]named
	bare  int64 // rows without the stamp that is asked for

	mutex    sync.Mutex // guards what follows
	order    []int64    // where the row of each input stands; toCome
	made     int64      // of those, rows that are there
	failed   int64      // of them
	keepGone bool
	gone     []int64 // where the rows of inputs stand that are not there any more, once those are known
	tally    Updated
}

// key is of a name, or of a name and a stamp.
type key [16]byte

// named is what is known of an input's name.
type named struct {
	last int64 // where its last row stands that has not failed; failedAlone
	now  bool  // the name is that of an input now
}

// In place of an offset.
const (
	ambiguous   = -1 // rows of one name and stamp that are not the same: of a tar's entries, for example
	failedAlone = -2
	toCome      = -3
)

func keyOf(name, stamp string) key {
	digest := sha256.Sum256([]byte(name + "\x00" + stamp))
	return key(digest[:16])
}

func (p *pool[R]) of(partial *partial[R]) {
	p.partial, partial.added = partial, p.add
}

// add takes a row that is there.
func (p *pool[R]) add(row R, stamp source.Stamp, offset int64) {
	name := keyOf(row.Name(), "")
	entry, known := p.names[name]
	if !known {
		entry.last = failedAlone
	}
	if row.Failed() == nil {
		entry.last = offset
	}
	p.names[name] = entry
	part := stamp.By(p.look)
	switch {
	case row.Failed() != nil:
		return
	case part == "" && p.look != source.LookNames:
		p.bare++
		return
	}
	one := keyOf(row.Name(), part)
	if before, twice := p.rows[one]; twice && !p.pictures && !p.equal(before, offset) {
		offset = ambiguous
	}
	p.rows[one] = offset
}

// equal reports whether two rows are the same but for where they stand.
func (p *pool[R]) equal(a, b int64) bool {
	if a == ambiguous {
		return false
	}
	reader := &lineReader{file: p.partial.file, old: p.partial.old > 0}
	one, err := reader.at(a)
	if err != nil {
		return false
	}
	row := bytes.Clone(one.row)
	other, err := reader.at(b)
	return err == nil && bytes.Equal(row, other.row)
}

// find returns where the row of an input stands, if it is to be kept.
func (p *pool[R]) find(name string, stamp source.Stamp) (offset int64, kept bool, count *int64) {
	of := keyOf(name, "")
	entry, known := p.names[of]
	if !known {
		return 0, false, &p.tally.New
	}
	entry.now = true
	p.names[of] = entry
	if part := stamp.By(p.look); part != "" || p.look == source.LookNames {
		offset, kept = p.rows[keyOf(name, part)]
	}
	switch {
	case entry.last == failedAlone:
		return 0, false, &p.tally.Again
	case !kept || offset == ambiguous || p.pictures && offset != entry.last:
		return 0, false, &p.tally.Changed
	}
	return offset, true, &p.tally.Kept
}

// outdated yields the items whose rows are to be made, and finds those of the others.
func outdated[T any, R output.Row](ctx context.Context, r *Run[R], items iter.Seq[T], known Known[T, R]) iter.Seq[T] {
	return func(yield func(T) bool) {
		p := r.pool
		reader := &lineReader{file: p.partial.file, old: p.partial.old > 0}
		var listed tally
		for item := range items {
			if ctx.Err() != nil {
				return
			}
			name, stamp := known.Name(item), known.stamp(ctx, item)
			listed.add(name)
			offset, kept, count := p.find(name, stamp)
			if kept && (r.Gone != nil || known.Fits != nil) {
				row, err := reader.row(offset)
				switch fit, err := fits(r, known, item, row, err); {
				case err != nil:
					r.fail(p.partial.again(err))
					return
				case !fit:
					kept, count = false, &p.tally.Again
				}
			}
			p.mutex.Lock()
			position := int64(len(p.order))
			if *count++; kept {
				p.order = append(p.order, offset)
				p.made++
			} else {
				p.order = append(p.order, toCome)
			}
			p.mutex.Unlock()
			if kept {
				continue
			}
			r.mutex.Lock()
			r.pending = append(r.pending, pendingRow{name, stamp, position})
			r.mutex.Unlock()
			if !yield(item) {
				return
			}
		}
		p.end()
		r.mutex.Lock()
		r.listed = listed.inputs()
		r.mutex.Unlock()
	}
}

// fits reports whether a row whose input has not changed can stay.
func fits[T any, R output.Row](r *Run[R], known Known[T, R], item T, text []byte, err error) (bool, error) {
	var row R
	if err == nil {
		row, err = output.DecodeLine[R](text)
	}
	if err != nil {
		return false, err
	}
	return (known.Fits == nil || known.Fits(item, row)) && (r.Gone == nil || !r.Gone(row)), nil
}

// end is for when all inputs are known: the others are gone.
func (p *pool[R]) end() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, entry := range p.names {
		if entry.now {
			continue
		}
		p.tally.Gone++
		if p.keepGone && entry.last != failedAlone {
			p.gone = append(p.gone, entry.last)
		}
	}
	slices.Sort(p.gone)
}

// put writes the row of an input.
func (p *pool[R]) put(row R, of pendingRow) error {
	offset, err := p.partial.append(row, of.stamp, next)
	if err != nil {
		return err
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.order[of.position] = offset
	if p.made++; row.Failed() != nil {
		p.failed++
	}
	return nil
}

// counts are the rows of the output that are there, and how many of them failed.
func (p *pool[R]) counts() (rows, failed int64) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return p.made + int64(len(p.gone)), p.failed
}

// lines yields the rows of the output: those of the inputs in their order, then those of inputs that
// are gone, in the order that they had.
func (p *pool[R]) lines() iter.Seq2[unsealed, error] {
	return func(yield func(unsealed, error) bool) {
		reader := &lineReader{file: p.partial.file, old: p.partial.old > 0}
		for i, offset := range slices.Concat(p.order, p.gone) {
			l, err := unsealed{}, fmt.Errorf("the row of input %d is not there", i+1)
			if offset >= 0 {
				l, err = reader.at(offset)
			}
			if !yield(l, err) || err != nil {
				return
			}
		}
	}
}

// settle has the record be of the update.
func (p *pool[R]) settle(r *Record, listed *Inputs) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	listed.Times, listed.Contents = r.Inputs.Times, r.Inputs.Contents
	// Updating stays as long as OUT.partial is there.
	r.Updating, r.Inputs, r.Gone = true, listed, int64(len(p.gone))
}

// lineReader reads lines of OUT.partial by where they stand: those that follow each other at once.
type lineReader struct {
	file  io.ReaderAt
	old   bool // lines may be without checksums
	lines *output.Lines
	from  int64 // where lines begins
	next  int64
}

// at is the line at an offset, good until the next call.
func (r *lineReader) at(offset int64) (unsealed, error) {
	if r.lines == nil || offset != r.next {
		r.lines, r.from = output.NewLines(io.NewSectionReader(r.file, offset, 1<<62-offset), output.MaxRow), offset
	}
	text, at, err := r.lines.Next()
	r.next = r.from + at + int64(len(text)) + 1
	if err != nil {
		return unsealed{}, err
	}
	return unseal(text, r.old)
}

func (r *lineReader) row(offset int64) ([]byte, error) {
	l, err := r.at(offset)
	return l.row, err
}

// beginUpdate finds out what is there, unless all of it is as it would be now.
func (r *Run[R]) beginUpdate(ctx context.Context, old, now *Record) error {
	if now.Inputs == nil {
		return errors.New("an update must know its inputs before, and these can be gone through only once")
	}
	if r.partial == nil {
		if err := r.stamped(old); err != nil {
			return err
		}
		if same, err := r.upToDate(ctx, old, now.Inputs); err != nil {
			return err
		} else if same {
			r.record = *old
			return nil
		}
	}
	r.pool = &pool[R]{look: r.Look, pictures: r.Gone != nil, keepGone: r.KeepGone, rows: map[key]int64{}, names: map[key]named{}}
	var err error
	if r.partial == nil {
		err = r.reopen(ctx, old)
	} else {
		r.pool.of(r.partial)
		err = r.scan(ctx, old)
	}
	if err != nil {
		return err
	}
	r.partial.added = nil
	if n := r.pool.bare; n > 0 {
		r.warn(fmt.Sprintf("of %s in %s it is not on record what their inputs were: they are made again", rowsOf(n), r.existing()))
	}
	updating := *old
	updating.Version, updating.OlderLines, updating.Updating = Version, r.partial.old, true
	if err := r.write(updating); err != nil {
		return err
	}
	now.OrientationIgnored = old.OrientationIgnored // of the rows that are kept, at most
	r.record = *now
	return nil
}

func rowsOf(n int64) string {
	if n == 1 {
		return "1 row"
	}
	return fmt.Sprintf("%d rows", n)
}

// stamped refuses a complete output whose inputs nothing is known of: all would be made anew, which
// nobody has asked for.
func (r *Run[R]) stamped(old *Record) error {
	why := ""
	switch {
	case r.Look == source.LookNames || old.Rows == 0:
	case old.Version < 3:
		why = "an older version of ortho has made it, which kept no sizes and times of the inputs"
	case old.Stamps.IsZero() && old.Inputs != nil && old.Inputs.Times == "" && old.Inputs.Contents == "":
		why = "it was made without a look at the sizes and times of its inputs"
	case r.Look == source.LookContents && old.Stamps.Each < wide:
		why = "it was made without a look at the contents of its inputs, so that they can't be compared: leave out --check-inputs contents"
	}
	if why == "" {
		return nil
	}
	return fmt.Errorf("%s can't be updated: %s; --check-inputs names goes by names alone, --overwrite makes all anew", r.name, why)
}

// upToDate reports whether a complete output is all that an update would make.
func (r *Run[R]) upToDate(ctx context.Context, old *Record, now *Inputs) (bool, error) {
	was := old.Inputs
	if was == nil {
		was = old.Listed
	}
	switch {
	case old.Failed > 0, old.Gone > 0 && !r.KeepGone, was == nil || was.SHA256 != now.SHA256, old.Rows-old.Gone != now.Count:
		return false, nil
	case r.Look != source.LookNames && (now.Stamps == "" || old.Stamps.digest(r.Look, now.Count) != now.Stamps):
		return false, nil
	}
	if gone, err := r.anyGone(ctx); err != nil || gone || r.Fit == nil {
		return !gone, err
	}
	rows, done, err := r.complete(ctx)
	if err != nil {
		return false, err
	}
	defer done()
	return r.Fit(rows)
}

// Updated counts what an update has done; false: the run is none, or there was nothing to do, or to
// update.
func (r *Run[R]) Updated() (Updated, bool) {
	if r.pool == nil {
		return Updated{}, false
	}
	r.pool.mutex.Lock()
	defer r.pool.mutex.Unlock()
	return r.pool.tally, true
}
