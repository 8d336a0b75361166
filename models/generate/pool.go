package generate

import "sync"

// pool holds values that runs share, and keeps all of them for closing.
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

// own adds a new one to those that are closed at the end.
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
