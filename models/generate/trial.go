package generate

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"

	"ortho/models"
	"ortho/preprocess"
	"ortho/runner"
)

// fixed reports whether the graph itself takes images of one size alone, and nothing says how they
// are brought to it: then they are squashed, unless they can be cut into tiles.
func (g *Generator) fixed() bool {
	image := g.spec.Image
	if image == nil || g.tiling.exact || image.Spec.Height == 0 || len(g.session.Inputs) != 1 {
		return false
	}
	if r := image.Spec.Resize; r.Mode != preprocess.Exact || r.Width != image.Spec.Width || r.Height != image.Spec.Height {
		return false
	}
	for _, d := range g.session.Inputs[0].Dims[1:] {
		if !d.Fixed() {
			return false
		}
	}
	return len(g.session.Inputs[0].Dims) == 4
}

// units are what the starts of tiles may have to be multiples of: of graphs that halve images within,
// or cut them into windows.
var units = []int{1, 8, 32}

// trial finds out whether a graph of one size is local: whether what it makes of a pixel depends on
// what is near it alone, so that tiles give what the whole image would. It takes two cuts out of one
// picture, which share a part, and are as different as can be around it. A graph that looks at the
// whole image, as one that normalises over it, makes other pixels of the shared part. How near to its
// edges they differ says how much of tiles must overlap.
func (g *Generator) trial(ctx context.Context) (local bool, err error) {
	in := &g.spec.Image.Spec
	shorter := min(in.Width, in.Height)
	if shorter < smallestTile {
		return false, nil
	}
	var first *plane
	for _, unit := range units {
		step := unit * max(1, shorter/4/unit)
		if unit == 1 {
			step |= 1 // no multiple of anything that graphs halve by
		}
		if in.Width%unit != 0 || in.Height%unit != 0 || step > shorter/2 {
			continue
		}
		p := newProbe(in.Width, in.Height, in.Channels, step)
		first, err = g.cutOut(ctx, p, 0)
		if err != nil {
			return false, ctx.Err() // an image's run says what is wrong
		}
		second, err := g.cutOut(ctx, p, step)
		if err != nil {
			return false, ctx.Err()
		}
		reach, ok := p.reach(first, second)
		if !ok || reach > shorter/8 {
			continue
		}
		g.tiling = tiling{width: in.Width, height: in.Height, unit: unit, exact: true,
			overlap: min(shorter/2, max(4*reach, min(defaultOverlap, shorter/8), g.opt.Overlap, g.spec.Overlap))}
		return true, nil
	}
	return false, nil
}

// cutOut runs the cut of a probe that begins at (at, at).
func (g *Generator) cutOut(ctx context.Context, p *probe, at int) (*plane, error) {
	s := source{Image: p.image, spec: g.spec.Image.Spec}
	s.spec.Resize = preprocess.Resize{}
	shape := s.spec.Layout.Shape(s.spec.Channels, p.height, p.width)
	in, err := runner.NewTensor(g.session.Inputs[0].Type, append([]int64{int64(max(1, g.spec.Batch))}, shape...))
	if err != nil {
		return nil, err
	}
	defer in.Close()
	if err := s.tensor(in.Row(0), new(preprocess.Image), at, at, p.width, p.height); err != nil {
		return nil, err
	}
	outputs := []*runner.Tensor{nil}
	if err := g.session.Run(ctx, []*runner.Tensor{in}, outputs); err != nil {
		return nil, models.StageRun.Wrap(err)
	}
	defer outputs[0].Close()
	out, err := planeOf(outputs[0], &g.spec.Output, 0)
	out.data = slices.Clone(out.data)
	return &out, err
}

// probe is a picture of which two cuts of a size share a part: the first begins at its left upper
// corner, the second ends at its right lower one, step pixels further.
type probe struct {
	image               *preprocess.Image
	width, height, step int
}

// newProbe has waves and noise in the part that is shared. What the first cut has beside it is
// black, and what the second has is white with noise: no mean over a cut is that of the other.
func newProbe(width, height, channels, step int) *probe {
	p := &probe{&preprocess.Image{Width: width + step, Height: height + step, Channels: channels}, width, height, step}
	random := rand.New(rand.NewPCG(1, 2))
	for y := range p.image.Height {
		for x := range p.image.Width {
			for c := range channels {
				v := 128 + 60*math.Sin(float64(x)/5+float64(c))*math.Cos(float64(y)/7) + 30*random.Float64()
				switch {
				case x < step || y < step:
					v = 0
				case x >= width || y >= height:
					v = 255 - 90*random.Float64()
				}
				p.image.Pix = append(p.image.Pix, byte(v))
			}
		}
	}
	return p
}

// reach compares what a graph has made of the part that the cuts share: the distance from its edges,
// in pixels of the input, up to which the two differ. ok is false where they can't be compared: the
// output has no contrast, or is no multiple of the input.
func (p *probe) reach(first, second *plane) (pixels int, ok bool) {
	across, ok1 := ratioOf(first.Width, p.width)
	down, ok2 := ratioOf(first.Height, p.height)
	if !ok1 || !ok2 || first.Width != second.Width || first.Height != second.Height || first.Channels != second.Channels ||
		p.step*across.num%across.den != 0 || p.step*down.num%down.den != 0 {
		return 0, false
	}
	dx, dy := p.step*across.num/across.den, p.step*down.num/down.den
	width, height := first.Width-dx, first.Height-dy
	a, b := make([]float32, width*first.Channels), make([]float32, width*first.Channels)
	low, high := math.Inf(1), math.Inf(-1)
	worst := map[int]float64{} // by the distance, in pixels of the input
	for y := range height {
		badA, errA := first.Unpack(a, first.data, dx, dy+y, width)
		badB, errB := second.Unpack(b, second.data, 0, y, width)
		if errA != nil || errB != nil || badA+badB > 0 {
			return 0, false
		}
		vertical := min(y, height-1-y) * down.den / down.num
		for i := range a {
			x := i / first.Channels
			at := min(vertical, min(x, width-1-x)*across.den/across.num)
			low, high = min(low, float64(a[i])), max(high, float64(a[i]))
			worst[at] = max(worst[at], math.Abs(float64(a[i]-b[i])))
		}
	}
	if high-low < 8*noContrast {
		return 0, false
	}
	// What tiles are blended over hides as much: 2 levels, or 2 in a hundred of a graph whose values are no levels.
	allowed := max(2, (high-low)/50)
	for at, difference := range worst {
		if difference > allowed {
			pixels = max(pixels, at+1)
		}
	}
	return pixels, true
}
