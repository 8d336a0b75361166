package main

import (
	"context"
	"fmt"
	"iter"
	"slices"

	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/source"
	"ortho/models"
	"ortho/models/dual"
	"ortho/models/evaluate"
	"ortho/runner"
)

// subject is images with their truth, of any task but classification.
type subject struct {
	task   models.Task
	images []source.Item
	data   pages.EvaluationData
	// open opens a candidate for the images.
	open func(ctx context.Context, c *candidate) (*trial, error)
}

// candidate is a model that is to be evaluated.
type candidate struct {
	name  string
	model *models.Model // of a model of images and texts: its half for images
	both  *dual.Model   // nil: it takes images alone
}

// trial is a model that is evaluated on a subject's images.
type trial struct {
	settings record.Settings
	labels   []models.Label
	graph    interface {
		Session() *runner.Session
		Batching() (batch, concurrency int)
		Unturned() int64
		Close() error
	}
	// answers yields what the model says of images, by their places in the subject.
	answers func(ctx context.Context, places iter.Seq[int]) iter.Seq[judged]
	// end is called when all images are through; may be nil.
	end   func(ctx context.Context) error
	parts []part
}

// part is one way in which answers are measured.
type part struct {
	evaluate.Measured
	// tell says what was found, beside its figures and those of its classes.
	tell func() pages.QualityPart
}

// judged is an image with its answer.
type judged struct {
	place int
	// add adds the answer to the trial's parts. It is called once or not at all.
	add func() error
	err error
}

// answersOf runs a graph on the images at places. add is given each answer.
func answersOf[Out any](images []source.Item, each func(ctx context.Context, places iter.Seq[int], item func(int) source.Item) iter.Seq[runner.Result[int, Out]], add func(place int, answer Out) error) func(context.Context, iter.Seq[int]) iter.Seq[judged] {
	return func(ctx context.Context, places iter.Seq[int]) iter.Seq[judged] {
		return func(yield func(judged) bool) {
			for r := range each(ctx, places, func(place int) source.Item { return images[place] }) {
				one := judged{place: r.Item, err: r.Err, add: func() error {
					if err := add(r.Item, r.Value); err != nil {
						return fmt.Errorf("%s: %w", images[r.Item].Name, err)
					}
					return nil
				}}
				if !yield(one) {
					return
				}
			}
		}
	}
}

// tell notes something about the data, once.
func tell(call *flags.Call, data *pages.EvaluationData, note string) {
	if !slices.Contains(data.Notes, note) {
		data.Notes = append(data.Notes, note)
		call.Warn(data.Path + ": " + note)
	}
}
