// Package source finds the images that a command line names: files, folders,
// globs, lists and standard input.
package source

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// MaxFile bounds the bytes of one encoded image.
const MaxFile = 512 << 20

// MaxPath bounds one line of a list of paths.
const MaxPath = 1 << 16

// Item is one image. Read may fail: for a missing or unreadable file, that is
// where it shows.
type Item struct {
	Name string
	Read func() ([]byte, error)
}

// Options say where to look besides the arguments.
type Options struct {
	Stdin      io.Reader
	StdinPaths bool // standard input holds paths
	NUL        bool // separated by NUL, not by newlines
}

var endings = []string{".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".gif", ".bmp", ".tif", ".tiff", ".webp"}

// Check tells what of the arguments can never give an image: no argument at all,
// a list that can't be opened, a glob without a match, a folder without images.
func Check(args []string, opt Options) error {
	if len(args) == 0 && !opt.StdinPaths {
		return errors.New("no images named: give files, folders, globs, @list.txt or - (standard input)")
	}
	if opt.StdinPaths && slices.Contains(args, "-") {
		return errors.New("- and --stdin-paths both read standard input")
	}
	for _, arg := range args {
		switch kind, path := classify(arg); kind {
		case list:
			f, err := os.Open(path)
			if err != nil {
				return fmt.Errorf("open list: %w", err)
			}
			f.Close()
		case glob:
			if matches, err := filepath.Glob(path); err != nil {
				return fmt.Errorf("glob %s: %w", path, err)
			} else if len(matches) == 0 {
				return fmt.Errorf("glob %s matches nothing", path)
			}
		case folder:
			empty := true
			for range walk(path) {
				empty = false
				break
			}
			if empty {
				return fmt.Errorf("folder %s holds no images (known endings: %s)", path, strings.Join(endings, " "))
			}
		}
	}
	return nil
}

// Items yields the images in the order of the arguments; a folder's are sorted.
// Paths are found as they are needed, so memory does not grow with their number.
func Items(args []string, opt Options) iter.Seq[Item] {
	return func(yield func(Item) bool) {
		for _, arg := range args {
			if !expand(arg, opt, yield) {
				return
			}
		}
		if opt.StdinPaths {
			fromPaths(opt.Stdin, "standard input", opt.NUL, yield)
		}
	}
}

type kind int

const (
	file kind = iota
	folder
	glob
	list
	stdin
)

func classify(arg string) (kind, string) {
	info, err := os.Stat(arg)
	switch {
	case arg == "-":
		return stdin, arg
	case err == nil && info.IsDir():
		return folder, arg
	case err == nil:
		return file, arg
	case strings.HasPrefix(arg, "@"):
		return list, arg[1:]
	case strings.ContainsAny(arg, "*?["):
		return glob, arg
	}
	return file, arg
}

func expand(arg string, opt Options, yield func(Item) bool) bool {
	switch kind, path := classify(arg); kind {
	case stdin:
		return yield(Item{"-", func() ([]byte, error) { return readAll(opt.Stdin, "standard input") }})
	case folder:
		for path := range walk(path) {
			if !yield(fileItem(path)) {
				return false
			}
		}
	case glob:
		matches, _ := filepath.Glob(path) // sorted
		for _, match := range matches {
			if info, err := os.Stat(match); err == nil && info.IsDir() {
				continue
			}
			if !yield(fileItem(match)) {
				return false
			}
		}
	case list:
		f, err := os.Open(path)
		if err != nil {
			return yield(failed(arg, err))
		}
		defer f.Close()
		return fromPaths(f, path, opt.NUL, yield)
	default:
		return yield(fileItem(path))
	}
	return true
}

// fromPaths yields a file for each line (or NUL-ended string) of r.
func fromPaths(r io.Reader, name string, nul bool, yield func(Item) bool) bool {
	scanner := bufio.NewScanner(r)
	scanner.Buffer(make([]byte, 4096), MaxPath)
	if nul {
		scanner.Split(splitNUL)
	}
	for scanner.Scan() {
		if path := scanner.Text(); path != "" && !yield(fileItem(path)) {
			return false
		}
	}
	if err := scanner.Err(); err != nil {
		return yield(failed(name, fmt.Errorf("read paths from %s: %w", name, err)))
	}
	return true
}

func splitNUL(data []byte, atEOF bool) (int, []byte, error) {
	if i := slices.Index(data, 0); i >= 0 {
		return i + 1, data[:i], nil
	}
	if atEOF && len(data) > 0 {
		return len(data), data, nil
	}
	return 0, nil, nil
}

func failed(name string, err error) Item {
	return Item{name, func() ([]byte, error) { return nil, err }}
}

// walk yields the image files below a folder, sorted within each folder; hidden
// ones and links to folders are left out.
func walk(root string) iter.Seq[string] {
	return func(yield func(string) bool) {
		filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil && path == root:
				return err
			case err != nil: // a folder that can't be read: its items fail, the others don't
				if !yield(path) {
					return fs.SkipAll
				}
				return fs.SkipDir
			case path != root && strings.HasPrefix(entry.Name(), "."):
				if entry.IsDir() {
					return fs.SkipDir
				}
				return nil
			case entry.IsDir() || !slices.Contains(endings, strings.ToLower(filepath.Ext(path))):
				return nil
			}
			if !yield(path) {
				return fs.SkipAll
			}
			return nil
		})
	}
}

func fileItem(path string) Item {
	return Item{path, func() ([]byte, error) { return readFile(path) }}
}

func readFile(path string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("read %s: not a regular file", path)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read: %w", err)
	}
	defer f.Close()
	return readSized(f, path, info.Size())
}

func readAll(r io.Reader, name string) ([]byte, error) { return readSized(r, name, 0) }

func readSized(r io.Reader, name string, size int64) ([]byte, error) {
	if size > MaxFile {
		return nil, fmt.Errorf("read %s: %d bytes; an image may have %d at most", name, size, MaxFile)
	}
	buffer := make([]byte, 0, size+512)
	for {
		if len(buffer) == cap(buffer) {
			buffer = append(buffer, 0)[:len(buffer)]
		}
		n, err := r.Read(buffer[len(buffer):cap(buffer)])
		buffer = buffer[:len(buffer)+n]
		if len(buffer) > MaxFile {
			return nil, fmt.Errorf("read %s: more than %d bytes; an image may have no more", name, MaxFile)
		}
		if errors.Is(err, io.EOF) {
			return buffer, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", name, err)
		}
	}
}
