package main

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/urfave/cli/v2"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// progress shows images done, their rate, the time left and failures in one line at
// the end of a terminal. A nil progress shows nothing.
type progress struct {
	bars   *mpb.Progress
	bar    *mpb.Bar
	failed atomic.Int64
	total  atomic.Int64 // 0: not known (yet)
	before int64        // images that were done before; the rate leaves them out
	ended  atomic.Bool
	unit   string                 // what the bar counts
	part   atomic.Pointer[string] // how far the image that is under way has come
}

func progressWanted(c *cli.Context) (bool, error) {
	switch mode := c.String("progress"); mode {
	case "auto":
		return isTerminal(c.App.ErrWriter), nil
	case "always", "never":
		return mode == "always", nil
	default:
		return false, usagef("--progress %q is not one of auto, always, never", mode)
	}
}

// newProgress shows a line until end, from the images (or tiles: unit) that were done
// before; count tells the total meanwhile, so that the first result does not wait for it.
func newProgress(w io.Writer, unit string, done, failed int64, count func(stop func() bool) (int64, bool)) *progress {
	p := &progress{before: done, unit: unit, bars: mpb.New(mpb.WithOutput(w), mpb.WithAutoRefresh(), mpb.WithRefreshRate(200*time.Millisecond), mpb.WithWidth(30))}
	start := time.Now()
	p.bar = p.bars.New(0, mpb.BarStyle().Lbound("").Filler("\u2588").Tip("").Padding("\u2591").Rbound(""),
		mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Any(p.counts)),
		mpb.AppendDecorators(decor.Any(func(s decor.Statistics) string { return p.speed(s.Current, time.Since(start)) })),
	)
	p.failed.Store(failed)
	p.bar.SetCurrent(done)
	go func() {
		if n, known := count(p.ended.Load); known && n > 0 {
			p.total.Store(n)
			p.bar.SetTotal(n, false)
		}
	}()
	return p
}

func (p *progress) counts(s decor.Statistics) string {
	if total := p.total.Load(); total > 0 {
		return fmt.Sprintf("%d of %d ", s.Current, total)
	}
	return fmt.Sprintf("%d ", s.Current)
}

func (p *progress) speed(done int64, elapsed time.Duration) string {
	rate := float64(done-p.before) / elapsed.Seconds()
	text := fmt.Sprintf(" %.1f %s/s", rate, p.unit)
	if left := p.total.Load() - done; left > 0 && rate > 0 {
		text += fmt.Sprintf(", %v left", time.Duration(float64(left)/rate*float64(time.Second)).Round(time.Second))
	}
	if n := p.failed.Load(); n > 0 {
		text += fmt.Sprintf(", %d failed", n)
	}
	if part := p.part.Load(); part != nil {
		text += *part
	}
	return text
}

func (p *progress) step(failed bool) {
	if p == nil {
		return
	}
	if failed {
		p.failed.Add(1)
	}
	if p.unit == "images" {
		p.bar.Increment()
	}
}

// tiles shows how far a large image has come: of one alone in the bar itself.
func (p *progress) tiles(done, total int) {
	switch {
	case p == nil:
	case p.unit == "tiles":
		if p.total.Swap(int64(total)) == 0 {
			p.bar.SetTotal(int64(total), false)
		}
		p.bar.SetCurrent(int64(done))
	case total > 1 && done < total:
		part := fmt.Sprintf(", tile %d of %d", done, total)
		p.part.Store(&part)
	default:
		p.part.Store(nil)
	}
}

func (p *progress) running() bool { return p != nil && !p.ended.Load() }

// end takes the line off the terminal; it may be called more than once.
func (p *progress) end() {
	if p == nil || p.ended.Swap(true) {
		return
	}
	p.bar.Abort(true)
	p.bars.Wait()
}
