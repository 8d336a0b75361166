package source

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestBraces(t *testing.T) {
	t.Chdir(t.TempDir())
	for arg, want := range map[string]string{
		"a-{000..002}.tar":  "a-000.tar a-001.tar a-002.tar",
		"a-{8..11}":         "a-8 a-9 a-10 a-11",
		"a-{08..11}":        "a-08 a-09 a-10 a-11",
		"a-{1..010}":        "a-001 a-002 a-003 a-004 a-005 a-006 a-007 a-008 a-009 a-010",
		"{2..0}":            "2 1 0",
		"{0..10..5}":        "0 5 10",
		"{10..0..-5}":       "10 5 0",
		"{-01..1}":          "-01 000 001",
		"{a..c}x":           "ax bx cx",
		"{c..a}":            "c b a",
		"{train,val}/*.jpg": "train/*.jpg val/*.jpg",
		"a.{jpg,}":          "a.jpg a.",
		"{a,b}{0..1}":       "a0 a1 b0 b1",
		"x{a,b{1..2},c}y":   "xay xb1y xb2y xcy",
		"{{a,b},c}":         "a b c",
		"{{a,b}}":           "{a} {b}",
		"@l{0,1}.txt":       "@l0.txt @l1.txt",

		// No braces but characters.
		"{a}": "{a}", "{}": "{}", "a{": "a{", "a}": "a}", "{a,b": "{a,b", "{0..}": "{0..}", "{0..b}": "{0..b}", "{0...2}": "{0...2}",
		"{0..2..x}": "{0..2..x}", "{+1..2}": "{+1..2}", "{aa..c}": "{aa..c}", "{0..99999999999999999999}": "{0..99999999999999999999}", "a{b}{0..1}": "a{b}0 a{b}1",
	} {
		if got := strings.Join(slices.Collect(words(arg)), " "); got != want {
			t.Errorf("%s: %s, want %s", arg, got, want)
		}
	}
	for _, arg := range []string{"{0..999999999999}", strings.Repeat("{0..9}", 16)} {
		if n := len(slices.Collect(words(arg))); n != maxWords+1 {
			t.Errorf("%.20s: %d words", arg, n)
		}
		if err := Check([]string{arg}); err == nil || !strings.Contains(err.Error(), "more than") {
			t.Errorf("%.20s: %v", arg, err)
		}
	}
	for _, many := range []string{strings.Repeat("{a,b}", 17), strings.Repeat("x", 4096) + "{a,b}"} {
		if got := slices.Collect(words(many)); len(got) != 1 || got[0] != many {
			t.Errorf("%d words", len(got))
		}
	}
}

func TestBracesOfFiles(t *testing.T) {
	t.Chdir(tree(t, "s-0.png", "s-1.png", "s-3.png", "{0,1}.png", "train/a.jpg", "l0.txt"))
	write(t, "l0.txt", "s-{0..1}.png\n{0,1}.png\n")
	for _, c := range []struct {
		args []string
		want []string
	}{
		{[]string{"s-{0..3}.png"}, []string{"s-0.png", "s-1.png", "s-2.png", "s-3.png"}}, // one is missing: it fails in its place
		{[]string{"{0,1}.png"}, []string{"{0,1}.png"}},
		{[]string{"{train,val}/*.jpg"}, []string{"train/a.jpg"}},
		{[]string{"s-{0,1}.p*"}, []string{"s-0.png", "s-1.png"}},
		{[]string{"{train,s-0.png}"}, []string{"train/a.jpg", "s-0.png"}},
		{[]string{"@l0.txt"}, []string{"s-0.png", "s-1.png", "{0,1}.png"}},
		{[]string{"@l{0..0}.txt"}, []string{"s-0.png", "s-1.png", "{0,1}.png"}},
	} {
		if err := Check(c.args); err != nil {
			t.Errorf("%q: %v", c.args, err)
		}
		if got := names(c.args, Options{}); !slices.Equal(got, c.want) {
			t.Errorf("%q: %q, want %q", c.args, got, c.want)
		}
	}
	var files []string
	for f := range Files([]string{"s-{0..1}.png", "@l0.txt"}, Options{}) {
		files = append(files, filepath.ToSlash(f))
	}
	if want := []string{"s-0.png", "s-1.png", "l0.txt", "s-0.png", "s-1.png", "{0,1}.png"}; !slices.Equal(files, want) {
		t.Errorf("%q, want %q", files, want)
	}
	for arg, want := range map[string]string{
		"t-{0..2}.tar": "no file is called t-{0..2}.tar, and of the 3 names that its braces stand for (t-0.tar to t-2.tar) none is there",
		"{x,y}/*.jpg":  "no file is called {x,y}/*.jpg",
		"{a,[}":        "syntax error",
	} {
		if err := Check([]string{arg}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", arg, err, want)
		}
	}
	if Single([]string{"s-{0..1}.png"}, Options{}) || !Single([]string{"{0,1}.png"}, Options{}) || !Globbed([]string{"{a,b*}"}) || Globbed([]string{"{a,b}"}) {
		t.Error("what braces stand for is not looked at")
	}
}

func FuzzBraces(f *testing.F) {
	f.Add("a-{000..099}.tar")
	f.Add("{a,b{c,d}}{0..9..2}")
	f.Fuzz(func(t *testing.T, arg string) {
		if n := countWords(words(arg)); n == 0 || n > maxWords+1 {
			t.Errorf("%q: %d words", arg, n)
		}
	})
}
