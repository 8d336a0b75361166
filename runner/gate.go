package runner

import (
	"errors"
	"fmt"
	"sync"
)

// ErrClosed is the error of calls after Close.
var ErrClosed = errors.New("closed")

// Gate implements Close for something that calls share: Close waits for calls that have
// entered, and later ones are refused. The zero value is open.
type Gate struct {
	mu     sync.Mutex
	closed bool
	inside sync.WaitGroup
	freed  sync.Once
}

// Enter lets a call in, which has to Leave. After Close it returns an error that
// wraps [ErrClosed].
func (g *Gate) Enter(what string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return fmt.Errorf("%s is %w", what, ErrClosed)
	}
	g.inside.Add(1)
	return nil
}

// Leave ends a call that has entered.
func (g *Gate) Leave() { g.inside.Done() }

// isClosed reports whether Close was called.
func (g *Gate) isClosed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closed
}

// Close refuses further calls, waits for those inside, and then frees, once: later and
// concurrent calls wait, too, and return nil. A call that is inside must not call it.
func (g *Gate) Close(free func() error) (err error) {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.inside.Wait()
	g.freed.Do(func() { err = free() })
	return err
}
