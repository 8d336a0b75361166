package main

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/dataset"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/source"
	"ortho/models"
	"ortho/models/dual"
	"ortho/models/embed"
	"ortho/models/evaluate/retrieval"
	"ortho/models/images"
	"ortho/models/nearest"
	"ortho/runner"
)

// captions are images that texts are to find, and texts that images are to find.
func (o *evalOptions) captions(call *flags.Call) (*subject, error) {
	if err := o.only(call); err != nil {
		return nil, err
	}
	truth, err := dataset.OpenCaptions(o.data)
	if err != nil {
		return nil, err
	}
	n := 0
	for _, of := range truth.Of {
		n += len(of)
	}
	s := &subject{task: models.Embed, images: truth.Images, data: pages.EvaluationData{Path: o.data, Kind: fmt.Sprintf("CSV, %d texts", n), Notes: truth.Notes}}
	s.open = func(ctx context.Context, c *candidate) (*trial, error) {
		if c.both == nil {
			return nil, commandline.Usagef("%s takes no texts, and %s has texts of images: a model of both is needed. %s", c.name, o.data, howToExport)
		}
		t, e, err := o.embedding(ctx, c, truth.Images)
		if err != nil {
			return nil, err
		}
		t.end = func(ctx context.Context) error { return o.byTexts(ctx, call, c.both, t, e, truth) }
		return t, nil
	}
	return s, nil
}

// alike are images that are to find others of their class.
func (o *evalOptions) alike(call *flags.Call) (*subject, error) {
	if err := o.only(call); err != nil {
		return nil, err
	}
	_, items, classes, s, err := o.classed(models.Embed)
	if err != nil {
		return nil, err
	}
	s.open = func(ctx context.Context, c *candidate) (*trial, error) {
		t, e, err := o.embedding(ctx, c, items)
		if err != nil {
			return nil, err
		}
		t.end = func(context.Context) error { return byImages(call, &s.data, t, e, classes) }
		return t, nil
	}
	return s, nil
}

// classed are images with their classes, as the data names these.
func (o *evalOptions) classed(task models.Task) (set *dataset.Set, items []source.Item, classes []int, s *subject, err error) {
	if set, err = dataset.Open(o.data); err != nil {
		return nil, nil, nil, nil, err
	}
	for item := range set.Items() {
		items, classes = append(items, item.Item), append(classes, item.Class)
	}
	s = &subject{task: task, images: items, data: pages.EvaluationData{Path: o.data, Kind: set.Kind, Classes: len(set.Names), Notes: set.Notes, PassedOver: set.Passed.Counts()}}
	return set, items, classes, s, nil
}

// embedded are the embeddings of the images that were judged.
type embedded struct {
	places []int // of the images, among all
	index  nearest.Index
}

// embedding opens a model that makes embeddings of images.
func (o *evalOptions) embedding(ctx context.Context, c *candidate, items []source.Item) (*trial, *embedded, error) {
	embedder, err := embed.Open(ctx, c.model, embed.Options{Images: o.imageOptions()})
	if err != nil {
		return nil, nil, err
	}
	e := &embedded{}
	t := &trial{graph: embedder}
	t.answers = answersOf(items, func(ctx context.Context, places iter.Seq[int], item func(int) source.Item) iter.Seq[runner.Result[int, embed.Result]] {
		return embed.Each(ctx, embedder, places, func(place int) images.Input { return imageOf(item(place)) })
	}, func(place int, answer embed.Result) error {
		if err := e.index.Add("", answer.Embedding); err != nil {
			return models.StageOutput.Wrap(err)
		}
		e.places = append(e.places, place)
		return nil
	})
	return t, e, nil
}

// byTexts embeds the texts, and asks with each for images, and with images for texts.
func (o *evalOptions) byTexts(ctx context.Context, call *flags.Call, both *dual.Model, t *trial, e *embedded, truth *dataset.Texts) (err error) {
	half, err := both.OpenTexts(ctx, o.session.Runner)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, half.Close()) }()
	var texts nearest.Index
	var owners []int // of texts: places in e
	long := 0
	for at, place := range e.places {
		for _, text := range truth.Of[place] {
			vector, cut, err := half.Embed(ctx, text)
			if err != nil {
				return fmt.Errorf("the text %.60q: %w", text, err)
			}
			if cut {
				long++
			}
			if err := texts.Add("", vector); err != nil {
				return fmt.Errorf("the text %.60q: %w", text, err)
			}
			owners = append(owners, at)
		}
	}
	if long > 0 {
		call.Warn(fmt.Sprintf("%d of %d texts are too long for the model, which sees their beginning only", long, texts.Len()))
	}
	found := retrieval.New(len(e.places), "text to image", "image to text")
	for i, at := range owners {
		rank, err := retrieval.Rank(&e.index, texts.At(i), -1, func(place int) bool { return place == at })
		if err == nil {
			err = found.Add(0, at, rank)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return err
		}
	}
	for at := range e.places {
		if len(truth.Of[e.places[at]]) == 0 {
			continue
		}
		rank, err := retrieval.Rank(&texts, e.index.At(at), -1, func(place int) bool { return owners[place] == at })
		if err == nil {
			err = found.Add(1, at, rank)
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			return err
		}
	}
	t.parts = []part{{found, func() pages.QualityPart {
		return pages.QualityPart{Of: fmt.Sprintf("Retrieval: %d texts among %d images, and the reverse", texts.Len(), len(e.places))}
	}}}
	return nil
}

// byImages asks with each image for others of its class.
func byImages(call *flags.Call, data *pages.EvaluationData, t *trial, e *embedded, classes []int) error {
	of := map[int]int{}
	for _, place := range e.places {
		of[classes[place]]++
	}
	found := retrieval.New(len(e.places), "image to image")
	single := 0
	for at, place := range e.places {
		if of[classes[place]] < 2 {
			single++
			continue
		}
		rank, err := retrieval.Rank(&e.index, e.index.At(at), at, func(other int) bool { return classes[e.places[other]] == classes[place] })
		if err == nil {
			err = found.Add(0, at, rank)
		}
		if err != nil {
			return err
		}
	}
	if single > 0 {
		tell(call, data, fmt.Sprintf("%d images are alone in their class: they look for nothing, and are only looked among", single))
	}
	t.parts = []part{{found, func() pages.QualityPart {
		return pages.QualityPart{Of: fmt.Sprintf("Retrieval: %d images look for others of their class, among %d", found.Questions()[0], len(e.places))}
	}}}
	return nil
}
