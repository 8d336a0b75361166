package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"ortho/cmd/ortho/internal/output"
	"ortho/preprocess"
)

// preview is a file that has a picture as it would be, until the run ends. A nil preview
// shows nothing.
type preview struct {
	reads *output.Reads
	name  string
	shown bool
	ended bool // it could not be written
}

// openPreview refuses a preview that would take another file's place.
func (g *generation) openPreview() (*preview, error) {
	name := previewOf(g.to)
	for _, other := range []struct {
		flag string
		file *string
	}{{"grid", g.options.grid}, {"html", g.options.html}} {
		if other.file != nil && samePath(*other.file, name) {
			return nil, usagef("--%s %s is where previews stand: give another name", other.flag, name)
		}
	}
	_, err := g.reads.Check(name, g.mayReplace())
	return &preview{reads: g.reads, name: name}, err
}

// previewOf is where previews of what goes to a destination stand.
func previewOf(to destination) string {
	if to.folder != "" {
		return filepath.Join(to.folder, "ortho.preview.png")
	}
	return strings.TrimSuffix(to.file, filepath.Ext(to.file)) + ".preview.png"
}

// samePath tells whether two names, of files that need not exist, are of one.
func samePath(a, b string) bool {
	realA, errA := output.RealPath(a)
	realB, errB := output.RealPath(b)
	return errA == nil && errB == nil && realA == realB
}

// show replaces what was shown before.
func (p *preview) show(img *preprocess.Image) {
	if p == nil || p.ended {
		return
	}
	err := writeFile(p.reads, p.name, true, func(w io.Writer) error {
		return encode(w, img, preprocess.FileOptions{Format: preprocess.PNG})
	})
	if err != nil {
		slog.Warn(fmt.Sprintf("no more previews: %v", err))
		p.ended = true
		return
	}
	p.shown = true
}

// remove has the preview go.
func (p *preview) remove() {
	if p != nil && p.shown {
		os.Remove(p.name)
	}
}
