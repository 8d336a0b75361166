package runner

import (
	"errors"
	"fmt"
	"sync"
)

// ErrClosed is the error of what is used after its Close.
var ErrClosed = errors.New("closed")

// Gate is the Close of something that calls share: it waits for those that have entered,
// and refuses later ones. The zero value is open.
type Gate struct {
	mu     sync.Mutex
	closed bool
	inside sync.WaitGroup
	freed  sync.Once
}

// Enter lets a call in, which has to Leave. Of what is closed it returns an error that wraps
// [ErrClosed].
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

// Close refuses further calls, waits for those inside, and then frees, once: later and
// concurrent calls wait, too, and return nil. A call that is inside must not make it.
func (g *Gate) Close(free func() error) (err error) {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.inside.Wait()
	g.freed.Do(func() { err = free() })
	return err
}
