package output

import "io"

// A device that is named may be a terminal: nothing that is written goes past the writer that
// makes it safe.

func (f *File) Write(text []byte) (int, error) { return f.screen.Write(text) }

func (f *File) WriteString(text string) (int, error) { return io.WriteString(f.screen, text) }

func (f *File) ReadFrom(r io.Reader) (int64, error) { return io.Copy(f.screen, r) }
