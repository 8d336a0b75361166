package catalog

import (
	"context"

	"ortho/models"
	"ortho/models/classify"
	"ortho/models/cutout"
	"ortho/models/detect"
	"ortho/models/embed"
	"ortho/models/generate"
	"ortho/models/images"
	"ortho/models/segment"
	"ortho/runner"
)

// engine is what is open of a model for its task.
type engine interface {
	Session() *runner.Session
	Close() error
}

// openTask opens the model for its task. One that lacks what its task needs still answers with
// arrays.
func (i *Instance) openTask(ctx context.Context) (err error) {
	if i.Model.Usable() != nil {
		_, err := i.arrays(ctx)
		return err
	}
	o := i.opt
	of := images.Options{Runner: o.Session, Batch: o.Batch, Concurrency: o.Concurrency, Linger: o.Linger, MaxPixels: o.MaxPixels}
	switch i.Task {
	case models.Classify, models.ClassifyText:
		options := classify.Options{Runner: o.Session, Batch: o.Batch, Concurrency: o.Concurrency, Linger: o.Linger, MaxPixels: o.MaxPixels}
		if i.Task == models.ClassifyText {
			i.Texts, err = classify.OpenText(ctx, i.Model, options)
		} else {
			i.Classifier, err = classify.Open(ctx, i.Model, options)
		}
	case models.Embed:
		i.Embedder, err = embed.Open(ctx, i.Model, embed.Options{Images: of})
	case models.Detect:
		i.Detector, err = detect.Open(ctx, i.Model, detect.Options{Images: of})
	case models.Segment:
		i.Segmenter, err = segment.Open(ctx, i.Model, segment.Options{Images: of})
	case models.Cutout:
		of.Batch, of.Linger = 0, 0 // as ortho cutout runs it
		i.Cutter, err = cutout.Open(ctx, i.Model, of)
	case models.Generate:
		i.Generator, err = generate.Open(ctx, i.Model, generate.Options{Runner: o.Session, Concurrency: o.Concurrency})
	default:
		_, err = i.arrays(ctx)
	}
	return err
}

// engine is what the task runs on; nil where the model answers with arrays alone.
func (i *Instance) engine() engine {
	switch {
	case i.Classifier != nil:
		return i.Classifier
	case i.Texts != nil:
		return i.Texts
	case i.Embedder != nil:
		return i.Embedder
	case i.Detector != nil:
		return i.Detector
	case i.Segmenter != nil:
		return i.Segmenter
	case i.Cutter != nil:
		return i.Cutter
	case i.Generator != nil:
		return i.Generator
	case i.Pipeline != nil:
		return i.Pipeline
	}
	return nil
}

// session is one of the instance's sessions, for its provider.
func (i *Instance) session() *runner.Session {
	if e := i.engine(); e != nil {
		return e.Session()
	}
	return i.raw.session
}
