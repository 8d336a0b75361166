package main

import (
	"context"
	"encoding/json"
	"io"
	"time"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/term"
	"ortho/models/imagine"
)

const documentKind = "ortho imagine"

// document is the JSON of a run.
type document struct {
	Kind  string `json:"kind"` // documentKind
	Ortho string `json:"ortho"`
	*imagine.Story
}

// write saves the pictures, then the page and the JSON that name them.
func (im *imagination) write(ctx context.Context, made []imagine.Sample) error {
	if err := im.save(ctx, made); err != nil {
		return err
	}
	if im.page.File != "" {
		page, err := im.shown(made).Page()
		if err != nil {
			return err
		}
		if err := page.Save(ctx, im.reads, im.page.File, im.overwrite); err != nil {
			return err
		}
	}
	data, err := json.MarshalIndent(document{documentKind, build.Version(), im.story}, "", "  ")
	if err != nil {
		return err
	}
	data = append(data, '\n')
	name, out := im.json, im.ui.Out
	switch {
	case name != "" && name != "-":
		if err := im.reads.Save(ctx, name, im.overwrite, func(w io.Writer) error { _, err := w.Write(data); return err }); err != nil {
			return err
		}
	case name == "-" || !term.IsTerminal(out):
		_, err := out.Write(data)
		return err
	}
	if term.IsTerminal(out) {
		_, err = io.WriteString(out, im.shown(made).Summary())
	}
	return err
}

// shown is what people see of the run.
func (im *imagination) shown(made []imagine.Sample) *pages.Imagined {
	shown := &pages.Imagined{Story: im.story, Made: made, File: im.data, MaxPixels: im.maxPixels.Pixels, By: build.MadeBy(time.Now())}
	if s := im.story.Seen; s != nil && len(s.Detections) > 0 {
		if drawn, err := boxesOn(im.data, s, im.story.Description.Checked, im.maxPixels.Pixels); err == nil {
			shown.Boxes = &drawn
		}
	}
	if im.experts.Image != nil {
		shown.Label = im.experts.Image.Label
	}
	return shown
}
