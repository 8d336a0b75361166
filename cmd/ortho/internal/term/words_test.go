package term

import "testing"

func TestUTF8(t *testing.T) {
	for in, want := range map[string]string{"": "", "größe": "größe", "a\xff\xfeb": "a\ufffdb"} {
		if got := UTF8(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
}

func TestSixDigits(t *testing.T) {
	for in, want := range map[float64]float64{0: 0, 0.1234567: 0.123457, 1.0 / 3: 0.333333, -12345678: -12345700, 1e-300: 1e-300} {
		if got := SixDigits(in); got != want {
			t.Errorf("%v is %v, want %v", in, got, want)
		}
	}
}

func TestCommandLine(t *testing.T) {
	for _, c := range []struct {
		words []string
		want  string
	}{
		{nil, ""},
		{[]string{"ortho", "bench", "run", "--input", "photos/a+b@2,c:d=50%.png"}, "ortho bench run --input photos/a+b@2,c:d=50%.png"},
		{[]string{"-m", "a model", ""}, "-m 'a model' ''"},
		{[]string{"it's", "$HOME", "*.png"}, `'it'\''s' '$HOME' '*.png'`},
		{[]string{"~/model"}, "'~/model'"}, // which is no home where it was read: a shell had replaced it
		{[]string{"caf\u00e9"}, "'caf\u00e9'"},
	} {
		if got := CommandLine(c.words...); got != c.want {
			t.Errorf("%q: %s, want %s", c.words, got, c.want)
		}
	}
}
