package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	// secret is a key that must show nowhere, whatever a server sends.
	secret = "sk-soak-0123456789abcdef0123456789abcdef"
	// mostRequests are those of an image: six tries of a question, each once more for what the server is
	// found not to know; a question anew with more tokens, and one for an answer to be mended.
	mostRequests = 40
	// longestChat allows for six tries of an image, with waits between them.
	longestChat = 4 * time.Minute
)

// chat has images described by a server that does everything wrong: each gets a row, an answer or an error,
// in bounded time and after a bounded number of requests, and the key shows nowhere.
func chat(ctx context.Context, t *turn) error {
	n := max(3, t.many(8))
	var names []string
	for i := range n {
		name, err := t.file(fmt.Sprintf("%02d.png", i), picture(t.random))
		if err != nil {
			return err
		}
		names = append(names, name)
	}
	list, err := t.list("in.list", names)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	h := &hostile{random: t.random, address: listener.Addr().String(), closed: make(chan struct{})}
	server := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	args := []string{"describe", "-m", "none", "--timeout", "1s", "-f", "jsonl", list}
	if h.streams = t.random.IntN(2) == 0; h.streams {
		args = append(args, "--stream")
	}
	var printed strings.Builder
	r := &rowReader{last: time.Now()}
	o, err := t.start(ctx, &child{
		args: args, limit: longestChat,
		env:  []string{"OPENAI_BASE_URL=http://" + h.address + "/v1", "OPENAI_API_KEY=" + secret},
		line: func(line []byte) { printed.Write(line); r.line(line) },
	})
	close(h.closed)
	server.Close()
	<-served
	if err != nil {
		return err
	}
	t.inputs += n
	h.mutex.Lock()
	defer h.mutex.Unlock()
	why := o.wrong(mostMemory, 0, 1, 3)
	r.slowest = 0 // six tries take their time: the limit is that of the run
	switch {
	case why != nil:
	case o.code == 1 && !h.ended:
		why = fmt.Errorf("it gave up, and nothing of what the server said was about all images: %s", firstLine(o.stderr))
	case o.code == 1:
		why = r.err
	default:
		why = r.wrong(names, o.code)
	}
	switch {
	case why != nil:
	case h.requests > n*mostRequests:
		why = fmt.Errorf("%d requests for %d images", h.requests, n)
	case strings.Contains(printed.String()+o.stderr, secret):
		why = fmt.Errorf("the key shows")
	case strings.ContainsAny(o.stderr, "\x1b\u202e"):
		why = fmt.Errorf("what the server sent reaches the terminal as it is")
	}
	if why == nil {
		return nil
	}
	if _, err := t.file("answers.txt", []byte(strings.Join(h.said, "\n"))); err != nil {
		return err
	}
	return t.failed(o, why)
}

// hostile is a chat server that nobody wants.
type hostile struct {
	address string
	streams bool
	closed  chan struct{} // nothing waits any longer

	mutex    sync.Mutex
	random   *rand.Rand // who gets which answer follows from the order of requests, too
	requests int
	ended    bool     // it has said what ends a run: a key or an address that is no good, a quota
	said     []string // what it did, a line each
}
