package source

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"

	"ortho/runner/regular"
)

// Unit is a file that images come from: one of its own, or an archive.
type Unit struct {
	Name    string
	Archive bool
	Regular bool // it is there, and a file
}

// Units yields the files that the arguments stand for, in the order of [Items], without a look into them. What
// gives no image by itself (a folder or pattern without any, a list that can't be read) is an error: there is no row
// that could tell it.
func Units(args []string, opt Options) iter.Seq2[Unit, error] {
	return func(yield func(Unit, error) bool) {
		for _, arg := range args {
			if err := check(arg); err != nil {
				yield(Unit{}, err)
				return
			}
			for word := range words(arg) {
				if !units(word, opt, yield) {
					return
				}
			}
		}
	}
}

func units(arg string, opt Options, yield func(Unit, error) bool) bool {
	item := func(i Item) bool {
		if i.File == "" { // a folder that can't be read
			_, err := i.Read(context.Background())
			return yield(Unit{}, fmt.Errorf("%s: %w", i.Name, err)) && false
		}
		return unit(i.File, yield)
	}
	switch kind, path := kindOf(arg); kind {
	case stdin:
		return yield(Unit{}, errors.New("standard input is no file that another process could read")) && false
	case folder:
		return walk(path, Endings, opt.Passed, item)
	case globbed:
		return glob(path, func(match string, mode fs.FileMode) bool {
			switch {
			case isDir(match, mode):
				return walk(match, Endings, opt.Passed, item)
			case noImage(path, match, mode, opt.Passed):
				return true
			}
			return unit(match, yield)
		})
	case list:
		f, err := regular.Stream(path)
		if err != nil {
			return yield(Unit{}, fmt.Errorf("%s: %w", arg, reason(err))) && false
		}
		defer f.Close()
		for path, err := range paths(f, opt.NUL) {
			if err != nil {
				return yield(Unit{}, fmt.Errorf("%s: read paths: %w", arg, reason(err))) && false
			}
			for word := range words(path) {
				if !unit(word, yield) {
					return false
				}
			}
		}
		return true
	default:
		if _, err := os.Stat(path); err != nil {
			return yield(Unit{}, err) && false
		}
		return unit(path, yield)
	}
}

// unit yields a file by its name.
func unit(name string, yield func(Unit, error) bool) bool {
	is := isRegular(name)
	return yield(Unit{name, archive(name) && is, is}, nil)
}
