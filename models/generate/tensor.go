package generate

import (
	"fmt"

	"ortho/models"
	"ortho/preprocess"
)

// Tensor makes a graph's input of a whole image, as [Generator.Image] does where it cuts
// no tiles: resized to a size that the graph fixes, or else of the image's own size, filled
// up to the multiple by reflection. The spec is that of the input with the tensor's height
// and width. Alpha and, where the graph takes luma, the colours are left out.
func Tensor(in *models.ImagePort, pic *preprocess.Picture) (preprocess.Spec, []byte, error) {
	g := &Generator{spec: &models.GeneratorSpec{Image: in}}
	s := g.sourceOf(pic)
	spec := s.spec
	if !s.whole {
		spec.Width, spec.Height = roundUp(s.Width, s.multiple), roundUp(s.Height, s.multiple)
		if spec.Width > preprocess.MaxSize || spec.Height > preprocess.MaxSize {
			return spec, nil, fmt.Errorf("%dx%d pixels are more than %d in a row", spec.Width, spec.Height, preprocess.MaxSize)
		}
		s.Image = s.Padded(spec.Width, spec.Height)
	}
	data := make([]byte, spec.Bytes())
	return spec, data, s.tensor(data, new(preprocess.Image), 0, 0, spec.Width, spec.Height)
}
