package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/term"
	"ortho/preprocess"
)

// preview is a file that shows the unfinished picture until the run ends. A nil preview
// shows nothing.
type preview struct {
	ui    *term.UI
	reads *output.Reads
	name  string
	shown bool
	ended bool // it could not be written
}

// openPreview refuses a preview that would replace another file.
func (g *generation) openPreview() (*preview, error) {
	name := previewOf(&g.to)
	for _, other := range []struct{ flag, file string }{{"grid", given(g.sheet.grid)}, {"html", g.page.File}} {
		if other.file != "" && samePath(other.file, name) {
			return nil, commandline.Usagef("--%s %s is where previews stand: give another name", other.flag, name)
		}
	}
	_, err := g.reads.Check(name, g.replaces)
	return &preview{ui: g.ui, reads: g.reads, name: name}, err
}

// previewOf is where previews of what goes to a destination stand.
func previewOf(to *flags.Destination) string {
	if to.Folder != "" {
		return filepath.Join(to.Folder, "ortho.preview.png")
	}
	return strings.TrimSuffix(to.File, filepath.Ext(to.File)) + ".preview.png"
}

// samePath reports whether two names, of files that need not exist, are of one.
func samePath(a, b string) bool {
	realA, errA := output.RealPath(a)
	realB, errB := output.RealPath(b)
	return errA == nil && errB == nil && realA == realB
}

// show replaces what was shown before.
func (p *preview) show(ctx context.Context, img *preprocess.Image) {
	if p == nil || p.ended {
		return
	}
	err := p.reads.Save(ctx, p.name, true, func(w io.Writer) error {
		return encode(w, img, preprocess.FileOptions{Format: preprocess.PNG})
	})
	if err != nil {
		p.ui.Warn(fmt.Sprintf("no more previews: %v", err))
		p.ended = true
		return
	}
	p.shown = true
}

// remove deletes the preview.
func (p *preview) remove() {
	if p != nil && p.shown {
		os.Remove(p.name)
	}
}
