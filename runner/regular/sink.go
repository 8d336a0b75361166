package regular

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"
)

const (
	// readerComes is how long a pipe is waited for that nobody reads yet: what reads it may take its time to
	// start.
	readerComes = 10 * time.Second
	// lastWrite is how long what is written may still take when ctx is done.
	lastWrite = time.Second
)

// Sink opens a device or a pipe that is written to. A pipe that nobody reads is waited for: for ten
// seconds, or until ctx is done. When ctx is done later, writes to a pipe or a terminal that takes no
// more end with [os.ErrDeadlineExceeded] a second after that. Regular files are refused: they are
// package appear's.
func Sink(ctx context.Context, name string) (*os.File, error) {
	f, err := openSink(ctx, name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.Mode().IsRegular() {
		err = &fs.PathError{Op: "open", Path: name, Err: errors.New("it was a device or a pipe a moment ago, and is none now")}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	context.AfterFunc(ctx, func() { f.SetWriteDeadline(time.Now().Add(lastWrite)) }) // what knows no deadline does not wait either
	return f, nil
}

func openSink(ctx context.Context, name string) (*os.File, error) {
	for start := time.Now(); ; {
		f, err := os.OpenFile(name, os.O_WRONLY|nonblock, 0)
		if !errors.Is(err, syscall.ENXIO) {
			return f, err
		}
		if info, failed := os.Stat(name); failed != nil || info.Mode()&fs.ModeNamedPipe == 0 {
			return nil, err // a socket, or a device whose driver is not there
		}
		if time.Since(start) > readerComes {
			return nil, &fs.PathError{Op: "open", Path: name, Err: errors.New("it is a pipe that nobody reads")}
		}
		select {
		case <-ctx.Done():
			return nil, &fs.PathError{Op: "open", Path: name, Err: ctx.Err()}
		case <-time.After(readerComes / 500):
		}
	}
}
