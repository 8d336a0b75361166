package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"path/filepath"
	"slices"

	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/shelf"
	"ortho/cmd/ortho/internal/term"
	"ortho/models/generate"
	"ortho/models/imagine"
	"ortho/models/provenance"
	"ortho/preprocess"
)

// draw makes the pictures, where there is a place for them and a generator that fits.
func (im *imagination) draw(ctx context.Context) (made []imagine.Sample, err error) {
	a, g := im.opened, &im.story.Generation
	plan, err := im.experts.Generator.Plan(im.story)
	if err != nil {
		why := im.whyNot(err)
		g.None = term.UTF8(why)
		if im.to.Given() {
			why = fmt.Sprintf("%s; %s is not written", why, im.to.Name)
		}
		im.ui.Info("nothing is drawn: " + why)
		return made, nil
	}
	if !im.to.Given() && im.page.File == "" {
		g.None = "neither -o nor --html has a place for pictures"
		im.ui.Info("nothing is drawn: " + g.None)
		return made, nil
	}
	if g.Digest, err = a.digest(ctx); err != nil {
		return made, err
	}
	g.Seed = im.seed
	if g.Seed == nil {
		seed, err := generate.RandomSeed()
		if err != nil {
			return made, err
		}
		g.Seed = &seed
		im.ui.Info(fmt.Sprintf("--seed %d draws the same again", seed))
	}
	a.tell(g.Text)
	im.slug = shelf.Slug(plan.Subject)
	for s := range im.experts.Generator.Draw(ctx, plan, *g.Seed, im.count) {
		if s.Err != nil {
			return made, fmt.Errorf("draw %q: %w", im.slug, s.Err)
		}
		made = append(made, s)
	}
	return made, ctx.Err()
}

// whyNot says why the generator does not draw a class, and what may be done about it.
func (im *imagination) whyNot(err error) string {
	switch {
	case errors.Is(err, imagine.ErrNoClass):
		return err.Error() + " (-g names one)"
	case errors.Is(err, imagine.ErrUnnamed):
		return fmt.Sprintf("no bundled generator draws %q (%s draws digits): -g names one that takes texts, such as the folder of a Stable Diffusion pipeline",
			im.story.Decision.Label, im.experts.Generator.Name)
	}
	return err.Error()
}

// save writes the pictures, each of which appears when it is complete.
func (im *imagination) save(ctx context.Context, made []imagine.Sample) error {
	if len(made) == 0 || !im.to.Given() {
		return nil
	}
	var names []string
	for i := range made {
		names = append(names, im.fileOf(i))
	}
	if err := im.reads.Refuse(names...); err != nil { // before one of them is written
		return err
	}
	if im.to.Folder != "" {
		if _, err := flags.MakeFolder(im.to.Folder); err != nil {
			return err
		}
	}
	chunks := modelChunks(im.experts.Generator.Name, im.story.Generation.Digest, im.opened.session)
	if im.item.Path != "" {
		chunks = append(chunks, [2]string{"ortho:input", shelf.Clean(path.Base(filepath.ToSlash(im.item.Path)))})
	}
	for i, s := range made {
		name, options := names[i], preprocess.FileOptions{Format: im.to.Format, Text: slices.Concat(chunks, im.pictureOf(s).Chunks())}
		if im.to.Folder != "" {
			options.Format = preprocess.PNG
		}
		if err := im.reads.Save(ctx, name, im.overwrite, func(w io.Writer) error { return encode(w, s.Image, options) }); err != nil {
			if im.to.Folder != "" {
				os.Remove(im.to.Folder) // if it is empty
			}
			return err
		}
		im.story.Generation.Files = append(im.story.Generation.Files, term.UTF8(name))
	}
	return nil
}

// fileOf names the file of a picture.
func (im *imagination) fileOf(picture int) string {
	if im.to.Folder == "" {
		return im.to.File
	}
	name := fmt.Sprintf("%04d", picture)
	if im.slug != "" {
		name += "-" + im.slug
	}
	return filepath.Join(im.to.Folder, name+".png")
}

// pictureOf describes what a picture was made of.
func (im *imagination) pictureOf(s imagine.Sample) provenance.Image {
	p := provenance.Image{Text: s.Request.Text, Class: s.Request.Class, Seed: &s.Request.Seed}
	if s.Diffusion != nil {
		p = s.Diffusion.Provenance()
	}
	p.Label = im.story.Generation.Label
	return p
}
