package generate

import (
	"context"
	"sync"
)

// bands carry finished rows to what writes them, which works on a goroutine of its own: two
// bands, one being filled while the other is written.
type bands struct {
	size, made int // bytes of one; bands that exist
	full       chan []byte
	free       chan written
	err        error // of writing; read after stopped
	stopped    chan struct{}
}

// written is a band that can be filled anew, and what came of writing it.
type written struct {
	band []byte
	err  error
}

func newBands(ctx context.Context, to *finish, size, row int) *bands {
	b := &bands{size: size, full: make(chan []byte, 2), free: make(chan written, 2), stopped: make(chan struct{})}
	go func() {
		defer close(b.stopped)
		for band := range b.full {
			// By pieces, so that a slow encoder ends soon after ctx.
			const piece = 1 << 18
			step := max(1, piece/row) * row
			for at := 0; at < len(band) && b.err == nil; at += step {
				if b.err = ctx.Err(); b.err == nil {
					b.err = to.write(band[at:min(len(band), at+step)])
				}
			}
			b.free <- written{band, b.err}
		}
		if b.err == nil {
			b.err = ctx.Err()
		}
		if b.err == nil {
			b.err = to.end()
		}
	}()
	return b
}

// take returns an empty band, or the error at which writing has ended.
func (b *bands) take() ([]byte, error) {
	if b.made < 2 {
		b.made++
		return make([]byte, b.size), nil
	}
	w := <-b.free
	return w.band[:b.size], w.err
}

// give has a band written.
func (b *bands) give(band []byte) { b.full <- band }

// close waits until all has been written, or ctx's end has been noticed.
func (b *bands) close() error {
	close(b.full)
	<-b.stopped
	return b.err
}

// pool holds things of one kind that runs share, and knows all that it ever held.
type pool[T any] struct {
	mu        sync.Mutex
	free, all []T
}

// get returns a free one, if there is one.
func (p *pool[T]) get() (v T, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.free)
	if n == 0 {
		return v, false
	}
	v, p.free = p.free[n-1], p.free[:n-1]
	return v, true
}

// own adds a new one to those that are closed in the end.
func (p *pool[T]) own(v T) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all = append(p.all, v)
}

func (p *pool[T]) put(v T) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free = append(p.free, v)
}

func (p *pool[T]) close(each func(T)) {
	for _, v := range p.all {
		each(v)
	}
}
