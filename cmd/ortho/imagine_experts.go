package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/classify"
	"ortho/models/diffusion"
	"ortho/models/generate"
	"ortho/models/imagine"
	"ortho/runner"
)

// imagination is a run of imagine. What the run has no use for is nil.
type imagination struct {
	*imagineOptions
	ui      *term.UI
	call    *flags.Call
	reads   *output.Reads
	item    source.Item // the image
	data    []byte
	experts imagine.Options
	opened  *openedGenerator
	closers []io.Closer // of the models, which the experts and the generator use
	notes   []string    // of opening them
	story   *imagine.Story
	slug    string // of the pictures' names
}

// openedGenerator is what a run needs of the generator besides its drawing.
type openedGenerator struct {
	session *runner.Session // for its provider and threads
	digest  func(context.Context) (string, error)
	tell    func(text string) // warns of words that mean nothing to the model
}

// closing is what is closed by a function.
type closing func() error

func (c closing) Close() error { return c() }

func (im *imagination) openImageExpert(ctx context.Context) error {
	m, err := im.read.Open(im.ui, im.model.Name)
	if err != nil {
		return err
	}
	spec, err := m.Classifier()
	if err != nil {
		return err
	}
	if spec.Embedding {
		return commandline.Usagef("--output-name asks for values, and not for classes: leave it out")
	}
	im.session.Check(ctx, im.ui, m)
	classifier, err := classify.Open(ctx, m, classify.Options{Runner: im.session.Runner, MaxPixels: im.maxPixels.Pixels})
	if err != nil {
		return err
	}
	im.closers = append(im.closers, closing(func() error {
		flags.TellUnturned(im.ui, m, classifier.Unturned())
		tellSeen(im.ui, spec.OutputName, classifier.Seen())
		return classifier.Close()
	}))
	flags.TellSession(im.ui, classifier.Session())
	im.experts.Image, err = imagine.NewImageExpert(m.Name, classifier)
	return err
}

// openWitnesses opens the models of --detector and the like.
func (im *imagination) openWitnesses(ctx context.Context) error {
	w := &im.witnesses
	im.closers = append(im.closers, closing(func() error { return w.close() }))
	if err := w.open(ctx, im.call, &im.session, imagesFor(im.session.Runner, im.maxPixels.Pixels), im.chat.Options.Language); err != nil {
		return err
	}
	im.experts.Witnesses, im.experts.Checker, im.experts.Recheck = w.Witnesses, w.checker, w.recheck
	return nil
}

// openTextExpert opens the text model, where it is of use: the default one's classes are
// compared with the image model's; one that is named is heard whatever its classes.
func (im *imagination) openTextExpert(ctx context.Context) error {
	image := im.experts.Image
	m, err := flags.OpenModel(im.textModel, models.Settings{})
	if err != nil {
		return err
	}
	spec, err := m.TextClassifier()
	if err != nil {
		return err
	}
	named := im.namedReader
	if !named && image != nil && !image.SameClasses(spec.Labels) {
		im.notes = append(im.notes, term.UTF8(fmt.Sprintf("%s does not read the description: its classes are others than those of %s", m.Name, image.Name)))
		return nil
	}
	classifier, err := classify.OpenText(ctx, m, classify.Options{Runner: im.session.Runner})
	if err != nil {
		return err
	}
	im.closers = append(im.closers, closing(func() error {
		tellSeen(im.ui, spec.OutputName, classifier.Seen())
		return classifier.Close()
	}))
	flags.TellSession(im.ui, classifier.Session())
	im.experts.Text = imagine.NewTextExpert(m.Name, classifier)
	im.experts.Text.Fallback = !named
	return nil
}

func (im *imagination) openGenerator(ctx context.Context) error {
	name := defaultDrawer
	if im.generator != nil {
		name = *im.generator
	}
	if isPipeline(name) {
		return im.openPipelineGenerator(ctx, name)
	}
	var s models.Settings
	err := s.Set("task", string(models.Generate)) // what else it may be, -g rules out
	if err != nil {
		return err
	}
	model, err := flags.OpenModel(name, s)
	if err != nil {
		return err
	}
	spec, err := model.Generator()
	if err != nil {
		return err
	}
	switch {
	case spec.Image != nil:
		return commandline.Usagef("%s makes images of images: -g names a generator of classes or texts", model.Name)
	case spec.Class == nil && spec.Text == nil:
		return commandline.Usagef("%s makes images of %s: -g names a generator of classes or texts", model.Name, generate.Takes(spec))
	}
	generator, err := generate.Open(ctx, model, generate.Options{Runner: im.session.Runner})
	if err != nil {
		return err
	}
	im.closers = append(im.closers, generator)
	flags.TellSession(im.ui, generator.Session())
	im.opened = &openedGenerator{session: generator.Session(), digest: model.Digest, tell: func(text string) {
		if in := spec.Text; in != nil {
			tellLost(im.ui, text, in.Vocabulary.Encode(text, in.Length), in.Length)
		}
	}}
	if im.experts.Generator, err = imagine.NewGenerator(model.Name, generator); err != nil {
		return err
	}
	im.experts.Generator.Fallback = im.generator == nil
	return nil
}

// openPipelineGenerator opens a pipeline with its files' defaults as the generator.
func (im *imagination) openPipelineGenerator(ctx context.Context, name string) error {
	model, err := diffusion.ReadFolder(name)
	if err != nil {
		return err
	}
	p := &pipelineEngine{model: model, asked: &promptOptions{}}
	if p.Pipeline, err = diffusion.Open(ctx, model, diffusion.Options{Runner: im.session.Runner, Opened: flags.TellParts(im.ui)}); err != nil {
		return err
	}
	if p.asked.request, err = p.Fill(p.asked.request); err != nil {
		return errors.Join(commandline.Usage(err), p.Close())
	}
	im.closers = append(im.closers, p)
	im.opened = &openedGenerator{session: p.Session(), digest: func(ctx context.Context) (string, error) {
		id, err := model.Identity(ctx)
		return id.SHA256, err
	}, tell: func(text string) { p.tell(im.ui, []string{text}, false) }}
	im.experts.Generator = imagine.NewPipelineGenerator(model.Name, p.Pipeline, p.asked.request)
	return nil
}
