package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestWeb: servers of all kinds give what they have, and what can't be had is an error that tells no secret.
func TestWeb(t *testing.T) {
	data := noise(300_000)
	var requests, changed atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "" {
			t.Error("the token goes to another host")
		}
		w.Write(data)
	}))
	t.Cleanup(other.Close)
	cutAt := func(w http.ResponseWriter, n int) {
		w.Header().Set("Content-Length", fmt.Sprint(len(data)))
		w.Write(data[:n])
		w.(http.Flusher).Flush()
		panic(http.ErrAbortHandler)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := requests.Add(1)
		w.Header().Set("ETag", `"one"`)
		switch r.URL.Path {
		case "/plain":
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
		case "/noranges": // and cut at first
			if n == 1 {
				cutAt(w, 1000)
			}
			w.Write(data)
		case "/chunked":
			w.Write(data[:10])
			w.(http.Flusher).Flush()
			w.Write(data[10:])
		case "/unmarked": // and cut at first
			w.Header().Del("ETag")
			if n == 1 {
				cutAt(w, 1000)
			}
			w.Write(data)
		case "/changed":
			w.Header().Set("ETag", fmt.Sprintf(`"%d"`, changed.Add(1)))
			cutAt(w, 1000)
		case "/stalls":
			if n == 1 {
				w.Header().Set("Content-Length", fmt.Sprint(len(data)))
				w.Write(data[:1000])
				w.(http.Flusher).Flush()
				<-r.Context().Done()
				return
			}
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
		case "/busy":
			if n < 3 {
				w.WriteHeader(http.StatusServiceUnavailable)
				return
			}
			w.Write(data)
		case "/elsewhere":
			http.Redirect(w, r, other.URL+"/x", http.StatusFound)
		case "/plainly":
			http.Redirect(w, r, "http://192.0.2.1/x", http.StatusFound)
		case "/round":
			http.Redirect(w, r, "/round", http.StatusFound)
		case "/forbidden":
			w.WriteHeader(http.StatusForbidden)
		case "/page":
			w.WriteHeader(http.StatusTeapot)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}))
	t.Cleanup(server.Close)
	s := quick(Options{}).WithToken(server.URL, "hf_token-of-the-user")
	s.patience.stall = 100 * time.Millisecond
	const signature = "X-Amz-Signature=0123456789abcdef0123456789abcdef"
	for path, want := range map[string]error{
		"/plain": nil, "/noranges": nil, "/chunked": nil, "/unmarked": nil, "/stalls": nil, "/busy": nil, "/elsewhere": nil,
		"/changed": ErrChanged, "/forbidden": fs.ErrPermission, "/none": fs.ErrNotExist, "/plainly": errAny, "/round": errAny, "/page": errAny,
	} {
		requests.Store(0)
		got, _, err := s.ReadAll(t.Context(), server.URL+path+"?"+signature, 1<<20)
		switch {
		case want == nil && (err != nil || !bytes.Equal(got, data)):
			t.Errorf("%s: %d bytes, %v", path, len(got), err)
		case want != nil && (err == nil || want != errAny && !errors.Is(err, want)):
			t.Errorf("%s: %v, want %v", path, err, want)
		case err != nil && (strings.Contains(err.Error(), "0123456789abcdef") || strings.Contains(err.Error(), "hf_token")):
			t.Errorf("%s: a secret is told: %v", path, err)
		}
	}
	if err := s.Put(t.Context(), server.URL+"/x", strings.NewReader(""), 0); !errors.Is(err, errReadAlone) {
		t.Error(err)
	}
	r, err := s.Parts(t.Context(), server.URL+"/plain")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for _, at := range []int64{299_000, 0, 5000, 100_000, 5100, 299_990} {
		part := make([]byte, 1000)
		n, err := r.ReadAt(part, at)
		if want := data[at:min(at+1000, int64(len(data)))]; !bytes.Equal(part[:n], want) || n < 1000 != errors.Is(err, io.EOF) {
			t.Errorf("%d: %d bytes, %v", at, n, err)
		}
	}
}

var errAny = errors.New("any")

func FuzzShown(f *testing.F) {
	f.Add("https://user:secret@host/a?X-Amz-Signature=0123456789abcdef0123456789abcdef&id=3#x")
	f.Add("s3://bucket/key")
	f.Fuzz(func(t *testing.T, uri string) {
		shown := Shown(uri)
		if strings.Contains(shown, "0123456789abcdef0123456789abcdef") && strings.Contains(uri, "=0123456789abcdef0123456789abcdef") && strings.HasPrefix(uri, "https://h/?") {
			t.Errorf("%q is shown as %q", uri, shown)
		}
		if p, err := parse(uri); err == nil && p.url != nil && p.url.User != nil {
			t.Errorf("%q has a user", uri)
		}
		Base(uri)
	})
}
