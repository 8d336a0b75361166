package term

import (
	"io"
	"log/slog"
)

// UI is where a run reads from, writes its results to, and speaks to people: for a process,
// its standard streams.
type UI struct {
	In       io.Reader
	Out, Err io.Writer
}

// Info prints a notice, in a line on Err.
func (u *UI) Info(text string) { u.log().Info(text) }

// Warn prints a warning, in a line on Err.
func (u *UI) Warn(text string) { u.log().Warn(text) }

func (u *UI) log() *slog.Logger { return slog.New(&LogHandler{W: u.Err}) }

// Shared reports whether results and notices go to one terminal, pipe or file.
func (u *UI) Shared() bool { return SameFile(u.Out, u.Err) }
