package pages

import (
	"regexp"
	"strings"
	"testing"

	"ortho/models"
)

func TestPrintModels(t *testing.T) {
	var s models.Settings
	if err := s.Set("input-range", "0,1"); err != nil {
		t.Fatal(err)
	}
	var all []*models.Model
	for _, name := range []string{"float32_nchw", "texts"} {
		m, err := models.Open("../../../../models/testdata/"+name, s)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, m)
	}
	var b strings.Builder
	if err := PrintModels(&b, all); err != nil {
		t.Fatal(err)
	}
	want := regexp.MustCompile(`^float32_nchw\tclassify: images of \d+x\d+ to \d+ classes, \d+\.\d MB\ntexts\tclassify-text: texts of up to \d+ words to \d+ classes, \d+\.\d MB\n$`)
	if !want.MatchString(b.String()) {
		t.Errorf("%q", b.String())
	}
}
