package where

import (
	"strings"
	"testing"
)

type class struct {
	Label string  `expr:"label"`
	P     float64 `expr:"p"`
}

type row struct {
	class
	Classes []class `expr:"classes"`
	Input   string  `expr:"input"`
	Error   string  `expr:"error"`
}

func of(classes ...class) row {
	r := row{Classes: classes, Input: "photos/a.jpg"}
	if len(classes) > 0 {
		r.class = classes[0]
	}
	return r
}

func TestKeeps(t *testing.T) {
	cat := of(class{"tabby cat", 0.9}, class{"dog", 0.05})
	failed := row{Input: "b.jpg", Error: "no image"}
	for text, want := range map[string][3]bool{ // of cat, of one without classes, of failed
		`label == "tabby cat" && p > 0.8`:                {true, false, true},
		`p > 0.95`:                                       {false, false, true},
		`not (label contains "cat")`:                     {false, true, true},
		`any(classes, .label == "dog" && .p > 0.01)`:     {true, false, true},
		`any(classes, {#.label == "dog"})`:               {true, false, true},
		`len(classes) == 0`:                              {false, true, true},
		`label in ["dog", "tabby cat"]`:                  {true, false, true},
		`input matches "^photos/.*[.]jpg$"`:              {true, true, true},
		`error == ""`:                                    {true, true, false},
		`error != ""`:                                    {false, false, true},
		`p > 0.8 and error == "" or input == "x"`:        {true, false, false},
		`all(classes, .p < 0.5)`:                         {false, true, true},
		"count(classes, .p >= 0.05) == 2 /* both */":     {true, false, true},
		"label startsWith 'tabby' && label endsWith 't'": {true, false, true},
	} {
		f, err := Parse(text, row{})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		for i, r := range []row{cat, of(), failed} {
			if got, err := f.Keeps(r, r.Error != ""); err != nil || got != want[i] {
				t.Errorf("%s, row %d: %v, %v", text, i, got, err)
			}
		}
	}
}

func TestMistakes(t *testing.T) {
	for text, want := range map[string][]string{
		`lable == "cat"`:                {"unknown name lable (1:1)", "known are label, p, classes, input, error"},
		`label == cat`:                  {"unknown name cat (1:10)", "quotes"},
		`label = "cat"`:                 {"(1:7)", "equal is =="},
		`p > "0.8"`:                     {"mismatched types float64 and string) (1:3)"},
		`p`:                             {"expected bool"},
		`label == "cat" &&`:             {"unexpected token EOF"},
		`any(classes, label == "cat")`:  {"own label is .label", "(1:14)"},
		`any(classes, .lable == "cat")`: {"an element has no .lable (1:15)", "did you mean label?", "known are label, p"},
		`probability > 0.5`:             {"unknown name probability (1:1)", "did you mean p?"},
		`name == "cat"`:                 {"did you mean label?"},
		`any(classes, .score > 0.5)`:    {"did you mean p?"},
		`path contains "x"`:             {"did you mean input?"},
		`input matches "["`:             {"missing closing ]"},
		``:                              {"empty"},
		`p > 0.5 ` + strings.Repeat(" ", maxText): {"bytes"},
		strings.Repeat("(", 20000):                {""},
	} {
		_, err := Parse(text, row{})
		if err == nil {
			t.Errorf("%.40s: no error", text)
			continue
		}
		for _, w := range want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%.40s: %v; no %q", text, err, w)
			}
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`any(classes, .label == "cat" && .p > 0.8)`)
	f.Add(`input matches label`)
	f.Fuzz(func(t *testing.T, text string) {
		if filter, err := Parse(text, row{}); err == nil && len(text) < 100 && !strings.Contains(text, "..") {
			filter.Keeps(of(class{"cat", 0.9}), false)
		}
	})
}
