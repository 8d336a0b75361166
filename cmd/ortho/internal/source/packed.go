package source

import (
	"archive/tar"
	"bufio"
	"compress/bzip2"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"

	"ortho/cmd/ortho/internal/store"
)

// maxHeldEntry is the most bytes of an entry that are kept until they are asked for, where they can be had
// again: of an archive in a store, which is not compressed.
const maxHeldEntry = 32 << 20

// maxZstdWindow bounds what a zstd archive has its reader keep (zstd --long=27 asks for as much).
const maxZstdWindow = 128 << 20

// unpack yields the images of an archive that is read front to back, once: one in a store, with one request,
// or one that is compressed. What untar says of names holds here, too.
func unpack(name string, passed *Passed, yield func(Item) bool) bool {
	shown := store.Shown(name)
	ctx, end := context.WithCancel(context.Background())
	defer end()
	f, err := openAny(ctx, name)
	if err != nil {
		return yield(failed(shown, fmt.Errorf("open archive: %w", reason(err))))
	}
	defer f.Close()
	kept := &piped{from: f}
	defer kept.close()
	in := bufio.NewReaderSize(kept.start(), 1<<16)
	start, _ := in.Peek(longestMagic)
	packed := compressed("", string(start))
	from, err := decompress(in, packed)
	if err != nil {
		return yield(failed(shown, err))
	}
	defer from.Close()
	var again *store.Object // by which an entry can be had again
	if r, is := f.(*store.Reader); is && packed == nil {
		again = &r.Object
	}
	at := &counter{from: from}
	images := 0
	for headers := tar.NewReader(at); ; {
		header, err := headers.Next()
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			err = at.ended(err, images)
			return err == nil || yield(failed(shown, err))
		}
		inside, err := member(header)
		if inside == "" {
			passed.entry(header)
			continue
		}
		images++
		item := Item{Name: shown + "/" + inside, Path: strings.TrimSuffix(store.Path(name), path.Ext(store.Path(name))) + "/" + inside, entry: &written{size: header.Size, time: header.ModTime}}
		if !store.Remote(name) {
			item.File = name
		}
		switch {
		case err != nil:
			item = failed(item.Name, err)
		case header.Size > MaxFile:
			item = failed(item.Name, fmt.Errorf("has %d bytes; an image file may have %d at most", header.Size, MaxFile))
		default:
			e := &streamedEntry{again: again, offset: at.offset, size: header.Size}
			item.Read = e.read
			if again == nil || header.Size <= maxHeldEntry {
				if e.data, err = readAll(context.Background(), headers, 0, MaxFile); err != nil {
					return yield(failed(shown, at.ended(err, images-1)))
				}
			}
		}
		if !yield(item) {
			return false
		}
	}
}

// decompress reads what is packed.
func decompress(in *bufio.Reader, how *compression) (io.ReadCloser, error) {
	if how == nil {
		return io.NopCloser(in), nil
	}
	switch how.tool {
	case "gzip":
		r, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("is damaged: %w", err)
		}
		return r, nil
	case "zstd":
		r, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxZstdWindow))
		if err != nil {
			return nil, fmt.Errorf("is damaged: %w", err)
		}
		return r.IOReadCloser(), nil
	case "bzip2":
		return io.NopCloser(bzip2.NewReader(in)), nil
	}
	return nil, unusable(fmt.Sprintf("is compressed with %s, which is not read; compress it with zstd or gzip instead", how.tool))
}

// streamedEntry is an entry of an archive that is read once.
type streamedEntry struct {
	again        *store.Object
	offset, size int64

	mutex sync.Mutex
	data  []byte
}

func (e *streamedEntry) read(ctx context.Context) ([]byte, error) {
	e.mutex.Lock()
	data := e.data
	e.data = nil // it is asked for once, but for pages
	e.mutex.Unlock()
	switch {
	case data != nil:
		return data, nil
	case e.size == 0:
		return []byte{}, nil
	case e.again == nil:
		return nil, errors.New("lies in an archive that is read once, and was read")
	}
	r, err := connected().OpenSame(ctx, *e.again, e.offset, e.size)
	if err != nil {
		return nil, fmt.Errorf("open archive: %w", reason(err))
	}
	defer r.Close()
	return readAll(ctx, r, e.size, MaxFile)
}

// counter counts what is read, and keeps the last block of it.
type counter struct {
	from   io.Reader
	offset int64
	last   [512]byte
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.from.Read(p)
	c.offset += int64(n)
	if n >= len(c.last) {
		copy(c.last[:], p[n-len(c.last):n])
	} else {
		copy(c.last[:], c.last[n:])
		copy(c.last[len(c.last)-n:], p[:n])
	}
	return n, err
}

// ended says what is wrong with an archive that gave no further header, if anything.
func (c *counter) ended(err error, images int) error {
	switch {
	case err == io.EOF && c.last != [512]byte{}:
		return fmt.Errorf("has no end-of-archive mark: it is cut short at byte %d, after %s, or was never finished", c.offset, count(images))
	case err == io.EOF:
		buffer := make([]byte, 4096)
		for left := 1 << 20; left > 0; left -= len(buffer) {
			n, err := c.from.Read(buffer)
			for _, b := range buffer[:n] {
				if b != 0 {
					return fmt.Errorf("goes on behind its end-of-archive mark, after %s: what follows (another archive, joined by cat?) is left out", count(images))
				}
			}
			if err != nil && err != io.EOF {
				return fmt.Errorf("can't be read to its end: %w", reason(err))
			} else if err != nil {
				break
			}
		}
		if images == 0 {
			return unusable("holds no images (entries ending in " + strings.Join(Endings, " ") + ")")
		}
		return nil
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("is cut short at byte %d, after %s; what followed is lost", c.offset, count(images))
	case c.offset <= 512 && errors.Is(err, tar.ErrHeader):
		return errors.New("is not a tar archive, or its first header is damaged")
	}
	return fmt.Errorf("can't be read beyond byte %d, after %s; what follows is lost: %w", c.offset, count(images), reason(err))
}

// piped reads on while what it has read is used: four pieces of a MiB.
type piped struct {
	from io.Reader
	stop chan struct{}
	done chan struct{}
}

type pieceOf struct {
	data []byte
	err  error
}

func (p *piped) start() io.Reader {
	pieces := make(chan pieceOf, 3)
	p.stop, p.done = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(p.done)
		for {
			data := make([]byte, 1<<20)
			n, err := io.ReadFull(p.from, data)
			if err == io.ErrUnexpectedEOF { // a part of a piece, and the end
				err = io.EOF
			}
			select {
			case pieces <- pieceOf{data[:n], err}:
			case <-p.stop:
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return &pieceReader{from: pieces}
}

// close ends the reading; what it reads from is to be closed before, or soon.
func (p *piped) close() { close(p.stop) }

type pieceReader struct {
	from <-chan pieceOf
	now  pieceOf
}

func (r *pieceReader) Read(p []byte) (int, error) {
	for len(r.now.data) == 0 {
		if r.now.err != nil {
			return 0, r.now.err
		}
		r.now = <-r.from
	}
	n := copy(p, r.now.data)
	r.now.data = r.now.data[n:]
	return n, nil
}
