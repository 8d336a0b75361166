package serve

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"ortho/cmd/ortho/internal/term"
)

// secret is a token. It is compared in a time that does not depend on what is given.
type secret string

func (s secret) is(given string) bool {
	a, b := sha256.Sum256([]byte(s)), sha256.Sum256([]byte(given))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// entry is a line of the access log.
type entry struct {
	Time         time.Time `json:"time"`
	ID           string    `json:"id"`
	From         string    `json:"from"`
	Method       string    `json:"method"`
	Path         string    `json:"path"`
	Model        string    `json:"model,omitempty"`
	Status       int       `json:"status"`
	In           int64     `json:"in"`
	Out          int64     `json:"out"`
	Milliseconds float64   `json:"ms"`
	Error        string    `json:"error,omitempty"`
}

// log writes a line of the access log, if there is one.
func (s *Server) log(e entry) {
	if s.access == nil {
		return
	}
	e.Path, e.Error = term.UTF8(e.Path), term.UTF8(e.Error)
	line, err := json.Marshal(e)
	if err != nil {
		return
	}
	s.logging.Lock()
	defer s.logging.Unlock()
	s.access.Write(append(line, '\n'))
}

// requestID is the header of a request's name, which the answer repeats.
const requestID = "X-Request-Id"

// identify names a request: as the client has it, or at random.
func (s *Server) identify(w http.ResponseWriter, r *http.Request) string {
	id := r.Header.Get(requestID)
	plain := func(c rune) bool { return c > ' ' && c < 0x7f }
	if id == "" || len(id) > 128 || strings.ContainsFunc(id, func(c rune) bool { return !plain(c) }) {
		var b [8]byte
		rand.Read(b[:])
		id = hex.EncodeToString(b[:])
	}
	w.Header().Set(requestID, id)
	return id
}

// limited is a context that ends with the time that a request may take.
func (s *Server) limited(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, s.timeout)
}
