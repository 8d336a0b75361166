// Package regular opens files that are read: those that flags, arguments, models and caches name.
// A pipe or a device in the place of a file would be waited for without an end, or has none; it is
// refused at once, by its kind. [Stream] is for what users pipe on purpose, and [Sink] for what they
// have written to a pipe or a device.
package regular

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// ErrKind is wrapped by the errors of what is no regular file.
var ErrKind = errors.New("not a regular file")

// Open opens a regular file for reading. A link is followed. The error is an [fs.PathError].
func Open(name string) (*os.File, error) { return OpenFile(name, os.O_RDONLY, 0) }

// OpenFile is [os.OpenFile] of a regular file, or of none that is there yet.
func OpenFile(name string, flag int, perm fs.FileMode) (*os.File, error) {
	// Looked at before, since to open a device can do something; and after, since it may be another.
	if info, err := os.Stat(name); err == nil {
		if err := check("open", name, info.Mode()); err != nil {
			return nil, err
		}
	}
	f, err := os.OpenFile(name, flag|nonblock, perm)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil {
		err = check("open", name, info.Mode())
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// ReadFile reads a regular file of at most limit bytes.
func ReadFile(name string, limit int64) ([]byte, error) {
	f, err := Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, &fs.PathError{Op: "read", Path: name, Err: fmt.Errorf("it has more than %d bytes", limit)}
	}
	return data, nil
}

// patience is how long a pipe into which nobody writes is waited for.
const patience = time.Second

// Stream opens a file that is read once, from its beginning to its end: a regular one, or a pipe, such
// as a shell's <(command). A pipe into which nobody writes for a second from when it is first read is an error of Read;
// one whose writer is silent is waited for, so that a caller that may be interrupted reads it beside
// its context. How much is read is the caller's to bound. Devices are refused.
func Stream(name string) (io.ReadCloser, error) {
	info, err := os.Stat(name)
	if err != nil || info.Mode()&fs.ModeNamedPipe == 0 {
		return Open(name)
	}
	f, err := os.OpenFile(name, os.O_RDONLY|nonblock, 0) // does not wait for a writer
	if err != nil {
		return nil, err
	}
	return &pipe{File: f}, nil
}

// pipe ends where its last writer does, but not before there was one.
type pipe struct {
	*os.File
	begun bool
}

func (p *pipe) Read(to []byte) (int, error) {
	if len(to) == 0 {
		return 0, nil
	}
	for start := time.Now(); ; time.Sleep(patience / 100) {
		n, err := p.File.Read(to)
		p.begun = p.begun || n > 0
		switch none := errors.Is(err, io.EOF) && !p.begun; {
		case none && time.Since(start) > patience:
			return 0, &fs.PathError{Op: "read", Path: p.Name(), Err: errors.New("it is a pipe into which nobody writes")}
		case !none && !errors.Is(err, syscall.EAGAIN): // where the system can't wait for pipes
			return n, err
		}
	}
}

// check refuses what is no regular file.
func check(op, name string, mode fs.FileMode) error {
	if mode.IsRegular() {
		return nil
	}
	return &fs.PathError{Op: op, Path: name, Err: kindError{mode}}
}

// kindError says what is there in the place of a regular file.
type kindError struct{ mode fs.FileMode }

func (kindError) Unwrap() error { return ErrKind }

func (e kindError) Error() string {
	kind := "something else"
	switch {
	case e.mode.IsDir():
		kind = "a folder"
	case e.mode&fs.ModeNamedPipe != 0:
		kind = "a pipe"
	case e.mode&fs.ModeSocket != 0:
		kind = "a socket"
	case e.mode&fs.ModeDevice != 0:
		kind = "a device"
	}
	return "it is " + kind + ", " + ErrKind.Error()
}

// Folder is [os.DirFS] with the regular files, and the folders, below name.
func Folder(name string) fs.FS { return folder{os.DirFS(name), name} }

type folder struct {
	fs.FS
	name string
}

func (f folder) Open(name string) (fs.File, error) {
	info, err := fs.Stat(f.FS, name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		return f.FS.Open(name)
	}
	file, err := Open(filepath.Join(f.name, filepath.FromSlash(name)))
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		failed.Path = name // as of every fs.FS
	}
	if err != nil {
		return nil, err
	}
	return file, nil
}

func (f folder) Stat(name string) (fs.FileInfo, error)      { return fs.Stat(f.FS, name) }
func (f folder) Lstat(name string) (fs.FileInfo, error)     { return fs.Lstat(f.FS, name) }
func (f folder) ReadLink(name string) (string, error)       { return fs.ReadLink(f.FS, name) }
func (f folder) ReadDir(name string) ([]fs.DirEntry, error) { return fs.ReadDir(f.FS, name) }
