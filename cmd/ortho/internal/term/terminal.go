package term

import (
	"io"
	"os"

	"golang.org/x/term"
)

// Screen writes to a terminal that may show progress at its end.
type Screen struct {
	To       io.Writer
	Progress *Progress
}

func (s *Screen) Write(text []byte) (int, error) {
	if s.Progress.running() {
		return s.Progress.bars.Write(text)
	}
	return s.To.Write(text)
}

func IsTerminal(w any) bool {
	f, ok := w.(interface{ Fd() uintptr })
	return ok && term.IsTerminal(int(f.Fd()))
}

type stater interface{ Stat() (os.FileInfo, error) }

// SameFile reports whether both are open on one terminal, pipe or file.
func SameFile(a, b any) bool {
	f, ok := a.(stater)
	g, too := b.(stater)
	if !ok || !too {
		return false
	}
	x, err := f.Stat()
	if err != nil {
		return false
	}
	y, err := g.Stat()
	return err == nil && os.SameFile(x, y)
}
