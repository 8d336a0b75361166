package describe_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"image"
	"image/png"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ortho/models/describe"
	"ortho/models/describe/openaitest"
	"ortho/runner"
)

const photos = "../../cmd/ortho/testdata/photos/"

func photo(name string, candidates ...describe.Candidate) describe.Image {
	return describe.Image{Name: name, Read: func(context.Context) ([]byte, error) { return os.ReadFile(photos + name) }, Candidates: candidates}
}

// small is an image that costs tests little, another one for each name of a letter.
func small(name string, candidates ...describe.Candidate) describe.Image {
	img := image.NewGray(image.Rect(0, 0, 48, 32))
	for i := range img.Pix {
		img.Pix[i] = uint8(i * int(name[0]))
	}
	var file bytes.Buffer
	err := png.Encode(&file, img)
	return describe.Image{Name: name, Read: func(context.Context) ([]byte, error) { return file.Bytes(), err }, Candidates: candidates}
}

var cats = []describe.Candidate{{Index: 285, Name: "Egyptian cat", Probability: 0.25}, {Index: 281, Name: "tabby, tabby cat", Probability: 0.5}, {Index: 282, Name: "tiger cat", Probability: 0.125}}

// waits is a clock on which all waits are over at once.
type waits struct {
	sync.Mutex
	all []time.Duration
}

func (w *waits) after(d time.Duration) <-chan time.Time {
	w.Lock()
	defer w.Unlock()
	w.all = append(w.all, d)
	c := make(chan time.Time, 1)
	c <- time.Time{}
	return c
}

// open makes a Describer of a server, which waits for nothing.
func open(t *testing.T, s *openaitest.Server, opt describe.Options) (*describe.Describer, *waits) {
	t.Helper()
	opt.BaseURL = s.URL
	d, err := describe.Open(opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	w := &waits{}
	d.SetWait(w.after)
	return d, w
}

func TestDescribe(t *testing.T) {
	s := openaitest.New(t, openaitest.Costing(openaitest.Describe(openaitest.Description{
		Sentence: "A tabby\x1b[31m cat\u202e sleeps.\r\nIt is “gray”.", Objects: []string{" cat ", "", "pillow"}, Attributes: []string{"striped"}, Scene: "a sofa", Class: "tabby",
	}), 1200, 1024, 70, 30))
	seed, zero := 7, 0.0
	d, _ := open(t, s, describe.Options{Key: describe.NewKey("sk-test-0123456789"), Seed: &seed, Temperature: &zero, Language: "German", Detail: describe.DetailHigh})
	got, err := d.Describe(t.Context(), photo("chelsea.png", cats...))
	if err != nil {
		t.Fatal(err)
	}
	usage := describe.Usage{Requests: 1, Prompt: 1200, Cached: 1024, Completion: 70, Reasoning: 30}
	want := describe.Description{
		Sentence: "A tabby[31m cat sleeps. \nIt is “gray”.", Objects: []string{"cat", "pillow"}, Attributes: []string{"striped"}, Scene: "a sofa",
		Class: describe.Class{Index: 281, Name: "tabby, tabby cat"}, Source: describe.Source{Model: describe.DefaultModel, Usage: usage},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if d.Usage() != usage || usage.Total() != 1270 {
		t.Errorf("usage %+v", d.Usage())
	}
	if h := d.Host(); h.Name != s.Host || !h.Loopback {
		t.Errorf("host %+v", h)
	}
	r := s.Requests()[0]
	if r.Header.Get("Authorization") != "Bearer sk-test-0123456789" || r.Format != "json_schema" || r.Detail != "high" ||
		*r.Seed != 7 || *r.Temperature != 1e-6 || r.MaxTokens != 800 || r.Width != 451 || r.Height != 300 {
		t.Errorf("request %+v", r)
	}
	if want := []string{"281 tabby, tabby cat", "282 tiger cat", "285 Egyptian cat", "other"}; !slices.Equal(r.Classes, want) {
		t.Errorf("classes %q, want %q", r.Classes, want)
	}
	if want := []string{"description", "objects", "attributes", "scene", "class", "other"}; !slices.Equal(r.Fields, want) {
		t.Errorf("fields %q, want %q", r.Fields, want)
	}
	if evidence := "- 281 tabby, tabby cat: 50.0 %\n- 285 Egyptian cat: 25.0 %\n- 282 tiger cat: 12.5 %\n"; !strings.Contains(r.Text, evidence) || !strings.Contains(r.Text, "German") {
		t.Errorf("prompt %s", r.Text)
	}
	if strings.Contains(string(r.Body), "chelsea") {
		t.Error("the request holds the image's name")
	}
}

func TestOther(t *testing.T) {
	for _, c := range []struct {
		name       string
		candidates []describe.Candidate
	}{{"candidates", cats}, {"none", nil}} {
		s := openaitest.New(t, openaitest.Describe(openaitest.Description{Class: "lynx"}))
		d, _ := open(t, s, describe.Options{NoEvidence: true})
		got, err := d.Describe(t.Context(), small("a", c.candidates...))
		if err != nil || got.Class != (describe.Class{Index: -1, Name: "lynx"}) {
			t.Errorf("%s: %+v, %v", c.name, got.Class, err)
		}
		if r := s.Requests()[0]; strings.Contains(r.Text, "%") || (len(r.Classes) > 0) != (c.candidates != nil) || slices.Contains(r.Fields, "other") != (c.candidates != nil) {
			t.Errorf("%s: fields %q, classes %q, prompt %s", c.name, r.Fields, r.Classes, r.Text)
		}
	}
}

func TestDecide(t *testing.T) {
	s := openaitest.New(t, openaitest.Describe(openaitest.Description{Class: "egyptian"}))
	d, _ := open(t, s, describe.Options{Cache: t.TempDir()})
	for i, pair := range [][2]describe.Candidate{{cats[0], cats[1]}, {cats[1], cats[0]}} {
		got, err := d.Decide(t.Context(), small("a"), pair[0], pair[1])
		if err != nil || got.Class.Index != 285 || got.Reason == "" || got.Cached != (i == 1) {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if r := s.Requests()[0]; !slices.Equal(r.Classes, []string{"281 tabby, tabby cat", "285 Egyptian cat", "other"}) || strings.Contains(r.Text, "%") {
		t.Errorf("classes %q, prompt %s", r.Classes, r.Text)
	}
	if _, err := d.Decide(t.Context(), small("a"), cats[0], cats[0]); err == nil {
		t.Error("a class against itself")
	}
}

func TestDryRun(t *testing.T) {
	s := openaitest.New(t)
	d, _ := open(t, s, describe.Options{Key: describe.NewKey("sk-test-0123456789")})
	data, err := d.DryRun(t.Context(), photo("chelsea.png", cats...))
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(data) || !strings.Contains(string(data), "bytes: 451x300 pixels]") || len(data) > 8<<10 || len(s.Requests()) > 0 {
		t.Errorf("%d requests; %s", len(s.Requests()), data)
	}
}

func TestStream(t *testing.T) {
	sentence := `A "tabby" cat, Katze \ 猫 🐈, sleeps.`
	good := openaitest.Describe(openaitest.Description{Sentence: sentence, Class: "tabby"})
	for _, c := range []struct {
		name    string
		answers []openaitest.Answer
		kind    string
		begun   int // how often the text begins anew
	}{
		{"whole", []openaitest.Answer{good}, "", 1},
		{"cut", []openaitest.Answer{openaitest.Cut(good), good}, "", 2},
		{"ended early", []openaitest.Answer{openaitest.EndEarly(good), good}, "", 2},
		{"always ended early", []openaitest.Answer{openaitest.EndEarly(good)}, "network", 6},
		{"Retry-After", []openaitest.Answer{openaitest.RateLimited("20"), good}, "", 1},
		{"no stream_options", []openaitest.Answer{openaitest.Without(good, "stream_options")}, "", 1},
		{"overloaded", []openaitest.Answer{openaitest.BreakStream("server_error", "", "overloaded"), good}, "", 1},
		{"no quota", []openaitest.Answer{openaitest.BreakStream("insufficient_quota", "insufficient_quota", "nothing left")}, "quota", 0},
		{"refusal", []openaitest.Answer{openaitest.Refuse("I can't help with that.")}, "refused", 0},
		{"filtered", []openaitest.Answer{openaitest.Filtered()}, "filtered", 0},
		{"no choices", []openaitest.Answer{openaitest.NoChoices()}, "empty", 0},
		{"page", []openaitest.Answer{openaitest.Page(200, "<html><title>x</title><body>Welcome</body></html>")}, "server", 0},
		{"too long", []openaitest.Answer{openaitest.Say(strings.Repeat("x", 300<<10))}, "schema", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var told []string
			s := openaitest.New(t, c.answers...)
			d, w := open(t, s, describe.Options{Stream: func(image, soFar string) {
				if image != "a" {
					t.Errorf("image %q", image)
				}
				told = append(told, soFar)
			}})
			got, err := d.Describe(t.Context(), small("a", cats...))
			if c.kind != "" {
				if describe.ErrorKind(err) != c.kind {
					t.Fatalf("error %v of kind %s, want %s", err, describe.ErrorKind(err), c.kind)
				}
			} else if err != nil || got.Sentence != sentence || got.Class.Index != 281 {
				t.Fatalf("%+v, %v", got, err)
			}
			begun := 0
			for i, text := range told {
				if !strings.HasPrefix(sentence, text) {
					t.Errorf("told %q", text)
				}
				if i == 0 || len(text) < len(told[i-1]) {
					begun++
				}
			}
			if begun != c.begun || c.kind == "" && told[len(told)-1] != sentence {
				t.Errorf("told %q: began %d times, want %d", told, begun, c.begun)
			}
			if c.name == "Retry-After" && (len(w.all) != 1 || w.all[0] < 20*time.Second || w.all[0] > 21*time.Second) {
				t.Errorf("waited %v for 20 s", w.all)
			}
			if c.name == "whole" && d.Usage().Total() != 1050 {
				t.Errorf("usage %+v", d.Usage())
			}
		})
	}
}

// TestWaitingHoldsUpNobody has one image wait until all others are done, with one request
// in flight at a time.
func TestWaitingHoldsUpNobody(t *testing.T) {
	const others = 20
	s := openaitest.New(t)
	good := openaitest.Describe(openaitest.Description{})
	var first []byte
	var mutex sync.Mutex
	s.Route(func(r *openaitest.Request) openaitest.Answer {
		mutex.Lock()
		defer mutex.Unlock()
		if first == nil {
			first = r.Image
		}
		if slices.Equal(first, r.Image) && r.Attempt == 1 {
			return openaitest.RateLimited("3600")
		}
		return good
	})
	d, err := describe.Open(describe.Options{BaseURL: s.URL, Concurrency: 1, Deadline: 2 * time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	over := make(chan time.Time)
	waiting := make(chan struct{})
	d.SetWait(func(time.Duration) <-chan time.Time { close(waiting); return over })
	slow := make(chan error)
	go func() {
		_, err := d.Describe(t.Context(), small("c"))
		slow <- err
	}()
	<-waiting
	for r := range runner.Map(t.Context(), slices.Values(make([]int, others)), d.Limit(), func(ctx context.Context, _ int) (describe.Description, error) {
		return d.Describe(ctx, small("b"))
	}) {
		if r.Err != nil {
			t.Error(r.Err)
		}
	}
	select {
	case err := <-slow:
		t.Errorf("the image that waits is done: %v", err)
	default:
	}
	close(over)
	if err := <-slow; err != nil {
		t.Error(err)
	}
	if n := len(s.Requests()); n != others+2 {
		t.Errorf("%d requests, want %d", n, others+2)
	}
}

func TestCancel(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer openaitest.Answer
		stream bool
	}{{"while waiting for an answer", openaitest.Hang(), false}, {"in a stream", openaitest.Hang(), true}, {"between tries", openaitest.RateLimited("60"), false}} {
		t.Run(c.name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			ctx, cancel := context.WithCancel(t.Context())
			s := openaitest.New(t)
			s.Route(func(*openaitest.Request) openaitest.Answer {
				if c.name != "between tries" {
					cancel()
				}
				return c.answer
			})
			opt := describe.Options{BaseURL: s.URL, Concurrency: 1}
			if c.stream {
				opt.Stream = func(string, string) {}
			}
			d, err := describe.Open(opt)
			if err != nil {
				t.Fatal(err)
			}
			d.SetWait(func(time.Duration) <-chan time.Time { cancel(); return nil })
			var all sync.WaitGroup
			for range 3 {
				all.Go(func() {
					if _, err := d.Describe(ctx, small("a")); !errors.Is(err, context.Canceled) || describe.ErrorKind(err) != "canceled" {
						t.Errorf("error %v", err)
					}
				})
			}
			all.Wait()
			d.Close()
			s.Close()
			deadline := time.Now().Add(10 * time.Second)
			for runtime.NumGoroutine() > before && time.Now().Before(deadline) {
				runtime.Gosched()
				time.Sleep(time.Millisecond)
			}
			if n := runtime.NumGoroutine(); n > before {
				t.Errorf("%d goroutines, %d before", n, before)
			}
		})
	}
}
