package flags

import (
	"testing"

	"ortho/models"
)

// TestOpenForInput: a model that does not say what its outputs mean is opened all the same,
// and takes images as its files and the flags say.
func TestOpenForInput(t *testing.T) {
	const folder = "../../../../models/testdata/"
	for _, c := range []struct {
		name  string
		given map[string]string
		image bool
	}{
		{"embedding", map[string]string{"input-range": "0,1"}, true},
		{"float32_nchw", map[string]string{"input-range": "0,1"}, true},
		{"float32_nchw", nil, false}, // nothing says how its pixels are read
		{"tokens", nil, false},
	} {
		o := &Overrides{}
		for key, value := range c.given {
			if err := o.Given.Set(key, value); err != nil {
				t.Fatal(err)
			}
		}
		m, err := o.openForInput(folder + c.name)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if _, err := m.ImageLoader(); (err == nil) != c.image {
			t.Errorf("%s %v: %v", c.name, c.given, err)
		}
	}
	if m, err := (&Overrides{}).openForInput("span-x2"); err != nil || m.Task != models.Generate {
		t.Errorf("%+v, %v", m, err)
	}
	if _, err := (&Overrides{}).openForInput("none"); err == nil {
		t.Error("a model that is not there was opened")
	}
}
