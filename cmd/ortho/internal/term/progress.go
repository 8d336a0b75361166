package term

import (
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// Progress shows images done, their rate, the time left and failures in one line at
// the end of a terminal. A nil progress shows nothing.
type Progress struct {
	bars   *mpb.Progress
	bar    *mpb.Bar
	failed atomic.Int64
	total  atomic.Int64 // 0: not known (yet)
	before int64        // images that were done before; the rate leaves them out
	ended  atomic.Bool
	unit   string                 // what the bar counts
	part   atomic.Pointer[string] // how far the image that is under way has come

	// For a bar that counts steps. mutex is held while the bar is moved, but never by the
	// decorators, for which the bar waits.
	mutex sync.Mutex
	rows  int64                     // images that are done or have failed, in this run
	each  atomic.Int64              // steps of an image; 0: not known yet
	since atomic.Pointer[time.Time] // the first step's end: what comes before it is no measure
}

// NewProgress shows a line until end, from the images (or tiles: unit) that were done
// before; count finds the total meanwhile, so that the first result does not wait for it.
func NewProgress(w io.Writer, unit string, done, failed int64, count func(stop func() bool) (int64, bool)) *Progress {
	p := &Progress{before: done, unit: unit, bars: mpb.New(mpb.WithOutput(bare(w)), mpb.WithAutoRefresh(), mpb.WithRefreshRate(200*time.Millisecond), mpb.WithWidth(30))}
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
			p.mutex.Lock()
			defer p.mutex.Unlock()
			p.total.Store(n * max(1, p.each.Load()))
			p.bar.SetTotal(p.total.Load(), false)
		}
	}()
	return p
}

func (p *Progress) counts(s decor.Statistics) string {
	if total := p.total.Load(); total > 0 {
		return fmt.Sprintf("%d of %d ", s.Current, total)
	}
	return fmt.Sprintf("%d ", s.Current)
}

func (p *Progress) speed(done int64, elapsed time.Duration) string {
	before := p.before
	if p.unit == "steps" {
		since := p.since.Load()
		if before = before*p.each.Load() + 1; since == nil || done <= before {
			return ""
		}
		elapsed = time.Since(*since)
	}
	rate := float64(done-before) / elapsed.Seconds()
	text := fmt.Sprintf(" %.1f %s/s", rate, p.unit)
	if p.unit == "steps" && rate < 1 {
		text = fmt.Sprintf(" %.1f s/step", 1/rate)
	}
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

// Step counts an item that is done. Tiles and steps of an item are counted as they come.
func (p *Progress) Step(failed bool) {
	if p == nil {
		return
	}
	if failed {
		p.failed.Add(1)
	}
	switch p.unit {
	case "tiles":
	case "steps": // one that failed has not made all of its steps
		p.mutex.Lock()
		defer p.mutex.Unlock()
		p.rows++
		if least := (p.before + p.rows) * p.each.Load(); p.bar.Current() < least {
			p.bar.SetCurrent(least)
		}
	default:
		p.bar.Increment()
	}
}

// Stepped counts a step of an image that has so many.
func (p *Progress) Stepped(of int) {
	if p == nil {
		return
	}
	p.mutex.Lock()
	defer p.mutex.Unlock()
	if p.each.Load() == 0 { // the bar has counted images so far
		each, now := int64(of), time.Now()
		p.each.Store(each)
		p.since.Store(&now)
		if n := p.total.Load(); n > 0 {
			p.total.Store(n * each)
			p.bar.SetTotal(n*each, false)
		}
		p.bar.SetCurrent((p.before + p.rows) * each)
	}
	p.bar.Increment()
}

// Tiles shows how far a large image has come: of one alone in the bar itself.
func (p *Progress) Tiles(done, total int) {
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

func (p *Progress) running() bool { return p != nil && !p.ended.Load() }

// End takes the line off the terminal; it may be called more than once.
func (p *Progress) End() {
	if p == nil || p.ended.Swap(true) {
		return
	}
	p.bar.Abort(true)
	p.bars.Wait()
}
