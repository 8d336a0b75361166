package record

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"ortho/cmd/ortho/internal/output"
	"ortho/runner/appear"
	"ortho/runner/regular"
)

var (
	errLocked = errors.New("another run is writing it; wait for it to end, or stop it")
	errMoved  = errors.New("another run has just taken it away")
)

// Open takes NAME.partial. It refuses an output that can't be written or would replace what
// the run reads, what the mode does not allow, and a NAME.partial that another run is
// writing. No row is touched before Begin. warn is called with what may not be as it was meant.
func Open[R output.Row](reads *output.Reads, codec *output.Codec[R], name, format string, mode Mode, warn func(string)) (*Run[R], error) {
	if err := reads.Refuse(name); err != nil {
		return nil, err
	}
	appear.Sweep(filepath.Dir(name)) // also where nothing is left to do
	r := &Run[R]{reads: reads, codec: codec, name: name, format: format, mode: mode, warn: warn}
	err := errMoved
	for range 10 { // a run that ends meanwhile takes the file away once
		if !errors.Is(err, errMoved) {
			break
		}
		err = r.open()
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Partial is the name of the file that holds the rows until they are complete.
func (r *Run[R]) Partial() string { return r.name + ".partial" }

func (r *Run[R]) recordName() string { return r.name + ".run.json" }

func (r *Run[R]) resumes() bool {
	return r.mode == Resume || r.mode == RetryFailed || r.mode == Update
}

func (r *Run[R]) open() error {
	recorded, err := r.recorded()
	if err != nil {
		return err
	}
	f, err := r.hold(false)
	switch {
	case err == nil && r.mode == Fresh:
		f.Close()
		continues := "--resume continues it"
		if old, err := readRecord(r.recordName()); err == nil && old.Updating {
			continues = "--update goes on with it"
		}
		return fmt.Errorf("%s exists: a run that did not finish left it; %s, --overwrite starts anew", r.Partial(), continues)
	case err == nil:
		if recorded || r.ofRun(f) {
			r.partial = newPartial[R](f, r.Partial())
			return nil
		}
		f.Close()
		return fmt.Errorf("%s is there, and holds no rows of a run: move it away", r.Partial())
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if _, err := r.reads.Check(r.name, r.mode != Fresh); err != nil {
		if recorded && !missing(r.name) && !output.Once(r.format) {
			err = fmt.Errorf("%w, --update brings it up to date", err)
		}
		return err
	}
	if r.resumes() && !missing(r.name) {
		return nil
	}
	f, err = r.hold(true)
	if errors.Is(err, fs.ErrExist) {
		return errMoved
	}
	if err != nil {
		return err
	}
	r.partial, r.created = newPartial[R](f, r.Partial()), true
	return nil
}

// recorded reports whether OUT.run.json is there. What has that name and is no record is not
// replaced.
func (r *Run[R]) recorded() (bool, error) {
	name := r.recordName()
	info, err := os.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist), err == nil && info.Mode().IsRegular() && info.Size() == 0:
		return false, nil
	case err != nil:
		return false, fmt.Errorf("open output: %w", err)
	case info.Mode()&fs.ModeSymlink != 0:
		return false, fmt.Errorf("%s is a link, which is not followed: move it away", name)
	}
	data, err := regular.ReadFile(name, maxRecord)
	if err != nil {
		return false, fmt.Errorf("open output: %w", err)
	}
	if !likeRecord(data) {
		return false, fmt.Errorf("%s: %w: move it away", name, errNoRecord)
	}
	return true, nil
}

// ofRun reports whether a file is one of rows: it is empty, or the first line is a row.
func (r *Run[R]) ofRun(f *os.File) bool {
	line, _, err := output.NewLines(io.NewSectionReader(f, 0, 1<<62), output.MaxRow).Next()
	if errors.Is(err, io.EOF) {
		return true
	}
	if err != nil {
		return false
	}
	l, err := unseal(line, true)
	if err == nil {
		_, err = output.DecodeLine[R](l.row)
	}
	return err == nil
}

// hold opens OUT.partial for this process alone.
func (r *Run[R]) hold(fresh bool) (*os.File, error) {
	f, err := appear.Hold(r.Partial(), fresh)
	switch {
	case errors.Is(err, appear.ErrUnlocked):
		r.warn("the file system of " + r.Partial() + " has no locks: nothing keeps another run from writing it, too")
	case errors.Is(err, appear.ErrHeld):
		return nil, fmt.Errorf("%s: %w", r.Partial(), errLocked)
	case errors.Is(err, appear.ErrForeign):
		return nil, fmt.Errorf("%w: move it away", err)
	case err != nil:
		return nil, fmt.Errorf("open output: %w", err)
	}
	return f, nil
}
