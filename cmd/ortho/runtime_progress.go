package main

import (
	"fmt"
	"time"

	"ortho/cmd/ortho/internal/term"
)

// seldom is how often a download is told where no line can move.
const seldom = 15 * time.Second

// downloads tells how packages come: on a terminal in a line that moves, elsewhere in a few lines.
type downloads struct {
	ui   *term.UI
	line *term.Status
	now  func() time.Time

	begun, told time.Time // of one package; zero: none is coming
}

func newDownloads(ui *term.UI) *downloads { return &downloads{ui: ui, now: time.Now} }

// tell takes how many bytes of a package have come; done ends it.
func (d *downloads) tell(bytes int64, done bool) {
	now := d.now()
	if d.begun.IsZero() {
		d.begun, d.told = now, now
		if !done && term.Moves(d.ui.Err) {
			d.line = term.NewStatus(d.ui.Err)
		}
	}
	elapsed := now.Sub(d.begun)
	text := fmt.Sprintf("%.1f MB", float64(bytes)/1e6)
	if s := elapsed.Seconds(); s > 0 && bytes > 0 {
		text += fmt.Sprintf(", %.1f MB/s", float64(bytes)/1e6/s)
	}
	text = fmt.Sprintf("downloading: %s, %v", text, elapsed.Round(time.Second))
	switch {
	case done:
		d.line.End()
		d.begun, d.line = time.Time{}, nil
	case d.line != nil:
		d.line.Set("ortho: " + text)
	case now.Sub(d.told) >= seldom:
		d.told = now
		d.ui.Info(text)
	}
}
