package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync/atomic"
	"time"
)

// Reader reads an object, or a part of one. Where the connection is cut, or gives nothing for a minute, it
// goes on at the byte where it was, of the same object: it fails with [ErrChanged] where that is
// another by now.
type Reader struct {
	Object // as the store had it at first

	stores  *Stores
	ctx     context.Context
	end     context.CancelFunc
	place   place
	backend backend
	at, to  int64 // where it is, and ends; to is -1 where that is not known
	body    io.ReadCloser
	drop    int64 // bytes of body that were read before
	known   bool  // what the object is
	watch   *watch
}

// Open reads length bytes of an object from an offset on; -1: all that follow. It returns when the
// store has answered.
func (s *Stores) Open(ctx context.Context, uri string, offset, length int64) (*Reader, error) {
	return s.open(ctx, Object{URI: uri, Size: -1}, false, offset, length)
}

// OpenSame is Open of an object that was looked at before: where its ETag is another by now, the error is
// [ErrChanged].
func (s *Stores) OpenSame(ctx context.Context, seen Object, offset, length int64) (*Reader, error) {
	return s.open(ctx, seen, true, offset, length)
}

func (s *Stores) open(ctx context.Context, seen Object, known bool, offset, length int64) (*Reader, error) {
	p, b, err := s.find(seen.URI)
	if err != nil {
		return nil, failed("open", seen.URI, err)
	}
	ctx, end := context.WithCancel(ctx)
	r := &Reader{Object: seen, stores: s, ctx: ctx, end: end, place: p, backend: b, at: offset, to: -1, known: known}
	if length >= 0 {
		r.to = offset + length
	}
	if length == 0 {
		return r, nil
	}
	if err := s.again(ctx, seen.URI, func(func()) error { return r.open() }); err != nil {
		end()
		return nil, failed("open", seen.URI, err)
	}
	return r, nil
}

// open begins a body where the reader is.
func (r *Reader) open() error {
	length := int64(-1)
	if r.to >= 0 {
		length = r.to - r.at
	}
	ctx, w := newWatch(r.ctx, r.stores.patience.stall)
	body, now, err := r.backend.open(ctx, r.place, r.Object, r.at, length)
	if err != nil {
		w.stop()
		return w.cause(err)
	}
	w.alive()
	switch {
	case !r.known:
		now.URI = r.URI
		r.Object, r.known = now, true
	case now.ETag != r.ETag || r.ETag == "" && (now.Size != r.Size || !now.Time.Equal(r.Time)):
		body.Close()
		w.stop()
		return &fault{is: ErrChanged}
	}
	if r.Size >= 0 && (r.to < 0 || r.to > r.Size) {
		r.to = r.Size
	}
	if whole, is := body.(wholeBody); is {
		body, r.drop = whole.ReadCloser, r.at
	}
	r.body, r.watch = body, w
	return nil
}

// wholeBody is a body that begins at the object's first byte, whatever was asked for.
type wholeBody struct{ io.ReadCloser }

var errCut = brokenBody{io.ErrUnexpectedEOF}

// Read reads on.
func (r *Reader) Read(p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, nil
	}
	err = r.stores.again(r.ctx, r.URI, func(progress func()) error {
		if r.to >= 0 && r.at >= r.to {
			return nil
		}
		if r.body == nil {
			if r.at > 0 && r.ETag == "" && r.Time.IsZero() {
				return errUnmarked
			}
			if err := r.open(); err != nil {
				return err
			}
		}
		n, err = r.some(p)
		switch {
		case n > 0:
			r.at += int64(n)
			return nil
		case errors.Is(err, io.EOF) && r.to < 0: // the size was never told, and the body ended as it should
			r.to = r.at
			return nil
		case errors.Is(err, io.EOF):
			err = errCut
		}
		r.closeBody()
		if r.ctx.Err() == nil {
			err = brokenBody{err}
		}
		return err
	})
	switch {
	case err != nil:
		return 0, failed("read", r.URI, err)
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// some reads of the body, past what is to be dropped.
func (r *Reader) some(p []byte) (n int, err error) {
	for {
		into := p
		if r.drop > 0 {
			into = p[:min(int64(len(p)), r.drop)]
		} else if r.to >= 0 {
			into = p[:min(int64(len(p)), r.to-r.at)]
		}
		n, err = r.body.Read(into)
		if n > 0 {
			r.watch.alive()
			err = nil
		}
		if r.drop == 0 || n == 0 {
			return n, r.watch.cause(err)
		}
		r.drop -= int64(n)
	}
}

func (r *Reader) closeBody() {
	if r.body != nil {
		r.body.Close()
		r.watch.stop()
		r.body = nil
	}
	r.drop = 0
}

// Close ends the connection.
func (r *Reader) Close() error {
	r.end()
	r.closeBody()
	return nil
}

// errUnmarked is of what can't be gone on with.
var errUnmarked = errors.New("the connection was cut, and the server gives neither ETag nor time of change to go on by")

// ReadAll reads an object of at most limit bytes.
func (s *Stores) ReadAll(ctx context.Context, uri string, limit int64) (data []byte, o Object, err error) {
	for range s.patience.tries {
		if data, o, err = s.readAll(ctx, uri, limit); !errors.Is(err, errUnmarked) {
			break
		}
	}
	return data, o, err
}

func (s *Stores) readAll(ctx context.Context, uri string, limit int64) ([]byte, Object, error) {
	r, err := s.Open(ctx, uri, 0, -1)
	if err != nil {
		return nil, Object{}, err
	}
	defer r.Close()
	if r.Size > limit {
		return nil, r.Object, failed("read", uri, fmt.Errorf("has %d bytes; it may have %d at most", r.Size, limit))
	}
	data := make([]byte, 0, max(r.Size, 0)+512)
	for {
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
		n, err := r.Read(data[len(data):cap(data)])
		data = data[:len(data)+n]
		switch {
		case int64(len(data)) > limit:
			return nil, r.Object, failed("read", uri, fmt.Errorf("has more than %d bytes; it may have no more", limit))
		case errors.Is(err, io.EOF):
			return data, r.Object, nil
		case err != nil:
			return nil, r.Object, err
		}
	}
}

// watch ends a request that gives nothing for too long.
type watch struct {
	end   context.CancelFunc
	timer *time.Timer
	after time.Duration
	idle  atomic.Bool
}

func newWatch(ctx context.Context, after time.Duration) (context.Context, *watch) {
	ctx, end := context.WithCancel(ctx)
	w := &watch{end: end, after: after}
	w.timer = time.AfterFunc(after, func() {
		w.idle.Store(true)
		end()
	})
	return ctx, w
}

func (w *watch) alive() { w.timer.Reset(w.after) }

func (w *watch) stop() {
	w.timer.Stop()
	w.end()
}

// cause says of an error that it came of waiting in vain.
func (w *watch) cause(err error) error {
	if err != nil && w.idle.Load() {
		return brokenBody{fmt.Errorf("nothing came for %v", w.after)}
	}
	return err
}

// IsMissing reports whether an error says that what was asked for is not there.
func IsMissing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
