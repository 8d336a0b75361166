package describe

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http/httptest"
	"time"
)

// SetWait replaces the clock that tries wait by.
func (d *Describer) SetWait(after func(time.Duration) <-chan time.Time) { d.timer = afterFunc(after) }

// SetNow replaces the time that dates are compared with.
func (d *Describer) SetNow(now func() time.Time) { d.now = now }

// SetDial replaces how a server is reached.
func (d *Describer) SetDial(dial func(ctx context.Context, network, address string) (net.Conn, error)) {
	d.http.Transport.(*transport).DialContext = dial
}

type afterFunc func(time.Duration) <-chan time.Time

func (f afterFunc) After(d time.Duration) <-chan time.Time { return f(d) }

var SoFar = soFar

// Excerpt is what an error shows of a text.
func (d *Describer) Excerpt(s string) string { return d.excerpt(s) }

// Enum returns the classes that a schema lists for candidates.
func Enum(candidates []Candidate) ([]string, error) {
	c, err := newChoice(candidates)
	return c.enum(), err
}

// Read reads an answer twice: as it is, and as it is kept.
func Read(answer string, candidates []Candidate) (first, again Description, err error) {
	c, err := newChoice(candidates)
	if err != nil {
		return first, again, err
	}
	same := func(s string) string { return s }
	first, kept, err := readDescription(answer, c, same)
	if err != nil {
		return first, again, err
	}
	again, _, err = readDescription(string(kept), c, same)
	return first, again, err
}

// Rendered is a prompt's file with so many candidates.
func Rendered(file []byte, candidates int) (string, error) {
	p, err := parsePrompt("x", file)
	if err != nil {
		return "", err
	}
	all := make([]Candidate, candidates)
	for i := range all {
		all[i] = Candidate{i, "a tench", 1 / float64(candidates)}
	}
	return p.task(promptData{Language: "German", Candidates: all})
}

var ReadEntry = readEntry

// Under is how many images the describer has not taken yet.
func (e *Evidence) Under() int { return len(e.under) }

// Trust has the certificates of test servers known.
func (d *Describer) Trust(servers ...*httptest.Server) {
	pool := x509.NewCertPool()
	for _, s := range servers {
		pool.AddCert(s.Certificate())
	}
	d.http.Transport.(*transport).TLSClientConfig = &tls.Config{RootCAs: pool}
}
