package storetest

import (
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"ortho/runner/program"
)

// Versity starts versitygw on a folder, which is a real server whose objects are files; without the
// program the test is skipped, aloud.
func Versity(t testing.TB) (address string) {
	t.Helper()
	path := Engine(t, "versitygw")
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "bucket"), 0o700); err != nil {
		t.Fatal(err)
	}
	address = free(t)
	start(t, "http://"+address+"/health", path, "--access", "user", "--secret", Secret, "--port", address, "--health", "/health", "posix", root)
	At(t, "http://"+address)
	return "http://" + address
}

// GCS starts fake-gcs-server with a bucket called "bucket".
func GCS(t testing.TB) string {
	t.Helper()
	path := Engine(t, "fake-gcs-server")
	root := t.TempDir()
	if err := os.Mkdir(filepath.Join(root, "bucket"), 0o700); err != nil {
		t.Fatal(err)
	}
	address := free(t)
	_, port, _ := net.SplitHostPort(address)
	start(t, "http://"+address+"/_internal/healthcheck", path, "-scheme", "http", "-host", "127.0.0.1", "-port", port, "-backend", "memory", "-data", root, "-external-url", "http://"+address)
	t.Setenv("STORAGE_EMULATOR_HOST", address)
	return "http://" + address
}

// Engine is a program that `make engines` builds, or that is on PATH.
func Engine(t testing.TB, name string) string {
	t.Helper()
	if folder := os.Getenv("ORTHO_TEST_ENGINES"); folder != "" {
		if _, err := os.Stat(filepath.Join(folder, name)); err == nil {
			return filepath.Join(folder, name)
		}
	}
	path, err := program.Look(name)
	if err != nil {
		t.Skipf("%s is not on PATH, nor in ORTHO_TEST_ENGINES: `make test-engines` builds it", name)
	}
	return path
}

func free(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// start starts a program, waits until it answers, and ends it with the test.
func start(t testing.TB, ready, program string, args ...string) {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = t.TempDir()
	if testing.Verbose() {
		cmd.Stderr = t.Output()
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if response, err := http.Get(ready); err == nil {
			response.Body.Close()
			return
		}
	}
	t.Fatalf("%s has not answered", program)
}

// Proxy is a proxy that cuts bodies, and answers 503, at every fifth request.
type Proxy struct {
	*httptest.Server // ends with the test
	Cuts, Busy       atomic.Int64
}

// Rough starts a proxy before a server.
func Rough(t testing.TB, to string) *Proxy {
	t.Helper()
	target, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	r := &Proxy{}
	proxy := &httputil.ReverseProxy{
		FlushInterval: -1,
		ErrorLog:      log.New(io.Discard, "", 0),
		Rewrite:       func(p *httputil.ProxyRequest) { p.SetURL(target); p.Out.Host = p.In.Host },
		ModifyResponse: func(response *http.Response) error {
			if response.Request.Method == http.MethodGet && response.ContentLength > 100 && rand.IntN(2) == 0 {
				r.Cuts.Add(1)
				response.Body = &cutBody{response.Body, 1 + rand.Int64N(response.ContentLength-1)}
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, err error) { panic(http.ErrAbortHandler) },
	}
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		if rand.IntN(5) == 0 {
			r.Busy.Add(1)
			io.Copy(io.Discard, request.Body)
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprint(w, "<Error><Code>SlowDown</Code></Error>")
			return
		}
		proxy.ServeHTTP(w, request)
	}))
	r.Config.ErrorLog = log.New(io.Discard, "", 0)
	t.Cleanup(r.Close)
	return r
}

// cutBody ends after so many bytes with an error, which ends the connection.
type cutBody struct {
	io.ReadCloser
	left int64
}

func (b *cutBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, io.ErrUnexpectedEOF
	}
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
