package serve

import (
	"bytes"
	"context"
	"image/png"
	"strconv"
	"strings"

	"ortho/cmd/ortho/internal/overlay"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/serve/catalog"
	"ortho/cmd/ortho/internal/serve/fault"
	"ortho/models"
	"ortho/models/cutout"
	"ortho/models/segment"
	"ortho/preprocess"
)

// segment answers /v1/segment: rows, or the map of one image as a picture.
func (s *Server) segment(c *call) error {
	f, err := c.form()
	if err != nil {
		return err
	}
	if err := f.only("masks", "format"); err != nil {
		return err
	}
	masks, err := f.yes("masks", true)
	if err != nil {
		return err
	}
	format := f.values["format"]
	if format != "" && format != "json" && format != "png" {
		return fault.Input("format %.40q: json and png can be made", format)
	}
	i, release, err := s.acquire(c, f.values["model"], f.values["version"], models.Segment)
	if err != nil {
		return err
	}
	defer release()
	if format == "png" {
		if len(f.files) != 1 {
			return fault.Input("format png is the map of one image, and %d came", len(f.files))
		}
		found, release, err := c.divided(c.Context(), i, f.files[0].data)
		if err != nil {
			return err
		}
		defer release()
		return c.mapped(found)
	}
	return c.rows(f.files, func(ctx context.Context, one file) (any, []byte, error) {
		result, err := i.Segmenter.Image(ctx, one.data)
		for n := range result.Segments {
			if !masks {
				result.Segments[n].Mask = nil
			}
		}
		return line(rows.OfSegments(one.name, result), one.name, err)
	})
}

// divided divides an image. Its map counts as memory of bodies: it may be much larger than the file.
func (c *call) divided(ctx context.Context, i *catalog.Instance, image []byte) (found segment.Result, release func(), err error) {
	if found, err = i.Segmenter.Image(ctx, image); err == nil {
		release, err = c.bodies.hold(2 * int64(len(found.Map)))
	}
	return found, release, err
}

// mapped writes a map as a picture.
func (c *call) mapped(found segment.Result) error {
	var b bytes.Buffer
	if err := png.Encode(&b, overlay.Map(found.Width, found.Height, found.Map)); err != nil {
		return models.StageWrite.Wrap(err)
	}
	return c.write("image/png", b.Bytes())
}

// cutout answers /v1/cutout: a picture without its background.
func (s *Server) cutout(c *call) error {
	f, err := c.form()
	if err != nil {
		return err
	}
	if err := f.only("mask_only", "feather", "background", "format"); err != nil {
		return err
	}
	finish, behind, err := f.finish()
	if err != nil {
		return err
	}
	if behind != nil {
		img, err := preprocess.Decode(behind.data, preprocess.DecodeOptions{Channels: 3, Orientation: preprocess.ApplyOrientation, MaxPixels: s.opt.MaxPixels})
		if err != nil {
			return models.StageDecode.Wrap(err)
		}
		finish.Ground = cutout.Covered(img)
	}
	kind, format, err := wantedFormat(f.values["format"], "")
	switch {
	case err != nil:
		return err
	case len(f.files) != 1:
		return fault.Input("%d images: one is cut out at a time; a file of the form that is called background stands behind it", len(f.files))
	case finish.MaskOnly && finish.Ground != nil:
		return fault.Input("mask_only gives the alpha alone: nothing stands behind it")
	case format == preprocess.JPEG && !finish.MaskOnly && finish.Ground == nil:
		return fault.Input("JPEG has no alpha: ask for png, webp or tiff, or give a background")
	}
	i, release, err := s.acquire(c, f.values["model"], f.values["version"], models.Cutout)
	if err != nil {
		return err
	}
	defer release()
	made, err := s.cut(c.Context(), i, f.files[0].data, finish, format)
	if err != nil {
		return err
	}
	return c.write(kind, made)
}

// finish reads what is made of an image and its alpha; behind is a file that stands behind it.
func (f *form) finish() (to cutout.Finish, behind *file, err error) {
	if to.MaskOnly, err = f.yes("mask_only", false); err != nil {
		return to, nil, err
	}
	feather, err := f.number("feather")
	if err != nil {
		return to, nil, err
	}
	if feather != nil {
		if to.Feather = *feather; !(to.Feather >= 0 && to.Feather <= 1000) {
			return to, nil, fault.Input("feather %v: from 0 to 1000 pixels", to.Feather)
		}
	}
	for n, one := range f.files {
		if one.part == "background" {
			f.files = append(f.files[:n:n], f.files[n+1:]...)
			return to, &one, nil
		}
	}
	text := f.values["background"]
	if text == "" {
		return to, nil, nil
	}
	if color, ok := overlay.ParseColor(text); ok {
		to.Ground = cutout.Colored(color)
		return to, nil, nil
	}
	name, by, given := strings.Cut(text, ":")
	radius := 0.0
	if given {
		radius, err = strconv.ParseFloat(by, 64)
	}
	if name != "blur" || err != nil || given && !(radius > 0 && radius <= 1000) {
		return to, nil, fault.Input("background %.40q: a colour (white, black, #rrggbb), blur, blur:PIXELS (at most 1000), or a file of the form", text)
	}
	to.Ground = cutout.Blurred(radius)
	return to, nil, nil
}

// cut makes the picture of an image without its background.
func (s *Server) cut(ctx context.Context, i *catalog.Instance, data []byte, finish cutout.Finish, format preprocess.FileFormat) ([]byte, error) {
	alpha, err := i.Cutter.Image(ctx, data)
	if err != nil {
		return nil, err
	}
	done, err := i.Turn(ctx) // a picture is decoded again, with its colours and alpha
	if err != nil {
		return nil, err
	}
	defer done()
	decode := preprocess.DecodeOptions{Orientation: i.Cutter.Spec().Input.Orientation, MaxPixels: s.opt.MaxPixels}
	if finish.Ground != nil {
		decode.Channels = 3
	}
	in, err := preprocess.DecodePicture(data, decode)
	if err != nil {
		return nil, models.StageDecode.Wrap(err)
	}
	in.Sequence = nil
	picture, err := alpha.Picture(in, finish)
	if err != nil {
		return nil, models.StageOutput.Wrap(err)
	}
	profile := in.ICC
	if finish.MaskOnly {
		profile = nil
	}
	return encoded(picture, preprocess.FileOptions{Format: format, ICC: profile})
}
