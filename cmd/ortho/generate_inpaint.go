package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/preprocess"
)

// readMask reads --mask for a graph that takes one beside an image.
func (r *imageRun) readMask(ctx context.Context) error {
	p := &r.prompt
	switch takes := r.graph.Spec().Mask != nil; {
	case !takes && (p.maskFile != "" || p.invertMask):
		return commandline.Usagef("--mask is for pipelines and for graphs that take a mask beside an image, and %s is none", r.name)
	case takes && p.maskFile == "":
		return commandline.Usagef("%s makes anew what a mask says: give --mask FILE, white where that is", r.name)
	case !takes:
		return nil
	}
	marks, source, err := r.graph.Marks(ctx)
	if err != nil {
		return fmt.Errorf("--mask: %w", err)
	}
	if strings.HasPrefix(source, "default") {
		r.ui.Info(fmt.Sprintf("%s is taken to make anew what is 1 in its mask, as LaMa does: a run on a probe shows nothing (--mask-marks %s says so)", r.name, marks))
	}
	p.mask = &p.maskFile
	if err := p.readPictures(ctx, r.maxPixels.Pixels); err != nil {
		return err
	}
	r.texts = append(r.texts, [2]string{"ortho:mask-sha256", p.maskSHA256})
	if p.invertMask {
		r.texts = append(r.texts, [2]string{"ortho:mask-invert", "true"})
	}
	switch m := p.maskRead; {
	case !slices.ContainsFunc(m.Picture.Pix, func(v byte) bool { return v > 0 }):
		r.ui.Warn(fmt.Sprintf("the mask %s changes nothing: it is %s; pictures are as their images", p.maskFile, map[bool]string{true: "transparent nowhere", false: "black everywhere, and what is white is made anew"}[m.ByTransparent]))
	case m.Brightest < 16:
		r.ui.Warn(fmt.Sprintf("the mask %s changes nearly nothing: the brightest of its values is %d, and white is 255", p.maskFile, m.Brightest))
	case !r.progress.Quiet || m.ByTransparent || m.Soft:
		r.ui.Info(p.maskWords())
	}
	return nil
}

// inpaint makes what the mask says anew in an image.
func (r *imageRun) inpaint(ctx context.Context, name string, in *preprocess.Picture, begin func(width, height, channels int) (io.Writer, error)) error {
	mask := r.prompt.maskRead.Picture.Image
	if mask.Width != in.Width || mask.Height != in.Height {
		across, down := mask.Width*in.Height, in.Width*mask.Height
		if float64(max(across, down)) > 1.02*float64(min(across, down)) {
			r.left.note(fmt.Sprintf("other proportions than the mask %s, which is stretched to them", r.prompt.maskFile), name)
		}
		mask = preprocess.Resample(mask, in.Width, in.Height, preprocess.Bilinear)
	}
	return r.graph.Inpaint(ctx, in, mask, begin)
}
