package generate

import (
	"testing"

	"ortho/models"
)

// TestTrial: graphs of one size whose pixels depend on what is near them are cut into tiles, and no others.
func TestTrial(t *testing.T) {
	for _, c := range []struct {
		graph string
		spec  *models.GeneratorSpec
		want  tiling
	}{
		{"fixed_32x32_x2", spec(fixed(32, 32)), tiling{32, 32, 4, 1, true}},
		{"luma_x3_fixed", spec(gray, fixed(32, 24)), tiling{32, 24, 8, 1, true}},
		{"style_32x48", spec(by255, fixed(48, 32)), tiling{}},
	} {
		g := generator(t, graph(c.graph), c.spec, Options{})
		if g.tiling != c.want || g.Tried() != c.want.exact {
			t.Errorf("%s: %+v, want %+v", c.graph, g.tiling, c.want)
		}
		width, height := g.Whole()
		if (width > 0) == c.want.exact || (height > 0) == c.want.exact {
			t.Errorf("%s: whole images of %dx%d", c.graph, width, height)
		}
	}
}
