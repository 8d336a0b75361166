package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"ortho/models"
	"ortho/models/generate"
	"ortho/preprocess"
)

// imageInput is what makes a model's tensor of an image file.
type imageInput struct {
	classifier *preprocess.Spec   // of the one or
	generator  *models.ImageInput // of the other; without its name
}

func imageInputOf(m *models.Model) (*imageInput, error) {
	if m.Task != models.Generate {
		spec, err := m.Classifier()
		if err != nil {
			return nil, err
		}
		return &imageInput{classifier: &spec.Input}, nil
	}
	spec, err := m.Generator()
	if err != nil {
		return nil, err
	}
	if spec.Image == nil {
		return nil, fmt.Errorf("%s takes no image: it makes one of other inputs: %v", m.Name, m.Graph.Inputs)
	}
	image := *spec.Image
	image.Name = "" // two models that differ in it get the same tensor
	return &imageInput{generator: &image}, nil
}

// tensor returns the tensor, and how it was made: its height and width are the tensor's.
// Of an image that the model takes in any size, edge is the most that is taken, from the
// middle; 0: all. Images of generators are always decoded exactly.
func (in *imageInput) tensor(file []byte, opt preprocess.LoadOptions, edge int) (spec preprocess.Spec, data []byte, err error) {
	if in.classifier != nil {
		data = make([]byte, in.classifier.Bytes())
		_, _, err = in.classifier.Load(data, file, opt)
		return *in.classifier, data, err
	}
	pic, err := preprocess.DecodePicture(file, preprocess.DecodeOptions{Orientation: in.generator.Spec.Orientation, MaxPixels: opt.MaxPixels})
	if err != nil {
		return spec, nil, err
	}
	if edge > 0 && in.generator.Spec.Height == 0 {
		pic.Image = pic.Middle(edge, edge)
	}
	return generate.Tensor(in.generator, pic)
}

// openForInput opens a model of which the input counts, and the outputs are taken as they
// are: nothing needs to say which of them is the result, nor what its values mean.
func openForInput(c *cli.Context, name string) (*models.Model, error) {
	s, err := givenSettings(c)
	if err != nil {
		return nil, err
	}
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
		if _, err := imageInputOf(m); err == nil {
			break
		}
	}
	return m, nil
}
