// Package child runs a process of this program that answers requests, one JSON object a line
// in each direction, with all bytes of its texts (package exact):
//
//	Process.Ask --request--> Serve: handle --answer or error--> Ask
//
// A process can load one ONNX Runtime library only: what takes several, or must outlive a
// crash in one, asks children.
package child

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"

	"ortho/runner/exact"
)

// maxLine bounds a line of the protocol, in bytes. Arrays go by files.
const maxLine = 16 << 20

// Process is a child, as its parent sees it. One request at a time may be under way.
type Process struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	lines  chan []byte // closed when the process has ended
	stderr *tail       // the end of its stderr
	close  sync.Once
}

// answer is a line of the child: what was asked for, or why not.
type answer struct {
	Value json.RawMessage `json:"value,omitempty"`
	Error string          `json:"error,omitempty"`
}

// Start starts a command that runs [Serve] on its standard input and output. Close it
// after use.
func Start(cmd *exec.Cmd) (*Process, error) {
	p := &Process{cmd: cmd, lines: make(chan []byte), stderr: &tail{}}
	cmd.Stderr = p.stderr
	cmd.WaitDelay = 5 * time.Second
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start a process: %w", err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start a process: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a process: %w", err)
	}
	p.stdin = stdin
	go func() {
		defer close(p.lines)
		scanner := bufio.NewScanner(stdout)
		scanner.Buffer(nil, maxLine)
		for scanner.Scan() {
			if !bytes.HasPrefix(scanner.Bytes(), []byte("{")) { // a native library that prints
				fmt.Fprintf(p.stderr, "%s\n", scanner.Bytes())
				continue
			}
			p.lines <- bytes.Clone(scanner.Bytes())
		}
	}()
	return p, nil
}

// Ask sends a request and decodes what is answered into value. The child's own error
// comes back as one. A child that ends instead, or answers with something else, is an
// error that says how it ended and the last of its stderr; after it, and after ctx is done,
// only Close may be called.
func (p *Process) Ask(ctx context.Context, request, value any) error {
	line, err := exact.Marshal(request)
	if err != nil {
		return fmt.Errorf("ask a process: %w", err)
	}
	// A child that does not read must not hold up the end; that it
	// has ended shows when nothing more comes from it.
	go p.stdin.Write(append(line, '\n'))
	select {
	case <-ctx.Done():
		return ctx.Err()
	case line, ok := <-p.lines:
		if !ok {
			p.Close()
			return fmt.Errorf("its process ended: %v%s", p.cmd.ProcessState, p.stderr.text())
		}
		var a answer
		err := exact.Unmarshal(line, &a)
		if err == nil && a.Error == "" {
			err = exact.Unmarshal(a.Value, value)
		}
		if err != nil {
			p.Close()
			return fmt.Errorf("its process answered something else: %w", err)
		}
		if a.Error != "" {
			return errors.New(a.Error)
		}
		return nil
	}
}

// Close ends the child, at once where it is at work, and waits for it.
func (p *Process) Close() {
	p.close.Do(func() {
		p.stdin.Close()
		kill := time.AfterFunc(2*time.Second, func() { p.cmd.Process.Kill() })
		defer kill.Stop()
		for range p.lines {
		}
		p.cmd.Wait()
	})
}

// wordingKey is that of a context's function for the texts of errors.
type wordingKey struct{}

// WithWording returns a context of which [Serve] answers errors as text has them: of an error
// only its text comes to the parent.
func WithWording(ctx context.Context, text func(error) string) context.Context {
	return context.WithValue(ctx, wordingKey{}, text)
}

// Serve answers requests, each by handle, until in ends or ctx is done. The context that
// handle gets is done when in ends: there is no one to answer then. handle's error is the
// answer to its request.
func Serve[Request any](parent context.Context, in io.Reader, out io.Writer, handle func(context.Context, Request) (any, error)) error {
	ctx, cancel := context.WithCancel(parent)
	defer cancel()
	lines := make(chan []byte)
	failed := make(chan error, 1)
	go func() {
		defer cancel()
		scanner := bufio.NewScanner(in)
		scanner.Buffer(nil, maxLine)
		for scanner.Scan() {
			select {
			case lines <- bytes.Clone(scanner.Bytes()):
			case <-ctx.Done():
				return
			}
		}
		failed <- scanner.Err()
	}()
	for {
		var line []byte
		select {
		case err := <-failed: // in has ended, which is the signal to end
			return err
		case <-parent.Done():
			return parent.Err()
		case line = <-lines:
		}
		a := answer{}
		var r Request
		err := exact.Unmarshal(line, &r)
		if err == nil {
			var value any
			if value, err = handle(ctx, r); err == nil {
				a.Value, err = exact.Marshal(value)
			}
		}
		if err != nil {
			text, ok := parent.Value(wordingKey{}).(func(error) string)
			if !ok {
				text = error.Error
			}
			a = answer{Error: text(err)}
		}
		line, err = exact.Marshal(a)
		if err == nil {
			_, err = out.Write(append(line, '\n'))
		}
		if err != nil {
			return fmt.Errorf("answer: %w", err)
		}
	}
}

// tail keeps the end of what is written to it.
type tail struct {
	mu  sync.Mutex
	end []byte
}

func (t *tail) Write(text []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end = append(t.end, text...)
	if over := len(t.end) - 2000; over > 0 {
		t.end = append(t.end[:0], t.end[over:]...)
	}
	return len(text), nil
}

// text is ": what was said", or nothing.
func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if text := strings.TrimSpace(strings.ToValidUTF8(string(t.end), "")); text != "" {
		return ": " + text
	}
	return ""
}
