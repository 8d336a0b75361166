package main

import (
	"context"
	"fmt"
	"io"

	"ortho/cmd/ortho/internal/build"
	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/job"
	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/term"
)

// found is what an evaluation prints and writes.
type found struct {
	print    func(io.Writer)
	document any // its JSON
	judged   int
	failed   int64
	failures []rows.Classes
	page     func() error // writes the page
}

// writeQuality prints and writes what was found; early is why it is not complete.
func (o *evalOptions) writeQuality(ctx context.Context, call *flags.Call, doc *pages.Quality, early error) error {
	return o.write(ctx, call, &found{print: doc.Print, document: doc, judged: doc.Judged, failed: doc.Failed, failures: doc.Failures,
		page: func() error { return doc.Page(build.MadeBy(doc.Started)).Save(ctx, call.Reads, o.html, o.overwrite) }}, early)
}

// write prints and writes the result; early is why it is not complete. Files are only written
// of a complete one.
func (o *evalOptions) write(ctx context.Context, call *flags.Call, f *found, early error) error {
	if o.json {
		if err := pages.WriteJSON(call.Out, f.document); err != nil {
			return err
		}
	} else {
		f.print(call.Out)
	}
	if early != nil {
		if ctx.Err() != nil {
			call.Warn("interrupted after " + term.Images(int64(f.judged)+f.failed) + ": the figures are those of these alone")
		}
		for _, name := range []string{o.output, o.html} {
			if name != "" {
				call.Warn(name + " is not written")
			}
		}
		return early
	}
	if o.output != "" {
		if err := call.Reads.Save(ctx, o.output, o.overwrite, func(w io.Writer) error { return pages.WriteJSON(w, f.document) }); err != nil {
			return err
		}
	}
	if o.html != "" {
		if err := f.page(); err != nil {
			return err
		}
	}
	if f.failed == 0 {
		return nil
	}
	if o.json || !term.IsTerminal(call.Out) { // where the summary is not seen
		text := fmt.Sprintf("%s failed: %s", term.Images(f.failed), job.Reason(f.failures[0]))
		if f.failed > 1 {
			text += fmt.Sprintf("; and %d more", f.failed-1)
		}
		call.Warn(text)
	}
	return commandline.ErrItems
}
