package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"ortho/cmd/ortho/internal/store/storetest"
)

// quick are stores that wait for little.
func quick(opt Options) *Stores {
	s := New(opt)
	s.patience = patience{tries: 30, first: time.Millisecond, most: 5 * time.Millisecond, stall: time.Second}
	return s
}

func noise(n int) []byte {
	data := make([]byte, n)
	r := rand.NewChaCha8([32]byte{1})
	r.Read(data)
	return data
}

// each runs a test against each store, with the URI of a prefix that is empty.
func each(t *testing.T, test func(t *testing.T, prefix string)) {
	t.Run("files", func(t *testing.T) { test(t, filepath.ToSlash(t.TempDir())+"/") })
	t.Run("s3 in process", func(t *testing.T) { storetest.S3(t); test(t, "s3://bucket/a b/") })
	t.Run("versitygw", func(t *testing.T) { storetest.Versity(t); test(t, "s3://bucket/a b/") })
	t.Run("fake-gcs-server", func(t *testing.T) { storetest.GCS(t); test(t, "gs://bucket/a b/") })
	t.Run("versitygw, roughly", func(t *testing.T) {
		storetest.At(t, storetest.Rough(t, storetest.Versity(t)).URL)
		test(t, "s3://bucket/a b/")
	})
	t.Run("s3 in process, roughly", func(t *testing.T) {
		storetest.At(t, storetest.Rough(t, storetest.S3(t)).URL)
		test(t, "s3://bucket/a b/")
	})
}

func TestStores(t *testing.T) {
	each(t, func(t *testing.T, prefix string) {
		ctx, s := t.Context(), quick(Options{})
		contents := map[string][]byte{"empty": {}, "small+%?é": []byte("small"), "sub/large": noise(40 << 20)}
		for name, data := range contents {
			if err := s.Put(ctx, prefix+name, bytes.NewReader(data), int64(len(data))); err != nil {
				t.Fatal(name, err)
			}
		}
		var names []string
		for o, err := range s.List(ctx, prefix) {
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, strings.TrimPrefix(filepath.ToSlash(o.URI), prefix))
			same, err := s.Stat(ctx, o.URI)
			if err != nil || same.Size != o.Size || same.ETag != o.ETag || o.ETag == "" || o.Size != int64(len(contents[names[len(names)-1]])) {
				t.Errorf("%+v, then %+v, %v", o, same, err)
			}
		}
		if !slices.Equal(names, []string{"empty", "small+%?é", "sub/large"}) {
			t.Errorf("%q", names)
		}
		for name, want := range contents {
			got, o, err := s.ReadAll(ctx, prefix+name, 64<<20)
			if err != nil || !bytes.Equal(got, want) || o.Size != int64(len(want)) {
				t.Errorf("%s: %d bytes of %d, %v", name, len(got), len(want), err)
			}
		}
		large := contents["sub/large"]
		for _, part := range [][2]int64{{0, 10}, {5, 1 << 20}, {39 << 20, 1 << 20}, {39 << 20, -1}, {39 << 20, 2 << 20}, {7, 0}} {
			r, err := s.Open(ctx, prefix+"sub/large", part[0], part[1])
			if err != nil {
				t.Fatal(part, err)
			}
			got, err := io.ReadAll(r)
			to := part[0] + part[1]
			if part[1] < 0 {
				to = 40 << 20
			}
			if want := large[part[0]:min(to, 40<<20)]; err != nil || !bytes.Equal(got, want) {
				t.Errorf("%v: %d bytes of %d, %v", part, len(got), len(want), err)
			}
			r.Close()
		}
		if _, _, err := s.ReadAll(ctx, prefix+"sub/large", 1<<20); err == nil || !strings.Contains(err.Error(), "at most") {
			t.Error(err)
		}
		if err := s.PutNew(ctx, prefix+"empty", strings.NewReader("x"), 1); !errors.Is(err, fs.ErrExist) {
			t.Error(err)
		}
		if _, _, err := s.ReadAll(ctx, prefix+"none", 1); !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
		if _, err := s.Stat(ctx, prefix+"none"); !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
		// What changes is not read as if it were one.
		seen, err := s.Stat(ctx, prefix+"small+%?é")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Put(ctx, prefix+"small+%?é", strings.NewReader("other"), 5); err != nil {
			t.Fatal(err)
		}
		if _, err := s.OpenSame(ctx, seen, 0, -1); !errors.Is(err, ErrChanged) {
			t.Error(err)
		}
		for range 2 {
			if err := s.Remove(ctx, prefix+"empty"); err != nil {
				t.Error(err)
			}
		}
		for _, err := range s.List(ctx, prefix+"nothing/") {
			if err == nil || !errors.Is(err, fs.ErrNotExist) {
				t.Error("something is in nothing", err)
			}
		}
	})
}

// Of many that put at once, one succeeds, and what is there is whole, however large.
func TestPutNewAtOnce(t *testing.T) {
	each(t, func(t *testing.T, prefix string) {
		ctx, s := t.Context(), quick(Options{})
		for _, size := range []int{10, 18 << 20} {
			var group sync.WaitGroup
			var won atomic.Int64
			uri := fmt.Sprintf("%spart-%d", prefix, size)
			for i := range 3 {
				group.Go(func() {
					data := bytes.Repeat([]byte{byte('a' + i)}, size)
					switch err := s.PutNew(ctx, uri, bytes.NewReader(data), int64(size)); {
					case err == nil:
						won.Add(1)
					case !errors.Is(err, fs.ErrExist):
						t.Error(err)
					}
				})
			}
			group.Wait()
			data, _, err := s.ReadAll(ctx, uri, 64<<20)
			if err != nil || len(data) != size || bytes.Count(data, data[:1]) != size || won.Load() != 1 {
				t.Errorf("%d bytes: %d won, %d read, %v", size, won.Load(), len(data), err)
			}
		}
	})
}

// A put that is cancelled leaves nothing, and a read that is cancelled ends.
func TestCancelled(t *testing.T) {
	each(t, func(t *testing.T, prefix string) {
		s := quick(Options{})
		data := noise(24 << 20)
		ctx, end := context.WithCancel(t.Context())
		slow := &endless{ReaderAt: bytes.NewReader(data), after: 8 << 20, end: end}
		if err := s.Put(ctx, prefix+"x", slow, int64(len(data))); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		if _, err := s.Stat(t.Context(), prefix+"x"); !errors.Is(err, fs.ErrNotExist) {
			t.Error(err)
		}
	})
}

// endless cancels when some of it was read.
type endless struct {
	io.ReaderAt
	after int64
	end   context.CancelFunc
}

func (e *endless) ReadAt(p []byte, at int64) (int, error) {
	if at >= e.after {
		e.end()
	}
	return e.ReaderAt.ReadAt(p, at)
}
