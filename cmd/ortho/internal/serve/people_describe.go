package serve

import (
	"context"
	"net/http"
	"slices"

	"google.golang.org/grpc/codes"

	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/serve/catalog"
	"ortho/cmd/ortho/internal/serve/fault"
	"ortho/models"
	"ortho/models/classify"
	"ortho/models/describe"
)

// candidates are how many classes a chat server chooses from, as of ortho describe.
const candidates = 10

// describe answers /v1/describe: what a chat server says of an image.
func (s *Server) describe(c *call) error {
	f, err := c.form()
	if err != nil {
		return err
	}
	if err := f.only(); err != nil {
		return err
	}
	if s.opt.Describer == nil {
		no := fault.Input("this server describes nothing: it sends images to no chat server unless it is started with --describe, and a key in its environment")
		no.Status, no.Code = http.StatusNotImplemented, codes.Unimplemented
		return no
	}
	i, release, err := s.evidence(c, f)
	if err != nil {
		return err
	}
	defer release()
	if len(f.files) > 1 {
		return fault.Input("%d images: one is described at a time", len(f.files))
	}
	done, err := s.chat()
	if err != nil {
		return err
	}
	defer done()
	return c.rows(f.files, func(ctx context.Context, one file) (any, []byte, error) {
		image := describe.Image{Name: one.name, Read: func(context.Context) ([]byte, error) { return one.data, nil }}
		var seen []classify.Prediction
		if i != nil {
			result, err := i.Classifier.Image(ctx, one.data)
			if err != nil {
				return nil, nil, err
			}
			seen = rows.Predictions(best(result.Predictions, candidates, 0))
			image.Candidates = describe.Candidates(seen)
		}
		said, err := s.opt.Describer.Describe(ctx, image)
		if err != nil {
			return nil, nil, err
		}
		return line(rows.OfDescription(one.name, said, seen), one.name, nil)
	})
}

// evidence is the classifier whose classes a description chooses from: the one that is named, or the only one; nil
// where there is none, or several.
func (s *Server) evidence(c *call, f form) (i *catalog.Instance, release func(), err error) {
	name := f.values["model"]
	if name == "" {
		var of []string
		for _, m := range s.catalog.Statuses() {
			if m.Task == models.Classify && m.State == catalog.Ready && !slices.Contains(of, m.Name) {
				of = append(of, m.Name)
			}
		}
		if len(of) != 1 {
			return nil, func() {}, nil
		}
		name = of[0]
	}
	return s.acquire(c, name, f.values["version"], models.Classify)
}

// chat lets a description in, if no more than the chat server is asked at once, and as many again, are under way.
func (s *Server) chat() (done func(), err error) {
	if n, most := s.chats.Add(1), 2*int64(s.opt.Describer.Limit()); n > most {
		s.chats.Add(-1)
		return nil, fault.Busy("%d descriptions are under way", most)
	}
	return func() { s.chats.Add(-1) }, nil
}
