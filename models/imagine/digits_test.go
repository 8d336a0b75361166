package imagine

import (
	"testing"

	"ortho/models"
)

func TestSameName(t *testing.T) {
	for _, c := range []struct {
		a, b models.Label
		want bool
	}{
		{models.Label{Name: "seven"}, models.Label{Name: "7"}, true},
		{models.Label{Name: "7 - seven"}, models.Label{Name: "Seven"}, true},
		{models.Label{Name: "seven - 8"}, models.Label{Name: "seven"}, false},
		{models.Label{Name: "tench", ID: "n1"}, models.Label{Name: "Tinca", ID: "n1"}, true},
		{models.Label{Name: "seventeen"}, models.Label{Name: "seven"}, false},
		{models.Label{}, models.Label{}, false},
	} {
		if got := sameName(c.a, c.b); got != c.want {
			t.Errorf("%v and %v: %v", c.a, c.b, got)
		}
	}
}
