package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"slices"

	"ortho/cmd/ortho/internal/shelf"
	"ortho/models/generate"
	"ortho/models/imagine"
	"ortho/models/provenance"
	"ortho/preprocess"
)

// draw makes the pictures, where there is a place for them and a generator that fits.
func (im *imagination) draw(ctx context.Context) (made []sample, err error) {
	c, a, g := im.c, im.artist, &im.story.Generation
	plan, err := im.experts.Artist.Plan(im.story)
	if err != nil {
		why := im.whyNot(err)
		g.None = text(why)
		if c.IsSet("output") {
			why = fmt.Sprintf("%s; %s is not written", why, c.String("output"))
		}
		slog.Info("nothing is drawn: " + why)
		return made, nil
	}
	if !c.IsSet("output") && im.page == nil {
		g.None = "neither -o nor --html has a place for pictures"
		slog.Info("nothing is drawn: " + g.None)
		return made, nil
	}
	if g.Digest, err = a.digest(); err != nil {
		return made, err
	}
	seed := c.Uint64("seed")
	if !c.IsSet("seed") {
		if seed, err = generate.RandomSeed(); err != nil {
			return made, err
		}
		slog.Info(fmt.Sprintf("--seed %d draws the same again", seed))
	}
	g.Seed = &seed
	a.tell(g.Text)
	slug := shelf.Slug(plan.Subject)
	for s := range im.experts.Artist.Draw(ctx, plan, seed, c.Int("count")) {
		if s.Err != nil {
			return made, fmt.Errorf("draw %q: %w", slug, s.Err)
		}
		one := sample{request: request{s.Request, fmt.Sprintf("%04d", len(made))}, image: s.Image,
			made: provenance.Image{Text: s.Request.Text, Class: s.Request.Class, Label: g.Label, Seed: &s.Request.Seed}}
		if slug != "" {
			one.name += "-" + slug
		}
		if s.Diffusion != nil {
			one.made = s.Diffusion.Provenance()
			one.made.Label = g.Label
		}
		made = append(made, one)
	}
	return made, ctx.Err()
}

// whyNot is the artist's word on what it does not draw, and what may be done about it.
func (im *imagination) whyNot(err error) string {
	switch {
	case errors.Is(err, imagine.ErrNoClass):
		return err.Error() + " (-g names one)"
	case errors.Is(err, imagine.ErrUnnamed):
		return fmt.Sprintf("no bundled generator draws %q (%s draws digits): -g names one that takes texts, such as the folder of a Stable Diffusion pipeline",
			im.story.Decision.Label, im.experts.Artist.Name)
	}
	return err.Error()
}

// save has the pictures appear, each when it is complete.
func (im *imagination) save(made []sample) error {
	if len(made) == 0 || im.to == (destination{}) {
		return nil
	}
	overwrite := im.c.Bool("overwrite")
	nameOf := func(s sample) string {
		if im.to.folder == "" {
			return im.to.file
		}
		return filepath.Join(im.to.folder, s.name+".png")
	}
	var names []string
	for _, s := range made {
		names = append(names, nameOf(s))
	}
	if err := im.reads.Refuse(names...); err != nil { // before one of them is written
		return err
	}
	if im.to.folder != "" {
		if _, err := makeFolder(im.to.folder); err != nil {
			return err
		}
	}
	chunks := modelChunks(im.experts.Artist.Name, im.story.Generation.Digest, im.artist.Session())
	if im.item.Path != "" {
		chunks = append(chunks, [2]string{"ortho:input", shelf.Clean(path.Base(filepath.ToSlash(im.item.Path)))})
	}
	for _, s := range made {
		name, options := nameOf(s), preprocess.FileOptions{Format: im.to.format, Text: slices.Concat(chunks, s.made.Chunks())}
		if im.to.folder != "" {
			options.Format = preprocess.PNG
		}
		if err := writeFile(im.reads, name, overwrite, func(w io.Writer) error { return encode(w, s.image, options) }); err != nil {
			if im.to.folder != "" {
				os.Remove(im.to.folder) // if it is empty
			}
			return err
		}
		im.story.Generation.Files = append(im.story.Generation.Files, text(name))
	}
	return nil
}
