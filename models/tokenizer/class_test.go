package tokenizer

import (
	"regexp"
	"testing"
	"unicode"
)

// TestClasses: what a class is written out as has the characters of the class, each of them, and
// no other one.
func TestClasses(t *testing.T) {
	word := func(r rune) bool { return unicode.In(r, words...) }
	for _, c := range []struct {
		expression string
		is         func(rune) bool
	}{
		{`\w`, func(r rune) bool { return word(r) || r <= unicode.MaxLatin1 && unicode.Is(unicode.No, r) }},
		{`[\w]`, word},
		{`[^\w]`, func(r rune) bool { return !word(r) }},
		{`\W`, func(r rune) bool { return !word(r) && !(r <= unicode.MaxLatin1 && unicode.Is(unicode.No, r)) }},
		{`\s`, func(r rune) bool { return unicode.Is(unicode.White_Space, r) }},
		{`[\S]`, func(r rune) bool { return !unicode.Is(unicode.White_Space, r) }},
		{`\d`, func(r rune) bool { return unicode.Is(unicode.Nd, r) }},
		{`\D`, func(r rune) bool { return !unicode.Is(unicode.Nd, r) }},
	} {
		written, err := unicodeClasses(c.expression)
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile("^" + written + "$")
		for r := rune(0); r <= 0x32000; r++ { // what is above has no letters yet, but for ideographs
			if 0xd800 <= r && r <= 0xdfff {
				continue
			}
			if found.MatchString(string(r)) != c.is(r) {
				t.Errorf("%s matches %U: %v", c.expression, r, !c.is(r))
				break
			}
		}
	}
}
