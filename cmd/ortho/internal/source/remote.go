package source

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync/atomic"

	"ortho/cmd/ortho/internal/store"
	"ortho/runner/regular"
)

// stores are where objects are read from; see Connect.
var stores atomic.Pointer[store.Stores]

// Connect says how objects are read, for the whole process: by a name that is a URI, an image can stand
// wherever one of a file can.
func Connect(s *store.Stores) { stores.Store(s) }

// Stores are those that Connect has set.
func Stores() *store.Stores { return connected() }

func connected() *store.Stores {
	if s := stores.Load(); s != nil {
		return s
	}
	stores.CompareAndSwap(nil, store.New(store.Options{}))
	return stores.Load()
}

// Names reports whether an argument names an object by its URI.
func Names(args []string, uri string) bool {
	for word := range allWords(args) {
		if strings.TrimPrefix(word, "@") == uri {
			return true
		}
	}
	return false
}

// remoteKind is that of a URI, by the URI alone.
func remoteKind(uri string) (kind, string) {
	base := store.Base(uri)
	bucket := !strings.HasPrefix(strings.ToLower(uri), "http")
	switch {
	case bucket && base == "":
		return prefix, uri
	case bucket && strings.Contains(uri, "*"):
		return remoteGlob, uri
	case archive(base):
		return streamed, uri
	case isTable(base):
		return table, uri
	}
	return file, uri
}

// object is an image in a store. Its bytes may be asked for before they are needed; see Ahead.
func object(o store.Object) Item {
	f := &fetch{object: o}
	return Item{Name: store.Shown(o.URI), Path: store.Path(o.URI), Read: f.read, fetch: f}
}

// fetch is an object that is read.
type fetch struct {
	object store.Object // what is known of it before; Size is -1 where only its URI is
	ahead  atomic.Pointer[ahead]
}

// ahead is what is read before it is asked for.
type ahead struct {
	done chan struct{}
	data []byte
	err  error
	size int64 // that was reckoned with
}

// What may be read ahead, of all items together: requests in flight, and bytes that nobody has taken.
const (
	maxAhead      = 64
	maxAheadBytes = 256 << 20
	usualBytes    = 4 << 20 // of an object whose size is not known
)

var aheadNow, aheadBytes atomic.Int64

// Ahead has an image of a store be read before it is asked for, if not too much is already; ctx is the
// run's. Of other images it does nothing.
func (i Item) Ahead(ctx context.Context) {
	f := i.fetch
	if f == nil {
		return
	}
	a := &ahead{done: make(chan struct{}), size: f.object.Size}
	if a.size < 0 {
		a.size = usualBytes
	}
	now, bytes := aheadNow.Add(1), aheadBytes.Add(a.size)
	if now > maxAhead || bytes > maxAheadBytes {
		aheadNow.Add(-1)
		aheadBytes.Add(-a.size)
		return
	}
	f.ahead.Store(a)
	go func() {
		a.data, a.err = f.now(ctx)
		aheadNow.Add(-1)
		close(a.done)
	}()
}

func (f *fetch) read(ctx context.Context) ([]byte, error) {
	a := f.ahead.Swap(nil)
	if a == nil {
		return f.now(ctx)
	}
	defer aheadBytes.Add(-a.size)
	select {
	case <-a.done:
		return a.data, a.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// now reads the object.
func (f *fetch) now(ctx context.Context) ([]byte, error) {
	data, _, err := connected().ReadAll(ctx, f.object.URI, MaxFile)
	return data, reason(err)
}

// written is what the store knows of the object.
func (f *fetch) written() (at written, known bool) {
	o := f.object
	if o.ETag == "" && o.Time.IsZero() {
		var err error
		if o, err = connected().Stat(context.Background(), o.URI); err != nil || o.ETag == "" && o.Time.IsZero() {
			return at, false
		}
	}
	return written{size: o.Size, time: o.Time, sum: o.ETag}, true
}

// listBelow yields the images below a prefix in the order of their keys, as walk does those of a folder. What
// keeps it from going on is an item of the prefix's name.
func listBelow(uri string, endings []string, passed *Passed, yield func(Item) bool) bool {
	for o, err := range connected().List(context.Background(), uri) {
		if err != nil {
			return yield(failed(store.Shown(uri), fmt.Errorf("list: %w", reason(err))))
		}
		below := strings.TrimPrefix(store.Path(o.URI), store.Path(uri))
		switch {
		case strings.HasSuffix(below, "/"): // what stands for a folder in some tools
		case strings.HasPrefix(below, ".") || strings.Contains(below, "/."):
			passed.add(hidden, 1)
		case !slices.Contains(endings, strings.ToLower(path.Ext(below))):
			passed.file(below)
		default:
			if item := object(o); !yield(item) {
				return false
			}
		}
	}
	return true
}

// globRemote yields the objects that a pattern matches, in which * stands for anything but a slash; more is
// false where no more are wanted.
func globRemote(pattern string, yield func(store.Object) bool) (more bool, err error) {
	fixed := pattern[:strings.Index(pattern, "*")]
	for o, err := range connected().List(context.Background(), fixed) {
		if err != nil {
			return true, reason(err)
		}
		if hidden := strings.HasPrefix(store.Base(o.URI), ".") && !strings.HasPrefix(store.Base(pattern), "."); starred(pattern, o.URI) && !hidden && !yield(o) {
			return false, nil
		}
	}
	return true, nil
}

// namedObject yields what an object stands for that a list or a pattern names.
func namedObject(o store.Object, passed *Passed, yield func(Item) bool) bool {
	switch base := store.Base(o.URI); {
	case archive(base):
		return unpack(o.URI, passed, yield)
	case isTable(base):
		return tabled(o.URI, yield)
	}
	return yield(object(o))
}

// starred reports whether a pattern in which * stands for any characters but a slash is a text.
func starred(pattern, text string) bool {
	parts := strings.Split(pattern, "*")
	escape := strings.NewReplacer(`\`, `\\`, `[`, `\[`, `?`, `\?`)
	for i, part := range parts {
		parts[i] = escape.Replace(part)
	}
	is, err := path.Match(strings.Join(parts, "*"), text)
	return is && err == nil
}

// checkFile is the check of one image: one that is missing fails where it is read. A URI that can't be
// asked for at all is an error.
func checkFile(name string) error {
	if !store.Remote(name) {
		return nil
	}
	if err := connected().Check(name); err != nil {
		return fmt.Errorf("%s: %w", store.Shown(name), err)
	}
	return nil
}

// checkStreamed is that of an archive or a table: that it is there. What is in it shows when it is read.
func checkStreamed(name string) error {
	if store.Remote(name) {
		return checkRemote(name)
	}
	var err error
	read := func(item Item) bool {
		if item.Name == name {
			_, err = item.Read(context.Background())
		}
		return false
	}
	var passed Passed
	if isTable(name) {
		tabled(name, read)
	} else {
		unpack(name, &passed, read)
	}
	if _, is := errors.AsType[unusable](err); is {
		return barren{fmt.Errorf("archive %s %w%s", name, err, passed.besides())}
	}
	return nil
}

// unnamed takes the name of what is checked from an error.
func unnamed(err error) error {
	if inner := errors.Unwrap(errors.Unwrap(err)); inner != nil {
		return inner
	}
	return err
}

// checkRemote is the check of what lies in a store: that it is there, and may be read.
func checkRemote(uri string) error {
	if _, err := connected().Stat(context.Background(), uri); err != nil {
		return barren{remoteError(uri, err)}
	}
	return nil
}

func checkPrefix(uri string) (err error) {
	var passed Passed
	var broken error
	empty := listBelow(uri, Endings, &passed, func(item Item) bool {
		if item.fetch == nil {
			_, broken = item.Read(context.Background())
		}
		return false
	})
	switch {
	case broken != nil:
		return barren{fmt.Errorf("%s: %w", uri, broken)}
	case empty:
		return barren{fmt.Errorf("%s %w", uri, nothingBelow(&passed))}
	}
	return nil
}

// nothingBelow says of a prefix that no image is there, and what is.
func nothingBelow(passed *Passed) error {
	for ending := range passed.Counts() {
		if archive("x"+ending) || isTable("x"+ending) {
			return fmt.Errorf("holds no images, but files ending in %s; give them as '.../*%s'", ending, ending)
		}
	}
	if besides := passed.besides(); besides != "" {
		return fmt.Errorf("holds no images (objects ending in %s)%s", strings.Join(Endings, " "), besides)
	}
	return errors.New("is empty: no object's key begins so")
}

func checkRemoteGlob(pattern string) error {
	found := false
	_, err := globRemote(pattern, func(store.Object) bool {
		found = true
		return false
	})
	switch {
	case err != nil:
		return barren{remoteError(pattern, err)}
	case !found:
		return noMatch("no object matches " + pattern)
	}
	return nil
}

// remoteError names what an error is of.
func remoteError(uri string, err error) error {
	err = reason(err)
	if errors.Is(err, fs.ErrNotExist) && !strings.Contains(err.Error(), "bucket") && !strings.HasPrefix(strings.ToLower(uri), "http") {
		return fmt.Errorf("%s: %w; a prefix ends with /", store.Shown(uri), err)
	}
	return fmt.Errorf("%s: %w", store.Shown(uri), err)
}

// openAny opens a file, or an object, to read it once, from its beginning.
func openAny(ctx context.Context, name string) (io.ReadCloser, error) {
	if store.Remote(name) {
		r, err := connected().Open(ctx, name, 0, -1)
		if err != nil {
			return nil, err
		}
		return r, nil
	}
	return regular.Stream(name)
}
