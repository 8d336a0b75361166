package main

import (
	"fmt"
	"sync/atomic"
	"time"

	"github.com/urfave/cli/v2"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"ortho/cmd/ortho/internal/source"
)

// progress shows images done, their rate, the time left and failures on stderr.
// A nil progress shows nothing.
type progress struct {
	bars   *mpb.Progress
	bar    *mpb.Bar
	failed atomic.Int64
	stop   atomic.Bool
}

func newProgress(c *cli.Context) (*progress, error) {
	wanted, err := progressMode(c)
	if err != nil || !wanted {
		return nil, err
	}
	p := &progress{bars: mpb.New(mpb.WithOutput(c.App.ErrWriter), mpb.WithAutoRefresh(), mpb.WithRefreshRate(200*time.Millisecond))}
	start := time.Now()
	p.bar = p.bars.AddBar(0,
		mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.CountersNoUnit("%d of %d images")),
		mpb.AppendDecorators(
			decor.Any(func(s decor.Statistics) string {
				return fmt.Sprintf("%.1f images/s, %d failed, ", float64(s.Current)/time.Since(start).Seconds(), p.failed.Load())
			}),
			decor.AverageETA(decor.ET_STYLE_GO), decor.Name(" left"),
		),
	)
	args := c.Args().Slice()
	if !c.Bool("stdin-paths") { // what is counted must not be read twice
		go func() {
			n := int64(0)
			for range source.Items(args, source.Options{}) {
				if n++; p.stop.Load() {
					return
				}
			}
			p.bar.SetTotal(n, false)
		}()
	}
	return p, nil
}

func (p *progress) step(failed bool) {
	if p == nil {
		return
	}
	if failed {
		p.failed.Add(1)
	}
	p.bar.Increment()
}

// end takes the line off the terminal; it may be called more than once.
func (p *progress) end() {
	if p == nil || p.stop.Swap(true) {
		return
	}
	p.bar.Abort(true)
	p.bars.Wait()
}
