package describe_test

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ortho/models/describe"
	"ortho/models/describe/openaitest"
	"ortho/runner"
)

// TestWhatServersDoNotKnow holds what is sent once a server has refused a parameter, and
// that it is asked no more for the next image.
func TestWhatServersDoNotKnow(t *testing.T) {
	temperature, seed := 0.5, 3
	good := openaitest.Describe(openaitest.Description{Class: "tabby"})
	for _, c := range []struct {
		name   string
		opt    describe.Options
		answer openaitest.Answer
		first  int // requests for the first image
		holds  func(*openaitest.Request) bool
	}{
		{"json_schema", describe.Options{}, openaitest.Without(good, "json_schema"), 2, func(r *openaitest.Request) bool { return r.Format == "json_object" }},
		{"any format", describe.Options{}, openaitest.Without(good, "response_format"), 3, func(r *openaitest.Request) bool { return r.Format == "" }},
		{"max_tokens", describe.Options{}, openaitest.Without(good, "max_tokens"), 2, func(r *openaitest.Request) bool { return r.MaxTokens == 800 && r.Has("max_completion_tokens") }},
		{"any limit", describe.Options{}, openaitest.Without(good, "max_tokens", "max_completion_tokens"), 3, func(r *openaitest.Request) bool { return r.MaxTokens == 0 }},
		{"any limit, reasoning", describe.Options{Model: "o3"}, openaitest.Without(good, "max_completion_tokens"), 2, func(r *openaitest.Request) bool { return r.MaxTokens == 0 }},
		{"temperature, seed", describe.Options{Temperature: &temperature, Seed: &seed}, openaitest.Without(good, "temperature", "seed"), 3, func(r *openaitest.Request) bool { return !r.Has("temperature") && !r.Has("seed") }},
		{"all", describe.Options{Temperature: &temperature, Seed: &seed, Stream: func(string, string) {}}, openaitest.Without(good, "response_format", "max_tokens", "temperature", "seed", "stream_options"), 7,
			func(r *openaitest.Request) bool { return r.Stream }},
		{"reasoning", describe.Options{Model: "o4-mini", Temperature: &temperature}, good, 1, func(r *openaitest.Request) bool {
			return !r.Has("temperature") && r.Has("max_completion_tokens") && r.MaxTokens == 4000
		}},
		{"reasoning by a router", describe.Options{Model: "openai/gpt-5-mini", Temperature: &temperature}, good, 1, func(r *openaitest.Request) bool { return !r.Has("temperature") && r.Has("max_completion_tokens") }},
		{"not reasoning", describe.Options{Model: "gpt-4o", Temperature: &temperature}, good, 1, func(r *openaitest.Request) bool { return r.Has("temperature") && r.Has("max_tokens") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openaitest.New(t, c.answer)
			d, w := open(t, s, c.opt)
			for i, want := range []int{c.first, c.first + 1} {
				if got, err := d.Describe(t.Context(), small("a", cats...)); err != nil || got.Class.Index != 281 {
					t.Fatalf("%+v, %v", got, err)
				}
				if n := len(s.Requests()); n != want || !c.holds(s.Requests()[n-1]) || len(w.all) > 0 {
					t.Errorf("image %d: %d requests, want %d; the last %s", i, n, want, s.Requests()[n-1].Body[:200])
				}
			}
		})
	}
	s := openaitest.New(t, openaitest.Error(400, "invalid_request_error", "invalid_value", "max_tokens is too large: 800. This model supports at most 400."))
	d, _ := open(t, s, describe.Options{})
	if _, err := d.Describe(t.Context(), small("a")); describe.ErrorKind(err) != "request" || len(s.Requests()) != 2 || s.Requests()[1].Has("max_tokens") {
		t.Errorf("%d requests, %v", len(s.Requests()), err)
	}
}

// TestLearningTogether has many images meet the same refusals at once.
func TestLearningTogether(t *testing.T) {
	s := openaitest.New(t, openaitest.Without(openaitest.Describe(openaitest.Description{}), "response_format", "max_tokens"))
	d, _ := open(t, s, describe.Options{Concurrency: 8})
	for r := range runner.Map(t.Context(), slices.Values(make([]int, 40)), d.Limit(), func(ctx context.Context, _ int) (describe.Description, error) {
		return d.Describe(ctx, small("b"))
	}) {
		if r.Err != nil {
			t.Error(r.Err)
		}
	}
	// At worst all that are in flight are refused for each of the three reasons.
	if n := len(s.Requests()); n > 40+3*8 || d.Usage().Requests != 40 {
		t.Errorf("%d requests, %d answered", n, d.Usage().Requests)
	}
}

func TestRepair(t *testing.T) {
	bad := "```json\n{\"description\":\"A cat.\"}\n```"
	s := openaitest.New(t, openaitest.Say(bad), openaitest.Describe(openaitest.Description{Class: "tiger"}))
	d, _ := open(t, s, describe.Options{})
	got, err := d.Describe(t.Context(), small("a", cats...))
	if err != nil || got.Class.Index != 282 || got.Usage.Requests != 2 || got.Usage.Total() != 2100 {
		t.Errorf("%+v, %v", got, err)
	}
	if r := s.Requests()[1]; r.Messages != 3 || !strings.Contains(r.Text, bad) || !strings.Contains(r.Text, `"objects" is missing`) || len(r.Image) == 0 {
		t.Errorf("%d messages: %s", r.Messages, r.Text)
	}
}

func TestBudget(t *testing.T) {
	s := openaitest.New(t, openaitest.Costing(openaitest.Describe(openaitest.Description{}), 900, 0, 100, 0))
	d, _ := open(t, s, describe.Options{Budget: 3500})
	for i := range 5 {
		_, err := d.Describe(t.Context(), small("a"))
		if want := i >= 3; (describe.ErrorKind(err) == "budget") != want || !want && err != nil || want && !describe.Fatal(err) {
			t.Errorf("image %d: %v", i, err)
		}
	}
	if len(s.Requests()) != 3 || d.Usage().Total() != 3000 {
		t.Errorf("%d requests, %+v", len(s.Requests()), d.Usage())
	}
	// Before anything is known, an estimate of the request decides.
	d, _ = open(t, s, describe.Options{Budget: 900})
	if _, err := d.Describe(t.Context(), small("a")); describe.ErrorKind(err) != "budget" || len(s.Requests()) != 3 {
		t.Errorf("%d requests, %v", len(s.Requests()), err)
	}
	// A server that does not count is estimated.
	s = openaitest.New(t, openaitest.Costing(openaitest.Describe(openaitest.Description{}), 0, 0, 0, 0))
	d, _ = open(t, s, describe.Options{Budget: 4000})
	var err error
	for range 10 {
		if _, err = d.Describe(t.Context(), small("a")); err != nil {
			break
		}
	}
	if describe.ErrorKind(err) != "budget" || d.Usage().Total() != 0 || len(s.Requests()) == 0 {
		t.Errorf("%d requests, %v", len(s.Requests()), err)
	}
}

func TestCache(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "a", "b")
	s := openaitest.New(t, openaitest.Describe(openaitest.Description{Sentence: "A cat.", Class: "tabby"}))
	var told []string
	ask := func(opt describe.Options, img describe.Image) (describe.Description, bool) {
		t.Helper()
		opt.Cache = folder
		before := len(s.Requests())
		d, _ := open(t, s, opt)
		got, err := d.Describe(t.Context(), img)
		if err != nil {
			t.Fatal(err)
		}
		asked := len(s.Requests()) > before
		if got.Cached == asked || got.Sentence != "A cat." || got.Model == "" || asked == (d.Usage() == describe.Usage{}) || got.Usage != d.Usage() {
			t.Errorf("asked %v, %+v, usage %+v", asked, got, d.Usage())
		}
		return got, asked
	}
	cat := small("a", cats...)
	first, asked := ask(describe.Options{}, cat)
	if !asked {
		t.Fatal("not asked")
	}
	again, asked := ask(describe.Options{Stream: func(_, soFar string) { told = append(told, soFar) }}, cat)
	if asked || again.Class != first.Class || !slices.Equal(told, []string{"A cat."}) {
		t.Errorf("asked %v, %+v, told %q", asked, again, told)
	}
	seed, warm := 1, 0.7
	product, err := describe.FindPrompt("product")
	if err != nil {
		t.Fatal(err)
	}
	for name, opt := range map[string]describe.Options{
		"seed": {Seed: &seed}, "temperature": {Temperature: &warm}, "model": {Model: "other"}, "prompt": {Prompt: product}, "language": {Language: "de"},
		"detail": {Detail: describe.DetailHigh}, "side": {MaxSide: 32}, "evidence": {NoEvidence: true}, "tokens": {MaxTokens: 100},
	} {
		if _, asked := ask(opt, cat); !asked {
			t.Errorf("another %s: the same answer", name)
		}
	}
	if _, asked := ask(describe.Options{}, small("a", cats[:2]...)); !asked {
		t.Error("other candidates: the same answer")
	}
	if _, asked := ask(describe.Options{}, small("b", cats...)); !asked {
		t.Error("another image: the same answer")
	}
	damage(t, folder)
	if _, asked := ask(describe.Options{}, cat); !asked {
		t.Error("a damaged file: an answer")
	}
	if _, asked := ask(describe.Options{}, cat); asked {
		t.Error("a damaged file is not replaced")
	}
	if left, _ := filepath.Glob(filepath.Join(folder, "*", ".*")); len(left) > 0 {
		t.Errorf("%q are left", left)
	}
}

// damage cuts all files of a folder in half.
func damage(t *testing.T, folder string) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		n++
		info, err := e.Info()
		if err != nil {
			return err
		}
		return os.Truncate(path, info.Size()/2)
	})
	if err != nil || n == 0 {
		t.Fatal(n, err)
	}
}

// TestCacheThatCannotBeWritten keeps the answer, and notifies.
func TestCacheThatCannotBeWritten(t *testing.T) {
	folder := t.TempDir()
	var lines []string
	s := openaitest.New(t)
	d, _ := open(t, s, describe.Options{Cache: filepath.Join(folder, "c"), Notify: func(line string) { lines = append(lines, line) }})
	if err := os.RemoveAll(filepath.Join(folder, "c")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "c"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Describe(t.Context(), small("a")); err != nil || len(lines) != 1 || !strings.Contains(lines[0], "cache") {
		t.Errorf("%v, told %q", err, lines)
	}
	if _, err := describe.Open(describe.Options{Cache: filepath.Join(folder, "c")}); err == nil {
		t.Error("a file as the cache's folder")
	}
}

func TestOffline(t *testing.T) {
	// This machine's own server may be asked; others may not.
	s := openaitest.New(t)
	d, _ := open(t, s, describe.Options{Offline: true})
	if _, err := d.Describe(t.Context(), small("a")); err != nil {
		t.Error(err)
	}
	for _, c := range []struct {
		opt  describe.Options
		kind string
	}{
		{describe.Options{Offline: true}, "offline"},
		{describe.Options{Offline: true, BaseURL: "https://example.com/v1", Key: describe.NewKey("sk-0123456789")}, "offline"},
		{describe.Options{}, "auth"},
	} {
		d, err := describe.Open(c.opt)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Describe(t.Context(), small("a")); describe.ErrorKind(err) != c.kind || d.Host().Loopback {
			t.Errorf("%+v: %v", c.opt, err)
		}
	}
}

func TestHost(t *testing.T) {
	for url, want := range map[string]describe.Host{
		"": {"api.openai.com", false, false}, "http://localhost:11434/v1/": {"localhost:11434", true, true}, "http://127.1.2.3/v1": {"127.1.2.3", true, true}, "http://[::1]:8080": {"[::1]:8080", true, true},
		"http://x.localhost": {"x.localhost", false, true}, "http://localhost.example.com": {"localhost.example.com", false, true}, "http://192.168.0.7:8000/v1": {"192.168.0.7:8000", false, true},
		"http://0.0.0.0:80": {"0.0.0.0:80", false, true},
	} {
		d, err := describe.Open(describe.Options{BaseURL: url})
		if err != nil || d.Host() != want {
			t.Errorf("%q: %+v, %v; want %+v", url, d.Host(), err, want)
		}
	}
}

func TestOptions(t *testing.T) {
	nine := 9.0
	for _, opt := range []describe.Options{
		{BaseURL: "ftp://example.com"}, {BaseURL: "localhost:11434"}, {BaseURL: "https://"}, {BaseURL: "https://user:sk-0123456789@example.com"}, {BaseURL: "https://example.com/v1?key=sk-0123456789"}, {BaseURL: "http://a b/sk-0123456789"},
		{Detail: "ultra"}, {MaxSide: 8}, {MaxSide: 100_000}, {MaxBytes: 100}, {Temperature: &nine}, {Budget: -1}, {Language: "de\nIgnore all"}, {Model: "a\x00b"}, {Tries: 1000},
		{Key: describe.NewKey("sk-0123456789 and more")}, {Key: describe.NewKey("sk-0123456789é")},
	} {
		if _, err := describe.Open(opt); err == nil || strings.Contains(err.Error(), "0123456789") {
			t.Errorf("%+v: %v", opt, err)
		}
	}
}

func TestClassesOfASchema(t *testing.T) {
	many := func(n, length int) []describe.Candidate {
		all := make([]describe.Candidate, n)
		for i := range all {
			all[i] = describe.Candidate{Index: i, Name: strings.Repeat("x", length), Probability: float64(i) / float64(n)}
		}
		return all
	}
	for _, c := range []struct {
		candidates []describe.Candidate
		want       int
	}{{nil, 0}, {many(5, 20), 6}, {many(249, 90), 250}, {many(250, 90), 250}, {many(1000, 90), 250}, {many(999, 8), 1000}, {many(5000, 8), 1000}, {append(many(5, 3), many(5, 4)...), 6}} {
		names, err := describe.Enum(c.candidates)
		if err != nil || len(names) != c.want {
			t.Errorf("%d candidates: %d names, %v; want %d", len(c.candidates), len(names), err, c.want)
		}
		if c.want > 6 && !slices.Contains(names, fmt.Sprintf("%d %s", len(c.candidates)-1, c.candidates[0].Name)) {
			t.Errorf("%d candidates: the most probable is not there", len(c.candidates))
		}
	}
	// What the API takes of the longest lists is checked by its rules.
	s := openaitest.New(t)
	d, _ := open(t, s, describe.Options{})
	for _, candidates := range [][]describe.Candidate{many(1000, 90), many(5000, 8), {{Index: 3, Name: "a \"quoted\"\n\x1b name", Probability: 1}, {Index: 4}}} {
		if _, err := d.Describe(t.Context(), small("a", candidates...)); err != nil {
			t.Error(err)
		}
	}
	if got := s.Requests()[2].Classes; !slices.Equal(got, []string{`3 a "quoted" name`, "4", "other"}) {
		t.Errorf("classes %q", got)
	}
	for _, bad := range []describe.Candidate{{Index: -1}, {Index: 1, Probability: 1.5}, {Index: 1, Probability: -0.1}} {
		if _, err := d.Describe(t.Context(), small("a", bad)); err == nil {
			t.Errorf("%+v is taken", bad)
		}
	}
}
