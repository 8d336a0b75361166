package describe_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ortho/models/describe"
	"ortho/models/describe/openaitest"
)

func TestPrompts(t *testing.T) {
	var names []string
	s := openaitest.New(t)
	for _, p := range describe.Prompts() {
		names = append(names, p.Name)
		d, _ := open(t, s, describe.Options{Prompt: p})
		if _, err := d.Describe(t.Context(), small("a", cats...)); err != nil {
			t.Error(err)
		}
		text := s.Requests()[len(s.Requests())-1].Text
		if p.About == "" || strings.Contains(p.About, "\n") || strings.Contains(text, p.About) || strings.Contains(text, "#") || strings.Contains(text, "{{") {
			t.Errorf("%s: about %q, prompt %s", p.Name, p.About, text)
		}
	}
	if got := strings.Join(names, " "); got != "alt-text caption detailed product" {
		t.Errorf("prompts %s", got)
	}
}

func TestPromptFiles(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "own.txt")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("\xef\xbb\xbf# My own.\r\nSay it{{with .Language}} in {{.}}{{end}}.{{range .Candidates}} {{.Index}}={{.Name}} at {{percent .Probability}}{{else}} Nothing known.{{end}}\r\n")
	p, err := describe.FindPrompt(path)
	if err != nil || p.Name != "own" || p.About != "My own." {
		t.Fatalf("%+v, %v", p, err)
	}
	s := openaitest.New(t)
	for _, c := range []struct {
		opt  describe.Options
		want string
	}{
		{describe.Options{Prompt: p, Language: "de"}, "Say it in de. 281=tabby, tabby cat at 50.0 % 285=Egyptian cat at 25.0 % 282=tiger cat at 12.5 %\n\n"},
		{describe.Options{Prompt: p, NoEvidence: true}, "Say it. Nothing known.\n\n"},
	} {
		d, _ := open(t, s, c.opt)
		if _, err := d.Describe(t.Context(), small("a", cats...)); err != nil {
			t.Error(err)
		}
		if text := s.Requests()[len(s.Requests())-1].Text; !strings.HasPrefix(text, c.want) {
			t.Errorf("prompt %s", text)
		}
	}
	for name, text := range map[string]string{
		"empty": "# only about\n", "broken": "{{if", "unknown field": "{{.Image}}", "unknown function": "{{foo}}", "printf": `{{printf "%9999999d" 1}}`, "call": "{{call .Language}}",
		"numbers": "{{range 1000000000}}x{{end}}", "text": "{{range .Language}}x{{end}}", "define": `{{define "x"}}{{template "x"}}{{end}}{{template "x"}}`, "block": `{{block "own" .}}{{template "own" .}}{{end}}`,
		"itself": `{{template "own"}}`, "long": strings.Repeat("x", 65<<10), "not UTF-8": "\xff", "nested": `{{range .Candidates}}{{if true}}{{range 100000000}}{{end}}{{end}}{{end}}`, "parenthesis": `{{if (printf "%d" 1)}}{{end}}`,
		"variable": `{{$n := 1000000000}}{{range $n}}{{end}}`, "break": `{{break}}`,
		"within itself": "{{range .Candidates}}{{range $.Candidates}}{{end}}{{end}}", "a number or": "{{range or 1000000000000 .Candidates}}{{end}}", "a field of a call": `{{if false}}{{(printf "%999999d" 1).X}}{{end}}`,
	} {
		write(text)
		if _, err := describe.FindPrompt(path); err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	if _, err := describe.FindPrompt(filepath.Join(folder, "missing")); err == nil || !strings.Contains(err.Error(), "alt-text, caption, detailed, product") {
		t.Error(err)
	}
	// What grows beyond its limit with many candidates costs the image.
	write("{{range .Candidates}}" + strings.Repeat("x", 30<<10) + "{{end}}")
	p, err = describe.FindPrompt(path)
	if err != nil {
		t.Fatal(err)
	}
	d, _ := open(t, s, describe.Options{Prompt: p})
	if _, err := d.Describe(t.Context(), small("a", cats...)); err == nil || !strings.Contains(err.Error(), "longer than") {
		t.Error(err)
	}
}
