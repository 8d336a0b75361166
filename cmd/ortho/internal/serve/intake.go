package serve

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
	"weak"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/tap"
)

// intake bounds what calls of gRPC take before they are whole: the memory of all their messages
// together, and the time of one. gRPC itself bounds the size of a message alone, so that many that
// never end could take all memory.
//
//	head of a call --let--> receiving --message--> arrived --> an answer
//	                           \-- too long, or too much of all together --> ended
type intake struct {
	mem.BufferPool
	most     int64
	patience time.Duration
	held     atomic.Int64
	shedding atomic.Bool

	mu        sync.Mutex
	receiving map[*arrival]bool
	lent      map[uintptr]loan // buffers, by where they lie
}

// loan is a buffer that gRPC has.
type loan struct {
	size   int64
	buffer weak.Pointer[[]byte]
}

// arrival is a call whose message is not whole yet.
type arrival struct {
	of     *intake
	cancel context.CancelFunc
	timer  *time.Timer
}

type arrivalKey struct{}

func newIntake(most int64, patience time.Duration) *intake {
	return &intake{BufferPool: mem.DefaultBufferPool(), most: most, patience: patience, receiving: map[*arrival]bool{}, lent: map[uintptr]loan{}}
}

// Get is that of a [mem.BufferPool].
func (i *intake) Get(length int) *[]byte {
	b := i.BufferPool.Get(length)
	n := int64(cap(*b))
	one := loan{n, weak.Make(b)}
	i.mu.Lock()
	at := uintptr(unsafe.Pointer(b)) // which does not keep it
	if lost, ok := i.lent[at]; ok {  // another buffer has lain there
		i.held.Add(-lost.size)
	}
	i.lent[at] = one
	i.mu.Unlock()
	if i.held.Add(n) > i.most && i.shedding.CompareAndSwap(false, true) {
		go i.shed()
	}
	return b
}

// Put is that of a [mem.BufferPool].
func (i *intake) Put(b *[]byte) {
	i.mu.Lock()
	at := uintptr(unsafe.Pointer(b))
	if one, ok := i.lent[at]; ok {
		delete(i.lent, at)
		i.held.Add(-one.size)
	}
	i.mu.Unlock()
	i.BufferPool.Put(b)
}

// count is the memory of the buffers that gRPC has. It loses some where a call is cut off: those that were
// collected do not count.
func (i *intake) count() int64 {
	i.mu.Lock()
	defer i.mu.Unlock()
	for at, one := range i.lent {
		if one.buffer.Value() == nil {
			delete(i.lent, at)
			i.held.Add(-one.size)
		}
	}
	return i.held.Load()
}

// let lets a call in as its head arrives.
func (i *intake) let(ctx context.Context, _ *tap.Info) (context.Context, error) {
	if i.held.Load() > i.most && i.count() > i.most {
		return nil, status.Error(codes.Unavailable, errBodies.Text)
	}
	ctx, cancel := context.WithCancel(ctx)
	a := &arrival{of: i, cancel: cancel}
	i.mu.Lock()
	i.receiving[a] = true
	i.mu.Unlock()
	a.timer = time.AfterFunc(i.patience, cancel)
	context.AfterFunc(ctx, a.over)
	return context.WithValue(ctx, arrivalKey{}, a), nil
}

// shed ends the calls whose messages are not whole.
func (i *intake) shed() {
	defer i.shedding.Store(false)
	if i.count() <= i.most {
		return
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	for a := range i.receiving {
		a.cancel()
	}
}

// over forgets a call.
func (a *arrival) over() {
	a.timer.Stop()
	a.of.mu.Lock()
	defer a.of.mu.Unlock()
	delete(a.of.receiving, a)
}

// arrived tells that the message of a call is whole, or, of a stream, that others follow when they
// are made: only too much of all together ends it then.
func arrived(ctx context.Context, stream bool) {
	a, ok := ctx.Value(arrivalKey{}).(*arrival)
	switch {
	case !ok:
	case stream:
		a.timer.Stop()
	default:
		a.over()
	}
}
