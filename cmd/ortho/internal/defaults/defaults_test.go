package defaults

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var commands = []string{"classify", "classify-text", "generate", "bench run"}

// reading reads a file and an environment.
func reading(t *testing.T, file string, environ ...string) (*Set, error) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "config.json")
	if err := os.WriteFile(name, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	return Read(append(environ, FileVariable+"="+name, "PATH=/bin"), commands)
}

// TestOrder: the environment before the file, what is of one command before what is of all.
func TestOrder(t *testing.T) {
	const file = `{"provider": "f", "threads": 2, "strip": true, "provider-option": ["a.b=1", "a.c=2"], "timeout-per-image": "30s", "min-probability": 0.25,
		"generate": {"provider": "fg"}, "bench run": {"model": "m"}}`
	s, err := reading(t, file, "ORTHO_THREADS=3", "ORTHO_CLASSIFY_THREADS=4", "ORTHO_CLASSIFY_TEXT_MODEL=t", "ORTHO_MODEL=", "ORTHO_PROVIDER_OPTION=a.d=1 a.e=2")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ command, flag, want string }{
		{"classify", "threads", "4"}, {"generate", "threads", "3"}, {"classify", "provider", "f"}, {"generate", "provider", "fg"}, {"generate", "provider-option", "a.d=1 a.e=2"},
		{"classify-text", "model", "t"}, {"classify", "model", ""}, {"bench run", "model", "m"}, {"classify", "strip", "true"}, {"classify", "timeout-per-image", "30s"},
		{"classify", "min-probability", "0.25"}, {"classify", "batch", ""},
	} {
		d, ok := s.Of(c.command, c.flag)
		if got := strings.Join(d.Values, " "); got != c.want || ok != (c.want != "") {
			t.Errorf("%s --%s: %q from %s, want %q", c.command, c.flag, got, d.From, c.want)
		}
	}
}

// TestMistakes: what is wrong in the file or the environment is named, with what was likely meant.
func TestMistakes(t *testing.T) {
	for _, c := range []struct{ file, variable, want string }{
		{`{"provder": "cpu"}`, "", `unknown key "provder"; did you mean provider?`},
		{`{"max_memory": 100}`, "", "did you mean max-memory?"},
		{`{"clasify": {}}`, "", "did you mean classify?"},
		{`{"output": "x"}`, "", "flags that may have a default are model,"},
		{`{"api_key": "sk-1"}`, "", "no secrets are read from this file"},
		{`{"OPENAI_API_KEY": "sk-1"}`, "", "OPENAI_API_KEY"},
		{`{"threads": "two"}`, "", `"threads": it takes a whole number, and not "two"`},
		{`{"threads": 1.5}`, "", "a whole number"},
		{`{"generate": {"strip": 1}}`, "", `"generate": "strip": it takes true or false`},
		{`{"generate": "span-x2"}`, "", `"generate" is a command, and takes an object`},
		{`{"generate": {"generate": {}}}`, "", `unknown key "generate"`},
		{`{"model": ["a", "b"]}`, "", "a text"},
		{`{"provider-option": [1]}`, "", "texts"},
		{`{"model": null}`, "", "a text"},
		{`{"model": "a", "model": "b"}`, "", `"model" is there twice`},
		{`["model"]`, "", "one JSON object"},
		{`{model: "a"}`, "", "one JSON object"},
		{`{"model": "a"} {}`, "", "more behind it"},
		{``, "", "one JSON object"},
		{`{}`, "ORTHO_THREADS=many", "ORTHO_THREADS=many: --threads takes a whole number"},
		{`{}`, "ORTHO_STRIP=si", "true or false"},
	} {
		if _, err := reading(t, c.file, c.variable); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %s: %v, want %q", c.file, c.variable, err, c.want)
		}
	}
	for variable, want := range map[string]string{"ORTHO_PROVIDR=cpu": "did you mean ORTHO_PROVIDER?", "ORTHO_TEST_MAIN=1": "", "ORTHO_ONNXRUNTIME=/x": "", "ORTHO_GENERATE_MODLE=x": "did you mean ORTHO_GENERATE_MODEL?"} {
		s, err := reading(t, "{}", variable)
		if err != nil || strings.Join(s.Notices, "") == "" != (want == "") || !strings.Contains(strings.Join(s.Notices, ""), want) {
			t.Errorf("%s: %q, %v", variable, s.Notices, err)
		}
	}
	if _, err := Read([]string{FileVariable + "=config.json"}, commands); err == nil || !strings.Contains(err.Error(), "an absolute path") {
		t.Errorf("a file of the working folder: %v", err)
	}
	if s, err := Read([]string{FileVariable + "=off"}, commands); err != nil || s.File != "" || len(s.All) > 0 {
		t.Errorf("%+v, %v", s, err)
	}
	if s, err := Read([]string{FileVariable + "=/none/there.json"}, commands); err != nil || s.File != "/none/there.json" {
		t.Errorf("a file that is not there: %+v, %v", s, err)
	}
	if _, err := Read([]string{FileVariable + "=" + t.TempDir()}, commands); err == nil {
		t.Error("a folder is read")
	}
}

// FuzzFile: no file makes it panic, and what is read can be typed.
func FuzzFile(f *testing.F) {
	f.Add([]byte(`{"provider": "f", "threads": 2, "provider-option": ["a.b=1"], "generate": {"strip": true}}`))
	f.Add([]byte(`{"a": {"a": [[[[`))
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := parse(data, "config.json", commands)
		for _, d := range all {
			if err != nil || d.Flag == "" || d.From == "" {
				t.Errorf("%+v, %v", d, err)
			}
		}
	})
}
