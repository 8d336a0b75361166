package plan

import (
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

// places are where plans, inputs and outputs lie: local files.
type places struct{}

// etag changes with a file's contents, as far as its size and time tell.
func etag(info fs.FileInfo) string {
	return fmt.Sprintf("%x-%x", info.Size(), info.ModTime().UnixNano())
}

// look is what is known of a file without reading it.
func (places) look(_ context.Context, name string) (size int64, tag string, err error) {
	info, err := os.Stat(name)
	if err != nil {
		return 0, "", err
	}
	return info.Size(), etag(info), nil
}

// putNew writes a file, which appears at once, where nothing is there; else the error is [fs.ErrExist].
func (places) putNew(ctx context.Context, name string, from io.Reader) error {
	f, err := appear.Create(name)
	if errors.Is(err, fs.ErrNotExist) {
		if err = os.MkdirAll(filepath.Dir(name), 0o777); err == nil {
			f, err = appear.Create(name)
		}
	}
	if err != nil {
		return err
	}
	if _, err = io.Copy(f, from); err == nil {
		err = ctx.Err()
	}
	if err != nil {
		f.Discard()
		return err
	}
	return f.CommitNew()
}

// open reads a file from its beginning.
func (places) open(_ context.Context, name string) (*os.File, error) { return regular.Open(name) }

// readAll reads a small file.
func (places) readAll(_ context.Context, name string) ([]byte, error) {
	return regular.ReadFile(name, maxLine)
}

// list calls each with the files of a folder, and their sizes.
func (places) list(ctx context.Context, folder string, each func(name string, size int64)) error {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if e.IsDir() {
			continue
		}
		if info, err := e.Info(); err == nil {
			each(e.Name(), info.Size())
		}
	}
	return nil
}
