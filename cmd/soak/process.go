package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// child is a run of ortho that is to be started.
type child struct {
	args  []string
	env   []string      // besides the environment's
	limit time.Duration // a run that takes longer is asked for its stacks, and ended
	line  func([]byte)  // gets each line of standard output; nil: it is thrown away
	// under way: what happens to the process meanwhile. It returns when ended is closed.
	meanwhile func(p *os.Process, ended <-chan struct{})
	through   []string  // a program that starts ortho: its words come before
	stdout    *os.File  // in place of line
	errors    io.Writer // gets standard error, too
}

// outcome is how a run ended.
type outcome struct {
	args   []string
	code   int    // -1: by a signal
	state  string // how, in words
	stderr string // its beginning and its end
	took   time.Duration
	peak   int64 // bytes of resident memory
	late   bool  // it was ended by the limit
}

// start runs ortho to its end. An error is one of starting it.
func (c *campaign) start(ctx context.Context, of *child) (*outcome, error) {
	words := slices.Concat(of.through, []string{c.ortho}, of.args)
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.Env = append(cleanEnvironment(), of.env...)
	cmd.WaitDelay = 10 * time.Second
	errs := &ends{most: 64 << 10}
	cmd.Stderr = errs
	if of.errors != nil {
		cmd.Stderr = io.MultiWriter(errs, of.errors)
	}
	var out io.ReadCloser
	var err error
	if of.stdout != nil {
		cmd.Stdout = of.stdout
	} else if of.line != nil {
		if out, err = cmd.StdoutPipe(); err != nil {
			return nil, err
		}
	}
	start := time.Now()
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	ended, watched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(watched)
		if of.meanwhile != nil {
			of.meanwhile(cmd.Process, ended)
		}
	}()
	var late atomic.Bool
	clock := time.AfterFunc(of.limit, func() {
		late.Store(true)
		askForStacks(cmd.Process)
		time.Sleep(2 * time.Second)
		cmd.Process.Kill()
	})
	if out != nil {
		for lines := bufio.NewReader(out); ; {
			line, err := lines.ReadBytes('\n')
			if len(line) > 0 {
				of.line(line)
			}
			if err != nil {
				break
			}
		}
	}
	err = cmd.Wait()
	clock.Stop()
	close(ended)
	<-watched
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay) {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return &outcome{args: of.args, code: cmd.ProcessState.ExitCode(), state: cmd.ProcessState.String(), stderr: errs.String(),
		took: time.Since(start), peak: peakMemory(cmd.ProcessState), late: late.Load()}, nil
}

// cleanEnvironment is this process's, without what would have ortho speak to a server.
func cleanEnvironment() []string {
	return slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "OPENAI_") })
}

// crashes are texts of programs that did not end as they wanted to. Those of C libraries end by a signal, too.
var crashes = regexp.MustCompile(`(?m)^(panic: |fatal error: |goroutine \d+ |SIG[A-Z]+: )|runtime error: |terminate called after|stack smashing detected`)

// wrong says what of an outcome is wrong whatever was tried: a crash, a code that is not among those that
// are allowed, more memory than most, an error without a word.
func (o *outcome) wrong(most int64, codes ...int) error {
	switch {
	case o.late:
		return fmt.Errorf("it took longer than %.0f s", o.took.Seconds())
	case crashes.MatchString(o.stderr):
		return fmt.Errorf("it crashed: %s, %q", o.state, crashes.FindString(o.stderr))
	case !slices.Contains(codes, o.code):
		return fmt.Errorf("%s, and not one of %v: %s", o.state, codes, firstLine(o.stderr))
	case o.code != 0 && strings.TrimSpace(o.stderr) == "":
		return fmt.Errorf("%s, without a word", o.state)
	case o.peak > most:
		return fmt.Errorf("it took %d MB of memory, more than %d", o.peak/1e6, most/1e6)
	}
	return nil
}

func firstLine(s string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return line[:min(len(line), 300)]
}

// ends keeps the beginning and the end of what is written to it.
type ends struct {
	most       int
	head, tail []byte
	between    int
}

func (e *ends) Write(p []byte) (int, error) {
	n := min(len(p), e.most-len(e.head))
	e.head = append(e.head, p[:n]...)
	e.tail = append(e.tail, p[n:]...)
	if surplus := len(e.tail) - e.most; surplus > 0 {
		e.tail = append(e.tail[:0], e.tail[surplus:]...)
		e.between += surplus
	}
	return len(p), nil
}

func (e *ends) String() string {
	if e.between == 0 {
		return string(e.head) + string(e.tail)
	}
	return fmt.Sprintf("%s\n[%d bytes]\n%s", e.head, e.between, bytes.TrimLeft(e.tail, "\n"))
}
