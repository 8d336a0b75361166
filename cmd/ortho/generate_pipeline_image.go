package main

import (
	"fmt"
	"slices"
	"strings"

	"ortho/cmd/ortho/internal/term"
	"ortho/models/diffusion"
	"ortho/preprocess"
)

// tellImage says how the image to start from is brought to a size, and what its mask is read as. Where the run is
// quiet it says what was decided alone.
func (e *pipelineEngine) tellImage(ui *term.UI, quiet bool) {
	r, a := e.asked.request, e.asked
	e.tellControl(ui, quiet)
	if r.Image != nil {
		e.tellFitting(ui, a.imageFile, r.Image, quiet)
	}
	if a.mask == nil {
		return
	}
	m := a.maskRead
	if i, k := r.Image, m.Picture; float64(max(i.Width*k.Height, k.Width*i.Height)) > 1.02*float64(min(i.Width*k.Height, k.Width*i.Height)) {
		ui.Warn(fmt.Sprintf("the mask %s has %dx%d pixels, and the image %dx%d: it is stretched to the image's proportions", a.maskFile, k.Width, k.Height, i.Width, i.Height))
	}
	if why := e.Unchanged(r); why != "" {
		if a.maskDeep && m.Brightest < 128 {
			why += " (the file has 16 bits a value, where white is 65535)"
		}
		ui.Warn(fmt.Sprintf("the mask %s changes nothing: %s; no step is made, and the picture is the image", a.maskFile, why))
		return
	}
	if m.Share > 0.999 {
		ui.Warn(fmt.Sprintf("the mask %s has all of the image made anew: it keeps nothing", a.maskFile))
		return
	}
	if quiet && !m.ByTransparent && !m.Soft {
		return
	}
	ui.Info(a.maskWords())
}

// tellFitting says what of an image's file does not count, and how it is brought to the size.
func (e *pipelineEngine) tellFitting(ui *term.UI, file string, img *preprocess.Picture, quiet bool) {
	r := e.asked.request
	if slices.ContainsFunc(img.Alpha, func(a byte) bool { return a < 255 }) {
		ui.Warn(file + " is transparent in parts: the colours that lie under them count, as in diffusers; lay it on a ground if they are not meant")
	}
	if img.Sequence != nil {
		ui.Warn(file + " has further frames or pages: the first is used")
	}
	f, changed := e.Fitting(r, img)
	if !changed {
		return
	}
	what := fmt.Sprintf("%s, %dx%d, is ", file, img.Width, img.Height)
	switch {
	case f.Fit == diffusion.FitSquash:
		ui.Warn(what + fmt.Sprintf("squashed to %dx%d: its proportions change", f.Width, f.Height))
	case f.Fit == diffusion.FitPad && !quiet:
		ui.Info(what + fmt.Sprintf("padded to %dx%d, and the picture is cut back to %dx%d", r.Width, r.Height, f.Width, f.Height))
	case f.Fit == diffusion.FitCrop:
		tell := ui.Info // quiet, too: it was decided, and not asked for
		if f.Lost[0]+f.Lost[1] > 0.1 {
			tell = ui.Warn
		}
		tell(what + fmt.Sprintf("cropped to the proportions of %dx%d: %s cut off (--fit pad keeps all of it, --fit squash distorts it)", f.Width, f.Height, lostOf(f.Lost)))
	}
}

// tellControl says what the ControlNets are given.
func (e *pipelineEngine) tellControl(ui *term.UI, quiet bool) {
	r := e.asked.request
	for k, file := range e.asked.control.files {
		e.tellFitting(ui, file, r.Control[k].Image, quiet)
		if *r.Control[k].Scale == 0 {
			ui.Warn(fmt.Sprintf("%s changes nothing: --control-scale is 0", file))
		}
	}
	if len(r.Control) == 0 || quiet {
		return
	}
	var words []string
	for _, c := range r.Control {
		words = append(words, controlWords(c))
	}
	text := "control: " + strings.Join(words, "; ")
	if r.Guess && !e.asked.control.guess {
		text += "; in guess mode, as its ControlNet's global_pool_conditions says"
	}
	ui.Info(text)
}

// maskWords say what the mask was read as.
func (p *promptOptions) maskWords() string {
	m, what := p.maskRead, "is white"
	if m.ByTransparent {
		what = "is transparent"
	}
	if p.invertMask {
		what = strings.Replace(what, "is", "is not", 1)
	}
	text := fmt.Sprintf("the mask %s: what %s in it is made anew, %s of the image", p.maskFile, what, percent(m.Share))
	if m.Soft {
		text += "; its grays blend the picture with the image"
	}
	if !p.invertMask {
		text += " (--mask-invert: the rest)"
	}
	return text
}

// lostOf says how much of an image's width and height is cut off.
func lostOf(lost [2]float64) string {
	switch {
	case lost[1] <= 0:
		return percent(lost[0]) + " of its width is"
	case lost[0] <= 0:
		return percent(lost[1]) + " of its height is"
	}
	return fmt.Sprintf("%s of its width and %s of its height are", percent(lost[0]), percent(lost[1]))
}

// percent is a part of a whole; less than one in a hundred is not 0.
func percent(part float64) string {
	if part < 0.01 {
		return "less than 1 %"
	}
	return fmt.Sprintf("%.0f %%", 100*part)
}
