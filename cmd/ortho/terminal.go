package main

import (
	"io"
	"os"

	"golang.org/x/term"
)

// screen writes to a terminal that may show progress at its end.
type screen struct {
	to       io.Writer
	progress *progress
}

func (s *screen) Write(text []byte) (int, error) {
	if s.progress.running() {
		return s.progress.bars.Write(text)
	}
	return s.to.Write(text)
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// sameFile tells whether both are open on one terminal, pipe or file.
func sameFile(a, b any) bool {
	f, ok := a.(*os.File)
	g, too := b.(*os.File)
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
