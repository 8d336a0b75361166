package record

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"strings"
	"sync"
	"time"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/source"
)

// Mode says what happens to the output of an earlier run.
type Mode int

const (
	Fresh       Mode = iota // it is refused
	Overwrite               // it is replaced
	Resume                  // it is continued; where nothing is there, the run begins
	RetryFailed             // as Resume, and the rows that failed are made again
	Update                  // it is brought up to date: only the rows that are not as they would be now are made
)

// Run writes the rows of one run:
//
//	Open          takes OUT.partial for this process
//	Begin         checks OUT.run.json against this run, or writes it; repairs OUT.partial
//	Items, Write  skip the inputs whose rows are there; append those of the others
//	Finish        makes OUT of OUT.partial, which is the truth as long as it is there
//
// The process may be killed at any moment: the next run with Resume loses no row, and
// has none twice.
type Run[R output.Row] struct {
	// Gone, if not nil, reports whether something that a row of an earlier run names, such as the
	// file of a picture, does not exist any more. That row is made again. Set it before Begin.
	Gone func(R) bool

	// Look is by what an update knows inputs again, and KeepGone has it keep the rows of those that are
	// not there any more. Forget leaves no record beside a complete output. Set them before Begin.
	Look             source.Look
	Listed           []string // settings that say which inputs there are, which an update does not compare
	KeepGone, Forget bool

	// Unturned, if not nil, counts the images that this start of the run read unturned, for
	// the record.
	Unturned func() int64

	// ByName has Items know rows by the names of their inputs, and not by their places: folders that are
	// watched have no order, and what is in them is changed. Set it before Begin.
	ByName bool

	// Fit, if not nil, reports whether the rows of a complete output, whose inputs have not changed, are still
	// what would be made of them. Set it before Begin.
	Fit func(rows iter.Seq2[R, error]) (bool, error)

	// Keeps, if not nil, reports whether a row is to be in OUT. OUT.partial has all, since each input
	// has its place there. Set it before Begin.
	Keeps   func(R) bool
	leftOut Places

	reads        *output.Reads
	codec        *output.Codec[R]
	name, format string
	mode         Mode
	warn         func(string) // prints what may not be as it was meant
	partial      *partial[R]  // nil: OUT is there alone
	created      bool         // OUT.partial was not there
	begun        bool
	record       Record
	start        int64    // rows that were there
	failed       int64    // of them
	lost         int64    // of them, too
	pool         *pool[R] // of an update
	named        byName

	mutex   sync.Mutex
	pending []pendingRow // inputs whose rows are to come, in order
	listed  *Inputs      // all, once Items has gone through them
	err     error        // why Items ended early
}

// pendingRow is an input that Items has yielded, its stamp, and the position that its row is
// written with; of an update that among the inputs.
type pendingRow struct {
	name     string
	stamp    source.Stamp
	position int64
}

// Known is how the items of a task are known again.
type Known[T any, R output.Row] struct {
	Name  func(T) string
	Stamp func(context.Context, T) source.Stamp // nil: by their names alone
	// Fits reports whether a row is still what would be made of an item that has not changed; nil: it is.
	Fits func(T, R) bool
}

func (k Known[T, R]) stamp(ctx context.Context, item T) source.Stamp {
	if k.Stamp == nil {
		return ""
	}
	return k.Stamp(ctx, item)
}

// Begin starts or continues the run that now describes: what it is made of, and with
// what settings. It refuses to continue one that was begun otherwise, and says what
// differs. Where Complete reports true afterwards, there is nothing to do.
func (r *Run[R]) Begin(ctx context.Context, now Record) error {
	now.Version, now.Started = Version, time.Now().Round(time.Millisecond)
	if r.partial != nil {
		info, err := r.partial.file.Stat()
		if err != nil {
			return fmt.Errorf("open output: %w", err)
		}
		// Without a row there is nothing to continue, whatever a record says.
		if r.mode == Overwrite || info.Size() == 0 {
			return r.begin(now)
		}
	}
	old, err := r.readOld()
	if err != nil {
		return err
	}
	if old.Updating && r.partial != nil && r.mode != Update {
		return fmt.Errorf("%s is of an --update that did not finish: --update goes on with it, --overwrite starts anew", r.existing())
	}
	if lines := r.differences(old, &now); len(lines) > 0 {
		update := ""
		if len(old.differences(&now, false)) == 0 && !output.Once(r.format) {
			update = ", --update does what is new or has changed"
		}
		return fmt.Errorf("%s was made otherwise than it would be now; go on as it was begun%s, or --overwrite starts anew\n%s", r.existing(), update, strings.Join(lines, "\n"))
	}
	if r.mode != Update {
		if err := r.checkInputs(old, &now); err != nil {
			return err
		}
	}
	if old.Ortho != now.Ortho {
		r.warn(fmt.Sprintf("%s was begun by ortho %s; this is %s", r.existing(), old.Ortho, now.Ortho))
	}
	if r.mode == Update {
		return r.beginUpdate(ctx, old, &now)
	}
	if r.partial == nil && !r.ByName && (r.mode != RetryFailed || old.Failed == 0) {
		if lost, err := r.anyGone(ctx); err != nil {
			return err
		} else if !lost {
			r.record = *old
			return nil
		}
	}
	if r.partial == nil && r.Keeps != nil {
		return fmt.Errorf("%s has only the rows that --where keeps, so that none can be made again: --overwrite makes all anew", r.name)
	}
	if r.partial == nil {
		err = r.reopen(ctx, old)
	} else {
		err = r.scan(ctx, old)
	}
	if err != nil {
		return err
	}
	r.partial.gone = nil
	r.start, r.failed = r.partial.counts()
	r.lost = r.partial.lost.count
	if err := r.nameRows(); err != nil {
		return err
	}
	now = *old
	now.Version, now.OlderLines = Version, r.partial.old
	now.Finished, now.Speed, now.Stamps, now.Updating = time.Time{}, Speed{}, Stamps{}, false
	now.Rows, now.Failed = r.start, r.failed
	now.Resumes = append(now.Resumes, Resumed{time.Now().Round(time.Millisecond), r.start})
	return r.write(now)
}

// differences are those of the records that keep this run from going on with an earlier one.
func (r *Run[R]) differences(old, now *Record) []string {
	if r.mode != Update {
		return old.differences(now, true)
	}
	was, is := *old, *now
	is.Settings = slices.Clone(now.Settings)
	for _, key := range r.Listed {
		of := func(s Setting) bool { return s.Key == key }
		was.Settings, is.Settings = slices.DeleteFunc(slices.Clone(was.Settings), of), slices.DeleteFunc(is.Settings, of)
	}
	return was.differences(&is, false)
}

// checkInputs compares the files that the rows are of with those of now. To do again what failed,
// some of them may have been mended.
func (r *Run[R]) checkInputs(old, now *Record) error {
	asked, changed := old.Inputs.changed(now.Inputs)
	switch {
	case asked && old.Inputs.Contents == "":
		return fmt.Errorf("%s was begun without a look at the contents of its inputs, so that they can't be compared: leave out --check-inputs, or --overwrite starts anew", r.existing())
	case changed && r.mode == Resume:
		return fmt.Errorf("the contents of the inputs are others than those that %s was begun with: give the same, or --overwrite starts anew", r.existing())
	case changed || !asked && old.Inputs.touched(now.Inputs):
		r.warn(fmt.Sprintf("inputs have changed since %s was begun (their %s): its rows are of what they were, and --overwrite makes all anew", r.existing(), map[bool]string{true: "contents", false: "sizes or times"}[changed]))
	}
	return nil
}

// scan reads the rows that are there, and tells which are made again.
func (r *Run[R]) scan(ctx context.Context, record *Record) error {
	p, old := r.partial, record.OlderLines
	if record.Version < 2 {
		old = allOld
	}
	if r.pool == nil {
		p.gone = r.Gone
	}
	if err := p.scan(ctx, old); err != nil {
		return err
	}
	if record.Version < 2 && p.old > 0 {
		r.warn(fmt.Sprintf("an older version of ortho has written %s, without checksums: what was changed in it can't be told", r.Partial()))
	}
	if n := p.bad.rows; n > 0 {
		r.warn(fmt.Sprintf("%s: %s not as written (line %d is the first such line): made again", r.Partial(), isOrAre(n), p.bad.first))
	}
	return nil
}

func isOrAre(rows int64) string {
	if rows == 1 {
		return "1 row is"
	}
	return fmt.Sprintf("%d rows are", rows)
}

// begin prepares for the first rows. They come after the record: rows without one could not
// be continued.
func (r *Run[R]) begin(now Record) error {
	if err := r.partial.file.Truncate(0); err != nil {
		return fmt.Errorf("write output: %w", err)
	}
	return r.write(now)
}

func (r *Run[R]) write(now Record) error {
	if err := now.write(r.recordName()); err != nil {
		return err
	}
	r.record, r.begun = now, true
	return nil
}

// existing is the file that holds the rows of an earlier run.
func (r *Run[R]) existing() string {
	if r.partial == nil {
		return r.name
	}
	return r.Partial()
}

func (r *Run[R]) readOld() (*Record, error) {
	old, err := readRecord(r.recordName())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%s can't be continued: there is no %s to say how it was made; move it away, or --overwrite starts anew", r.existing(), r.recordName())
	case err != nil:
		return nil, fmt.Errorf("%s can't be continued: %w; move both away, or --overwrite starts anew", r.existing(), err)
	case r.partial == nil && old.Finished.IsZero():
		return nil, fmt.Errorf("%s is not of the run that %s tells of: that one did not finish, and %s is gone; --overwrite starts anew", r.name, r.recordName(), r.Partial())
	}
	return old, nil
}

// Complete reports, after Begin, whether OUT is all that this run would make.
func (r *Run[R]) Complete() bool { return r.partial == nil }

// Resumed returns how many rows were there and need not be made, and how many of those
// failed.
func (r *Run[R]) Resumed() (rows, failed int64) {
	switch r.mode {
	case Update:
		return 0, 0
	case RetryFailed:
		return r.start - r.lost - r.failed, 0
	default:
		return r.start - r.lost, r.failed
	}
}

// LeftOut returns how many rows Keeps has kept out of OUT, when Finish has made it.
func (r *Run[R]) LeftOut() int64 { return r.leftOut.Count }

// Counts returns the rows that are there, and how many of them failed.
func (r *Run[R]) Counts() (rows, failed int64) {
	switch {
	case r.partial == nil:
		return r.record.Rows, r.record.Failed
	case r.pool != nil:
		return r.pool.counts()
	}
	return r.partial.counts()
}

// Items yields those of a run's items whose rows are to be made, and checks that the
// others have the names of their rows. Where one does not, it ends, and Finish fails.
func Items[T any, R output.Row](ctx context.Context, r *Run[R], items iter.Seq[T], known Known[T, R]) iter.Seq[T] {
	if r.pool != nil {
		return outdated(ctx, r, items, known)
	}
	if r.ByName {
		return itemsByName(ctx, r, items, known)
	}
	return func(yield func(T) bool) {
		following, stop := iter.Pull2(r.partial.all())
		defer stop()
		position := int64(0)
		var listed tally
		for item := range items {
			if ctx.Err() != nil {
				return
			}
			name := known.Name(item)
			listed.add(name)
			at := int64(next)
			if position < r.start-r.record.Gone {
				row, err, _ := following()
				if errors.Is(err, errAbsent) {
					err = nil
				} else if err == nil && row.Name() != name {
					err = fmt.Errorf("input %d is %s, but its row in %s is of %s: %w", position+1, name, r.Partial(), row.Name(), r.misfit())
				}
				if err != nil {
					r.fail(err)
					return
				}
				at = position
				position++
				if failed, lost := r.partial.state(at); !lost && !(failed && r.mode == RetryFailed) {
					continue
				}
			}
			row := pendingRow{name, known.stamp(ctx, item), at}
			r.mutex.Lock()
			r.pending = append(r.pending, row)
			r.mutex.Unlock()
			if !yield(item) {
				return
			}
		}
		if position < r.start-r.record.Gone {
			r.fail(fmt.Errorf("there are %d inputs, but %s has %d rows: %w", position, r.Partial(), r.start, r.misfit()))
		}
		r.mutex.Lock()
		r.listed = listed.inputs()
		r.mutex.Unlock()
	}
}

// ErrMisfit is wrapped where rows and inputs don't belong together: to resume once more does
// not help.
var ErrMisfit = errors.New("they don't belong together")

// misfit says which of the two is wrong, as far as that is known.
func (r *Run[R]) misfit() error {
	if r.record.Inputs != nil { // compared already
		return fmt.Errorf("%w: %s was changed; move it away, or --overwrite starts anew", ErrMisfit, r.Partial())
	}
	return fmt.Errorf("%w: the inputs are others than those it was begun with; give the same, or --overwrite starts anew", ErrMisfit)
}

// Verify compares the inputs with those of a complete output that were not known
// before, such as paths on standard input.
func (r *Run[R]) Verify(items iter.Seq[source.Item]) error {
	if r.record.Listed == nil {
		return nil
	}
	var now tally
	for item := range items {
		now.add(item.Name)
	}
	if is := now.inputs(); *is != *r.record.Listed {
		return fmt.Errorf("%s was made of %d inputs, and not of these %d: give the same, or --overwrite starts anew", r.name, r.record.Listed.Count, is.Count)
	}
	return nil
}

func (r *Run[R]) fail(err error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.err = err
}

// Write appends the row of the first input that Items has yielded and that has none.
func (r *Run[R]) Write(row R) error {
	if err := r.reads.Late(); err != nil {
		return err
	}
	r.mutex.Lock()
	if len(r.pending) == 0 || r.pending[0].name != row.Name() {
		r.mutex.Unlock()
		return fmt.Errorf("a row of %s came out of turn", row.Name())
	}
	one := r.pending[0]
	r.pending = r.pending[1:]
	r.mutex.Unlock()
	if r.pool != nil {
		return r.pool.put(row, one)
	}
	_, err := r.partial.append(row, one.stamp, one.position)
	return err
}
