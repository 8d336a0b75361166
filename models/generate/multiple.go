package generate

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"ortho/models"
	"ortho/models/config"
	"ortho/preprocess"
	"ortho/runner/onnx"
)

// sizes is what trials have shown of the sizes that the graph takes.
type sizes struct {
	found    bool
	multiple int  // 0: none was found that it runs at
	enlarges bool // a small image was padded
}

// Multiple finds out by trying which multiples of pixels the height and the width of an image must be:
// 1 where any will do, 0 where no multiple is known that the graph runs at, which then has another
// cause. It is tried once; the first image that the graph does not run at needs it.
func (g *Generator) Multiple(ctx context.Context) (int, error) {
	g.trying.Lock()
	defer g.trying.Unlock()
	if g.sizes.found || g.spec.Image == nil || g.spec.Image.Spec.Height > 0 {
		return g.sizes.multiple, nil
	}
	for _, m := range candidates(g.graph) {
		runs, err := g.runsAt(ctx, m)
		if err != nil {
			return 0, err
		}
		if runs {
			g.sizes.multiple = m
			break
		}
	}
	g.sizes.found = true
	return g.sizes.multiple, nil
}

// Widens reports whether trials have shown so far that images must be brought to multiples of pixels.
func (g *Generator) Widens() bool {
	g.trying.Lock()
	defer g.trying.Unlock()
	return g.sizes.multiple > 1
}

// Enlarges reports whether small images have been padded so far, since the graph runs at larger ones alone.
func (g *Generator) Enlarges() bool {
	g.trying.Lock()
	defer g.trying.Unlock()
	return g.sizes.enlarges
}

// candidates are the multiples that are tried, in order: 1, powers of 2, by which graphs halve, and
// the whole numbers by which the graph divides a size, as its operators show.
func candidates(g *onnx.Graph) []int {
	const largest, most = 128, 40
	all := map[int]bool{1: true, 2: true, 4: true, 8: true, 16: true, 32: true, 64: true}
	add := func(n int64) {
		for m := n; n > 1 && m <= largest; m *= 2 {
			all[int(m)] = true
		}
	}
	if g != nil && g.Body != nil {
		for n := range g.EveryNode() {
			if n.Is("SpaceToDepth") {
				add(n.Int("blocksize", 0))
			}
			if !n.Is("Reshape", "Concat", "Div", "Mod") {
				continue
			}
			for _, name := range n.Inputs {
				c := g.Edge(name).Constant()
				if c == nil || !c.Kept || c.Type != onnx.Int64 || len(c.Numbers) > 8 {
					continue
				}
				for _, v := range c.Numbers {
					if v >= 2 && v <= largest && len(all) < most {
						add(int64(v))
					}
				}
			}
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// sizeOf is a size whose edges are multiples of m, and of no number that is tried before it: small, but
// not so small that nothing would be left of it where it is halved.
func sizeOf(m int) (width, height int) {
	const smallest = 72
	for _, k := range []int{3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 73, 79} {
		switch {
		case m*k < smallest || m%k == 0:
		case width == 0:
			width = m * k
		default:
			return width, m * k
		}
	}
	return m, m
}

// runsAt reports whether the graph runs at multiples of m.
func (g *Generator) runsAt(ctx context.Context, m int) (bool, error) {
	width, height := sizeOf(m)
	p := &probe{image: &preprocess.Image{Width: width, Height: height, Channels: g.spec.Image.Spec.Channels}, width: width, height: height}
	p.image.Pix = make([]byte, width*height*p.image.Channels)
	_, err := g.cutOut(ctx, p, 0)
	return err == nil, ctx.Err()
}

// enough is an edge in pixels at which graphs run that run at the sizes of trials.
const enough = 64

// widened is the multiple that an image is padded to where the graph did not run at a size of another.
// Where that does not help, or the model states one that is not the graph's, it returns why. An image whose shorter
// edge is small may be too small: graphs that reflect at their edges, or halve, want some pixels.
func (g *Generator) widened(ctx context.Context, failed error, tried, shorter int) (int, error) {
	if models.StageOf(failed) != models.StageRun || ctx.Err() != nil || g.spec.Image.Spec.Height > 0 {
		return 0, failed
	}
	m, err := g.Multiple(ctx)
	switch stated := g.spec.Image.Multiple; {
	case err != nil:
		return 0, err
	case m == 1 && tried < enough && shorter < enough:
		g.trying.Lock()
		defer g.trying.Unlock()
		g.sizes.enlarges = true
		return leastCommonMultiple(tried, enough), nil
	case m <= 1 || tried%m == 0:
		return 0, failed
	case stated > 1:
		return 0, models.StageRun.Wrap(config.Errorf("%s takes images whose height and width are multiples of %d, and not of %d, as stated (%s %d): %w",
			g.name, m, stated, config.Key("size-multiple"), m, failed))
	}
	return leastCommonMultiple(tried, m), nil
}

// Facts are what trials show of the sizes that the graph takes, where nothing states them.
func (g *Generator) Facts(ctx context.Context) ([]models.Fact, error) {
	const source = "trial"
	image := g.spec.Image
	if m := g.spec.Mask; m != nil && m.Marks == "" {
		marks, source, err := g.Marks(ctx)
		if err != nil {
			return nil, ctx.Err() // a run says it
		}
		return []models.Fact{{Key: config.MaskMarks.Name(), Value: string(marks), Source: source}}, nil
	}
	switch width, height, overlap := g.Tiling(); {
	case image == nil || len(g.session.Inputs) != 1:
		return nil, nil
	case g.tried:
		return []models.Fact{{Key: "tile", Value: fmt.Sprintf("%dx%d, which overlap by %d", width, height, overlap), Source: source}}, nil
	case g.fixed():
		return []models.Fact{{Key: "tile", Value: "none: a pixel that it makes depends on the whole image", Source: source}}, nil
	case image.Multiple > 1 || image.Spec.Height > 0:
		return nil, nil
	}
	m, err := g.Multiple(ctx)
	if err != nil || m == 0 {
		return nil, err
	}
	return []models.Fact{{Key: config.SizeMultiple.Name(), Value: strconv.Itoa(m), Source: source}}, nil
}
