package preprocess

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync/atomic"

	"golang.org/x/sync/semaphore"
)

// MemoryBounds say how much memory decoders may take. What a decoder needs is known before it allocates: from the
// header's pixels, what the format keeps of each, and what is wanted of them. It is an upper bound; the file's
// own bytes, and tensors, are not in it.
type MemoryBounds struct {
	// Together bounds what decoders in flight take: a further one waits for them. One that takes more has to
	// be alone.
	Together int64
	// Each bounds a single image, which is refused otherwise; PerByte, unless 0, one of more than Together,
	// by its file: a few bytes that claim a hundred million pixels are refused where a file of megabytes is not.
	Each, PerByte int64
}

// DefaultMemory is what holds unless [BoundMemory] is called.
var DefaultMemory = MemoryBounds{Together: 256 << 20, Each: 2 << 30, PerByte: 256}

// BoundMemory sets the bounds of this process. Decoders that are in flight stay under those before.
func BoundMemory(b MemoryBounds) { memory.Store(newBudget(b)) }

var memory atomic.Pointer[budget]

func init() { BoundMemory(DefaultMemory) }

type budget struct {
	MemoryBounds
	free *semaphore.Weighted // of Together
}

func newBudget(b MemoryBounds) *budget { return &budget{b, semaphore.NewWeighted(b.Together)} }

// lease is what a decoder in flight has of the budget.
type lease struct {
	from *budget
	held int64
	most int64 // that was asked for at a time, also where it was too little to be held
}

const (
	unleased = 4 << 20  // images below it go without, as nearly all do
	returned = 64 << 20 // what took so much is given back to the system at once
)

// take waits until the memory is free, for a file of so many bytes. It takes the place of what was taken before, of
// which nothing is held meanwhile: nobody waits who holds.
func (l *lease) take(need int64, file int) error {
	b := memory.Load()
	l.most = max(l.most, need)
	switch {
	case need > b.Each:
		return &MemoryError{Need: need, Limit: b.Each}
	case need > b.Together && b.PerByte > 0 && need/b.PerByte > int64(file):
		return &MemoryError{Need: need, Limit: max(b.Together, b.PerByte*int64(file)), File: file}
	case need < unleased, need <= l.held:
		return nil
	}
	l.giveBack()
	l.from, l.held = b, min(need, b.Together)
	return b.free.Acquire(context.Background(), l.held) // every holder ends without this one
}

func (l *lease) release() {
	if l.held >= returned {
		debug.FreeOSMemory()
	}
	l.giveBack()
}

func (l *lease) giveBack() {
	if l.held > 0 {
		l.from.free.Release(l.held)
		l.held = 0
	}
}

// MemoryError says that decoding an image takes more memory than is allowed. It wraps [ErrTooLarge].
type MemoryError struct {
	Need, Limit int64 // bytes
	File        int   // bytes of the file, where the limit is what these speak for
}

func (e *MemoryError) Error() string {
	if e.File > 0 {
		return fmt.Sprintf("%v: decoding it takes %d MB, and a file of %d bytes is small for that", ErrTooLarge, e.Need>>20, e.File)
	}
	return fmt.Sprintf("%v: decoding it takes %d MB, and %d MB are allowed", ErrTooLarge, e.Need>>20, e.Limit>>20)
}

func (e *MemoryError) Unwrap() error { return ErrTooLarge }
