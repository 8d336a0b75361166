package term

import (
	"io"
	"testing"
	"time"
)

// TestProgressOfSteps: a bar of steps counts those of images that were done before, and
// does not fall behind where an image fails.
func TestProgressOfSteps(t *testing.T) {
	counted := make(chan struct{})
	p := NewProgress(io.Discard, "steps", 2, 0, func(func() bool) (int64, bool) { defer close(counted); return 5, true })
	defer p.End()
	<-counted
	for p.total.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	if p.speed(0, time.Second) != "" {
		t.Error("a speed before the first step")
	}
	p.Stepped(4)
	if got := p.bar.Current(); got != 2*4+1 || p.total.Load() != 5*4 {
		t.Errorf("after a step: %d of %d", got, p.total.Load())
	}
	p.Step(true)
	if got := p.bar.Current(); got != 3*4 {
		t.Errorf("after an image that failed: %d", got)
	}
	for range 4 {
		p.Stepped(4)
	}
	p.Step(false)
	if got := p.bar.Current(); got != 4*4 {
		t.Errorf("after an image: %d", got)
	}
}
