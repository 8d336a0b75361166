package source

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"

	"ortho/cmd/ortho/internal/store"
	"ortho/runner/regular"
)

// MaxPath bounds the bytes of one path of a list.
const MaxPath = 1 << 16

func checkList(path string) error {
	if store.Remote(path) {
		return checkRemote(path)
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return barren{fmt.Errorf("read list %s: %w", path, reason(err))}
	case info.IsDir():
		return fmt.Errorf("read list %s: it is a folder; give it without the @", path)
	case info.Mode()&fs.ModeNamedPipe != 0:
		return nil // it gives what it holds once
	}
	f, err := regular.Open(path)
	if err != nil {
		return barren{fmt.Errorf("read list %s: %w", path, reason(err))}
	}
	return f.Close()
}

// listed yields a file, or what is in an archive, for each path of r. Lists name files: a
// folder among them fails as an item, since what find prints would otherwise be read
// twice.
func listed(r io.Reader, name string, opt Options, yield func(Item) bool) bool {
	for path, err := range paths(r, opt.NUL) {
		if err != nil {
			return yield(failed(name, fmt.Errorf("read paths: %w", reason(err))))
		}
		if !spelled(path, opt.Passed, yield) {
			return false
		}
	}
	return true
}

// paths yields each line (or NUL-ended string) of r. Lines are taken as they are, but for a
// carriage return at the end; empty ones, and a byte order mark before the first, are left
// out. An error ends them.
func paths(r io.Reader, nul bool) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		scanner := bufio.NewScanner(r)
		scanner.Buffer(make([]byte, 4096), MaxPath)
		if nul {
			scanner.Split(scanNUL)
		}
		for first := true; scanner.Scan(); first = false {
			path := scanner.Bytes()
			if first {
				path = bytes.TrimPrefix(path, []byte("\uFEFF"))
			}
			if len(path) > 0 && !yield(string(path), nil) {
				return
			}
		}
		err := scanner.Err()
		if errors.Is(err, bufio.ErrTooLong) {
			err = fmt.Errorf("a path of more than %d bytes; it and those after it are left out", MaxPath)
		}
		if err != nil {
			yield("", err)
		}
	}
}

func scanNUL(data []byte, atEOF bool) (int, []byte, error) {
	if i := bytes.IndexByte(data, 0); i >= 0 {
		return i + 1, data[:i], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}
