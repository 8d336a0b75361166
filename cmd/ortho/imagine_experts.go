package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"ortho/cmd/ortho/internal/record"
	"ortho/models"
	"ortho/models/classify"
	"ortho/models/diffusion"
	"ortho/models/generate"
	"ortho/models/imagine"
	"ortho/runner"
)

func (im *imagination) openImageExpert() error {
	c := im.c
	m, err := openModel(c)
	if err != nil {
		return err
	}
	spec, err := m.Classifier()
	if err != nil {
		return err
	}
	if spec.Embedding {
		return usagef("--output-name asks for values, and not for classes: leave it out")
	}
	checkSettings(c, m)
	classifier, err := classify.Open(c.Context, m, classify.Options{Runner: im.runner, MaxPixels: c.Int64("max-pixels")})
	if err != nil {
		return err
	}
	im.closers = append(im.closers, classifier)
	warnSkipped(classifier.Session())
	im.experts.Image, err = imagine.NewImageExpert(m.Name, classifier)
	return err
}

func warnSkipped(s *runner.Session) {
	for _, skipped := range s.Skipped {
		slog.Warn(skipped.Error())
	}
}

// openTextExpert opens the text model, where it is of use: the default one's classes are
// compared with the image model's; one that is named is heard whatever its classes.
func (im *imagination) openTextExpert() error {
	c, image := im.c, im.experts.Image
	m, err := openNamed(c.String("text-model"), models.Settings{})
	if err != nil {
		return err
	}
	spec, err := m.TextClassifier()
	if err != nil {
		return err
	}
	named := c.IsSet("text-model")
	if !named && image != nil && !image.SameClasses(spec.Labels) {
		im.notes = append(im.notes, text(fmt.Sprintf("%s does not read the description: its classes are others than those of %s", m.Name, image.Name)))
		return nil
	}
	classifier, err := classify.OpenText(c.Context, m, classify.Options{Runner: im.runner})
	if err != nil {
		return err
	}
	im.closers = append(im.closers, classifier)
	warnSkipped(classifier.Session())
	im.experts.Text = imagine.NewTextExpert(m.Name, classifier)
	im.experts.Text.Fallback = !named
	return nil
}

// artist is the generator that may draw the class.
type artist struct {
	engine
	digest func() (string, error)
	tell   func(text string) // warns of what of it says nothing to the model
}

func (im *imagination) openArtist() error {
	c := im.c
	name := c.String("generator")
	if !c.IsSet("generator") {
		name = defaultDrawer
	}
	if isPipeline(name) {
		return im.openPainter(name)
	}
	var s models.Settings
	err := s.Set("task", string(models.Generate)) // what else it may be, -g rules out
	if err != nil {
		return err
	}
	model, err := openNamed(name, s)
	if err != nil {
		return err
	}
	spec, err := model.Generator()
	if err != nil {
		return err
	}
	switch {
	case spec.Image != nil:
		return usagef("%s makes images of images: -g names a generator of classes or texts", model.Name)
	case spec.Class == nil && spec.Text == nil:
		return usagef("%s makes images of %s: -g names a generator of classes or texts", model.Name, generate.Takes(spec))
	}
	generator, err := generate.Open(c.Context, model, generate.Options{Runner: im.runner})
	if err != nil {
		return err
	}
	im.closers = append(im.closers, generator)
	warnSkipped(generator.Session())
	im.artist = &artist{engine: &graphEngine{generator, model}, digest: func() (string, error) { return modelDigest(model) }, tell: func(text string) {
		if in := spec.Text; in != nil {
			tellLost(text, in.Vocabulary.Encode(text, in.Length), in.Length)
		}
	}}
	if im.experts.Artist, err = imagine.NewArtist(model.Name, generator); err != nil {
		return err
	}
	im.experts.Artist.Fallback = !c.IsSet("generator")
	return nil
}

// openPainter has a pipeline draw, as its files say.
func (im *imagination) openPainter(name string) error {
	c := im.c
	model, err := diffusion.ReadFolder(name)
	if err != nil {
		return err
	}
	p := &pipelineEngine{model: model}
	if p.Pipeline, err = diffusion.Open(c.Context, model, diffusion.Options{Runner: im.runner}); err != nil {
		return err
	}
	if p.asked.request, err = p.Fill(p.asked.request); err != nil {
		return errors.Join(usageError{err}, p.Close())
	}
	im.closers = append(im.closers, p)
	warnSkipped(p.Session())
	im.artist = &artist{engine: p, tell: func(text string) { p.tell([]string{text}, false) }, digest: func() (string, error) {
		identity, err := runner.Await(c.Context, func(context.Context) (record.Model, error) { return pipelineDigest(model) })
		return identity.SHA256, err
	}}
	im.experts.Artist = imagine.NewPainter(model.Name, p.Pipeline, p.asked.request)
	return nil
}
