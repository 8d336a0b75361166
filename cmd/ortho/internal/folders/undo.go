package folders

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"syscall"

	"ortho/runner/appear"
)

// Undone is what Undo has done.
type Undone struct {
	Back    int64 // moved back, or the copy or link removed
	Already int64 // were back, or were never put anywhere
	Left    int64 // someone has changed what was there, so that it stays
}

// Undo puts back what a journal tells of, last first, and removes the folders that are empty then,
// and the journal where nothing is left. told is called for each file before it is put back, and
// left for each that stays, with the reason. With dry nothing is changed.
func Undo(ctx context.Context, name string, dry bool, told func(do Act, from, to string), left func(name string, why error)) (u Undone, err error) {
	if _, err := os.Lstat(name); err != nil {
		return u, fmt.Errorf("open the journal: %w", err)
	}
	j, err := hold(name, false, false)
	if err != nil {
		return u, err
	}
	defer j.file.Close()
	into := filepath.Dir(name)
	for _, at := range slices.Backward(j.acts) {
		if err := ctx.Err(); err != nil {
			return u, err
		}
		l, err := j.act(at)
		if err != nil {
			return u, fmt.Errorf("%s: %w", name, err)
		}
		to := filepath.Join(into, filepath.FromSlash(string(l.To)))
		back, why := l.undoing(ctx, to)
		if outside := appear.Within(into, filepath.FromSlash(string(l.To))); outside != nil {
			back, why = nil, outside
		}
		switch {
		case why != nil:
			if u.Left++; left != nil {
				left(to, why)
			}
			continue
		case back == nil:
			u.Already++
			continue
		}
		if told != nil {
			told(l.Do, string(l.From), to)
		}
		if !dry {
			if err := back(); err != nil {
				return u, fmt.Errorf("put %s back: %w", to, err)
			}
		}
		u.Back++
	}
	if j.unread > 0 {
		u.Left += j.unread
		left(name, fmt.Errorf("%d lines of it can't be read", j.unread))
	}
	if !dry {
		j.clear(into, u.Left == 0)
	}
	return u, nil
}

// clear removes folders that are empty, and with all the journal, too.
func (j *journal) clear(into string, all bool) {
	folders := map[string]bool{}
	for _, at := range j.acts {
		if l, err := j.act(at); err == nil {
			folders[path.Dir(string(l.To))] = true
		}
	}
	for folder := range folders {
		if info, err := os.Lstat(filepath.Join(into, filepath.FromSlash(folder))); err == nil && info.IsDir() { // no link
			appear.Remove(into, filepath.FromSlash(folder))
		}
	}
	if all {
		os.Remove(j.file.Name())
		if j.first.Made {
			os.Remove(into)
		}
	}
}

// undoing is how an act is undone; nil where there is nothing to undo. why says what keeps it from
// that.
func (l line) undoing(ctx context.Context, to string) (back func() error, why error) {
	there, err := os.Lstat(to)
	here, missing := os.Lstat(string(l.From))
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR):
		return nil, err
	case err != nil && (l.Do != Move || missing == nil):
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("it is gone, and so is %s", l.From)
	}
	remove := func() error { return os.Remove(to) }
	changed := errors.New("it was changed since, and stays")
	switch l.Do {
	case Link:
		if there.Mode()&fs.ModeSymlink == 0 && missing == nil && sameFile(to, string(l.From)) {
			return remove, nil
		}
		if real, err := os.Readlink(to); err == nil && real == realOf(string(l.From)) {
			return remove, nil
		}
		return nil, fmt.Errorf("it is not a link to %s any more, and stays", l.From)
	case Copy:
		switch info, err := os.Stat(l.origin()); {
		case err != nil:
			return nil, fmt.Errorf("%s is gone, and this copy stays", l.From)
		case !l.made(there):
			return nil, changed
		case l.Archive != "" && !l.is(info):
			return nil, fmt.Errorf("%s has changed, and what was in it stays", l.Archive)
		case l.Archive == "" && equal(ctx, to, string(l.From)) != nil:
			return nil, fmt.Errorf("%s has changed, and this copy of what it was stays", l.From)
		}
		return remove, nil
	}
	switch {
	case missing == nil && (os.SameFile(here, there) || l.is(here) && l.is(there) && equal(ctx, to, string(l.From)) == nil):
		return remove, nil // it was killed between the steps of a move
	case missing == nil:
		return nil, fmt.Errorf("there is another file at %s", l.From)
	case !l.is(there):
		return nil, changed
	}
	return func() error {
		if err := os.MkdirAll(filepath.Dir(string(l.From)), 0o777); err != nil {
			return err
		}
		return move(ctx, l, to, string(l.From))
	}, nil
}

// origin is the file that holds what was copied.
func (l line) origin() string {
	if l.Archive != "" {
		return string(l.Archive)
	}
	return string(l.From)
}

func realOf(name string) string {
	if real, err := filepath.EvalSymlinks(name); err == nil {
		return real
	}
	return name
}
