package describe_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"ortho/models/describe"
	"ortho/models/describe/openaitest"
)

func TestFailures(t *testing.T) {
	good := openaitest.Describe(openaitest.Description{Class: "tabby"})
	wrongClass := `{"description":"A cat.","objects":[],"attributes":[],"scene":"","class":"white wolf","other":""}`
	gateway := `<html><head><title>502</title><style>p{}</style></head><body><script>alert(1)</script><h1>Bad&nbsp;Gateway</h1>` + strings.Repeat("<p>nginx\x1b[2J", 100) + `</body></html>`
	page := openaitest.Page(http.StatusBadGateway, gateway)
	for _, c := range []struct {
		name     string
		answers  []openaitest.Answer
		kind     string // "": none
		requests int
		waits    int
		says     string
	}{
		{"429 and then an answer", []openaitest.Answer{openaitest.RateLimited("1"), openaitest.RateLimited(""), good}, "", 3, 2, ""},
		{"429 for ever", []openaitest.Answer{openaitest.RateLimited("1")}, "rate_limit", 6, 5, "Rate limit"},
		{"429 beyond the deadline", []openaitest.Answer{openaitest.RateLimited("7200")}, "rate_limit", 1, 0, "2h0m0s is later than the deadline"},
		{"no quota", []openaitest.Answer{openaitest.NoQuota()}, "quota", 1, 0, "current quota"},
		{"500s", []openaitest.Answer{openaitest.Failing(500), openaitest.Failing(503), openaitest.Failing(529), good}, "", 4, 3, ""},
		{"500 for ever", []openaitest.Answer{openaitest.Failing(500)}, "server", 6, 5, "500 Internal Server Error"},
		{"408", []openaitest.Answer{openaitest.Failing(408), good}, "", 2, 1, ""},
		{"409", []openaitest.Answer{openaitest.Failing(409), good}, "", 2, 1, ""},
		{"400", []openaitest.Answer{openaitest.Error(400, "invalid_request_error", "image_parse_error", "The image can't be read.")}, "request", 1, 0, "400 Bad Request: The image"},
		{"401", []openaitest.Answer{openaitest.WrongKey()}, "auth", 1, 0, "401 Unauthorized"},
		{"403", []openaitest.Answer{openaitest.Error(403, "", "unsupported_country_region_territory", "Country not supported")}, "auth", 1, 0, "Country"},
		{"404", []openaitest.Answer{openaitest.Error(404, "invalid_request_error", "model_not_found", "The model does not exist")}, "model", 1, 0, "does not exist"},
		{"a string as the error", []openaitest.Answer{openaitest.Raw(400, "application/json", `{"error":"model 'x' cannot see"}`)}, "request", 1, 0, "cannot see"},
		{"cut off", []openaitest.Answer{openaitest.Cut(good), good}, "", 2, 1, ""},
		{"cut off for ever", []openaitest.Answer{openaitest.Cut(good)}, "network", 6, 5, "broke off"},
		{"page of a gateway", []openaitest.Answer{page, good}, "", 2, 1, ""},
		{"page of a gateway for ever", []openaitest.Answer{page}, "server", 6, 5, "502 Bad Gateway: Bad Gateway nginx[2J nginx"},
		{"page with 200", []openaitest.Answer{openaitest.Page(200, "<!doctype html><html><body><h1>Log in</h1></body></html>")}, "server", 1, 0, "is the address right?: Log in"},
		{"page with 404", []openaitest.Answer{openaitest.Page(404, "<html><body>nothing here</body></html>")}, "request", 1, 0, "404 Not Found: nothing here"},
		{"text with 200", []openaitest.Answer{openaitest.Raw(200, "application/json", "upstream failed")}, "server", 1, 0, "upstream failed"},
		{"other JSON with 200", []openaitest.Answer{openaitest.Raw(200, "application/json", `{"choices":"none"}`)}, "server", 1, 0, "speak the API"},
		{"nothing with 200", []openaitest.Answer{openaitest.Raw(200, "application/json", "")}, "network", 6, 5, "broke off"},
		{"endless", []openaitest.Answer{openaitest.Raw(200, "application/json", `{"id":"`+strings.Repeat("x", 9<<20)+`"}`)}, "server", 1, 0, "more than"},
		{"endless error", []openaitest.Answer{openaitest.Raw(400, "application/json", `{"id":"`+strings.Repeat("x", 9<<20)+`"}`)}, "server", 1, 0, "more than"},
		{"redirect", []openaitest.Answer{openaitest.Redirect("https://elsewhere.example/v1")}, "server", 1, 0, "redirects to elsewhere.example"},
		{"refusal", []openaitest.Answer{openaitest.Refuse("I can't help with that.")}, "refused", 1, 0, "I can't help"},
		{"filtered", []openaitest.Answer{openaitest.Filtered()}, "filtered", 1, 0, "content filter"},
		{"filtered before", []openaitest.Answer{openaitest.Error(400, "", "content_filter", "The prompt was filtered")}, "filtered", 1, 0, "was filtered"},
		{"cut by length once", []openaitest.Answer{openaitest.Length(`{"descr`), good}, "", 2, 0, ""},
		{"cut by length twice", []openaitest.Answer{openaitest.Length(`{"descr`)}, "length", 2, 0, "3200 tokens"},
		{"no choices", []openaitest.Answer{openaitest.NoChoices()}, "empty", 1, 0, "choices are empty"},
		{"an error with 200", []openaitest.Answer{openaitest.Raw(200, "application/json", `{"error":{"code":429,"message":"Slow down"}}`), good}, "", 2, 1, ""},
		{"an error with 200 for ever", []openaitest.Answer{openaitest.Raw(200, "application/json", `{"error":{"code":402,"message":"Pay first"}}`)}, "quota", 1, 0, "402 Payment Required: Pay first"},
		{"nothing said once", []openaitest.Answer{openaitest.Say(""), good}, "", 2, 0, ""},
		{"nothing said", []openaitest.Answer{openaitest.Say("")}, "empty", 2, 0, "no JSON"},
		{"no JSON once", []openaitest.Answer{openaitest.Say("It's a cat."), good}, "", 2, 0, ""},
		{"no JSON", []openaitest.Answer{openaitest.Say("It's a cat.")}, "schema", 2, 0, "no JSON object"},
		{"broken JSON", []openaitest.Answer{openaitest.Say(`{"description":"A cat`)}, "schema", 2, 0, "unexpected EOF"},
		{"a class of its own", []openaitest.Answer{openaitest.Say(wrongClass)}, "schema", 2, 0, "white wolf"},
		{"fields missing", []openaitest.Answer{openaitest.Say(`{"description":"A cat."}`)}, "schema", 2, 0, `"objects" is missing`},
		{"a field too many", []openaitest.Answer{openaitest.Say(`{"description":"A cat.","mood":"good"}`)}, "schema", 2, 0, `"objects" is missing`},
		{"another type", []openaitest.Answer{openaitest.Say(`{"description":"A cat.","objects":7}`)}, "schema", 2, 0, `"objects" holds a number or a truth value where a list must be`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := openaitest.New(t, c.answers...)
			d, w := open(t, s, describe.Options{})
			got, err := d.Describe(t.Context(), small("a", cats...))
			switch kind := describe.ErrorKind(err); {
			case c.kind == "" && (err != nil || got.Class.Index != 281):
				t.Errorf("%+v, %v", got, err)
			case c.kind != "" && (kind != c.kind || !strings.Contains(err.Error(), c.says)):
				t.Errorf("%v of kind %s; want %s with %q", err, kind, c.kind, c.says)
			case err != nil && (len(err.Error()) > 400 || strings.ContainsAny(err.Error(), "\x1b\n<")):
				t.Errorf("error %q", err)
			}
			if len(s.Requests()) != c.requests || len(w.all) != c.waits {
				t.Errorf("%d requests and waits %v; want %d and %d", len(s.Requests()), w.all, c.requests, c.waits)
			}
			for i, wait := range w.all {
				if wait > time.Second<<i+time.Second {
					t.Errorf("wait %d is %v", i, wait)
				}
			}
		})
	}
}

func TestFatal(t *testing.T) {
	for _, c := range []struct {
		answer openaitest.Answer
		want   bool
	}{{openaitest.WrongKey(), true}, {openaitest.NoQuota(), true}, {openaitest.Error(404, "", "model_not_found", "no"), true}, {openaitest.Failing(500), false}, {openaitest.Filtered(), false}} {
		d, _ := open(t, openaitest.New(t, c.answer), describe.Options{})
		if _, err := d.Describe(t.Context(), small("a")); describe.Fatal(err) != c.want {
			t.Errorf("%v: fatal %v", err, !c.want)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, c := range []struct {
		name, value string
		want        time.Duration
	}{
		{"Retry-After", "20", 20 * time.Second},
		{"Retry-After", "0.25", 250 * time.Millisecond},
		{"Retry-After", "Fri, 02 Jan 2026 03:05:05 GMT", time.Minute},
		{"Retry-After", "Fri, 02 Jan 2026 03:03:05 GMT", 0},
		{"Retry-After", "soon", 0},
		{"Retry-After", "-5", 0},
		{"Retry-After", "NaN", 0},
		{"Retry-After-Ms", "1500", 1500 * time.Millisecond},
	} {
		s := openaitest.New(t, openaitest.With(openaitest.RateLimited(""), c.name, c.value), openaitest.Describe(openaitest.Description{}))
		d, w := open(t, s, describe.Options{})
		d.SetNow(func() time.Time { return now })
		if _, err := d.Describe(t.Context(), small("a")); err != nil {
			t.Error(err)
		}
		// Up to a second of jitter is added.
		if len(w.all) != 1 || w.all[0] < c.want || w.all[0] > c.want+time.Second {
			t.Errorf("%s: %s: waited %v, want %v", c.name, c.value, w.all, c.want)
		}
	}
}

// TestTimeouts has no answer come: a try times out and is sent again; an image's deadline
// ends it.
func TestTimeouts(t *testing.T) {
	s := openaitest.New(t, openaitest.Hang(), openaitest.Describe(openaitest.Description{}))
	d, w := open(t, s, describe.Options{Timeout: 50 * time.Millisecond})
	// The second try may be slow, too: only its kind is then known.
	if _, err := d.Describe(t.Context(), small("a")); err != nil && describe.ErrorKind(err) != "timeout" || len(w.all) == 0 {
		t.Errorf("%v, waits %v", err, w.all)
	}
	d, _ = open(t, openaitest.New(t, openaitest.Hang()), describe.Options{Deadline: 50 * time.Millisecond})
	if _, err := d.Describe(t.Context(), small("a")); describe.ErrorKind(err) != "timeout" || !strings.Contains(err.Error(), "within 50ms") {
		t.Errorf("%v", err)
	}
	d, err := describe.Open(describe.Options{BaseURL: openaitest.New(t, openaitest.Failing(503)).URL, Deadline: 500 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	d.SetWait(func(time.Duration) <-chan time.Time { return nil }) // the wait outlasts the deadline
	if _, err := d.Describe(t.Context(), small("a")); describe.ErrorKind(err) != "timeout" || !strings.Contains(err.Error(), "within 500ms") {
		t.Errorf("%v", err)
	}
	d, _ = open(t, openaitest.New(t, openaitest.Hang()), describe.Options{})
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := d.Describe(ctx, small("a")); err == nil {
		t.Error("no error")
	}
}

func TestNoServer(t *testing.T) {
	s := openaitest.New(t)
	s.Close()
	d, w := open(t, s, describe.Options{Tries: 2})
	if _, err := d.Describe(t.Context(), small("a")); describe.ErrorKind(err) != "network" || !strings.Contains(err.Error(), s.Host) || len(w.all) != 1 {
		t.Errorf("%v, waits %v", err, w.all)
	}
}

// TestUntrustedServer asks once only: its certificate will be no other.
func TestUntrustedServer(t *testing.T) {
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	defer s.Close()
	d, err := describe.Open(describe.Options{BaseURL: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	d.SetWait(func(time.Duration) <-chan time.Time {
		t.Error("it waits")
		return time.After(0)
	})
	if _, err := d.Describe(t.Context(), small("a")); describe.ErrorKind(err) != "network" || !strings.Contains(err.Error(), "certificate") {
		t.Error(err)
	}
}

func TestImagesThatCannotBeRead(t *testing.T) {
	s := openaitest.New(t)
	d, _ := open(t, s, describe.Options{MaxPixels: 1 << 20})
	gone := errors.New("gone")
	for _, c := range []struct {
		data []byte
		err  error
		kind string
	}{
		{nil, gone, "read"},
		{[]byte("text"), nil, "unsupported"},
		{[]byte("\x89PNG\r\n\x1a\nnot a picture"), nil, "decode"},
		{bmp(4000, 4000), nil, "too_large"},
	} {
		_, err := d.Describe(t.Context(), describe.Image{Name: "x", Read: func(context.Context) ([]byte, error) { return c.data, c.err }})
		if describe.ErrorKind(err) != c.kind || c.err != nil && !errors.Is(err, c.err) {
			t.Errorf("%v of kind %s, want %s", err, describe.ErrorKind(err), c.kind)
		}
	}
	if len(s.Requests()) > 0 {
		t.Errorf("%d requests", len(s.Requests()))
	}
}

// bmp is the header of an image that claims a size.
func bmp(width, height uint16) []byte {
	h := make([]byte, 54)
	copy(h, "BM")
	h[10], h[14], h[26], h[28] = 54, 40, 1, 24
	h[18], h[19], h[22], h[23] = byte(width), byte(width>>8), byte(height), byte(height>>8)
	return h
}

// TestKeyNeverShows has a server show the key in every way it can, and looks for it in all
// that comes out.
func TestKeyNeverShows(t *testing.T) {
	const secret = `sk-Proj_7+/=&?"k%y` + "0123456789abcdef"
	key := describe.NewKey(secret + "\n")
	forms := []string{secret, url.QueryEscape(secret), url.PathEscape(secret), base64.StdEncoding.EncodeToString([]byte(secret)), base64.URLEncoding.EncodeToString([]byte(secret)),
		base64.StdEncoding.EncodeToString([]byte("Bearer " + secret)), base64.StdEncoding.EncodeToString([]byte("user:" + secret)), base64.StdEncoding.EncodeToString([]byte("us:" + secret + "!"))}
	quoted, _ := json.Marshal(secret)
	forms = append(forms, strings.Trim(string(quoted), `"`))
	all := strings.Join(forms, " ")
	answer, _ := json.Marshal(map[string]any{"description": "It reads " + all, "objects": forms, "attributes": forms, "scene": all, "class": "other", "other": all})
	message, _ := json.Marshal(map[string]any{"error": map[string]any{"message": all, "type": all, "code": all, "param": all}})
	page := "<html><body>" + strings.Join(forms, "<br>") + "</body></html>"

	var mutex sync.Mutex
	var seen []string
	see := func(s string) {
		mutex.Lock()
		defer mutex.Unlock()
		seen = append(seen, s)
	}
	cache := t.TempDir()
	for name, a := range map[string]openaitest.Answer{
		"answer": openaitest.Say(string(answer)), "no JSON": openaitest.Say(all), "class": openaitest.Say(strings.Replace(string(answer), `"class":"other"`, `"class":`+string(quoted), 1)),
		"unknown field": openaitest.Say(`{` + string(quoted) + `:1}`), "refusal": openaitest.Refuse(all), "401": openaitest.WrongKey(), "429": openaitest.With(openaitest.Raw(429, "application/json", string(message)), "Retry-After", "1"),
		"400": openaitest.Raw(400, "application/json", string(message)), "page": openaitest.Page(500, page), "page with 200": openaitest.Page(200, page),
		"redirect": openaitest.Redirect("https://" + url.PathEscape(secret) + ".example/"), "broken": openaitest.Raw(200, "application/json", all),
	} {
		for _, stream := range []bool{false, true} {
			s := openaitest.New(t, a)
			opt := describe.Options{Key: key, Notify: see, Cache: cache, Tries: 2}
			if stream {
				opt.Stream = func(_, soFar string) { see(soFar) }
			}
			d, _ := open(t, s, opt)
			got, err := d.Describe(t.Context(), small("a", cats...))
			if name == "answer" && err != nil {
				t.Error(err)
			}
			encoded, _ := json.Marshal(got)
			see(fmt.Sprintf("%s: %+v %s %v %#v", name, got, encoded, err, err))
			for e := err; e != nil; e = errors.Unwrap(e) {
				see(e.Error())
			}
			dry, err := d.DryRun(t.Context(), small("a", cats...))
			see(fmt.Sprintf("%s %v", dry, err))
			see(fmt.Sprintf("%v %+v %#v %+v %#v", d, d, d, opt, opt))
		}
	}
	encoded, _ := json.Marshal(struct {
		Key describe.Key
		Map map[string]describe.Key
	}{key, map[string]describe.Key{"k": key}})
	see(string(encoded))
	see(fmt.Sprintf("%v %+v %#v %s %q %x %d %T %p", key, key, key, key, key, key, key, key, key))
	see(fmt.Sprintf("%v %+v", []any{key, &key}, struct{ k describe.Key }{key}))
	filepath.WalkDir(cache, func(path string, _ fs.DirEntry, err error) error {
		see(path)
		if data, err := os.ReadFile(path); err == nil {
			see(string(data))
		}
		return err
	})
	for _, text := range seen {
		for _, form := range append(forms, "0123456789abcdef", strings.TrimRight(forms[5], "=")[12:50]) {
			if strings.Contains(text, form) {
				t.Errorf("%q is in %.600s", form, text)
			}
		}
	}
}

func TestWrongKeyAsServersMaskIt(t *testing.T) {
	s := openaitest.New(t, openaitest.Error(401, "invalid_request_error", "invalid_api_key", "Incorrect API key provided: sk-proj-****6789. You can find your key at https://platform.openai.com."))
	d, _ := open(t, s, describe.Options{Key: describe.NewKey("sk-proj-0123456789")})
	if _, err := d.Describe(t.Context(), small("a")); strings.Contains(err.Error(), "6789") || !strings.Contains(err.Error(), "provided: [key]") {
		t.Error(err)
	}
	s.RequireKey("sk-proj-0123456789")
	s.Script()
	if _, err := d.Describe(t.Context(), small("a")); err != nil {
		t.Error(err)
	}
}

// TestTooLargeInWords: a 400 that says an image is too large is as a 413; others are not tried again.
func TestTooLargeInWords(t *testing.T) {
	for text, requests := range map[string]int{"image exceeds 5 MB maximum: 5316852 bytes > 5242880 bytes": 2, "The image file size is too large": 2, "the prompt exceeds the model's context": 1} {
		s := openaitest.New(t, openaitest.Error(400, "invalid_request_error", "", text), openaitest.Describe(openaitest.Description{}))
		d, _ := open(t, s, describe.Options{})
		_, err := d.Describe(t.Context(), photo("chelsea.png"))
		all := s.Requests()
		if len(all) != requests || (err == nil) != (requests == 2) || requests == 2 && len(all[1].Image) >= len(all[0].Image) {
			t.Errorf("%s: %d requests, %v", text, len(all), err)
		}
	}
}
