package describe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"
	"sync"

	"ortho/models"
	"ortho/models/classify"
	"ortho/models/witness"
)

// Evidence classifies images before a [Describer] sees them: the most probable classes are
// the candidates that the answer chooses from. Further models see what else is in them. It keeps images in memory few at a time, however
// many wait in the describer: what waits there to be sent again is a small JPEG. Its methods
// may be called concurrently.
type Evidence struct {
	classifier *classify.Classifier
	witnesses  *witness.Witnesses
	under      chan struct{} // one for each image that the describer has not taken yet
}

// NewEvidence makes evidence of a classifier's classes, of as many as its Options.Top says, and of what
// further models see. All stay the caller's. Where there are none (nil), up to atOnce images are held
// at a time; else as many as the classifier has runs in flight.
func NewEvidence(c *classify.Classifier, w *witness.Witnesses, atOnce int) *Evidence {
	if c != nil {
		_, atOnce = c.Batching()
	}
	return &Evidence{c, w, make(chan struct{}, max(1, atOnce))}
}

// Paced yields images in their order, each when there is room for it. Each is given to
// [Evidence.Look], whose done makes room again.
func (e *Evidence) Paced(ctx context.Context, images iter.Seq[Image]) iter.Seq[Image] {
	return func(yield func(Image) bool) {
		for img := range images {
			select {
			case e.under <- struct{}{}:
			case <-ctx.Done():
				return
			}
			if !yield(img) {
				return
			}
		}
	}
}

// Look reads and classifies an image that Paced has yielded, and returns it with its
// candidates and sight, and what the classifier says of it, which is nothing where there is none. done
// lets the next image through, if the describer has not by taking this one; it may be called
// more than once, and must be after an error, too. The error is ctx's or an [*Error] of the
// kind "read" or one of [models.Stage].
func (e *Evidence) Look(ctx context.Context, img Image) (looked Image, said classify.Result, done func(), err error) {
	done = sync.OnceFunc(func() { <-e.under })
	looked = img
	looked.Read = func(ctx context.Context) ([]byte, error) {
		data, err := img.Read(ctx)
		done()
		return data, err
	}
	if e.classifier == nil && e.witnesses.None() {
		return looked, said, done, nil
	}
	data, err := img.Read(ctx)
	if err != nil {
		return looked, said, done, &Error{Kind: "read", text: err.Error(), err: err}
	}
	if e.classifier != nil {
		said, err = e.classifier.Image(ctx, data)
	}
	if err == nil {
		looked.Sight, err = e.witnesses.Look(ctx, data)
	}
	if err != nil && ctx.Err() != nil {
		return looked, said, done, ctx.Err()
	}
	if err != nil {
		err = cmp.Or(errors.Unwrap(err), err) // without "image: "
		return looked, said, done, &Error{Kind: string(models.StageOf(err)), text: err.Error(), err: err}
	}
	looked.Read = func(context.Context) ([]byte, error) {
		taken := data
		data = nil // the describer has it now, and drops it first
		done()
		return taken, nil
	}
	looked.Candidates = Candidates(said.Predictions)
	return looked, said, done, nil
}

// Candidates are a classifier's predictions as an answer chooses from them. A class without
// a label is called by its index.
func Candidates(predictions []classify.Prediction) (candidates []Candidate) {
	for _, p := range predictions {
		name := strings.ToValidUTF8(p.Label, "\uFFFD")
		if name == "" {
			name = fmt.Sprintf("class %d", p.Index)
		}
		candidates = append(candidates, Candidate{Index: p.Index, Name: name, Probability: p.Probability})
	}
	return candidates
}
