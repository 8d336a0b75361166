package serve

import (
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"ortho/cmd/ortho/internal/serve/fault"
)

// bodies bounds the memory of all bodies together, and of what is made of them before a graph runs.
type bodies struct {
	each, all int64         // bytes
	patience  time.Duration // for one to arrive
	held      atomic.Int64
}

// chunk is by how much a body's memory grows.
const chunk = 64 << 10

// read reads a request's body; release gives its memory back. What a client claims of its length
// takes no memory: only what has arrived does.
func (b *bodies) read(w http.ResponseWriter, r *http.Request) (body []byte, release func(), err error) {
	if r.ContentLength > b.each {
		return nil, nil, &http.MaxBytesError{Limit: b.each}
	}
	if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(b.patience)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return nil, nil, err
	}
	from, err := b.decoded(http.MaxBytesReader(w, r.Body, b.each), r.Header.Get("Content-Encoding"))
	if err != nil {
		return nil, nil, err
	}
	var taken int64
	release = func() { b.held.Add(-taken) }
	for {
		if cap(body)-len(body) < 512 {
			more := int64(max(chunk, cap(body))) // it doubles
			if r.ContentLength > 0 && r.Header.Get("Content-Encoding") == "" {
				more = min(more, r.ContentLength+512-int64(cap(body)))
			}
			taken += more
			if b.held.Add(more) > b.all {
				release()
				return nil, nil, errBodies
			}
			body = append(make([]byte, 0, int64(cap(body))+more), body...)
		}
		n, err := from.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case errors.Is(err, io.EOF):
			return body, release, nil
		case err != nil:
			release()
			return nil, nil, bodyError(err)
		case int64(len(body)) > b.each:
			release()
			return nil, nil, &http.MaxBytesError{Limit: b.each}
		}
	}
}

// hold counts memory that is made of a body; release gives it back.
func (b *bodies) hold(n int64) (release func(), err error) {
	if b.held.Add(n) > b.all {
		b.held.Add(-n)
		if n > b.all {
			return nil, fault.Large("what becomes of this request takes %d MB, more than all requests may together (--max-bodies)", n>>20)
		}
		return nil, errBodies
	}
	return sync.OnceFunc(func() { b.held.Add(-n) }), nil
}

var errBodies = fault.Busy("the bodies of other requests take all memory that is for them (--max-bodies)")

func bodyError(err error) error {
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return err
	case errors.Is(err, os.ErrDeadlineExceeded):
		f := fault.Input("the body did not arrive in time (--timeout)")
		f.Status = http.StatusRequestTimeout
		return f
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fault.Input("the body ends before its end: fewer bytes came than its length says")
	}
	return fault.Input("the body can't be read: %v", err)
}

// decoded reads a body that is compressed.
func (b *bodies) decoded(r io.Reader, encoding string) (io.Reader, error) {
	var to io.Reader
	var err error
	switch encoding {
	case "", "identity":
		return r, nil
	case "gzip":
		to, err = gzip.NewReader(r)
	case "deflate":
		to, err = zlib.NewReader(r)
	default:
		return nil, fault.Media("Content-Encoding %.40q: gzip and deflate can be read", encoding)
	}
	if err != nil {
		if flate := flate.CorruptInputError(0); errors.As(err, &flate) || errors.Is(err, gzip.ErrHeader) || errors.Is(err, zlib.ErrHeader) {
			return nil, fault.Input("the body is not %s, as its Content-Encoding says", encoding)
		}
		return nil, bodyError(err)
	}
	return to, nil
}
