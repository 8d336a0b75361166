package catalog

import (
	"context"
	"fmt"
	"sync"

	"ortho/cmd/ortho/internal/serve/fault"
	"ortho/models/dual"
	"ortho/models/zeroshot"
	"ortho/runner"
)

// textHalf is the half for texts of a model of images and texts. It is opened when it is first asked for.
type textHalf struct {
	model   *dual.Model
	session runner.Options

	mu    sync.Mutex
	texts *dual.Texts

	// The labels that were asked for last, the newest last: embedding them takes longer than an image.
	sets []labelSet
}

type labelSet struct {
	key    string
	labels *zeroshot.Labels
}

// maxSets bounds the sets of labels that are kept, and MaxLabels the labels of one.
const (
	maxSets   = 8
	MaxLabels = 1000
)

// open returns the half, open.
func (h *textHalf) open(ctx context.Context) (*dual.Texts, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.texts != nil {
		return h.texts, nil
	}
	texts, err := h.model.OpenTexts(context.WithoutCancel(ctx), h.session)
	if err == nil {
		h.texts = texts
	}
	return texts, err
}

func (h *textHalf) close() error {
	if h.texts == nil {
		return nil
	}
	return h.texts.Close()
}

// HasTexts reports whether the model embeds texts, too.
func (i *Instance) HasTexts() bool { return i.half != nil }

// EmbedText returns a text's embedding, as the graph gives it, and whether the text was too long, so that its end is
// not in it.
func (i *Instance) EmbedText(ctx context.Context, text string) (values []float32, cut bool, err error) {
	texts, err := i.openTexts(ctx)
	if err != nil {
		return nil, false, err
	}
	done, err := i.Turn(ctx)
	if err != nil {
		return nil, false, err
	}
	defer done()
	return texts.Embed(ctx, text)
}

func (i *Instance) openTexts(ctx context.Context) (*dual.Texts, error) {
	if i.half == nil {
		return nil, fault.Input("%s has no half for texts, or not all of it: it embeds images alone", i.Name)
	}
	return i.half.open(ctx)
}

// Labels returns what images are compared with: labels in templates (none: the usual one).
func (i *Instance) Labels(ctx context.Context, labels, templates []string) (*zeroshot.Labels, error) {
	if len(labels) > MaxLabels || len(labels)*max(1, len(templates)) > 4*MaxLabels {
		return nil, fault.Input("%d labels in %d templates: at most %d labels can be given, and %d texts", len(labels), max(1, len(templates)), MaxLabels, 4*MaxLabels)
	}
	texts, err := i.openTexts(ctx)
	if err != nil {
		return nil, err
	}
	key := fmt.Sprintf("%q %q", labels, templates)
	if known := i.half.known(key); known != nil {
		return known, nil
	}
	done, err := i.Turn(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	made, err := zeroshot.Embed(ctx, i.half.model, texts, zeroshot.Options{Labels: labels, Templates: templates})
	if err != nil {
		return nil, err
	}
	i.half.keep(key, made)
	return made, nil
}

// known is a set of labels that is kept; nil where it is not.
func (h *textHalf) known(key string) *zeroshot.Labels {
	h.mu.Lock()
	defer h.mu.Unlock()
	for n, set := range h.sets {
		if set.key == key {
			h.sets = append(append(h.sets[:n:n], h.sets[n+1:]...), set)
			return set.labels
		}
	}
	return nil
}

func (h *textHalf) keep(key string, labels *zeroshot.Labels) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.sets = append(h.sets, labelSet{key, labels}); len(h.sets) > maxSets {
		h.sets = h.sets[1:]
	}
}
