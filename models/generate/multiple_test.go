package generate

import (
	"strings"
	"testing"
)

// TestMultiple: which multiples a graph takes is found by trying, and images are padded to them and cropped.
func TestMultiple(t *testing.T) {
	in := cropped(golden(t, "picture"), 53, 41)
	for _, c := range []struct {
		graph string
		want  int
	}{{"multiple_2", 2}, {"multiple_3", 3}, {"multiple_8", 8}, {"radius3_x3", 1}} {
		g := generator(t, graph(c.graph), spec(), Options{})
		m, err := generated(t.Context(), g, in)
		if err != nil {
			t.Errorf("%s: %v", c.graph, err)
			continue
		}
		if g.Widens() != (c.want > 1) {
			t.Errorf("%s: widens: %v", c.graph, g.Widens())
		}
		if n, err := g.Multiple(t.Context()); n != c.want || err != nil {
			t.Errorf("%s: multiples of %d, %v; want %d", c.graph, n, err, c.want)
		}
		if c.want == 1 {
			continue
		}
		stated, err := generated(t.Context(), generator(t, graph(c.graph), spec(multiple(c.want)), Options{}), in)
		if err != nil || m.width != 53 || m.height != 41 || stated.String() != m.String() {
			t.Errorf("%s: %dx%d, %v: another picture than where the multiple is stated", c.graph, m.width, m.height, err)
		}
		other := generator(t, graph(c.graph), spec(multiple(5)), Options{})
		if _, err := generated(t.Context(), other, in); err == nil || !strings.Contains(err.Error(), "not of 5") {
			t.Errorf("%s, multiples of 5 stated: %v", c.graph, err)
		}
	}
}

// TestEnlarges: an image that is smaller than a graph runs at is padded, and cropped.
func TestEnlarges(t *testing.T) {
	g := generator(t, graph("reflects"), spec(), Options{})
	for _, size := range [][2]int{{40, 30}, {1, 1}, {2, 90}} {
		m, err := generated(t.Context(), g, cropped(golden(t, "picture"), size[0], min(size[1], 40)))
		if err != nil || m.width != size[0] || m.height != min(size[1], 40) {
			t.Errorf("%v: %dx%d, %v", size, m.width, m.height, err)
		}
		if want := size[0] < 4; g.Enlarges() != want {
			t.Errorf("%v: enlarges: %v", size, !want)
		}
	}
}
