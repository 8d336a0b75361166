package describe_test

import (
	"reflect"
	"strings"
	"testing"

	"ortho/models/describe"
)

// TestMended: what is nearly the answer that was asked for is read, and it is said what was not so.
func TestMended(t *testing.T) {
	cats := []describe.Candidate{{Index: 281, Name: "tabby, tabby cat", Probability: 0.6}, {Index: 285, Name: "Egyptian cat", Probability: 0.3}}
	const rest = `"attributes":["striped"],"scene":"sofa","class":"281 tabby, tabby cat","other":""`
	for name, c := range map[string]struct{ answer, mended string }{
		"as it should be":      {`{"description":"A cat.","objects":["cat"],` + rest + `}`, ""},
		"a sentence behind":    {`{"description":"A cat.","objects":["cat"],` + rest + "}\n\nI hope this {helps}!", ""},
		"tokens behind":        {`{"description":"A cat.","objects":["cat"],` + rest + "}<|im_end|>", ""},
		"a brace in front":     {`Set {a, b}: {"description":"A cat.","objects":["cat"],` + rest + `}`, ""},
		"a key more":           {`{"description":"A cat.","objects":["cat"],` + rest + `,"confidence":0.9}`, "passed over: confidence"},
		"capitals":             {`{"Description":"A cat.","objects":["cat"],` + rest + `}`, `description: it is called "Description"`},
		"a comma too many":     {`{"description":"A cat.","objects":["cat",],` + rest + `,}`, "JSON: a comma too many"},
		"curled quotes":        {`{“description”:“A cat.”,"objects":["cat"],` + rest + `}`, "JSON: curled quotes"},
		"a line feed":          {"{\"description\":\"A\ncat.\",\"objects\":[\"cat\"]," + rest + `}`, "JSON: control characters in a string"},
		"a string for a list":  {`{"description":"A cat.","objects":"cat",` + rest + `}`, "objects: a string for a list"},
		"a list of objects":    {`{"description":"A cat.","objects":[{"name":"cat"}],` + rest + `}`, "objects: not all of them strings"},
		"null":                 {`{"description":"A cat.","objects":["cat"],"attributes":["striped"],"scene":null,"class":"281 tabby, tabby cat","other":null}`, "scene: null for a string; other: null for a string"},
		"a list for a string":  {`{"description":["A cat."],"objects":["cat"],` + rest + `}`, "description: a list for a string"},
		"an index":             {strings.Replace(`{"description":"A cat.","objects":["cat"],`+rest+`}`, `"281 tabby, tabby cat"`, "281", 1), `class: a number or a truth value for a string; class: "281" for "281 tabby, tabby cat"`},
		"a name, in capitals":  {strings.Replace(`{"description":"A cat.","objects":["cat"],`+rest+`}`, "281 tabby, tabby cat", "TABBY", 1), `class: "TABBY" for "281 tabby, tabby cat"`},
		"as Python prints it":  {`{'description': 'A cat.', 'objects': ['cat'], 'attributes': ["it's striped", 'say \"a\"', 'a cat\'s'], 'scene': 'sofa', 'class': '281 tabby, tabby cat', 'other': None}`, "JSON: single quotes; JSON: Python's words; other: null for a string"},
		"comments":             {"{ // what it is\n\"description\":\"A cat.\",/* all */\"objects\":[\"cat\"]," + rest + `}`, "JSON: comments"},
		"no last bracket":      {`{"description":"A cat.","objects":["cat"],` + rest + "\n", "JSON: a bracket is missing at its end"},
		"a string of it":       {`"{\"description\":\"A cat.\",\"objects\":[\"cat\"],\"attributes\":[],\"scene\":\"sofa\",\"class\":\"281 tabby, tabby cat\",\"other\":\"\"}"`, "JSON: a string for an object"},
		"an index and a colon": {strings.Replace(`{"description":"A cat.","objects":["cat"],`+rest+`}`, "281 tabby, tabby cat", "281: tabby, tabby cat", 1), `class: "281: tabby, tabby cat" for "281 tabby, tabby cat"`},
	} {
		d, _, err := describe.Read(c.answer, cats)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := strings.Join(d.Mended, "; "); got != c.mended {
			t.Errorf("%s: mended %q, want %q", name, got, c.mended)
		}
		if d.Class.Index != 281 || strings.Join(strings.Fields(d.Sentence), " ") != "A cat." || name != "null" && (d.Scene != "sofa" || !reflect.DeepEqual(d.Objects, []string{"cat"})) {
			t.Errorf("%s: %+v", name, d)
		}
	}
}
