package serve

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/serve/catalog"
	"ortho/cmd/ortho/internal/serve/fault"
	"ortho/models"
	"ortho/models/classify"
	"ortho/models/embed"
	"ortho/models/tag"
	"ortho/models/zeroshot"
)

// tag answers /v1/tag.
func (s *Server) tag(c *call) error {
	f, err := c.form()
	if err != nil {
		return err
	}
	if err := f.only("threshold", "mcut"); err != nil {
		return err
	}
	threshold, err := f.number("threshold")
	if err != nil {
		return err
	}
	mcut, err := f.yes("mcut", false)
	switch {
	case err != nil:
		return err
	case threshold != nil && !(*threshold >= 0 && *threshold <= 1):
		return fault.Input("threshold %v: from 0 to 1", *threshold)
	case threshold != nil && mcut:
		return fault.Input("mcut finds thresholds itself: leave threshold out")
	}
	i, release, err := s.acquire(c, f.values["model"], f.values["version"], models.Classify)
	if err != nil {
		return err
	}
	defer release()
	labels := i.Classifier.Spec().Labels
	rules := tag.For(labels)
	if threshold != nil {
		rules.Threshold, rules.ByCategory = *threshold, nil
	}
	rules.MCut = mcut
	return c.rows(f.files, func(ctx context.Context, one file) (any, []byte, error) {
		result, err := i.Classifier.Image(ctx, one.data)
		row := rows.Tags{Head: output.Head{Input: one.name}, Width: result.Width, Height: result.Height}
		if err == nil {
			row.Tags = rules.Pick(rows.Predictions(result.Predictions[:min(tag.Most, len(result.Predictions))]), labels)
		}
		return line(row, one.name, err)
	})
}

// maxText bounds the bytes of a text that is embedded, and of a label.
const maxText = 64 << 10

// compared answers /v1/classify where labels are given: by a model of images and texts.
func (s *Server) compared(c *call, f form) error {
	top, least, err := f.answers("labels", "template")
	if err != nil {
		return err
	}
	i, release, err := s.acquireTexts(c, f.values["model"], f.values["version"])
	if err != nil {
		return err
	}
	defer release()
	labels, err := labelsFor(c.Context(), i, f.lines("labels"), f.lines("template"))
	if err != nil {
		return err
	}
	return c.rows(f.files, func(ctx context.Context, one file) (any, []byte, error) {
		result, err := compare(ctx, i, labels, one.data)
		result.Predictions = best(result.Predictions, top, least)
		return line(rows.OfClasses(one.name, result), one.name, err)
	})
}

// labelsFor embeds labels that a request names.
func labelsFor(ctx context.Context, i *catalog.Instance, labels, templates []string) (*zeroshot.Labels, error) {
	labels = slices.DeleteFunc(labels, func(l string) bool { return strings.TrimSpace(l) == "" })
	if len(labels) == 0 {
		return nil, fault.Input("labels holds none: one a line, or one a value")
	}
	for n, l := range labels {
		if labels[n] = strings.TrimSpace(l); len(l) > maxText {
			return nil, fault.Input("label %d has %d bytes: at most %d can be", n+1, len(l), maxText)
		}
	}
	for _, t := range templates {
		if err := zeroshot.CheckTemplate(t); err != nil {
			return nil, fault.Input("%v", err)
		}
	}
	return i.Labels(ctx, labels, templates)
}

// compare ranks labels by how well they suit an image.
func compare(ctx context.Context, i *catalog.Instance, labels *zeroshot.Labels, image []byte) (classify.Result, error) {
	made, err := i.Embedder.Image(ctx, image)
	if err != nil {
		return classify.Result{}, err
	}
	return labels.Rank(made, classify.Options{})
}

// acquireTexts returns a model that embeds images and texts.
func (s *Server) acquireTexts(c *call, name, version string) (*catalog.Instance, func(), error) {
	if name == "" {
		var of []string
		for _, m := range s.catalog.Statuses() {
			if m.State == catalog.Ready && m.Task == models.Embed && slices.Contains(m.Takes, "text") && !slices.Contains(of, m.Name) {
				of = append(of, m.Name)
			}
		}
		switch len(of) {
		case 0:
			return nil, nil, fault.Unknown("no model here compares images with texts, as CLIP and SigLIP do")
		case 1:
			name = of[0]
		default:
			return nil, nil, fault.Input("several models can: say which, as model=%s", strings.Join(of, " or model="))
		}
	}
	i, release, err := s.acquire(c, name, version, models.Embed)
	if err == nil && !i.HasTexts() {
		release()
		return nil, nil, fault.Input("%s embeds images alone: it compares them with no texts", i.Name)
	}
	return i, release, err
}

// embedText answers /v1/embed where a text is given in place of images.
func (s *Server) embedText(c *call, f form, unit bool) error {
	text := f.values["text"]
	switch {
	case len(f.files) > 0:
		return fault.Input("text and an image: one is embedded at a time")
	case strings.TrimSpace(text) == "" || len(text) > maxText:
		return fault.Input("text has %d bytes: from 1 to %d can be embedded", len(text), maxText)
	}
	i, release, err := s.acquireTexts(c, f.values["model"], f.values["version"])
	if err != nil {
		return err
	}
	defer release()
	return c.rows([]file{{name: text}}, func(ctx context.Context, one file) (any, []byte, error) {
		values, _, err := i.EmbedText(ctx, one.name)
		if err == nil && unit {
			err = united(values)
		}
		return line(rows.OfEmbedding(one.name, embed.Result{Embedding: values}), one.name, err)
	})
}

func united(values []float32) error {
	if err := embed.Unit(values); err != nil {
		return models.StageOutput.Wrap(err)
	}
	return nil
}

// numbers are an embedding as immich reads it: a text that holds a list.
func numbers(values []float32) (string, error) {
	text, err := json.Marshal(values)
	if err != nil { // NaN
		return "", models.StageOutput.Wrap(err)
	}
	return string(text), nil
}
