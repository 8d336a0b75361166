package term

import (
	"io"
	"os"
	"sync"
	"unicode/utf8"

	"golang.org/x/term"
)

// Terminal is a writer to a terminal on which no text can act, wherever it comes from: what would,
// but line feeds and tabs, is shown as escapes. All that a run prints goes through it; only
// progress, whose line moves, writes to the terminal itself.
type Terminal struct {
	to io.Writer // has Fd, Stat

	mutex  sync.Mutex
	before rune   // the last character that was written
	half   []byte // of one whose other bytes are still to come
}

// Safe is w itself, and a [Terminal] where w is one.
func Safe(w io.Writer) io.Writer {
	if _, is := w.(*Terminal); is || !IsTerminal(w) {
		return w
	}
	return &Terminal{to: w}
}

func (t *Terminal) Write(text []byte) (int, error) { return t.write(t.to, text) }

// write writes to w, which stands for the terminal.
func (t *Terminal) write(w io.Writer, text []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	all := append(t.half, text...)
	whole := len(all) - halfOf(all)
	var clean []byte
	clean, t.before = escaped(nil, t.before, all[:whole], "\n\t")
	t.half = append([]byte(nil), all[whole:]...)
	if _, err := w.Write(clean); err != nil {
		return 0, err
	}
	return len(text), nil
}

// Flush shows the bytes of a character that did not come to its end.
func (t *Terminal) Flush() error {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	clean, _ := escaped(nil, t.before, t.half, "")
	t.half = nil
	_, err := t.to.Write(clean)
	return err
}

// halfOf is how many bytes at the end of a text are the beginning of a character.
func halfOf(text []byte) int {
	for n := 1; n <= min(len(text), utf8.UTFMax-1); n++ {
		if end := text[len(text)-n:]; utf8.RuneStart(end[0]) {
			if utf8.FullRune(end) {
				return 0
			}
			return n
		}
	}
	return 0
}

// Fd is the terminal's, which has a width.
func (t *Terminal) Fd() uintptr { return t.to.(interface{ Fd() uintptr }).Fd() }

// Stat is the terminal's, see [SameFile].
func (t *Terminal) Stat() (os.FileInfo, error) {
	if f, ok := t.to.(stater); ok {
		return f.Stat()
	}
	return nil, os.ErrInvalid
}

// bare is the terminal itself, for what moves its cursor.
func bare(w io.Writer) io.Writer {
	if t, ok := w.(*Terminal); ok {
		return t.to
	}
	return w
}

// Screen writes to a terminal that may show progress at its end.
type Screen struct {
	To       io.Writer
	Progress *Progress
}

func (s *Screen) Write(text []byte) (int, error) {
	if !s.Progress.running() {
		return s.To.Write(text)
	}
	if t, ok := s.To.(*Terminal); ok {
		return t.write(s.Progress.bars, text)
	}
	return s.Progress.bars.Write(text)
}

func IsTerminal(w any) bool {
	f, ok := w.(interface{ Fd() uintptr })
	return ok && term.IsTerminal(int(f.Fd()))
}

// Moves reports whether w is a terminal on which a line can be drawn anew: all are but those that
// say of themselves that they are dumb, such as the one in an editor.
func Moves(w any) bool { return IsTerminal(w) && os.Getenv("TERM") != "dumb" }

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
