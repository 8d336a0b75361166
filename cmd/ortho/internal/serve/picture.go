package serve

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"

	"ortho/cmd/ortho/internal/serve/catalog"
	"ortho/cmd/ortho/internal/serve/fault"
	"ortho/models"
	"ortho/models/diffusion"
	"ortho/models/generate"
	"ortho/preprocess"
)

// prompt is what a picture is to be made of.
type prompt struct {
	text, negative string
	given          bool // a negative text was
	images         []file
	mask           *file
	seed           *uint64
	width, height  int
	steps          int
	guidance       *float64
	strength       *float64
	class          *int
}

// kinds are the formats of pictures, by their media types.
var kinds = map[string]preprocess.FileFormat{"image/png": preprocess.PNG, "image/jpeg": preprocess.JPEG, "image/webp": preprocess.WebP, "image/tiff": preprocess.TIFF}

// generate answers /v1/generate.
func (s *Server) generate(c *call) error {
	f, err := c.form()
	if err != nil {
		return err
	}
	if err := f.only("prompt", "negative", "seed", "size", "steps", "guidance", "strength", "class", "mask", "format"); err != nil {
		return err
	}
	i, release, err := s.acquire(c, f.values["model"], f.values["version"], models.Generate)
	if err != nil {
		return err
	}
	defer release()
	p, err := f.prompt()
	if err != nil {
		return err
	}
	kind, format, err := wantedFormat(f.values["format"], c.Header.Get("Accept"))
	if err != nil {
		return err
	}
	picture, seed, err := s.picture(c.Context(), i, p, format)
	if err != nil {
		return err
	}
	if seed != nil {
		c.w.Header().Set("X-Seed", strconv.FormatUint(*seed, 10))
	}
	return c.write(kind, picture)
}

// wantedFormat is the format that a request asks for: PNG where it says nothing.
func wantedFormat(name, accept string) (kind string, format preprocess.FileFormat, err error) {
	if name != "" {
		for kind, format := range kinds {
			if kind == "image/"+strings.ToLower(name) || kind == "image/jpeg" && strings.EqualFold(name, "jpg") {
				return kind, format, nil
			}
		}
		return "", "", fault.Input("format %.40q: png, jpeg, webp and tiff can be made", name)
	}
	for _, part := range strings.Split(accept, ",") {
		kind, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		if format, ok := kinds[kind]; ok {
			return kind, format, nil
		}
	}
	return "image/png", preprocess.PNG, nil
}

// prompt reads what a picture is to be made of.
func (f *form) prompt() (p prompt, err error) {
	p.text = f.values["prompt"]
	p.negative, p.given = f.values["negative"], f.values["negative"] != ""
	for _, one := range f.files {
		if one.name == "mask" || len(f.files) == 2 && one.name == f.values["mask"] {
			p.mask = &one
			continue
		}
		p.images = append(p.images, one)
	}
	if p.steps, err = f.whole("steps", 0); err != nil {
		return p, err
	}
	if p.guidance, err = f.number("guidance"); err != nil {
		return p, err
	}
	if p.strength, err = f.number("strength"); err != nil {
		return p, err
	}
	if text := f.values["seed"]; text != "" {
		seed, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return p, fault.Input("seed %.40q: it is a number from 0 to 2^64-1", text)
		}
		p.seed = &seed
	}
	if text := f.values["class"]; text != "" {
		n, err := f.whole("class", 0)
		if err != nil {
			return p, err
		}
		p.class = &n
	}
	p.width, p.height, err = sizeOf(f.values["size"])
	return p, err
}

// maxSide bounds what a request may ask for.
const maxSide = 8192

// sizeOf reads WIDTHxHEIGHT; "": none.
func sizeOf(text string) (width, height int, err error) {
	if text == "" || text == "auto" {
		return 0, 0, nil
	}
	w, h, found := strings.Cut(text, "x")
	width, errW := strconv.Atoi(w)
	height, errH := strconv.Atoi(h)
	if !found || errW != nil || errH != nil || width < 1 || height < 1 || width > maxSide || height > maxSide {
		return 0, 0, fault.Input("size %.40q: it is WIDTHxHEIGHT in pixels, such as 512x512", text)
	}
	return width, height, nil
}

// picture makes a picture, and returns the seed where one was used.
func (s *Server) picture(ctx context.Context, i *catalog.Instance, p prompt, format preprocess.FileFormat) ([]byte, *uint64, error) {
	if i.Pipeline != nil {
		return s.drawn(ctx, i, p, format)
	}
	if p.steps > 0 || p.width > 0 || p.guidance != nil || p.strength != nil || p.given {
		return nil, nil, fault.Input("size, steps, guidance, strength and a negative text are of pipelines, and %s is none", i.Name)
	}
	if i.Generator.Spec().Image != nil {
		made, err := s.remade(ctx, i, p, format)
		return made, nil, err
	}
	return s.sampled(ctx, i, p, format)
}

// remade makes a picture of an image.
func (s *Server) remade(ctx context.Context, i *catalog.Instance, p prompt, format preprocess.FileFormat) ([]byte, error) {
	switch {
	case p.mask != nil && i.Generator.Spec().Mask == nil:
		return nil, fault.Input("%s takes no mask", i.Name)
	case p.seed != nil, p.class != nil:
		return nil, fault.Input("%s takes no seed and no class: it makes a picture of an image", i.Name)
	case len(p.images) != 1:
		return nil, fault.Input("%s makes a picture of an image: send one, as the body or as a file of a form", i.Name)
	case p.text != "":
		return nil, fault.Input("%s takes no text", i.Name)
	}
	done, err := i.Turn(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	spec := i.Generator.Spec()
	decode := preprocess.DecodeOptions{Orientation: spec.Image.Spec.Orientation, MaxPixels: s.opt.MaxPixels}
	in, err := preprocess.DecodePicture(p.images[0].data, decode)
	if err != nil {
		return nil, models.StageDecode.Wrap(err)
	}
	in.Sequence = nil
	if spec.Image.Spec.Channels == 3 {
		if err := in.Coloured(); err != nil {
			return nil, models.StageDecode.Wrap(err)
		}
	}
	var b bytes.Buffer
	var writer *preprocess.FileWriter
	begin := func(width, height, channels int) (io.Writer, error) {
		var err error
		writer, err = preprocess.NewFileWriter(&b, width, height, channels, preprocess.FileOptions{Format: format, ICC: in.ICC, Background: laidOn(format, channels)})
		return writer, err
	}
	if spec.Mask != nil {
		if p.mask == nil {
			return nil, fault.Input("%s takes a mask, too: a file of the form that is called mask, white where the picture is made anew", i.Name)
		}
		mask, err := preprocess.DecodePicture(p.mask.data, decode)
		if err != nil {
			return nil, models.StageDecode.Wrap(fmt.Errorf("mask: %w", err))
		}
		gray := diffusion.MaskOf(mask, false).Picture.Image
		if gray.Width != in.Width || gray.Height != in.Height {
			gray = preprocess.Resample(gray, in.Width, in.Height, preprocess.Bilinear)
		}
		if err := i.Generator.Inpaint(ctx, in, gray, begin); err != nil {
			return nil, err
		}
	} else if err := i.Generator.Image(ctx, in, begin, nil); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, models.StageWrite.Wrap(err)
	}
	return b.Bytes(), nil
}

// laidOn is what a picture with alpha is laid on where its format has none: white.
func laidOn(format preprocess.FileFormat, channels int) *[3]byte {
	if format == preprocess.JPEG && channels%2 == 0 {
		return &[3]byte{255, 255, 255}
	}
	return nil
}

// sampled makes a picture of a seed, a class, a text.
func (s *Server) sampled(ctx context.Context, i *catalog.Instance, p prompt, format preprocess.FileFormat) ([]byte, *uint64, error) {
	spec := i.Generator.Spec()
	switch {
	case len(p.images) > 0:
		return nil, nil, fault.Input("%s takes no image: it makes pictures of %s", i.Name, generate.Takes(spec))
	case p.text != "" && spec.Text == nil:
		return nil, nil, fault.Input("%s takes no text: it makes pictures of %s", i.Name, generate.Takes(spec))
	case p.text == "" && spec.Text != nil && p.class == nil:
		return nil, nil, fault.Input("%s takes a text: give a prompt", i.Name)
	case p.class != nil && spec.Class != nil && *p.class >= spec.Class.Count:
		return nil, nil, fault.Input("class %d: %s has %d", *p.class, i.Name, spec.Class.Count)
	}
	seed := p.seeded()
	done, err := i.Turn(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer done()
	for made := range i.Generator.Samples(ctx, one(generate.Request{Seed: seed, Text: p.text, Class: p.class})) {
		if made.Err != nil {
			return nil, nil, made.Err
		}
		picture, err := encoded(made.Image, preprocess.FileOptions{Format: format})
		return picture, &seed, err
	}
	return nil, nil, ctx.Err()
}

// drawn makes a picture by a pipeline.
func (s *Server) drawn(ctx context.Context, i *catalog.Instance, p prompt, format preprocess.FileFormat) ([]byte, *uint64, error) {
	if strings.TrimSpace(p.text) == "" {
		return nil, nil, fault.Input("there is no prompt")
	}
	seed := p.seeded()
	r := diffusion.Request{Prompt: p.text, Seed: seed, Width: p.width, Height: p.height, Steps: p.steps, Guidance: p.guidance}
	if p.given {
		r.Negative = &p.negative
	}
	if p.strength != nil {
		r.Strength = *p.strength
	}
	decode := preprocess.DecodeOptions{MaxPixels: s.opt.MaxPixels, Orientation: preprocess.ApplyOrientation}
	var err error
	switch len(p.images) {
	case 0:
	case 1:
		if r.Image, err = preprocess.DecodePicture(p.images[0].data, decode); err != nil {
			return nil, nil, models.StageDecode.Wrap(err)
		}
	default:
		return nil, nil, fault.Input("%d images: a picture begins from one", len(p.images))
	}
	if p.mask != nil {
		if r.Mask, err = preprocess.DecodePicture(p.mask.data, decode); err != nil {
			return nil, nil, models.StageDecode.Wrap(fmt.Errorf("mask: %w", err))
		}
	}
	filled, err := i.Pipeline.Fill(r)
	if err != nil {
		return nil, nil, models.StageInput.Wrap(err)
	}
	done, err := i.Turn(ctx)
	if err != nil {
		return nil, nil, err
	}
	defer done()
	for made := range i.Pipeline.Samples(ctx, one(filled)) {
		if made.Err != nil {
			return nil, nil, made.Err
		}
		picture, err := encoded(made.Image, preprocess.FileOptions{Format: format})
		return picture, &seed, err
	}
	return nil, nil, ctx.Err()
}

func one[T any](v T) iter.Seq[T] { return slices.Values([]T{v}) }

// seeded is the seed that was given, or one at random.
func (p *prompt) seeded() uint64 {
	if p.seed != nil {
		return *p.seed
	}
	var b [4]byte
	rand.Read(b[:])
	return uint64(binary.LittleEndian.Uint32(b[:]))
}

// encoded is a picture as a file.
func encoded(img *preprocess.Image, opt preprocess.FileOptions) ([]byte, error) {
	var b bytes.Buffer
	w, err := preprocess.NewFileWriter(&b, img.Width, img.Height, img.Channels, opt)
	if err == nil {
		_, err = w.Write(img.Pix)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, models.StageWrite.Wrap(err)
	}
	return b.Bytes(), nil
}
