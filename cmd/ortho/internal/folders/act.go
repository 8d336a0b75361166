package folders

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"ortho/runner/appear"
	"ortho/runner/regular"
)

// badSource is the error of what is read: it costs the picture, not the run.
type badSource struct{ error }

func (b badSource) Unwrap() error { return b.error }

// act puts a file under its new name. The error is [fs.ErrExist] where something stands there.
func (s *Sorter) act(ctx context.Context, f *file) error {
	to, from := s.path(f), string(f.From)
	switch f.Do {
	case Copy:
		return f.copy(ctx, to)
	case Link:
		return s.link(from, to)
	}
	if info, err := os.Lstat(from); err != nil {
		return badSource{err}
	} else if !f.is(info) {
		return badSource{errors.New("it was changed meanwhile")}
	}
	return move(ctx, f.line, from, to)
}

// copy has a copy appear when all of it is on the disk, with the time of what it is a copy of.
func (f *file) copy(ctx context.Context, to string) error {
	var from io.Reader
	if f.Archive != "" {
		data, err := f.item.Read(ctx)
		if err != nil {
			return either(ctx, err)
		}
		from = bytes.NewReader(data)
	} else {
		opened, err := regular.Open(string(f.From))
		if err != nil {
			return badSource{err}
		}
		defer opened.Close()
		from = opened
	}
	out, err := appear.Create(to)
	if err != nil {
		return err
	}
	defer out.Discard() // unless it has appeared
	if n, err := pour(ctx, out, from); err != nil {
		return err
	} else if f.Archive == "" && n != f.Size {
		return badSource{errors.New("it was changed meanwhile")}
	}
	if f.Archive == "" {
		if err := out.Chmod(f.mode); err != nil {
			return err
		}
	}
	if err := os.Chtimes(out.Name(), f.Time, f.Time); err != nil {
		return err
	}
	return out.CommitNew()
}

// either is an error of what is read, unless the run was interrupted.
func either(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return badSource{err}
}

// pour copies to the end, until ctx is done.
func pour(ctx context.Context, to io.Writer, from io.Reader) (n int64, err error) {
	const piece = 4 << 20
	for {
		if err := ctx.Err(); err != nil {
			return n, err
		}
		some, err := io.CopyN(to, from, piece)
		n += some
		switch {
		case errors.Is(err, io.EOF):
			return n, nil
		case isRead(err):
			return n, badSource{err}
		case err != nil:
			return n, err
		}
	}
}

// isRead reports whether an error is of reading.
func isRead(err error) bool {
	p, is := errors.AsType[*fs.PathError](err)
	return is && p.Op == "read"
}

// link makes a hard link, or a symbolic one.
func (s *Sorter) link(from, to string) error {
	real, err := filepath.EvalSymlinks(from)
	if err != nil {
		return badSource{err}
	}
	symbolic, err := appear.Link(real, to)
	if err != nil {
		return err
	}
	if symbolic && !s.linked {
		s.linked = true
		s.Warn(fmt.Sprintf("%s can't hold hard links of %s: links are symbolic, and lead nowhere when the pictures go", s.Into, filepath.Dir(from)))
	}
	return nil
}

// move gives a file another name. On another file system it is copied, written to the disk and
// compared before the first goes.
func move(ctx context.Context, l line, from, to string) error {
	err := appear.Move(from, to)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	info, err := os.Lstat(from)
	if err != nil {
		return badSource{err}
	}
	f := file{line: line{From: anyName(from), Size: l.Size, Time: l.Time}, mode: info.Mode().Perm()}
	if err := f.copy(ctx, to); err != nil {
		return err
	}
	return finishMove(ctx, from, to)
}

// finishMove removes a file that is under its new name already.
func finishMove(ctx context.Context, from, to string) error {
	if sameFile(from, to) {
		if info, err := os.Lstat(from); err != nil || info.Mode()&fs.ModeSymlink != 0 {
			return errors.New("it is a link")
		}
	} else if err := equal(ctx, from, to); err != nil {
		return err
	}
	return os.Remove(from)
}

// errUnequal is of files that are not the same.
var errUnequal = errors.New("what was copied is not what it is a copy of")

// equal compares the bytes of two files.
func equal(ctx context.Context, a, b string) error {
	x, err := regular.Open(a)
	if err != nil {
		return err
	}
	defer x.Close()
	y, err := regular.Open(b)
	if err != nil {
		return err
	}
	defer y.Close()
	p, q := bufio.NewReaderSize(x, 1<<18), bufio.NewReaderSize(y, 1<<18)
	one, two := make([]byte, 1<<18), make([]byte, 1<<18)
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := io.ReadFull(p, one)
		m, failed := io.ReadFull(q, two)
		if n != m || !bytes.Equal(one[:n], two[:m]) {
			return errUnequal
		}
		ended := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		switch {
		case err != nil && !ended:
			return err
		case failed != nil && !errors.Is(failed, io.EOF) && !errors.Is(failed, io.ErrUnexpectedEOF):
			return failed
		case ended:
			return nil
		}
	}
}
