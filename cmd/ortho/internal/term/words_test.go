package term

import "testing"

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
