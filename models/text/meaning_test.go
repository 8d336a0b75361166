package text

import (
	"slices"
	"strings"
	"testing"
)

func TestMeaning(t *testing.T) {
	all, err := ReadVocabulary(strings.NewReader("<pad>\n<unk>\na\nand\nseven\nbold\ncat\n"))
	if err != nil {
		t.Fatal(err)
	}
	topical, err := all.WithTopic([]string{"seven", "bold"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		vocabulary    *Vocabulary
		text          string
		telling, lost int
		idle          []string
		grasped       bool
	}{
		{all, "a bold seven and a cat", 3, 0, nil, true},
		{all, "please draw a photo of the", 0, 0, nil, false},
		{all, "zebra", 0, 1, nil, false},
		{all, "a zebra and a cat", 1, 1, nil, true},
		{all, "zebra zebra cat", 1, 2, nil, false},
		{all, "", 0, 0, nil, false},
		{topical, "a cat", 0, 1, []string{"cat"}, false},
		{topical, "a bold cat cat", 1, 2, []string{"cat"}, false},
		{topical, "seven", 1, 0, nil, true},
	} {
		e := c.vocabulary.Encode(c.text, 16)
		if e.Telling != c.telling || e.Lost != c.lost || !slices.Equal(e.Idle, c.idle) || e.Grasped() != c.grasped {
			t.Errorf("%q: %+v, want %+v", c.text, e, c)
		}
	}
	if some := topical.Samples(1); !slices.Equal(some, []string{"seven"}) {
		t.Errorf("%q", some)
	}
	if some := all.Samples(9); !slices.Equal(some, []string{"seven", "bold", "cat"}) {
		t.Errorf("%q", some)
	}
	if _, err := all.WithTopic([]string{"zebra"}); err == nil || !strings.Contains(err.Error(), `"zebra"`) {
		t.Errorf("a word that the vocabulary lacks: %v", err)
	}
	if ids := topical.Encode("a cat", 4).IDs; !slices.Equal(ids, all.Encode("a cat", 4).IDs) {
		t.Errorf("the ids are others: %v", ids)
	}
}
