package serve

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"ortho/cmd/ortho/internal/serve/fault"
)

// call is a request that is being answered.
type call struct {
	*http.Request
	w      http.ResponseWriter
	body   []byte
	model  string // that answers, for metrics; "" while none is known
	bodies *bodies

	began, whole time.Time // when its head came, and when its body was there
}

// route is a way to ask. Its function writes the answer, or returns why it can't.
type route struct {
	method, path string
	answer       func(*call) error
	body         bool // it has one
	open         bool // no token is asked for
	// failed writes an error as the route's clients read it; nil: {"error": sentence}
	failed func(w http.ResponseWriter, f *fault.Fault)
	about  string // a sentence, for the description of the interface
}

// json writes an answer.
func (c *call) json(v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return c.write("application/json", text)
}

func (c *call) write(kind string, content []byte) error {
	c.w.Header().Set("Content-Type", kind)
	c.w.Header().Set("Content-Length", strconv.Itoa(len(content)))
	if !c.whole.IsZero() {
		ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
		c.w.Header().Set("Server-Timing", fmt.Sprintf("body;dur=%.1f, model;dur=%.1f", ms(c.whole.Sub(c.began)), ms(time.Since(c.whole))))
	}
	_, err := c.w.Write(content)
	return err
}

// failedPlainly writes an error as most clients read it.
func failedPlainly(w http.ResponseWriter, f *fault.Fault) {
	text, _ := json.Marshal(map[string]string{"error": f.Text})
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(f.Status)
	w.Write(append(text, '\n'))
}

// answered reports whether the head of an answer was written.
type answered struct {
	http.ResponseWriter
	status int
	bytes  int64
}

func (a *answered) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answered) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(b)
	a.bytes += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (a *answered) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// handle answers a route's requests.
func (s *Server) handle(r route) http.Handler {
	failed := r.failed
	if failed == nil {
		failed = failedPlainly
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		began := time.Now()
		s.flight.Add(1)
		defer s.flight.Add(-1)
		s.metrics.flight.Inc()
		defer s.metrics.flight.Dec()
		to := &answered{ResponseWriter: w}
		c := &call{Request: req, w: to, bodies: &s.bodies, began: began}
		id := s.identify(to, req)
		err := s.carryOut(c, r)
		if f := fault.Of(err); f != nil {
			if f.Retry > 0 {
				to.Header().Set("Retry-After", strconv.Itoa(int(f.Retry.Seconds())))
			}
			if to.status == 0 {
				to.Header().Del("Content-Length")
				failed(to, f)
			}
		}
		if to.status == 0 { // an answer without a body
			to.status = http.StatusOK
		}
		s.metrics.observe(r.path, c.model, strconv.Itoa(to.status), began)
		t := traced{name: req.Method + " " + r.path, began: began, end: time.Now(), failed: to.status >= 500,
			fields: map[string]string{"http.response.status_code": strconv.Itoa(to.status), "ortho.model": c.model, "ortho.request_id": id}}
		if !c.whole.IsZero() {
			t.parts = []traced{{name: "body", began: began, end: c.whole}, {name: "model", began: c.whole, end: t.end}}
		}
		s.trace(req.Header, t)
		s.log(entry{Time: began, ID: id, From: req.RemoteAddr, Method: req.Method, Path: req.URL.Path, Model: c.model, Status: to.status,
			In: int64(len(c.body)), Out: to.bytes, Milliseconds: float64(time.Since(began).Microseconds()) / 1000, Error: textOf(err)})
	})
}

func textOf(err error) string {
	if f := fault.Of(err); f != nil {
		return f.Text
	}
	return ""
}

// carryOut answers a call. A panic costs the request.
func (s *Server) carryOut(c *call, r route) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
			s.ui.Warn(fmt.Sprintf("%s %s: %v", c.Method, r.path, err))
		}
	}()
	if !r.open {
		if err := s.allowed(c); err != nil {
			return err
		}
	}
	if s.ending.Load() && r.path != "/v2/health/live" && r.path != "/metrics" {
		c.w.Header().Set("Connection", "close")
		return fault.Busy("the server is ending")
	}
	if r.body {
		body, release, err := s.bodies.read(c.w, c.Request)
		if err != nil {
			return err
		}
		defer release()
		c.body, c.whole = body, time.Now()
	}
	if s.timeout > 0 {
		ctx, cancel := s.limited(c.Context())
		defer cancel()
		c.Request = c.WithContext(ctx)
	}
	err = r.answer(c)
	if err != nil && c.Context().Err() != nil && errors.Is(err, c.Context().Err()) {
		return c.Context().Err()
	}
	return err
}

// allowed checks the token.
func (s *Server) allowed(c *call) error {
	if s.token == "" {
		return nil
	}
	scheme, given, _ := strings.Cut(c.Header.Get("Authorization"), " ")
	if key := c.Header.Get("X-Api-Key"); key != "" {
		scheme, given = "bearer", key
	}
	if !strings.EqualFold(scheme, "bearer") || !s.token.is(strings.TrimSpace(given)) {
		c.w.Header().Set("WWW-Authenticate", `Bearer realm="ortho"`)
		f := fault.Input("this server asks for a token: Authorization: Bearer TOKEN")
		f.Status, f.Code = http.StatusUnauthorized, 16
		return f
	}
	return nil
}
