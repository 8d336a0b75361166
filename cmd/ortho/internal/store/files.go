package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"ortho/runner/appear"
	"ortho/runner/regular"
)

// files are those of this machine.
type files struct{}

// list goes through the folders in the order of their names; hidden files are left out, and links are
// not followed.
func (files) list(ctx context.Context, p place, after string) iter.Seq2[found, error] {
	return func(yield func(found, error) bool) {
		err := filepath.WalkDir(p.path, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case ctx.Err() != nil:
				return ctx.Err()
			case err != nil:
				return err
			case path != p.path && entry.Name()[0] == '.':
				if entry.IsDir() {
					return fs.SkipDir
				}
				return nil
			case !entry.Type().IsRegular():
				return nil
			}
			info, err := entry.Info()
			if errors.Is(err, fs.ErrNotExist) { // it has gone meanwhile
				return nil
			}
			if err != nil {
				return err
			}
			object := written(info)
			object.URI = path
			if !yield(found{object, path}, nil) {
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield(found{}, local(err))
		}
	}
}

// written is what the file system knows of a file. Its ETag is made of size and time.
func written(info fs.FileInfo) Object {
	return Object{Size: info.Size(), ETag: fmt.Sprintf("%x-%x", info.Size(), info.ModTime().UnixNano()), Time: info.ModTime()}
}

func (files) stat(_ context.Context, p place) (Object, error) {
	info, err := os.Stat(p.path)
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("is not a regular file")
	}
	if err != nil {
		return Object{}, local(err)
	}
	return written(info), nil
}

func (files) open(_ context.Context, p place, _ Object, offset, _ int64) (io.ReadCloser, Object, error) {
	f, err := regular.Open(p.path)
	if err != nil {
		return nil, Object{}, local(err)
	}
	info, err := f.Stat()
	if err == nil {
		_, err = f.Seek(offset, io.SeekStart)
	}
	if err != nil {
		f.Close()
		return nil, Object{}, local(err)
	}
	return f, written(info), nil
}

func (files) put(ctx context.Context, p place, from io.ReaderAt, size int64, how put) error {
	f, err := appear.Create(p.path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(p.path), 0o777); err == nil {
			f, err = appear.Create(p.path)
		}
	}
	if err != nil {
		return local(err)
	}
	for at := int64(0); err == nil && at < size; at += 4 << 20 {
		if err = ctx.Err(); err == nil {
			_, err = io.Copy(f, io.NewSectionReader(from, at, min(4<<20, size-at)))
		}
	}
	switch {
	case err != nil:
		f.Discard()
	case how.new:
		err = f.CommitNew()
	default:
		err = f.Commit()
	}
	return local(err)
}

func (files) remove(_ context.Context, p place) error {
	if err := os.Remove(p.path); !errors.Is(err, fs.ErrNotExist) {
		return local(err)
	}
	return nil
}

// local takes the path from an error: the URI stands before it.
func local(err error) error {
	switch p := (*fs.PathError)(nil); {
	case errors.As(err, &p):
		return p.Err
	default:
		return err
	}
}
