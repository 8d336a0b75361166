package serve

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

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

	mu        sync.Mutex
	receiving map[*arrival]bool
	last      uint64 // number of a loan
	lent      map[uint64]loan
	where     map[uintptr]uint64 // numbers of loans, by where the buffers lie
}

// loan is a buffer that gRPC has.
type loan struct {
	size int64
	lost runtime.Cleanup
}

// arrival is a call whose message is not whole yet.
type arrival struct {
	of     *intake
	cancel context.CancelFunc
	timer  *time.Timer
}

type arrivalKey struct{}

func newIntake(most int64, patience time.Duration) *intake {
	return &intake{BufferPool: mem.DefaultBufferPool(), most: most, patience: patience, receiving: map[*arrival]bool{}, lent: map[uint64]loan{}, where: map[uintptr]uint64{}}
}

// Get is that of a [mem.BufferPool]. A buffer that gRPC loses, as it does where a call is cut off, counts until
// it is collected.
func (i *intake) Get(length int) *[]byte {
	b := i.BufferPool.Get(length)
	n := int64(cap(*b))
	total := i.held.Add(n)
	at := uintptr(unsafe.Pointer(b)) // which does not keep it
	i.mu.Lock()
	i.last++
	id := i.last
	i.lent[id], i.where[at] = loan{n, runtime.AddCleanup(b, func(id uint64) { i.back(id, at) }, id)}, id
	i.mu.Unlock()
	if total > i.most {
		go i.shed()
	}
	return b
}

// Put is that of a [mem.BufferPool].
func (i *intake) Put(b *[]byte) {
	at := uintptr(unsafe.Pointer(b))
	i.mu.Lock()
	id := i.where[at]
	i.mu.Unlock()
	i.back(id, at)
	i.BufferPool.Put(b)
}

// back ends a loan. Another buffer may lie where a lost one has lain before that is known.
func (i *intake) back(id uint64, at uintptr) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.where[at] == id {
		delete(i.where, at)
	}
	if one, ok := i.lent[id]; ok {
		one.lost.Stop()
		delete(i.lent, id)
		i.held.Add(-one.size)
	}
}

// let lets a call in as its head arrives.
func (i *intake) let(ctx context.Context, _ *tap.Info) (context.Context, error) {
	if i.held.Load() > i.most {
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
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.held.Load() <= i.most {
		return
	}
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
