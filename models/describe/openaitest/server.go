// Package openaitest is a local server that speaks OpenAI's chat completions, for tests:
// image parts, structured outputs, streams, and every way to fail. It holds each request
// against the API's published rules, and answers as a script says.
package openaitest

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// Answer is what the server does about a request.
type Answer func(w http.ResponseWriter, r *Request)

// Server is a chat completions server on this machine.
type Server struct {
	URL  string // the API's base URL
	Host string // with the port

	t      testing.TB
	server *httptest.Server
	done   chan struct{}

	closing  sync.Once
	mutex    sync.Mutex
	key      string
	answer   func(*Request) Answer
	requests []*Request
	images   map[string]int
}

// New starts a server that gives the answers in turn, and the last one from then on. A
// request that breaks the API's rules is answered with 400, and fails the test. It is
// closed when the test ends.
func New(t testing.TB, answers ...Answer) *Server {
	s := &Server{t: t, done: make(chan struct{}), images: map[string]int{}}
	s.Script(answers...)
	s.server = httptest.NewServer(http.HandlerFunc(s.serve))
	s.URL = s.server.URL + "/v1"
	s.Host = s.server.Listener.Addr().String()
	t.Cleanup(s.Close)
	return s
}

// Close ends what is under way, and the server. It may be called again.
func (s *Server) Close() {
	s.closing.Do(func() { close(s.done) })
	s.server.Close()
}

// Script has the server give these answers from now on: in turn, and the last one again
// and again.
func (s *Server) Script(answers ...Answer) {
	var next int
	var mutex sync.Mutex
	s.Route(func(*Request) Answer {
		mutex.Lock()
		defer mutex.Unlock()
		if len(answers) == 0 {
			return Describe(Description{})
		}
		next++
		return answers[min(next, len(answers))-1]
	})
}

// Route has the server choose the answer by the request.
func (s *Server) Route(answer func(*Request) Answer) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.answer = answer
}

// RequireKey has the server answer 401 to requests with another key.
func (s *Server) RequireKey(key string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.key = key
}

// Requests returns what was asked so far, in order.
func (s *Server) Requests() []*Request {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return append([]*Request(nil), s.requests...)
}

// maxBody is more than any request of a test has.
const maxBody = 32 << 20

func (s *Server) serve(w http.ResponseWriter, h *http.Request) {
	base, ok := strings.CutSuffix(h.URL.Path, "/chat/completions")
	if ok = ok && slices.ContainsFunc(Kinds(), func(k Kind) bool { return k.Base == base }); h.Method != http.MethodPost || !ok {
		s.t.Errorf("%s %s: only POST /v1/chat/completions is there, and the paths of other kinds", h.Method, h.URL.Path)
		fail(w, http.StatusNotFound, "invalid_request_error", "", "", "there is no "+h.URL.Path)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, h.Body, maxBody))
	if err != nil {
		return // the client went away
	}
	r, err := Parse(body)
	if err == nil && h.Header.Get("Content-Type") != "application/json" {
		err = fmt.Errorf("Content-Type is %q", h.Header.Get("Content-Type"))
	}
	if err != nil {
		s.t.Errorf("the request breaks the API's rules: %v", err)
		fail(w, http.StatusBadRequest, "invalid_request_error", "", "", err.Error())
		return
	}
	r.Header, r.ctx, r.done = h.Header.Clone(), h.Context(), s.done
	s.mutex.Lock()
	s.images[string(r.Image)]++
	r.Attempt = s.images[string(r.Image)]
	s.requests = append(s.requests, r)
	key, answer := s.key, s.answer
	s.mutex.Unlock()
	if strings.Contains(base, "/deployments/") && (h.URL.Query().Get("api-version") == "" || h.Header.Get("Api-Key") == "" || h.Header.Get("Authorization") != "") {
		s.t.Errorf("%s with headers %v is not as Azure wants it", h.URL, h.Header)
	}
	if key != "" && h.Header.Get("Authorization") != "Bearer "+key {
		WrongKey()(w, r)
		return
	}
	answer(r)(w, r)
}

// flush sends what is written so far.
func flush(w http.ResponseWriter) {
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
	}
}

// cut ends the connection in the middle of a response.
func cut(w http.ResponseWriter) {
	flush(w)
	if h, ok := w.(http.Hijacker); ok {
		if connection, _, err := h.Hijack(); err == nil {
			connection.Close()
			return
		}
	}
	panic(http.ErrAbortHandler)
}

// pieces cuts a text as a stream does, within characters of several bytes never.
func pieces(text string, size int) []string {
	var all []string
	for runes := []rune(text); len(runes) > 0; {
		n := min(size, len(runes))
		all = append(all, string(runes[:n]))
		runes = runes[n:]
	}
	return all
}

// isJPEG reports whether data begins as a JPEG does.
func isJPEG(data []byte) bool { return bytes.HasPrefix(data, []byte{0xff, 0xd8, 0xff}) }
