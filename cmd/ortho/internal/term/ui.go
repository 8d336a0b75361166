package term

import (
	"fmt"
	"io"
)

// UI is where a run reads from, writes its results to, and speaks to people: for a process,
// its standard streams.
type UI struct {
	In       io.Reader
	Out, Err io.Writer
}

// Info says what is good to know, on Err: "ortho: ...".
func (u *UI) Info(text string) { fmt.Fprintln(u.Err, "ortho: "+CleanLines(text)) }

// Warn says what may not be as it was meant, on Err: "ortho: warning: ...".
func (u *UI) Warn(text string) { fmt.Fprintln(u.Err, "ortho: warning: "+CleanLines(text)) }

// Shared reports whether results and notices go to one terminal, pipe or file.
func (u *UI) Shared() bool { return SameFile(u.Out, u.Err) }
