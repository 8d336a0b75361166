package describe

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"ortho/models/describe/wire"
)

// maxResponse bounds what a server may send.
const maxResponse = 8 << 20

var errTooLong = errors.New("the response is too long")

// redirectError is a response that sends the request elsewhere.
type redirectError struct{ to string }

func (e *redirectError) Error() string { return "redirected to " + e.to }

// exchange is what go-openai does not pass on of a response, especially of a stream. A request
// carries it in its context.
type exchange struct {
	status int
	after  time.Duration // Retry-After; 0: none
	page   bool          // it is HTML
	head   []byte        // how the body begins
	note   wire.Note

	streamed bool
	edit     func(request map[string]any) // what go-openai can't say of the request; nil: nothing
	alive    func()                       // is called for each piece that comes
}

type exchangeKey struct{}

// transport addresses requests as the server wants them, notes responses' headers in the exchange, bounds their
// bodies and mends them, and follows no redirects.
type transport struct {
	*http.Transport
	now     func() time.Time
	address address
	headers http.Header
}

func newTransport(now func() time.Time, to address, headers http.Header) *transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.Proxy = proxy
	t.MaxIdleConnsPerHost = 64 // as many requests as may be in flight, usually
	t.MaxResponseHeaderBytes = 64 << 10
	return &transport{t, now, to, headers}
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	x, _ := r.Context().Value(exchangeKey{}).(*exchange)
	if x == nil {
		x = &exchange{}
	}
	r, err := t.addressed(r, x)
	if err != nil {
		return nil, err
	}
	response, err := t.Transport.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	if x.alive != nil {
		x.alive()
	}
	x.after = retryAfter(response.Header, t.now())
	x.page = strings.HasPrefix(strings.ToLower(response.Header.Get("Content-Type")), "text/html")
	if response.StatusCode >= 300 && response.StatusCode < 400 {
		response.Body.Close()
		to := "another address"
		if u, err := url.Parse(response.Header.Get("Location")); err == nil && u.Host != "" {
			to = short(line(u.Host))
		}
		return nil, &redirectError{to}
	}
	response.Body = &body{response.Body, x, maxResponse}
	x.status = response.StatusCode
	err = wire.Response(response, x.streamed, maxResponse, &x.note)
	x.status = response.StatusCode
	if err != nil {
		response.Body.Close()
		return nil, err
	}
	return response, nil
}

// addressed is a request with the headers and the address that this server wants, and with what go-openai
// can't say.
func (t *transport) addressed(r *http.Request, x *exchange) (*http.Request, error) {
	r = r.Clone(r.Context())
	t.address.apply(r)
	for name, values := range t.headers {
		r.Header[name] = values
	}
	if x.edit == nil || r.Body == nil {
		return r, nil
	}
	data, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body.Close()
	var request map[string]any
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&request); err != nil {
		return nil, err
	}
	x.edit(request)
	if data, err = json.Marshal(request); err != nil {
		return nil, err
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(data)), int64(len(data))
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	return r, nil
}

// withExchange gives a request's context an exchange.
func withExchange(ctx context.Context) (context.Context, *exchange) {
	x := &exchange{}
	return context.WithValue(ctx, exchangeKey{}, x), x
}

// body ends after so many bytes with an error, and closes itself at its end: go-openai
// leaves the bodies of errors open.
type body struct {
	io.ReadCloser
	x    *exchange
	left int
}

func (b *body) Read(p []byte) (int, error) {
	if b.left <= 0 {
		b.Close()
		return 0, errTooLong
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left)])
	b.left -= n
	if b.x.alive != nil {
		b.x.alive()
	}
	if room := maxSaid - len(b.x.head); room > 0 {
		b.x.head = append(b.x.head, p[:min(n, room)]...)
	}
	if err != nil {
		b.Close()
	}
	return n, err
}

// retryAfter reads how long a server asks to wait: seconds, or a date (RFC 9110, 10.2.3),
// and OpenAI's own header in milliseconds. What can't be read, or lies in the past, is 0.
func retryAfter(h http.Header, now time.Time) time.Duration {
	const longest = 24 * time.Hour
	wait := func(v float64, unit time.Duration) time.Duration {
		if !(v > 0) {
			return 0
		}
		return time.Duration(min(v*float64(unit), float64(longest)))
	}
	if ms, err := strconv.ParseFloat(h.Get("Retry-After-Ms"), 64); err == nil {
		return wait(ms, time.Millisecond)
	}
	value := strings.TrimSpace(h.Get("Retry-After"))
	if seconds, err := strconv.ParseFloat(value, 64); err == nil {
		return wait(seconds, time.Second)
	}
	if date, err := http.ParseTime(value); err == nil {
		return max(0, min(date.Sub(now), longest))
	}
	return 0
}
