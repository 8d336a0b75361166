package main

import (
	"iter"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/source"
	"ortho/models"
)

// imageFiles are a source's items as a feed takes them.
func imageFiles(items iter.Seq[source.Item]) iter.Seq[models.ImageFile] {
	return func(yield func(models.ImageFile) bool) {
		for item := range items {
			if !yield(models.ImageFile{Name: item.Name, Read: item.Read}) {
				return
			}
		}
	}
}

// openForInput is [openInput] with the settings that flags give.
func openForInput(c *cli.Context, name string) (*models.Model, error) {
	s, err := givenSettings(c)
	if err != nil {
		return nil, err
	}
	return openInput(name, s)
}

// openInput opens a model of which the input counts, and the outputs are taken as they
// are: nothing needs to say which of them is the result, nor what its values mean.
func openInput(name string, s models.Settings) (*models.Model, error) {
	m, err := openNamed(name, s)
	if err != nil {
		return nil, err
	}
	outputs := m.Graph.Outputs
	if m.Task != models.Generate {
		outputs = outputs[:min(1, len(outputs))]
	} else if err := s.Assume("output-range", "0,1", "any, since the input counts"); err != nil {
		return nil, err
	}
	for _, v := range outputs {
		named := s
		if err := named.Assume("output-name", v.Name, "the first that fits, since the input counts"); err != nil {
			continue // without a name: as a classifier, or by arrays
		}
		if m, err = openNamed(name, named); err != nil {
			return nil, err
		}
		if _, err := m.ImageLoader(); err == nil {
			break
		}
	}
	return m, nil
}
