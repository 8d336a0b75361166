package generate

import (
	"context"
	"fmt"
	"math"

	"ortho/models"
	"ortho/models/config"
	"ortho/preprocess"
	"ortho/runner"
	"ortho/runner/onnx"
)

// Marks is what is 1, or 255 of bytes, in the mask that the graph takes: as is stated, else as a trial shows. Where neither
// tells, it is the hole of a graph that takes numbers with fractions, as LaMa does. Of bytes the published graphs have it
// either way: that is an error, of [models.StageInput]. source is that of the answer, as a fact has it; "" where it is stated.
func (g *Generator) Marks(ctx context.Context) (marks config.Mark, source string, err error) {
	m := g.spec.Mask
	if m == nil {
		return "", "", models.StageInput.Wrap(fmt.Errorf("%s takes no mask", g.name))
	}
	if m.Marks != "" {
		return m.Marks, "", nil
	}
	g.trying.Lock()
	defer g.trying.Unlock()
	if g.marks == "" {
		if g.marks, err = g.tryMarks(ctx); err != nil {
			return "", "", err
		}
	}
	switch {
	case g.marks != "":
		return g.marks, "trial", nil
	case m.Type == onnx.Uint8:
		return "", "", models.StageInput.Wrap(config.Errorf("nothing tells what 255 is in %s, the mask that %s takes: what is made anew (%s hole), or what is kept, as MI-GAN has it (%[3]s kept); of a trial both halves changed, or neither",
			m.Name, g.name, config.Key("mask-marks")))
	}
	return config.MarksHole, "default (as LaMa has it)", nil
}

// tryMarks runs the graph on a picture with a mask that is set in its left half. Graphs that fill in give back what they
// keep: the half that stays the picture. "": that is neither, or both.
func (g *Generator) tryMarks(ctx context.Context) (config.Mark, error) {
	const smallest = 256
	spec := &g.spec.Image.Spec
	width, height := spec.Width, spec.Height
	if width == 0 || height == 0 {
		width = roundUp(smallest, max(holeMultiple, g.spec.Image.Multiple))
		height = width
	}
	image := newProbe(width, height, 3, 0).image
	mask := make([]bool, width*height)
	for i := range mask {
		mask[i] = i%width < width/2
	}
	out, _, err := g.masked(ctx, image, mask)
	if err != nil {
		return "", err
	}
	if out.Width != width || out.Height != height {
		return "", nil // filling a hole says it
	}
	var far [2]float64 // how far the middle of each half is from the picture's, in levels
	for half := range far {
		n, from := 0, half*(width/2)+width/8
		for y := height / 4; y < height*3/4; y++ {
			for x := from; x < from+width/4; x++ {
				for c := range 3 {
					at := 3*(y*width+x) + c
					far[half] += math.Abs(float64(out.Pix[at]) - float64(image.Pix[at]))
					n++
				}
			}
		}
		far[half] /= float64(max(1, n))
	}
	const near, much = 3, 4
	switch set, unset := far[0], far[1]; {
	case unset <= near && set > much*max(1, unset):
		return config.MarksHole, nil
	case set <= near && unset > much*max(1, set):
		return config.MarksKept, nil
	}
	return "", nil
}

// filled runs the graph on an image, whose holes are black in it, and a mask of its size.
func (g *Generator) filled(ctx context.Context, image, mask *preprocess.Image, marks config.Mark) (*preprocess.Image, *levels, error) {
	image = image.Crop(0, 0, image.Width, image.Height)
	given := make([]bool, len(mask.Pix))
	for i, v := range mask.Pix {
		hole := v > 0 // also what is smaller than a pixel of a reduced part
		if given[i] = hole == (marks != config.MarksKept); hole {
			image.Pix[3*i], image.Pix[3*i+1], image.Pix[3*i+2] = 0, 0, 0
		}
	}
	return g.masked(ctx, image, given)
}

// masked runs the graph on an image and a mask.
func (g *Generator) masked(ctx context.Context, image *preprocess.Image, mask []bool) (*preprocess.Image, *levels, error) {
	spec := g.spec.Image.Spec
	spec.Resize, spec.Width, spec.Height = preprocess.Resize{}, image.Width, image.Height
	batch := int64(max(1, g.spec.Batch))
	var inputs []*runner.Tensor
	defer func() { closeAll(inputs) }()
	for _, v := range g.session.Inputs {
		if v.Name == g.spec.Mask.Name {
			shape := []int64{batch, 1, int64(image.Height), int64(image.Width)}
			if spec.Layout == preprocess.NHWC {
				shape = []int64{batch, int64(image.Height), int64(image.Width), 1}
			}
			t, err := maskTensor(v.Type, shape, mask)
			if err != nil {
				return nil, nil, models.StageInput.Wrap(err)
			}
			inputs = append(inputs, t)
			continue
		}
		t, err := runner.NewTensor(v.Type, append([]int64{batch}, spec.Layout.Shape(spec.Channels, image.Height, image.Width)...))
		if err != nil {
			return nil, nil, models.StageInput.Wrap(err)
		}
		inputs = append(inputs, t)
		if err := spec.Tensor(t.Row(0), image); err != nil {
			return nil, nil, models.StageInput.Wrap(err)
		}
	}
	outputs := make([]*runner.Tensor, 1)
	if err := g.session.Run(ctx, inputs, outputs); err != nil {
		return nil, nil, models.StageRun.Wrap(fmt.Errorf("%dx%d pixels: %w", image.Width, image.Height, err))
	}
	defer closeAll(outputs)
	p, err := planeOf(outputs[0], &g.spec.Output, 0)
	if err == nil && p.Channels != 3 {
		err = fmt.Errorf("output %q has %d channels: what is filled in must have colours", p.name, p.Channels)
	}
	if err != nil {
		return nil, nil, models.StageOutput.Wrap(err)
	}
	out := &preprocess.Image{Width: p.Width, Height: p.Height, Channels: 3, Pix: make([]byte, p.Width*p.Height*3)}
	row, seen, bad := make([]float32, 3*p.Width), levels{channels: 3}, 0
	for y := range p.Height {
		n, err := p.Unpack(row, p.data, 0, y, p.Width)
		if err != nil {
			return nil, nil, models.StageOutput.Wrap(err)
		}
		bad += n
		seen.round(out.Pix[y*len(row):(y+1)*len(row)], row)
	}
	if bad > 0 {
		return nil, nil, models.StageOutput.Wrap(fmt.Errorf("output %q: %d values are NaN or infinite: the usual cause is float16 overflow", g.spec.Output.Name, bad))
	}
	return out, &seen, nil
}

// maskTensor is a mask as the graph takes it, the same in each row of a batch.
func maskTensor(t onnx.ElementType, shape []int64, mask []bool) (*runner.Tensor, error) {
	tensor, err := runner.NewTensor(t, shape)
	if err != nil {
		return nil, err
	}
	values := make([]float32, len(mask))
	for i, set := range mask {
		if set {
			values[i] = 1
		}
	}
	for row := range int(shape[0]) {
		data := tensor.Row(row)
		if t == onnx.Uint8 {
			for i, set := range mask {
				if data[i] = 0; set {
					data[i] = 255
				}
			}
		} else if !runner.FromFloat32s(data, t, values) {
			tensor.Close()
			return nil, fmt.Errorf("a mask of type %s can't be made", t)
		}
	}
	return tensor, nil
}
