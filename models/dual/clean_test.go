package dual

import "testing"

// TestCleaned: what open_clip's (3.3) _clean_whitespace and _clean_canonicalize make of texts.
func TestCleaned(t *testing.T) {
	for _, c := range [][3]string{
		{"a cat", "a cat", "a cat"},
		{"  A   photo\tof\n a dog ", "A photo of a dog", "a photo of a dog"},
		{"cats &amp; dogs", "cats & dogs", "cats dogs"},
		{"cats &amp;amp; dogs", "cats & dogs", "cats dogs"},
		{"a_red_fox!", "a_red_fox!", "a red fox"},
		{"&lt;b&gt;bold&lt;/b&gt;", "<b>bold</b>", "bboldb"},
		{"caf&eacute; &#233; &#xe9;", "café é é", "café é é"},
		{"rock &amp roll", "rock & roll", "rock roll"},
		{"AT&T", "AT&T", "att"},
		{"100% \"pure\" (gold)", "100% \"pure\" (gold)", "100 pure gold"},
		{"&notit; x", "¬it; x", "¬it x"},
		{"&#128;", "€", "€"},
		{"&nbsp;x", "x", "x"},
		{"\u00a0 wide\u3000space ", "wide space", "wide space"},
		{"&unknown; x", "&unknown; x", "unknown x"},
		{"{a} [b] ~c", "{a} [b] ~c", "a b c"},
	} {
		if got := cleaned(c[0], false); got != c[1] {
			t.Errorf("%q is %q, want %q", c[0], got, c[1])
		}
		if got := cleaned(c[0], true); got != c[2] {
			t.Errorf("%q is %q, want %q", c[0], got, c[2])
		}
	}
}
