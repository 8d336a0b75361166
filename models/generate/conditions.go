package generate

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"ortho/models/noise"
	"ortho/models/text"
)

// conditions are the values of all inputs that a request leads to.
type conditions struct {
	latents    []float32
	truncation float32
	class      *int
	text       text.Encoding
}

// conditions checks a request, and draws from its seed what it leaves open.
func (g *Generator) conditions(r Request) (c conditions, err error) {
	if in := g.spec.Image; in != nil {
		return c, fmt.Errorf("%s makes images of images (input %q): there must be one", g.name, in.Name)
	}
	random := noise.New(r.Seed)
	if c.truncation, err = g.truncation(r); err != nil {
		return c, err
	}
	if c.latents, err = g.latents(r, random); err != nil {
		return c, err
	}
	if c.class, err = g.class(r, random); err != nil {
		return c, err
	}
	switch in := g.spec.Text; {
	case in == nil && r.Text != "":
		return c, fmt.Errorf("%s takes no text", g.name)
	case in == nil:
	case g.spec.Class == nil && r.Class != nil && r.Text != "":
		return c, fmt.Errorf("%s takes a text, which a class would stand for: give one of the two", g.name)
	case g.spec.Class == nil && r.Class != nil:
		c.text = in.Vocabulary.Encode(g.spec.Labels[*r.Class].Name, in.Length)
	default:
		c.text = in.Vocabulary.Encode(r.Text, in.Length)
		if c.text.Telling == 0 && strings.TrimSpace(r.Text) != "" {
			return c, fmt.Errorf("%.60q says nothing to %s, which knows %s", r.Text, g.name, in.Knows())
		}
	}
	return c, nil
}

func (g *Generator) truncation(r Request) (float32, error) {
	t, in, passed := r.Truncation, g.spec.Latents, g.spec.Truncation != ""
	switch {
	case t == 0:
		return 1, nil
	case !(t > 0 && t <= 1): // NaN too
		return 0, fmt.Errorf("a truncation of %v: it is above 0, and 1 at most", t)
	case passed:
	case in == nil:
		return 0, fmt.Errorf("%s takes no latents, which a truncation is of", g.name)
	case in.Uniform:
		return 0, fmt.Errorf("%s takes uniform latents: a truncation is of normal ones", g.name)
	case r.Latents != nil:
		return 0, errors.New("latents that are given are not truncated: leave the truncation out")
	}
	return float32(t), nil
}

func (g *Generator) latents(r Request, random *noise.Generator) ([]float32, error) {
	in := g.spec.Latents
	if in == nil {
		if r.Latents != nil {
			return nil, fmt.Errorf("%s takes no latents", g.name)
		}
		return nil, nil
	}
	n := count(in.Shape)
	if r.Latents != nil {
		if len(r.Latents) != n {
			return nil, fmt.Errorf("%d latents, but %s takes %d (shape %v)", len(r.Latents), g.name, n, in.Shape)
		}
		return r.Latents, nil
	}
	return drawLatents(in, r.Truncation, random), nil
}

// class is the class that was asked for, or one drawn where the graph needs it.
func (g *Generator) class(r Request, random *noise.Generator) (*int, error) {
	in, asText := g.spec.Class, g.spec.Text != nil && len(g.spec.Labels) > 0
	if r.Class == nil {
		switch {
		case in == nil:
			return nil, nil
		case in.Count < 1:
			return nil, fmt.Errorf("%s takes a class, and how many it has is not known: give the class, or labels", g.name)
		}
		class := random.Intn(in.Count)
		return &class, nil
	}
	n := len(g.spec.Labels)
	switch {
	case in != nil:
		n = in.Count
	case !asText:
		return nil, fmt.Errorf("%s takes no class", g.name)
	}
	class := *r.Class
	switch {
	case n > 0 && (class < 0 || class >= n):
		return nil, fmt.Errorf("class %d: the classes of %s are 0 to %d", class, g.name, n-1)
	case class < 0 || class > math.MaxInt32:
		return nil, fmt.Errorf("class %d: classes are numbered from 0", class)
	}
	return &class, nil
}

// count returns the elements of a shape.
func count(shape []int64) int {
	n := 1
	for _, d := range shape {
		n *= int(d)
	}
	return n
}
