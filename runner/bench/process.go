package bench

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
)

// process is the parent's side of a cell's process.
type process struct {
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	lines  chan []byte // closed when the process has ended
	said   *tail       // the end of its stderr
	closed sync.Once
}

// start starts a process that runs Serve.
func start(command func() *exec.Cmd) (*process, error) {
	p := &process{cmd: command(), lines: make(chan []byte, 1), said: &tail{}}
	p.cmd.Stderr = p.said
	p.cmd.WaitDelay = 5 * time.Second
	var err error
	if p.stdin, err = p.cmd.StdinPipe(); err != nil {
		return nil, fmt.Errorf("start a cell's process: %w", err)
	}
	stdout, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, fmt.Errorf("start a cell's process: %w", err)
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start a cell's process: %w", err)
	}
	go func() {
		defer close(p.lines)
		scanner := bufio.NewScanner(stdout)
		scanner.Buffer(nil, maxLine)
		for scanner.Scan() {
			if !bytes.HasPrefix(scanner.Bytes(), []byte("{")) { // a native library that prints
				fmt.Fprintf(p.said, "%s\n", scanner.Bytes())
				continue
			}
			p.lines <- append([]byte(nil), scanner.Bytes()...)
		}
	}()
	return p, nil
}

// errTimeout tells that a process did not answer in time.
var errTimeout = errors.New("no answer")

// ask sends a request and waits for its answer. A process that ends instead, or takes
// longer than limit, is an error, and can't be asked again.
func (p *process) ask(ctx context.Context, r request, limit time.Duration) (answer, error) {
	line, err := json.Marshal(r)
	if err != nil {
		return answer{}, err
	}
	// A process that has ended is told by its silence.
	p.stdin.Write(append(line, '\n'))
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return answer{}, ctx.Err()
	case <-timer.C:
		p.stop(true)
		return answer{}, fmt.Errorf("%w within %v%s", errTimeout, limit.Round(time.Second), p.said.text())
	case line, ok := <-p.lines:
		if !ok {
			return answer{}, p.ended()
		}
		var a answer
		if err := json.Unmarshal(line, &a); err != nil {
			p.stop(true)
			return answer{}, fmt.Errorf("its process answered something else: %w", err)
		}
		if a.Error != "" {
			return answer{}, errors.New(a.Error)
		}
		return a, nil
	}
}

// ended says how a process ended that should not have.
func (p *process) ended() error {
	p.stop(false)
	return fmt.Errorf("its process ended: %v%s", p.cmd.ProcessState, p.said.text())
}

// stop ends the process and waits for it: by the end of its input, or at once.
func (p *process) stop(now bool) {
	p.closed.Do(func() {
		p.stdin.Close()
		kill := time.AfterFunc(3*time.Second, func() { p.cmd.Process.Kill() })
		if now {
			p.cmd.Process.Kill()
		}
		for range p.lines {
		}
		p.cmd.Wait()
		kill.Stop()
	})
}

// tail keeps the end of what is written to it.
type tail struct {
	mu   sync.Mutex
	said []byte
}

func (t *tail) Write(text []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.said = append(t.said, text...)
	if over := len(t.said) - 2000; over > 0 {
		t.said = append(t.said[:0], t.said[over:]...)
	}
	return len(text), nil
}

// text is ": what was said", or nothing.
func (t *tail) text() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if text := strings.TrimSpace(strings.ToValidUTF8(string(t.said), "")); text != "" {
		return ": " + text
	}
	return ""
}
