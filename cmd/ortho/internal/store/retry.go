package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/avast/retry-go/v5"
)

// ErrChanged is the error of an object that has become another one since it was first looked at.
var ErrChanged = errors.New("was changed since it was first looked at")

// patience is how long a store is waited for.
type patience struct {
	tries uint          // of a request without progress
	first time.Duration // the longest first wait; it doubles with each, and lies between nothing and that
	most  time.Duration // the longest of all
	stall time.Duration // a body that gives no byte for so long is asked for anew
}

var usual = patience{tries: 9, first: 250 * time.Millisecond, most: 20 * time.Second, stall: time.Minute}

// again does a request until it succeeds, fails for good, or has made no progress for so many tries.
func (s *Stores) again(ctx context.Context, uri string, request func(progress func()) error) error {
	n := uint(0)
	retrier := retry.New(retry.Context(ctx), retry.LastErrorOnly(true), retry.Attempts(0),
		retry.RetryIf(func(err error) bool { return n < s.patience.tries && ctx.Err() == nil && temporary(err) }),
		retry.Delay(s.patience.first), retry.MaxDelay(s.patience.most),
		retry.DelayType(func(_ uint, err error, config retry.DelayContext) time.Duration {
			s.tell(uri, err)
			wait := retry.FullJitterBackoffDelay(n, err, config)
			if f, is := errors.AsType[*fault](err); is {
				wait += min(f.after, time.Minute)
			}
			return min(wait, time.Minute)
		}))
	err := retrier.Do(func() error {
		n++
		return request(func() { n = 0 })
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// tell says once a store that it is asked again.
func (s *Stores) tell(uri string, err error) {
	p, _ := parse(uri)
	where := p.scheme + "://" + p.bucket
	if p.url != nil {
		where = p.url.Scheme + "://" + p.url.Host
	}
	s.mutex.Lock()
	first := !s.told[where]
	s.told[where] = true
	s.mutex.Unlock()
	if first && s.opt.Tell != nil {
		s.opt.Tell(fmt.Sprintf("%s: %v: asked again, as often as it helps", where, err))
	}
}

// fault is what a store answers instead of what was asked for.
type fault struct {
	status int    // of HTTP
	code   string // that the store has for it
	text   string // what is said of it, instead
	is     error  // of package fs, or ErrChanged; nil: another
	after  time.Duration
}

func (f *fault) Unwrap() error { return f.is }

func (f *fault) Error() string {
	text := f.text
	if text == "" {
		switch f.is {
		case nil:
			text = "the store failed"
		case fs.ErrNotExist:
			text = "there is no such object"
		case fs.ErrPermission:
			text = "access is denied"
		case fs.ErrExist:
			text = "it exists"
		default:
			text = f.is.Error()
		}
	}
	switch {
	case f.code != "":
		return fmt.Sprintf("%s (%d %s)", text, f.status, f.code)
	case f.status != 0:
		return fmt.Sprintf("%s (%d)", text, f.status)
	}
	return text
}

// answered is the fault that a status stands for.
func answered(status int, code string, header http.Header) *fault {
	f := &fault{status: status, code: code}
	switch status {
	case http.StatusNotFound, http.StatusGone:
		f.is = fs.ErrNotExist
	case http.StatusUnauthorized, http.StatusForbidden:
		f.is = fs.ErrPermission
	case http.StatusPreconditionFailed:
		f.is = ErrChanged
	}
	if seconds, err := strconv.Atoi(header.Get("Retry-After")); err == nil && seconds > 0 {
		f.after = time.Duration(min(seconds, 3600)) * time.Second
	}
	return f
}

// temporary reports whether a request may succeed later.
func temporary(err error) bool {
	if f, is := errors.AsType[*fault](err); is {
		return f.is == nil && (f.status >= 500 && f.status != http.StatusNotImplemented || f.status == http.StatusTooManyRequests || f.status == http.StatusRequestTimeout ||
			strings.HasPrefix(f.code, "SlowDown") || f.code == "RequestTimeout" || f.code == "OperationAborted" || f.code == "ConditionalRequestConflict")
	}
	if _, broken := errors.AsType[brokenBody](err); broken {
		return true
	}
	if name, is := errors.AsType[*net.DNSError](err); is {
		return name.IsTimeout || name.IsTemporary
	}
	_, network := errors.AsType[*net.OpError](err)
	return network || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) || timeout(err) || strings.Contains(err.Error(), "server closed idle connection") ||
		strings.Contains(err.Error(), "http2: ")
}

func timeout(err error) bool {
	t, is := errors.AsType[net.Error](err)
	return is && t.Timeout()
}

// brokenBody is the error of a body that ended before its time.
type brokenBody struct{ error }

func (b brokenBody) Unwrap() error { return b.error }

// bare takes from an error of net/http the URL, which may hold what is secret.
func bare(err error) error {
	for {
		u, is := errors.AsType[*url.Error](err)
		if !is {
			return err
		}
		err = u.Err
	}
}

// mark is what an object gets to be known again by.
func mark() string { return rand.Text() }
