package commandline

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"
)

// lastWrite is how long what is written to a pipe or a terminal may still take when the run is to end.
const lastWrite = time.Second

// loss is the first error of writing to standard output. What is lost there (a disk is full) makes a
// run fail, also where the command does not look.
type loss struct {
	first atomic.Pointer[error]
	over  chan struct{} // closed when nobody waits any longer for what is written
}

// newLoss gives writes that somebody keeps waiting (a pipe is full, and is not read) up a second after ctx is done.
func newLoss(ctx context.Context) *loss {
	l := &loss{over: make(chan struct{})}
	context.AfterFunc(ctx, func() { time.AfterFunc(lastWrite, func() { close(l.over) }) })
	return l
}

// of is w, whose errors are noted.
func (l *loss) of(w io.Writer) io.Writer {
	if f, ok := w.(*os.File); ok {
		info, err := f.Stat()
		return notedFile{f, l, err == nil && !info.Mode().IsRegular()}
	}
	return noted{w, l}
}

func (l *loss) err() error {
	if err := l.first.Load(); err != nil {
		return fmt.Errorf("output is lost: %w", *err)
	}
	return nil
}

func (l *loss) note(n int, err error) (int, error) {
	if err != nil {
		l.first.CompareAndSwap(nil, &err)
	}
	return n, err
}

type noted struct {
	io.Writer
	*loss
}

func (w noted) Write(text []byte) (int, error) { return w.note(w.Writer.Write(text)) }

// notedFile is still one that may be a terminal.
type notedFile struct {
	*os.File
	*loss
	stalls bool // a write may wait for who reads
}

func (w notedFile) Write(text []byte) (int, error) {
	if !w.stalls {
		return w.note(w.File.Write(text))
	}
	type result struct {
		n   int
		err error
	}
	written := make(chan result, 1)
	select {
	case <-w.over:
		return w.note(0, os.ErrDeadlineExceeded)
	default:
	}
	own := bytes.Clone(text) // what is given up is still being written
	go func() {
		n, err := w.File.Write(own)
		written <- result{n, err}
	}()
	select {
	case r := <-written:
		return w.note(r.n, r.err)
	case <-w.over:
		return w.note(0, os.ErrDeadlineExceeded)
	}
}

func (w notedFile) WriteString(text string) (int, error) { return w.Write([]byte(text)) }
func (w notedFile) ReadFrom(r io.Reader) (int64, error) {
	return io.Copy(struct{ io.Writer }{w}, r)
}
