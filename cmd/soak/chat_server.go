package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"
)

// misdeed is what the server does about a request whose right answer it knows.
type misdeed struct {
	name string
	do   func(h *hostile, random *rand.Rand, w http.ResponseWriter, right []byte)
}

var misdeeds = []misdeed{
	{"right", func(h *hostile, _ *rand.Rand, w http.ResponseWriter, right []byte) { h.send(w, 200, right) }},
	{"damaged JSON", func(h *hostile, random *rand.Rand, w http.ResponseWriter, right []byte) {
		if h.streams {
			h.send(w, 200, damaged(random, right, right))
			return
		}
		h.send(w, 200, damagedJSON(random, right, right))
	}},
	{"damaged bytes", func(h *hostile, random *rand.Rand, w http.ResponseWriter, right []byte) {
		h.send(w, 200, damaged(random, right, right))
	}},
	{"stream, or none, where the other was asked for", func(h *hostile, _ *rand.Rand, w http.ResponseWriter, right []byte) {
		if h.streams {
			h.send(w, 200, answerOf(content, false))
			return
		}
		h.send(w, 200, answerOf(content, true))
	}},
	{"damaged content", func(h *hostile, random *rand.Rand, w http.ResponseWriter, _ []byte) {
		h.send(w, 200, answerOf(string(damagedJSON(random, []byte(content), nil)), h.streams))
	}},
	{"control characters and the key", func(h *hostile, _ *rand.Rand, w http.ResponseWriter, _ []byte) {
		h.send(w, 200, answerOf(strings.ReplaceAll(content, "cat", "\x1b]0;x\x07\u202e"+secret), h.streams))
	}},
	{"an error", func(h *hostile, random *rand.Rand, w http.ResponseWriter, _ []byte) {
		status := pick(random, []int{400, 400, 408, 409, 413, 418, 422, 429, 500, 501, 502, 503, 504, 529, 599, 204, 206, 226, 299})
		text := pick(random, []string{`{"error":{"message":"no","type":"server_error"}}`, `{"error":"no"}`, `{"error":{"message":{},"code":[]}}`, `<html><script>x</script>no</html>`, "",
			`{"error":{"message":"Unsupported parameter: 'max_tokens'","param":"max_tokens","code":"unsupported_parameter"}}`, `{"error":{"message":"response_format is not supported"}}`,
			`{"error":{"message":"` + secret + `"}}`, strings.Repeat("no ", 1_000_000)})
		w.Header().Set("Retry-After", pick(random, []string{"0", "1", "-1", "NaN", "1e-9", "x", "", "1e300", "9999999999999", "Mon, 02 Jan 2006 15:04:05 GMT"}))
		h.send(w, status, []byte(text))
	}},
	{"the end of the run", func(h *hostile, random *rand.Rand, w http.ResponseWriter, _ []byte) {
		if random.IntN(8) > 0 { // seldom: what comes after it is not tried
			h.send(w, 503, nil)
			return
		}
		h.end()
		h.send(w, pick(random, []int{401, 402, 403, 404}), []byte(`{"error":{"message":"no","code":"`+pick(random, []string{"insufficient_quota", "invalid_api_key"})+`"}}`))
	}},
	{"a redirect", func(h *hostile, random *rand.Rand, w http.ResponseWriter, _ []byte) {
		w.Header().Set("Location", pick(random, []string{"http://" + h.address + "/v1/chat/completions", "http://127.0.0.1:1/", "", "//", "http://[::1", "file:///etc/passwd", "http://u:p@127.0.0.1:1/\u202e"}))
		h.send(w, pick(random, []int{301, 302, 303, 307, 308, 300, 304}), nil)
	}},
	{"huge headers", func(h *hostile, random *rand.Rand, w http.ResponseWriter, right []byte) {
		for i := range 1 << random.IntN(12) {
			w.Header().Set(fmt.Sprintf("X-%d", i), strings.Repeat("x", 1<<random.IntN(10)))
		}
		h.send(w, 200, right)
	}},
	{"odd headers", func(h *hostile, random *rand.Rand, w http.ResponseWriter, right []byte) {
		w.Header().Set(pick(random, []string{"Content-Encoding", "Content-Type", "Transfer-Encoding", "Content-Length"}), pick(random, []string{"gzip", "text/html", "x", "\u00ff", "99999999", "0"}))
		h.send(w, 200, right)
	}},
	{"a body without an end", func(h *hostile, _ *rand.Rand, w http.ResponseWriter, _ []byte) {
		for chunk := bytes.Repeat([]byte(`{"choices":[`), 5000); ; {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}},
	{"a slow body", func(h *hostile, random *rand.Rand, w http.ResponseWriter, right []byte) {
		for part := range slices.Chunk(right, 1+len(right)/(1+random.IntN(40))) {
			if _, err := w.Write(part); err != nil {
				return
			}
			flush(w)
			if !h.wait(time.Duration(random.IntN(120)) * time.Millisecond) {
				return
			}
		}
	}},
	{"silence", func(h *hostile, random *rand.Rand, w http.ResponseWriter, right []byte) {
		if random.IntN(3) == 0 { // it costs the run a second each time
			h.wait(2 * time.Second)
		}
	}},
	{"a connection that ends", func(h *hostile, random *rand.Rand, w http.ResponseWriter, right []byte) {
		w.Write(right[:random.IntN(len(right))])
		flush(w)
		panic(http.ErrAbortHandler)
	}},
	{"what is no HTTP", func(h *hostile, random *rand.Rand, w http.ResponseWriter, right []byte) {
		connection, buffer, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer connection.Close()
		text := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(right), right)
		buffer.Write(damaged(random, []byte(text), nil))
		buffer.Flush()
	}},
}

// content is an answer as it was asked for.
const content = `{"description":"A cat sits on a wall.","objects":["cat","wall"],"attributes":["gray"],"scene":"outdoors","class":"cat"}`

func (h *hostile) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	io.Copy(io.Discard, io.LimitReader(r.Body, 32<<20))
	h.mutex.Lock()
	random := rand.New(rand.NewPCG(h.random.Uint64(), 1))
	m := pick(random, misdeeds)
	h.requests++
	h.said = append(h.said, m.name)
	h.mutex.Unlock()
	m.do(h, random, w, answerOf(content, h.streams))
}

// send sends an answer; the server's own limits on statuses are kept.
func (h *hostile) send(w http.ResponseWriter, status int, body []byte) {
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json")
		if h.streams {
			w.Header().Set("Content-Type", "text/event-stream")
		}
	}
	w.WriteHeader(status)
	w.Write(body)
}

func (h *hostile) end() {
	h.mutex.Lock()
	defer h.mutex.Unlock()
	h.ended = true
}

// wait waits, and reports whether the turn goes on.
func (h *hostile) wait(d time.Duration) bool {
	select {
	case <-time.After(d):
		return true
	case <-h.closed:
		return false
	}
}

func flush(w http.ResponseWriter) { http.NewResponseController(w).Flush() }

// answerOf is a server's answer with a text, whole or as a stream.
func answerOf(text string, stream bool) []byte {
	if !stream {
		data, _ := json.Marshal(map[string]any{
			"id": "x", "object": "chat.completion", "created": 1, "model": "soak",
			"choices": []any{map[string]any{"index": 0, "finish_reason": "stop", "message": map[string]any{"role": "assistant", "content": text}}},
			"usage":   map[string]any{"prompt_tokens": 100, "completion_tokens": 20, "total_tokens": 120},
		})
		return data
	}
	var b bytes.Buffer
	event := func(delta map[string]any, finish any) {
		data, _ := json.Marshal(map[string]any{
			"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "soak",
			"choices": []any{map[string]any{"index": 0, "finish_reason": finish, "delta": delta}},
		})
		fmt.Fprintf(&b, "data: %s\n\n", data)
	}
	for part := range slices.Chunk([]rune(text), 12) {
		event(map[string]any{"content": string(part)}, nil)
	}
	event(map[string]any{}, "stop")
	b.WriteString("data: [DONE]\n\n")
	return b.Bytes()
}
