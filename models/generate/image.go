package generate

import (
	"context"
	"errors"
	"fmt"
	"io"

	"ortho/models"
	"ortho/models/config"
	"ortho/preprocess"
)

// Image runs an image through the graph, in tiles where it is large. Where its size is known,
// begin is called once for what takes the rows: whole rows from the top, packed, of channels 1
// (gray), 2 (gray, alpha), 3 (RGB) or 4 (RGB, alpha). step, if not nil, is called after tiles,
// on this goroutine. Memory beyond the input is bounded by a row of tiles, and by what the
// writer keeps: of WebP, a [preprocess.FileWriter] keeps all rows.
//
// The picture is [preprocess.DecodePicture]'s, with Spec().Image.Spec.Orientation and
// Channels 0.
//
// A graph of one size gets the image in tiles of that size where it is said or found to be local (see
// [Generator.Tiling]), else resized as its spec says (see [Generator.Whole]). Others get it as it is,
// its size brought to what the graph takes, as stated or as [Generator.Multiple] finds it, or to 64 pixels where it is smaller and the graph does not run at it, by reflection
// at the right and at the bottom, which is cut from the output. A graph of RGB gives RGB of a gray image too. Alpha, and the colours
// where the graph takes luma alone, are resized by Pillow's bicubic filter: it rings less than
// lanczos where an edge is cut out. Pixels that are fully transparent get the colours around them first.
//
// Where an edge is cut into tiles or brought to a size, that of the output is rounded down,
// as ONNX's Resize and pooling do: half of 451 is 225. A graph that rounds up, as strided
// convolutions with padding can, gives one pixel more where it runs on the image as it is.
//
// The error says what is wrong with the output where that can be detected: values that are no
// numbers, an image of one colour, values nearly all out of range. Faults of the whole image
// are known only at the end, so a file should not appear under its name before. See
// [models.StageOf]. When ctx is done it stops within a tile and returns ctx's error. The
// writer is not used after the return.
func (g *Generator) Image(ctx context.Context, in *preprocess.Picture,
	begin func(width, height, channels int) (io.Writer, error), step func(done, total int)) error {
	if err := g.enter(); err != nil {
		return err
	}
	defer g.gate.Leave()
	if err := g.takes(in); err != nil {
		return models.StageInput.Wrap(err)
	}
	if g.spec.Mask != nil {
		return models.StageInput.Wrap(fmt.Errorf("%s takes a mask beside an image", g.name))
	}
	in = bled(in)
	s := g.sourceOf(in)
	unit := [2]int{s.multiple, s.multiple}
	for range 4 {
		p := &pass{g: g, in: in, source: s, unit: unit, begin: begin, step: step}
		wanted, err := p.run(ctx)
		if err != nil && p.bands == nil { // nothing has been written
			m, failed := g.widened(ctx, err, s.multiple, min(in.Width, in.Height))
			if failed != nil {
				return failed
			}
			s.multiple, unit = m, [2]int{m, m}
			continue
		}
		if err != nil || wanted == unit {
			return err
		}
		unit = wanted
	}
	return models.StageOutput.Wrap(config.Errorf("%s: the ratio of output to input changes with the input's size: its tiles can't be put together (%s -1 runs the whole image)", g.name, config.Key("tile")))
}

// takes says why the graph can't be given the picture.
func (g *Generator) takes(in *preprocess.Picture) error {
	if g.spec.Image == nil {
		return fmt.Errorf("%s takes no image", g.name)
	}
	for _, v := range g.session.Inputs {
		if m := g.spec.Mask; v.Name != g.spec.Image.Name && (m == nil || v.Name != m.Name) {
			return fmt.Errorf("%s takes more than an image, which can't be given: %s", g.name, v)
		}
	}
	if in == nil || in.Image == nil || in.Width < 1 || in.Height < 1 || in.Channels != 1 && in.Channels != 3 ||
		len(in.Pix) != in.Width*in.Height*in.Channels || in.Alpha != nil && len(in.Alpha) != in.Width*in.Height {
		return errors.New("not an 8-bit image of 1 or 3 channels")
	}
	return nil
}

// source is an image on its way into the graph.
type source struct {
	*preprocess.Image
	spec     preprocess.Spec
	chroma   [2]*preprocess.Image // Cb and Cr where the image is Y alone
	multiple int                  // that its size is brought to
	whole    bool                 // resized to the graph's size
}

func (g *Generator) sourceOf(in *preprocess.Picture) source {
	image := g.spec.Image
	s := source{Image: in.Image, spec: image.Spec, multiple: max(1, image.Multiple)}
	if image.Luma && in.Channels == 3 {
		s.Image, s.chroma[0], s.chroma[1] = preprocess.SplitYCbCr(in.Image)
	}
	if image.Spec.Height > 0 {
		s.multiple, s.whole = max(1, g.tiling.unit), !g.tiling.exact
	}
	if !s.whole {
		s.spec.Resize = preprocess.Resize{}
	}
	return s
}

// tensor writes the tile whose first pixel is (x, y) to dst.
func (s *source) tensor(dst []byte, scratch *preprocess.Image, x, y, width, height int) error {
	spec := s.spec
	if s.whole {
		width, height = s.Width, s.Height
	} else {
		spec.Width, spec.Height = width, height
	}
	*scratch = preprocess.Image{Width: width, Height: height, Channels: spec.Channels, Pix: room(scratch.Pix, width*height*spec.Channels)}
	for row := range height {
		from := s.Pix[((y+row)*s.Width+x)*s.Channels:]
		recolor(scratch.Pix[row*width*spec.Channels:], from[:width*s.Channels], spec.Channels, s.Channels)
	}
	return spec.Tensor(dst, scratch)
}

// recolor copies pixels, gray made RGB or RGB gray (ITU-R 601, as Pillow's convert("L")).
func recolor(dst, src []byte, to, from int) {
	switch {
	case to == from:
		copy(dst, src)
	case to == 3:
		for i, v := range src {
			p := dst[3*i : 3*i+3 : 3*i+3]
			p[0], p[1], p[2] = v, v, v
		}
	default:
		for i := range len(src) / 3 {
			p := src[3*i : 3*i+3 : 3*i+3]
			dst[i] = uint8((uint32(p[0])*19595 + uint32(p[1])*38470 + uint32(p[2])*7471 + 0x8000) >> 16)
		}
	}
}
