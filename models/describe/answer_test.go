package describe_test

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"ortho/models/describe"
)

const plain = `{"description":"A cat.","objects":["cat"],"attributes":[],"scene":"sofa","class":"281 tabby, tabby cat","other":""}`

func TestAnswers(t *testing.T) {
	with := func(class, other string) string {
		return strings.NewReplacer(`"281 tabby, tabby cat"`, `"`+class+`"`, `"other":""`, `"other":"`+other+`"`).Replace(plain)
	}
	same := append([]describe.Candidate{{Index: 9, Name: "tiger cat"}}, cats...)
	for _, c := range []struct {
		name, answer string
		candidates   []describe.Candidate
		class        describe.Class
		wrong        string
	}{
		{"plain", plain, cats, describe.Class{Index: 281, Name: "tabby, tabby cat"}, ""},
		{"white space", "\n " + plain + "\n", cats, describe.Class{Index: 281, Name: "tabby, tabby cat"}, ""},
		{"fenced", "Here you are:\n```json\n" + plain + "\n```\nAnything else?", cats, describe.Class{Index: 281, Name: "tabby, tabby cat"}, ""},
		{"thoughts", "<think>{maybe} a cat</think>\n" + plain, cats, describe.Class{Index: 281, Name: "tabby, tabby cat"}, ""},
		{"introduction", "The answer is " + plain + " as asked.", cats, describe.Class{Index: 281, Name: "tabby, tabby cat"}, ""},
		{"index", with("285", ""), cats, describe.Class{Index: 285, Name: "Egyptian cat"}, ""},
		{"name", with("egyptian CAT", ""), cats, describe.Class{Index: 285, Name: "Egyptian cat"}, ""},
		{"a name that two have", with("tiger cat", ""), same, describe.Class{}, "none of the strings"},
		{"its index", with("9 tiger cat", ""), same, describe.Class{Index: 9, Name: "tiger cat"}, ""},
		{"another name for an index", with("281 Egyptian cat", ""), cats, describe.Class{}, "none of the strings"},
		{"other", with("other", "lynx"), cats, describe.Class{Index: -1, Name: "lynx"}, ""},
		{"other without text", with("other", " "), cats, describe.Class{}, `"other" is empty`},
		{"free", `{"description":"A cat.","objects":[],"attributes":[],"scene":"","class":"lynx"}`, nil, describe.Class{Index: -1, Name: "lynx"}, ""},
		{"free, empty", `{"description":"A cat.","objects":[],"attributes":[],"scene":"","class":""}`, nil, describe.Class{}, `"class" is empty`},
		{"two", plain + plain, cats, describe.Class{Index: 281, Name: "tabby, tabby cat"}, ""},
		{"no object", `["a"]`, cats, describe.Class{}, "no JSON"},
		{"no description", strings.Replace(plain, "A cat.", "\\u0007", 1), cats, describe.Class{}, "is empty"},
		{"null", strings.Replace(plain, `["cat"]`, "null", 1), cats, describe.Class{Index: 281, Name: "tabby, tabby cat"}, ""},
		{"other missing", strings.Replace(plain, `,"other":""`, "", 1), cats, describe.Class{}, `"other" is missing`},
		{"much text", strings.Replace(plain, "A cat.", strings.Repeat("ä", 8001), 1), cats, describe.Class{}, "8000 characters"},
		{"many objects", strings.Replace(plain, `"cat"`, `"cat"`+strings.Repeat(`,"cat"`, 100), 1), cats, describe.Class{}, "100 strings"},
		{"a long object", strings.Replace(plain, `"cat"`, `"`+strings.Repeat("x", 501)+`"`, 1), cats, describe.Class{}, "500 characters"},
		{"too long", plain + strings.Repeat(" ", 256<<10), cats, describe.Class{}, "bytes"},
		{"nested", strings.Repeat(`{"description":`, 12_000), cats, describe.Class{}, "depth"},
	} {
		first, again, err := describe.Read(c.answer, c.candidates)
		first.Mended, again.Mended = nil, nil // see TestMended
		switch {
		case c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)):
			t.Errorf("%s: %+v, %v; want an error with %s", c.name, first, err, c.wrong)
		case c.wrong == "" && (err != nil || first.Class != c.class || !reflect.DeepEqual(first, again)):
			t.Errorf("%s: %+v, again %+v, %v", c.name, first, again, err)
		}
	}
}

func TestSoFar(t *testing.T) {
	for answer, want := range map[string]string{
		``: "", `{"desc`: "", `{"description"`: "", `{"description": `: "", `{"description":7`: "", `{"description":"`: "",
		`{"description":"A ca`: "A", `{"description":"A cat `: "A cat", `{"description": "A cat.","x":1`: "A cat.", `{"description":"ein k\u00e4`: "ein kä", `{"description":"ein k\u00`: "ein", `{"description":"a \"b\" c\`: `a "b"`,
		`{"description":"猫が`: "猫が", `{"description":"x \ud83d\ude00`: "x 😀", `{"description":"x \ud83d`: "x", `{"description":"x\\"`: `x\`,
	} {
		if got := describe.SoFar(answer); got != want {
			t.Errorf("%s: %q, want %q", answer, got, want)
		}
	}
}

func FuzzAnswer(f *testing.F) {
	f.Add(plain)
	f.Add("```json\n" + plain + "```")
	f.Add(`{"description":"\ud83d\u0000\u202e","objects":[""],"attributes":[" a  b "],"scene":"","class":"other","other":"x"}`)
	f.Fuzz(func(t *testing.T, answer string) {
		if s := describe.SoFar(answer); !utf8.ValidString(s) || strings.ContainsAny(s, "\x00\x1b\u202e") {
			t.Errorf("so far %q", s)
		}
		for _, candidates := range [][]describe.Candidate{cats, nil} {
			first, again, err := describe.Read(answer, candidates)
			if err != nil {
				if first.Sentence != "" && again.Sentence == "" {
					t.Errorf("%q reads, but not again: %v", answer, err)
				}
				continue
			}
			if again.Mended != nil { // it is kept as it was mended
				t.Errorf("%q: %q again", answer, again.Mended)
			}
			if first.Mended = nil; !reflect.DeepEqual(first, again) {
				t.Errorf("%q: %+v, again %+v", answer, first, again)
			}
			if first.Class.Name == "" || first.Sentence == "" || strings.ContainsAny(first.Sentence+first.Scene+first.Class.Name+strings.Join(first.Objects, ""), "\x00\x1b\u009b\u202e") {
				t.Errorf("%q: %+v", answer, first)
			}
		}
	})
}

func FuzzEntry(f *testing.F) {
	f.Add([]byte(`{"id":"x","model":"m","answer":{"a":1}}`))
	f.Add([]byte(`{"id":"x","answer":null}`))
	f.Fuzz(func(t *testing.T, file []byte) {
		e, ok := describe.ReadEntry(bytes.NewReader(file), "x")
		if ok && (e.ID != "x" || len(e.Answer) == 0) {
			t.Errorf("%+v", e)
		}
	})
}

func FuzzExcerpt(f *testing.F) {
	f.Add("<html><script>x</script>a&nbsp;b\x1b[31m")
	d, err := describe.Open(describe.Options{Key: describe.NewKey("sk-0123456789abcdef")})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, text := range []string{s, "sk-0123456789abcdef" + s, s + "sk-0123456789abcdef"} {
			if got := d.Excerpt(text); !utf8.ValidString(got) || utf8.RuneCountInString(got) > 203 || strings.ContainsAny(got, "\n\x1b\u202e") || strings.Contains(got, "sk-0123456789abcdef") {
				t.Errorf("%q: %q", text, got)
			}
		}
	})
}
