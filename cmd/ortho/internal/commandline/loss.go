package commandline

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"
)

// loss is the first error of writing to standard output. What is lost there (a disk is full) makes a
// run fail, also where the command does not look.
type loss struct{ first atomic.Pointer[error] }

// of is w, whose errors are noted.
func (l *loss) of(w io.Writer) io.Writer {
	if f, ok := w.(*os.File); ok {
		return notedFile{f, l}
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
}

func (w notedFile) Write(text []byte) (int, error)       { return w.note(w.File.Write(text)) }
func (w notedFile) WriteString(text string) (int, error) { return w.note(w.File.WriteString(text)) }
func (w notedFile) ReadFrom(r io.Reader) (int64, error)  { return io.Copy(noted{w.File, w.loss}, r) }
