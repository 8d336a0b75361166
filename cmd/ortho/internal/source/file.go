package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"ortho/cmd/ortho/internal/store"
	"ortho/runner/regular"
)

// MaxFile bounds the bytes of one encoded image.
const MaxFile = 512 << 20

// piece is how much is read before the context is looked at again.
const piece = 4 << 20

// File is the image in a file, of whatever name, or the object of a URI; see [Connect]. A link to it is followed.
// Its Path is the file's.
func File(path string) Item {
	if store.Remote(path) {
		return object(store.Object{URI: path, Size: -1})
	}
	return Item{Name: path, Path: path, Read: func(ctx context.Context) ([]byte, error) { return readFile(ctx, path) }, File: path}
}

// readFile opens regular files only: a pipe or a device could block for ever.
func readFile(ctx context.Context, path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, reason(err)
	case info.IsDir():
		return nil, errors.New("is a folder, not an image file")
	case !info.Mode().IsRegular():
		return nil, errors.New("is not a regular file; what a pipe gives is read with - (standard input)")
	}
	f, err := regular.Open(path)
	if err != nil {
		return nil, reason(err)
	}
	defer f.Close()
	return readAll(ctx, f, info.Size(), MaxFile)
}

// readAll reads to the end, at most limit bytes, until ctx is done; size is what is expected.
func readAll(ctx context.Context, r io.Reader, size int64, limit int) ([]byte, error) {
	if size > int64(limit) {
		return nil, fmt.Errorf("has %d bytes; an image file may have %d at most", size, limit)
	}
	buffer := make([]byte, 0, size+512)
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if len(buffer) == cap(buffer) {
			buffer = append(buffer, 0)[:len(buffer)]
		}
		n, err := r.Read(buffer[len(buffer):min(cap(buffer), len(buffer)+piece)])
		buffer = buffer[:len(buffer)+n]
		switch {
		case len(buffer) > limit:
			return nil, fmt.Errorf("has more than %d bytes; an image file may have no more", limit)
		case errors.Is(err, io.EOF):
			return buffer, nil
		case err != nil:
			return nil, reason(err)
		}
	}
}

// reason leaves the path out of an error: an item's name stands before it.
func reason(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

func isRegular(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// isDir follows links: mode is the path's own type.
func isDir(path string, mode fs.FileMode) bool {
	if mode&fs.ModeSymlink == 0 {
		return mode.IsDir()
	}
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
