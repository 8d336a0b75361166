package source

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"ortho/cmd/ortho/internal/store"
	"ortho/runner/regular"
)

// Item is one image. Read gives its encoded bytes; a file that is missing
// or can't be read fails there. Its errors don't repeat Name.
type Item struct {
	Name string
	// Path is where the image lies in what the argument names, with slashes and without
	// "..": below a folder, below the part of a glob before its first * ? or [, below a
	// file's own folder. An archive counts as a folder of its name without .tar. The
	// paths of a list are taken from the root. Of standard input it is "stdin".
	Path string
	Read func(ctx context.Context) ([]byte, error)
	// File is the file that holds it: an archive, or its own; "": none.
	File string

	entry   *written // of an entry of an archive: what its header says
	fetch   *fetch   // of an object in a store
	dropped func()   // tells that nobody will read it; nil: nobody wants to know
}

// Options say where to look besides the arguments.
type Options struct {
	Stdin      io.Reader
	StdinPaths bool     // standard input holds paths
	NUL        bool     // paths in lists end with NUL, not with a newline
	Tar        *Stream  // standard input is an archive; nil: it is not
	Names      []string // files and archives before all others, by these names alone: no patterns, lists or folders
	Shard      Shard
	Passed     *Passed // counts what is passed over, of all shards; may be nil
	Watch      *Watch  // the arguments are folders, which it watches; nil: no
	Look       Look    // what Survey takes of the files, besides their names
}

// Items yields the shard's images in the order of the arguments, a folder's and a
// glob's in the order of their names, an archive's in its own. Paths are found as
// they are needed: of all names, those of one folder (and of those above it) are
// held at a time. An image in an archive is called archive.tar/path/in/it.jpg.
func Items(args []string, opt Options) iter.Seq[Item] {
	return func(yield func(Item) bool) {
		opt.Passed.Begin()
		if opt.Watch != nil {
			opt.Watch.items(args, opt.Passed, yield)
			return
		}
		yield = opt.Shard.own(yield)
		if !expandAll(args, opt, yield) {
			return
		}
		if opt.Tar != nil {
			opt.Tar.items(yield)
		}
		if opt.StdinPaths {
			listed(opt.Stdin, "standard input", opt, below("", yield))
		}
	}
}

// Check returns an error where no argument can give an image: a list that can't be read, a glob without a
// match, a folder or an archive without images, a compressed archive. Beside others each of them fails as
// an item, in its place, as a missing file always does; what is no pattern at all is an error in any case.
func Check(args []string) error {
	var first error
	good := false
	for _, arg := range args {
		err := check(arg)
		switch {
		case err == nil:
			good = true
		case !isBarren(err):
			return err
		case first == nil:
			first = err
		}
	}
	if good {
		return nil
	}
	return first
}

// barren is the error of a source that is there, or could be, and gives no image.
type barren struct{ error }

func isBarren(err error) bool {
	_, is := errors.AsType[barren](err)
	_, none := errors.AsType[noMatch](err)
	return is || none
}

// Inventory is what is known of a run's items before it.
type Inventory struct {
	Items  int64
	Digest string // SHA-256 (hex) of their names in order, each ended by a NUL byte
	// Times and Contents are SHA-256 (hex) of what Look asks for of the items' files; "": it does not.
	Times, Contents string
	// Stamps is the digest of the items' stamps, see [DigestOfStamps.Sum].
	Stamps string
}

// Files yields the files that Items, of all shards, would read: images, archives and lists,
// by their names alone. Of what can be read only once it yields none; see Once.
func Files(args []string, opt Options) iter.Seq[string] {
	return func(yield func(string) bool) {
		each := func(item Item) bool { return yield(item.Name) }
		for arg := range allWords(args) {
			more := true
			switch kind, path := kindOf(arg); kind {
			case stdin, prefix, remoteGlob:
			case streamed, table:
				more = store.Remote(path) || yield(path)
			case folder:
				more = walk(path, Endings, nil, each)
			case globbed:
				more = glob(path, func(match string, mode fs.FileMode) bool {
					if isDir(match, mode) {
						return walk(match, Endings, nil, each)
					}
					return noImage(path, match, mode, nil) || yield(match)
				})
			case list:
				more = store.Remote(path) || !isRegular(path) || yield(path) && filesOf(path, opt.NUL, yield)
			default:
				more = store.Remote(path) || yield(path)
			}
			if !more {
				return
			}
		}
	}
}

// filesOf yields the paths of a list, as far as it can be read.
func filesOf(list string, nul bool, yield func(string) bool) bool {
	f, err := regular.Open(list)
	if err != nil {
		return true
	}
	defer f.Close()
	for path, err := range paths(f, nul) {
		for word := range words(path) {
			if err == nil && !yield(word) {
				return false
			}
		}
	}
	return true
}

// Once reports whether images or their paths come from where they are read only once: from standard
// input, a list that is a pipe, a folder that is watched, or an archive or a Parquet file that is read
// front to back.
func Once(args []string, opt Options) bool {
	return opt.Watch != nil || opt.StdinPaths || opt.Tar != nil || anyWord(args, func(kind kind, name string) bool {
		return kind == list && !store.Remote(name) && !isRegular(name) || kind == streamed || kind == table
	})
}

// Globbed reports whether an argument is a pattern, which matches what is there when it is
// gone through.
func Globbed(args []string) bool {
	return anyWord(args, func(kind kind, _ string) bool { return kind == globbed })
}

func anyWord(args []string, is func(kind, string) bool) bool {
	for word := range allWords(args) {
		if is(kindOf(word)) {
			return true
		}
	}
	return false
}

// Survey goes over the shard's items without reading images. It returns false where that would
// use the items up, as standard input's paths and a list that is a pipe, and where stop
// says so.
func Survey(args []string, opt Options, stop func() bool) (Inventory, bool) {
	if Once(args, opt) {
		return Inventory{}, false
	}
	opt.Stdin = strings.NewReader("") // an image there counts, unread
	opt.Passed.Begin()
	n, names := int64(0), sha256.New()
	stamps := newStamps(opt.Look)
	own := opt.Shard.own(func(item Item) bool {
		n++
		io.WriteString(names, item.Name+"\x00")
		stamps.add(item, stop)
		return true
	})
	if !expandAll(args, opt, func(item Item) bool { return !stop() && own(item) }) {
		return Inventory{}, false
	}
	all := Inventory{Items: n, Digest: hex.EncodeToString(names.Sum(nil))}
	all.Times, all.Contents = stamps.sums()
	if opt.Look != LookNames {
		all.Stamps = stamps.each.Sum()
	}
	return all, !stop()
}

// Single reports whether the arguments name one image file, or standard input as one.
func Single(args []string, opt Options) bool {
	if len(args) != 1 || opt.StdinPaths {
		return false
	}
	if first, last := ends(args[0]); first != last {
		return false
	}
	kind, _ := kindOf(args[0])
	return kind == file || kind == stdin
}

// Folders are the arguments that are folders.
func Folders(args []string) []string {
	return slices.DeleteFunc(slices.Collect(allWords(args)), func(arg string) bool {
		kind, _ := kindOf(arg)
		return kind != folder
	})
}

type kind int

const (
	file kind = iota
	folder
	archived
	globbed
	list
	stdin
	prefix     // of objects in a store
	remoteGlob // likewise
	streamed   // an archive that is read once
	table      // a Parquet file
)

var checks = [...]func(path string) error{
	file:     checkFile,
	folder:   checkFolder,
	archived: checkTar,
	globbed:  checkGlob,
	list:     checkList,
	stdin:    func(string) error { return nil },

	prefix: checkPrefix, remoteGlob: checkRemoteGlob, streamed: checkStreamed, table: checkStreamed,
}

// kindOf takes what exists by its name first: a file called "@x", "a[1].jpg" or "{a,b}.jpg" is
// that file.
func kindOf(arg string) (kind, string) {
	if store.Remote(arg) {
		return remoteKind(arg)
	}
	info, err := os.Stat(arg)
	switch {
	case arg == "-":
		return stdin, arg
	case err == nil && info.IsDir():
		return folder, arg
	case err == nil && info.Mode().IsRegular() && compressed(arg, "") != nil:
		return streamed, arg
	case err == nil && info.Mode().IsRegular() && archive(arg):
		return archived, arg
	case err == nil && info.Mode().IsRegular() && isTable(arg):
		return table, arg
	case err == nil:
		return file, arg
	case strings.HasPrefix(arg, "@"):
		return list, arg[1:]
	case hasMeta(arg):
		return globbed, arg
	}
	return file, arg
}

var errNoneWithin = errors.New("in what it matches there are no images")

// expandAll yields the items of all arguments. A source that gives none is an item that fails, but for a pattern
// among those of braces, which is counted.
func expandAll(args []string, opt Options, yield func(Item) bool) bool {
	for _, name := range opt.Names {
		if !named(name, opt.Passed, below(filepath.Dir(name), yield)) {
			return false
		}
	}
	for _, arg := range args {
		for word := range words(arg) {
			some := false
			more := expand(word, opt, func(item Item) bool {
				some = true
				return yield(item)
			})
			if !more {
				return false
			}
			kind, path := kindOf(word)
			switch {
			case some:
			case kind == globbed && word != arg:
				opt.Passed.pattern(path)
			case kind == remoteGlob && word != arg:
				opt.Passed.pattern(path)
			case kind == prefix && !yield(failed(store.Shown(path), cmp.Or(unnamed(checkPrefix(path)), errNoneWithin))):
				return false
			case kind == remoteGlob && !yield(failed(path, cmp.Or(checkRemoteGlob(path), errNoneWithin))):
				return false
			case kind == folder && !yield(failed(path, fmt.Errorf("it %w", noImages(path)))):
				return false
			case kind == globbed && !yield(failed(path, cmp.Or(checkGlob(path), errNoneWithin))):
				return false
			}
		}
	}
	return true
}

// expand yields the items of one word; false says that no more are wanted.
func expand(arg string, opt Options, yield func(Item) bool) bool {
	switch kind, path := kindOf(arg); kind {
	case stdin:
		// Read here and not by Read: a source that blocks can be left behind.
		data, err := readAll(context.Background(), opt.Stdin, 0, MaxFile)
		return yield(Item{Name: "-", Path: "stdin", Read: func(context.Context) ([]byte, error) { return data, err }})
	case folder:
		return walk(path, Endings, opt.Passed, below(path, yield))
	case archived:
		return untar(path, opt.Passed, below(filepath.Dir(path), yield))
	case globbed:
		yield = below(fixedPart(path), yield)
		return glob(path, func(match string, mode fs.FileMode) bool {
			switch {
			case isDir(match, mode):
				return walk(match, Endings, opt.Passed, yield)
			case noImage(path, match, mode, opt.Passed):
				return true
			}
			return named(match, opt.Passed, yield)
		})
	case streamed:
		return unpack(path, opt.Passed, below(filepath.Dir(store.Path(path)), yield))
	case table:
		return tabled(path, below(filepath.Dir(store.Path(path)), yield))
	case prefix:
		return listBelow(path, Endings, opt.Passed, below(store.Path(path), yield))
	case remoteGlob:
		yield = below(fixedPart(store.Path(path)), yield)
		more, err := globRemote(path, func(o store.Object) bool { return namedObject(o, opt.Passed, yield) })
		return more && (err == nil || yield(failed(path, err)))
	case list:
		f, err := openAny(context.Background(), path)
		if err != nil {
			return yield(failed(arg, reason(err)))
		}
		defer f.Close()
		return listed(f, arg, opt, below("", yield))
	default:
		item := File(path)
		return below(filepath.Dir(item.Path), yield)(item)
	}
}

// below makes the items' paths, which are those of files yet, relative to dir.
func below(dir string, yield func(Item) bool) func(Item) bool {
	return func(item Item) bool {
		if inside, err := filepath.Rel(dir, item.Path); err == nil {
			item.Path = inside
		}
		item.Path = plain(item.Path)
		return yield(item)
	}
}

// plain takes from a path what could lead out of a folder that it is put in: the root, a
// drive and "..".
func plain(name string) string {
	name = filepath.ToSlash(name[len(filepath.VolumeName(name)):])
	return strings.TrimPrefix(path.Clean("/"+name), "/")
}

// spelled yields what a path of a list stands for, in which there may be braces.
func spelled(path string, passed *Passed, yield func(Item) bool) bool {
	if countWords(words(path)) > maxWords {
		return yield(failed(path, tooMany(path)))
	}
	for word := range words(path) {
		if !named(word, passed, yield) {
			return false
		}
	}
	return true
}

// named yields what a path of a list or a glob stands for.
func named(path string, passed *Passed, yield func(Item) bool) bool {
	if store.Remote(path) {
		return namedObject(store.Object{URI: path, Size: -1}, passed, yield)
	}
	switch kind, _ := kindOf(path); kind {
	case streamed:
		return unpack(path, passed, yield)
	case table:
		return tabled(path, yield)
	}
	if archive(path) && isRegular(path) {
		return untar(path, passed, yield)
	}
	return yield(File(path))
}

func failed(name string, err error) Item {
	return Item{Name: name, Path: name, Read: func(context.Context) ([]byte, error) { return nil, err }}
}
