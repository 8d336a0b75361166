package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"time"
)

// asking is what a client does; its error is one of the server's.
type asking struct {
	name string
	do   func(*service, *rand.Rand) error
}

var asked = []asking{
	{"a right request", (*service).right},
	{"a right request", (*service).right},
	{"a damaged image", func(s *service, random *rand.Rand) error {
		one := pick(random, s.images)
		one.data = damagedImage(random, one.data, pick(random, s.images).data)
		kind, body := form(one)
		_, _, err := s.post(pick(random, []string{"/v1/classify", "/predict", "/models/tiny"}), kind, bytes.NewReader(body))
		return err
	}},
	{"a mutant of the campaign's", func(s *service, random *rand.Rand) error {
		one, err := s.t.seedOf(random, 4<<20)
		if err != nil {
			return err
		}
		_, _, err = s.post("/v1/classify", "application/octet-stream", bytes.NewReader(damagedImage(random, one, pick(random, s.images).data)))
		return err
	}},
	{"a damaged form", func(s *service, random *rand.Rand) error {
		kind, body := form(pick(random, s.images))
		_, _, err := s.post("/v1/classify", kind, bytes.NewReader(damaged(random, body, body)))
		return err
	}},
	{"damaged JSON of tensors", func(s *service, random *rand.Rand) error {
		shape := pick(random, []string{"[1,3,32,32]", "[-1,3,32,32]", "[1]", "[]", "[9223372036854775807,9223372036854775807,3]", "[0,3,32,32]", "[1,3,32,1e3]"})
		body := fmt.Sprintf(`{"id":"x","inputs":[{"name":"input","datatype":%q,"shape":%s,"data":[%s]}],"outputs":[{"name":"logits"}]}`,
			pick(random, []string{"FP32", "FP64", "BYTES", "INT64", "", "\u202e"}), shape, strings.TrimSuffix(strings.Repeat("0.5,", pick(random, []int{1, 3072, 100})), ","))
		_, _, err := s.post("/v2/models/tiny/infer", "application/json", bytes.NewReader(damagedJSON(random, []byte(body), []byte(body))))
		return err
	}},
	{"another path", func(s *service, random *rand.Rand) error {
		path := pick(random, []string{"/v1/generate", "/v1/embed", "/v1/detect", "/v1/classify-text", "/v1/images/generations", "/v1/images/edits", "/v2/models/none/infer", "/v2/repository/index", "/v2/repository/models/tiny/load",
			"/v2/repository/models/none/load", "/v2/repository/models/..%2f..%2fetc/load", "/models/%00", "/ping", "/metrics", "/openapi.json", "/", "//", "/v1/classify/../../etc/passwd", "/" + strings.Repeat("x", 1<<random.IntN(16))})
		_, _, err := s.post(path, pick(random, []string{"application/json", "text/plain", "multipart/form-data", "\u00ff"}), strings.NewReader(pick(random, []string{"", "{}", "[]", "null", `{"inputs":[]}`, strings.Repeat("[", 100_000)})))
		return err
	}},
	{"a model anew", func(s *service, random *rand.Rand) error {
		status, text, err := s.post("/v2/repository/models/tiny/load", "application/json", strings.NewReader("{}"))
		if err == nil && status != 200 && status != 503 && status != 409 && status != 504 {
			err = fmt.Errorf("%d, %.200q", status, text)
		}
		return err
	}},
	{"too large a body", func(s *service, random *rand.Rand) error {
		status, text, err := s.post("/v1/classify", "application/octet-stream", io.LimitReader(endless{}, 5<<20))
		if err != nil && strings.Contains(err.Error(), "write: ") { // it was not read to its end
			return nil
		}
		if err == nil && status != 413 && status != 503 && status != 400 {
			err = fmt.Errorf("%d, %.200q", status, text)
		}
		return err
	}},
	{"who goes in the middle", func(s *service, random *rand.Rand) error {
		text := s.request(pick(random, s.images))
		return s.raw(text[:random.IntN(len(text))], time.Duration(random.IntN(200))*time.Millisecond, false)
	}},
	{"who does not wait for the answer", func(s *service, random *rand.Rand) error {
		return s.raw(s.request(pick(random, s.images)), time.Duration(random.IntN(3))*time.Millisecond, false)
	}},
	{"who is slow", func(s *service, random *rand.Rand) error {
		one := pick(random, s.images)
		kind, body := form(one)
		slow := &slowly{random: random, left: body, pieces: 1 + random.IntN(20)}
		status, text, err := s.post("/v1/classify", kind, slow)
		if err == nil && (status != 200 || text != one.row) && status != 503 && status != 504 && status != 408 {
			err = fmt.Errorf("%d, %.200q, and not %.200q", status, text, one.row)
		}
		return err
	}},
	{"what is no HTTP", func(s *service, random *rand.Rand) error {
		text := s.request(pick(random, s.images))
		return s.raw(damaged(random, text[:min(len(text), 4000)], text), time.Duration(random.IntN(50))*time.Millisecond, true)
	}},
	{"odd headers", func(s *service, random *rand.Rand) error {
		head := "POST /v1/classify HTTP/1.1\r\nHost: x\r\n" + pick(random, []string{"Content-Length: -1", "Content-Length: 99999999999999999999", "Content-Length: 5\r\nContent-Length: 6", "Transfer-Encoding: chunked\r\nContent-Length: 5",
			"Transfer-Encoding: chunked, identity", "Content-Length: 1000000000", "Content-Encoding: gzip", "Expect: 100-continue\r\nContent-Length: 10", "Origin: http://evil.example", "X: " + strings.Repeat("x", 2<<20), "Content-Type: multipart/form-data; boundary=" + strings.Repeat("b", 100)}) + "\r\n\r\n"
		return s.raw([]byte(head+pick(random, []string{"", "0\r\n\r\n", "ffffffffffffffff\r\nx", "hello"})), 0, true)
	}},
	{"silence", func(s *service, random *rand.Rand) error {
		return s.raw(nil, time.Duration(random.IntN(500))*time.Millisecond, false)
	}},
}

// request is a right request as bytes.
func (s *service) request(one sent) []byte {
	kind, body := form(one)
	return append(fmt.Appendf(nil, "POST /v1/classify HTTP/1.1\r\nHost: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n", s.address, kind, len(body)), body...)
}

// endless are zeros.
type endless struct{}

func (endless) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// slowly comes in pieces.
type slowly struct {
	random *rand.Rand
	left   []byte
	pieces int
}

func (s *slowly) Read(p []byte) (int, error) {
	if len(s.left) == 0 {
		return 0, io.EOF
	}
	time.Sleep(time.Duration(s.random.IntN(60)) * time.Millisecond)
	n := copy(p, s.left[:min(len(s.left), 1+len(s.left)/s.pieces)])
	s.left = s.left[n:]
	s.pieces = max(1, s.pieces-1)
	return n, nil
}
