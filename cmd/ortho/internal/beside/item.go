package beside

import (
	"context"
	"fmt"
	"io"
	"iter"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"sync"

	"ortho/cmd/ortho/internal/source"
	"ortho/models"
	"ortho/models/images"
	"ortho/preprocess"
	"ortho/runner"
)

// Item is an image of a run that makes files beside its rows.
type Item struct {
	source.Item
	files  []named
	redone bool   // an earlier run has made files of it
	data   []byte // until its files are made
	err    error  // why it can have no files
}

// named is what an item has in a folder: a file, or a folder of files.
type named struct {
	folder *Folder
	name   string // with slashes
}

// Input is the image for a graph.
func (i *Item) Input() images.Input {
	return images.Input{Name: i.Name, Read: func(ctx context.Context) ([]byte, error) {
		data, err := i.Item.Read(ctx)
		if len(i.files) > 0 {
			i.data = data
		}
		return data, err
	}}
}

// Decode decodes the image whose files are made.
func (i *Item) Decode(opt preprocess.DecodeOptions) (*preprocess.Image, error) {
	return preprocess.Decode(i.data, opt)
}

func (i *Item) nameIn(f *Folder) string {
	return i.files[slices.IndexFunc(i.files, func(n named) bool { return n.folder == f })].name
}

// path is where a file of the folder lies.
func (f *Folder) path(name string) string { return filepath.Join(f.name, filepath.FromSlash(name)) }

// Put writes the file of an image.
func (f *Folder) Put(i *Item, write func(io.Writer) error) error {
	return f.put(i, i.nameIn(f), write)
}

// part is the name of one of several files of an image.
var part = regexp.MustCompile(`^[1-9][0-9]*(-[^/]*)?\.png$`)

// PutAll writes several files of an image, called as parts are, and removes those that an earlier run has made of it
// and that are none of them.
func (f *Folder) PutAll(i *Item, parts iter.Seq2[string, func(io.Writer) error]) error {
	folder, made := i.nameIn(f), map[string]bool{}
	for name, write := range parts {
		if err := f.put(i, path.Join(folder, name), write); err != nil {
			return err
		}
		made[name] = true
	}
	if !i.redone && !f.shelf.Returns {
		return nil
	}
	there, err := os.ReadDir(f.path(folder))
	if err != nil {
		return nil // it is not there: nothing was found, before and now
	}
	for _, one := range there {
		if name := f.path(path.Join(folder, one.Name())); !made[one.Name()] && part.MatchString(one.Name()) && one.Type().IsRegular() {
			if err := f.shelf.Reads.Refuse(name); err != nil {
				return err
			}
			if err := os.Remove(name); err != nil {
				return fmt.Errorf("remove what was there of the image before: %w", err)
			}
		}
	}
	return nil
}

func (f *Folder) put(i *Item, name string, write func(io.Writer) error) error {
	file, err := f.shelf.Create(name, i.File)
	if err != nil {
		return err
	}
	file.Made = i.redone
	if err = write(file); err == nil || file.Failed() != nil {
		err = file.Complete() // which says that the disk is full, where that is why
	}
	if err != nil {
		file.Discard()
		return err
	}
	return file.Commit()
}

// Picture writes an image as a file of a format.
func Picture(img *preprocess.Image, opt preprocess.FileOptions) func(io.Writer) error {
	return func(to io.Writer) error {
		w, err := preprocess.NewFileWriter(to, img.Width, img.Height, img.Channels, opt)
		if err != nil {
			return err
		}
		if _, err := w.Write(img.Pix); err != nil {
			return err
		}
		return w.Close()
	}
}

// Each yields what find makes of the items, in their order, when make has made the files of each, several at once. A
// file that can't be written fails its image.
func Each[V any](ctx context.Context, s *Set, items iter.Seq[*Item], find func(context.Context, iter.Seq[*Item]) iter.Seq[runner.Result[*Item, V]],
	make func(*Item, V) error) iter.Seq[runner.Result[*Item, V]] {
	if !s.On() {
		return find(ctx, items)
	}
	type one = runner.Result[*Item, V]
	return func(yield func(one) bool) {
		defer s.sweep()
		within, cancel := context.WithCancel(ctx) // ends what waits, also where the range is left
		defer cancel()
		var turns turns
		if s.again {
			turns.under = map[string]chan struct{}{}
			items = turns.take(within, items)
		}
		for r := range runner.Map(within, find(within, items), runtime.GOMAXPROCS(0), func(_ context.Context, r one) (struct{}, error) {
			defer turns.end(r.Item)
			if r.Err != nil {
				return struct{}{}, nil
			}
			err := r.Item.err
			if err == nil {
				err = make(r.Item, r.Value)
			}
			r.Item.data = nil
			return struct{}{}, err
		}) {
			made := r.Item
			if r.Err != nil {
				var none V
				made.Value, made.Err = none, models.StageWrite.Wrap(fmt.Errorf("%s: %w", made.Item.Name, r.Err))
			}
			if !yield(made) {
				return
			}
		}
	}
}

// turns has an image that comes again wait until its files of before are made, so that those of now replace them.
type turns struct {
	mutex sync.Mutex
	under map[string]chan struct{} // closed when the files of an image are made; nil: images come once
}

func (t *turns) take(ctx context.Context, items iter.Seq[*Item]) iter.Seq[*Item] {
	return func(yield func(*Item) bool) {
		for item := range items {
			if !t.begin(ctx, item) || !yield(item) {
				return
			}
		}
	}
}

func (t *turns) begin(ctx context.Context, item *Item) bool {
	for {
		t.mutex.Lock()
		before := t.under[item.Name]
		if before == nil {
			t.under[item.Name] = make(chan struct{})
			t.mutex.Unlock()
			return true
		}
		t.mutex.Unlock()
		select {
		case <-before:
		case <-ctx.Done():
			return false
		}
	}
}

func (t *turns) end(item *Item) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	if under := t.under[item.Name]; under != nil {
		close(under)
		delete(t.under, item.Name)
	}
}
