package term

import (
	"io"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// Status is a line at the end of a terminal that says what is being done. A nil status shows
// nothing.
type Status struct {
	bars *mpb.Progress
	bar  *mpb.Bar
	now  chan string // the latest
}

// NewStatus shows a line until End.
func NewStatus(w io.Writer) *Status {
	s := &Status{bars: mpb.New(mpb.WithOutput(bare(w)), mpb.WithAutoRefresh(), mpb.WithRefreshRate(200*time.Millisecond), mpb.WithWidth(30)), now: make(chan string, 1)}
	shown := ""
	s.bar = s.bars.New(0, mpb.NopStyle(), mpb.BarRemoveOnComplete(), mpb.PrependDecorators(decor.Any(func(decor.Statistics) string {
		select {
		case shown = <-s.now:
		default:
		}
		return shown
	})))
	return s
}

// Set replaces the line's text.
func (s *Status) Set(line string) {
	if s == nil {
		return
	}
	select {
	case <-s.now:
	default:
	}
	select {
	case s.now <- Clean(line):
	default:
	}
}

// End takes the line away.
func (s *Status) End() {
	if s == nil {
		return
	}
	s.bar.Abort(true)
	s.bars.Wait()
}
