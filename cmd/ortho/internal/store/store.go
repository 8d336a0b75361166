package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Object is what is known of an object without reading it.
type Object struct {
	URI  string
	Size int64     // bytes; -1: not known
	ETag string    // changes with the contents; "": not known
	Time time.Time // when it was last written; zero: not known
}

// Options are a run's.
type Options struct {
	Offline  bool              // no connection is made but to this machine
	Insecure bool              // http:// is spoken with other machines, too
	Tell     func(text string) // gets a line for each store that has to be asked again; may be nil
}

// Stores are all of them. Their methods may be called at once; cancelling a context ends each of them
// soon.
type Stores struct {
	opt       Options
	patience  patience
	transport *http.Transport

	objects func() (*objects, error) // S3
	buckets func() (*buckets, error) // Google

	tokenFor, token string // of WithToken

	*notes
}

// notes are of all stores that are made of one.
type notes struct {
	mutex sync.Mutex
	told  map[string]bool
}

// WithToken are stores that send a token with requests to URLs below an address, and with no others;
// redirects to other hosts are followed without it.
func (s *Stores) WithToken(below, token string) *Stores {
	with := *s
	with.tokenFor, with.token = strings.TrimSuffix(below, "/"), token
	return &with
}

// New returns stores. Nothing is connected, and no credentials are looked for, before an object needs it.
func New(opt Options) *Stores {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 64 // as many requests as may be in flight
	t.ResponseHeaderTimeout = time.Minute
	t.DisableCompression = true // bytes are counted, and gone on with where they were cut
	t.MaxResponseHeaderBytes = 64 << 10
	s := &Stores{opt: opt, patience: usual, transport: t, notes: &notes{told: map[string]bool{}}}
	s.objects = sync.OnceValues(func() (*objects, error) { return newObjects(s) })
	s.buckets = sync.OnceValues(func() (*buckets, error) { return newBuckets(s) })
	return s
}

// backend does one request each, once. Its errors name no URI.
type backend interface {
	// list yields the objects below a prefix in the order of their keys, those after a key.
	list(ctx context.Context, p place, after string) iter.Seq2[found, error]
	stat(ctx context.Context, p place) (Object, error)
	// open reads on from an offset, of the object that has been seen (zero: of any). The object may be
	// another all the same, which Reader looks at.
	open(ctx context.Context, p place, seen Object, offset, length int64) (io.ReadCloser, Object, error)
	put(ctx context.Context, p place, from io.ReaderAt, size int64, how put) error
	remove(ctx context.Context, p place) error
}

// found is an object below a prefix. after is what a further list goes on behind.
type found struct {
	Object
	after string
}

// put says how an object is written: if none is there (new), with a mark by which it is known to be
// this one.
type put struct {
	new  bool
	mark string
}

func (s *Stores) backend(p place) (backend, error) {
	if p.scheme == "" || p.scheme == "file" {
		return files{}, nil
	}
	if p.url != nil {
		if err := s.allowed(p.url.Scheme, p.url.Hostname()); err != nil {
			return nil, err
		}
		w := web{client: s.client()}
		if s.token != "" && strings.HasPrefix(p.url.String(), s.tokenFor+"/") {
			w.token = s.token
		}
		return w, nil
	}
	if p.scheme == "s3" {
		return s.objects()
	}
	return s.buckets()
}

// ErrOffline is the error of what would be asked for.
var ErrOffline = errors.New("is not asked for: --offline")

// allowed says whether a host may be spoken to.
func (s *Stores) allowed(scheme, host string) error {
	switch {
	case loopback(host):
		return nil
	case s.opt.Offline:
		return ErrOffline
	case scheme != "https" && !s.opt.Insecure:
		return fmt.Errorf("http:// to another machine (%s) can be read and changed by all on the way: give https://, or --insecure", host)
	}
	return nil
}

// client makes requests, and follows redirects to where they may lead.
func (s *Stores) client() *http.Client {
	return &http.Client{Transport: s.transport, CheckRedirect: func(r *http.Request, before []*http.Request) error {
		if len(before) > 5 {
			return errors.New("is redirected again and again")
		}
		if r.URL.Host != before[0].URL.Host {
			r.Header.Del("Authorization") // also on another port
		}
		return s.allowed(r.URL.Scheme, r.URL.Hostname())
	}}
}

// List yields the objects whose URIs begin with a prefix, in the order of their keys; of a local path
// the files below that folder, or the file. Pages are asked for as they are needed. An error ends it. A prefix
// without objects yields none.
func (s *Stores) List(ctx context.Context, prefix string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		p, b, err := s.find(prefix)
		if err != nil {
			yield(Object{}, failed("list", prefix, err))
			return
		}
		after, more := "", true
		err = s.again(ctx, prefix, func(progress func()) error {
			for o, err := range b.list(ctx, p, after) {
				if err != nil {
					return err
				}
				progress()
				if after = o.after; !yield(o.Object, nil) {
					more = false
					return nil
				}
			}
			return nil
		})
		if err != nil && more {
			yield(Object{}, failed("list", prefix, err))
		}
	}
}

// Stat looks at an object.
func (s *Stores) Stat(ctx context.Context, uri string) (o Object, err error) {
	p, b, err := s.find(uri)
	if err == nil {
		err = s.again(ctx, uri, func(func()) error {
			o, err = b.stat(ctx, p)
			return err
		})
	}
	o.URI = uri
	return o, failed("look at", uri, err)
}

// Put writes size bytes as an object, which appears at once and whole, or not at all. It replaces what is there.
func (s *Stores) Put(ctx context.Context, uri string, from io.ReaderAt, size int64) error {
	return s.put(ctx, uri, from, size, false)
}

// PutNew is Put where nothing is there; else the error is [fs.ErrExist]. Of several that put at once
// one succeeds.
func (s *Stores) PutNew(ctx context.Context, uri string, from io.ReaderAt, size int64) error {
	return s.put(ctx, uri, from, size, true)
}

func (s *Stores) put(ctx context.Context, uri string, from io.ReaderAt, size int64, new bool) error {
	p, b, err := s.find(uri)
	if err == nil && (p.key == "" || strings.HasSuffix(p.key, "/")) && p.bucket != "" {
		err = errors.New("names no object, but a bucket or a prefix")
	}
	if err == nil {
		how := put{new: new, mark: mark()}
		err = s.again(ctx, uri, func(func()) error { return b.put(ctx, p, from, size, how) })
	}
	return failed("write", uri, err)
}

// Remove removes an object; of one that is not there it says nothing.
func (s *Stores) Remove(ctx context.Context, uri string) error {
	p, b, err := s.find(uri)
	if err == nil {
		err = s.again(ctx, uri, func(func()) error { return b.remove(ctx, p) })
	}
	return failed("remove", uri, err)
}

// Check returns why a URI can't be asked for; nil: it can. Nothing is asked for.
func (s *Stores) Check(uri string) error {
	_, _, err := s.find(uri)
	return err
}

func (s *Stores) find(uri string) (place, backend, error) {
	p, err := parse(uri)
	if err != nil {
		return p, nil, err
	}
	b, err := s.backend(p)
	return p, b, err
}
