package source

import (
	"archive/tar"
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
)

// Stream is a tar archive that is read as it comes, once. Each entry in it is an image, in its order and by
// its own name, which may be any text: the key of who sends it. Of entries that nobody has read yet it holds
// maxHeld bytes at most, or one.
type Stream struct {
	From io.Reader

	mutex sync.Mutex
	freed *sync.Cond
	held  int
	err   error
}

// maxHeld bounds the bytes of images that were taken from a stream, and not read.
const maxHeld = 256 << 20

// Err returns why the stream has ended before the archive did; nil: it has not.
func (s *Stream) Err() error {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return s.err
}

func (s *Stream) fail(err error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.err = fmt.Errorf("standard input %w", err)
}

// items yields the entries. An archive that is cut short, or is none, gives no row of its own: there is
// nothing that it could stand for.
func (s *Stream) items(yield func(Item) bool) {
	s.freed = sync.NewCond(&s.mutex)
	from := bufio.NewReader(s.From)
	if start, _ := from.Peek(longestMagic); len(start) > 0 {
		if packed := compressed("", string(start)); packed != nil {
			s.fail(fmt.Errorf("is compressed with %s: hand it on decompressed (%s -dc)", packed.tool, packed.tool))
			return
		}
	}
	at := &tailed{from: from}
	entries := 0
	for archive := tar.NewReader(at); ; entries++ {
		header, err := archive.Next()
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) { // names are no paths here
			if err = at.ended(err, entries); err != nil {
				s.fail(err)
			}
			return
		}
		if header.Typeflag == tar.TypeDir || header.Typeflag == tar.TypeXGlobalHeader {
			entries--
			continue
		}
		item, whole := s.item(archive, header)
		if !whole { // cut short within it
			s.fail(fmt.Errorf("is cut short at byte %d, in the entry %q, after %s", at.offset, clipped(header.Name), counted(entries)))
			return
		}
		if !yield(item) {
			return
		}
	}
}

// item is that of an entry, with its bytes; whole reports whether they were there.
func (s *Stream) item(archive io.Reader, header *tar.Header) (item Item, whole bool) {
	name := clipped(header.Name)
	item = Item{Name: name, Path: plain(name)}
	why := typed(header)
	switch {
	case why == nil && len(header.Name) > MaxPath:
		why = fmt.Errorf("has a name of %d bytes; it may have %d at most", len(header.Name), MaxPath)
	case why == nil && strings.Contains(header.Name, "\x00"):
		why = errors.New("has a NUL in its name")
	case why == nil && header.Size > MaxFile:
		why = fmt.Errorf("has %d bytes; an image file may have %d at most", header.Size, MaxFile)
	}
	if why != nil {
		item.Read = func(context.Context) ([]byte, error) { return nil, why }
		return item, true
	}
	s.hold(int(header.Size))
	data := make([]byte, 0, min(header.Size, 1<<20)) // what a header claims need not come
	data, err := readInto(data, archive, int(header.Size))
	free := sync.OnceFunc(func() { s.hold(-int(header.Size)) })
	item.Read = func(context.Context) ([]byte, error) {
		free()
		return data, nil
	}
	item.dropped = free
	return item, err == nil
}

// readInto appends size bytes.
func readInto(data []byte, from io.Reader, size int) ([]byte, error) {
	for len(data) < size {
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
		n, err := from.Read(data[len(data):min(cap(data), size)])
		data = data[:len(data)+n]
		if err != nil && len(data) < size {
			return nil, err
		}
	}
	return data, nil
}

// hold waits until so many bytes more may be held; fewer come at once.
func (s *Stream) hold(bytes int) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	for bytes > 0 && s.held > 0 && s.held+bytes > maxHeld {
		s.freed.Wait()
	}
	s.held += bytes
	if bytes < 0 {
		s.freed.Broadcast()
	}
}

// clipped is a name of an entry as a row has it.
func clipped(name string) string {
	if len(name) > MaxPath {
		name = name[:100] + "..."
	}
	return strings.ReplaceAll(name, "\x00", "\uFFFD")
}

// tailed counts what is read, and keeps the last block of it.
type tailed struct {
	from   *bufio.Reader
	offset int64
	last   [512]byte
}

func (t *tailed) Read(p []byte) (int, error) {
	n, err := t.from.Read(p)
	t.offset += int64(n)
	if n >= len(t.last) {
		copy(t.last[:], p[n-len(t.last):n])
	} else {
		copy(t.last[:], t.last[n:])
		copy(t.last[len(t.last)-n:], p[:n])
	}
	return n, err
}

// ended says what is wrong with an archive that gave no further header, if anything. Padding behind it is
// read, since who sends it may wait for that.
func (t *tailed) ended(err error, entries int) error {
	switch {
	case err == io.EOF && t.offset == 0:
		return errors.New("is empty: a tar archive has an end-of-archive mark, however little is in it")
	case err == io.EOF && t.last != [512]byte{}:
		return fmt.Errorf("has no end-of-archive mark: it is cut short at byte %d, after %s", t.offset, counted(entries))
	case err == io.EOF:
		end, buffer := t.offset, make([]byte, 4096)
		for {
			n, err := t.from.Read(buffer)
			for _, b := range buffer[:n] {
				if b != 0 {
					return fmt.Errorf("goes on behind its end-of-archive mark at byte %d, after %s: give one archive", end, counted(entries))
				}
			}
			if err != nil {
				return nil
			}
		}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("is cut short at byte %d, after %s", t.offset, counted(entries))
	case t.offset <= 512 && errors.Is(err, tar.ErrHeader):
		return errors.New("is no tar archive, or its first header is damaged")
	}
	return fmt.Errorf("can't be read beyond byte %d, after %s: %w", t.offset, counted(entries), reason(err))
}

func counted(entries int) string {
	if entries == 1 {
		return "1 entry"
	}
	return fmt.Sprintf("%d entries", entries)
}
