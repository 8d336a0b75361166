package describe_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"ortho/models/describe"
	"ortho/models/describe/openaitest"
	"ortho/runner"
)

// TestKindsOfServers asks each kind of server about images, streamed and not: what passes is asked again, what does not
// costs its image, and says why.
func TestKindsOfServers(t *testing.T) {
	for _, kind := range openaitest.Kinds() {
		for _, stream := range []func(string, string){nil, func(string, string) {}} {
			t.Run(fmt.Sprintf("%s, streamed %v", kind.Name, stream != nil), func(t *testing.T) {
				good := kind.Plays(openaitest.Describe(openaitest.Description{Class: "tabby"}))
				s := openaitest.New(t, good)
				ask := func(answers ...openaitest.Answer) (describe.Description, int, error) {
					before := len(s.Requests())
					s.Script(answers...)
					d, err := describe.Open(describe.Options{BaseURL: "http://" + s.Host + kind.Base, Key: describe.NewKey("key-of-a-test"), Stream: stream})
					if err != nil {
						t.Fatal(err)
					}
					defer d.Close()
					d.SetWait((&waits{}).after)
					description, err := d.Describe(t.Context(), small("a", cats...))
					return description, len(s.Requests()) - before, err
				}
				if d, n, err := ask(good); err != nil || d.Class.Index != 281 || n != 1 {
					t.Errorf("%d requests, %+v, %v", n, d, err)
				}
				for i, busy := range kind.Busy {
					if d, n, err := ask(busy, good); err != nil || d.Class.Index != 281 || n != 2 {
						t.Errorf("busy %d: %d requests, %+v, %v", i, n, d, err)
					}
				}
				for want, never := range kind.Never {
					if _, n, err := ask(never); describe.ErrorKind(err) != want || describe.Fatal(err) || n != 1 {
						t.Errorf("%d requests, %v of kind %s, want %s", n, err, describe.ErrorKind(err), want)
					}
				}
			})
		}
	}
}

// TestManyFaults: of 1000 images, asked about with 5 % of faults of all kinds of servers, each is described or has its
// true reason, in few requests.
func TestManyFaults(t *testing.T) {
	const images = 1000
	kinds := openaitest.Kinds()
	rng := rand.New(rand.NewPCG(24, 1))
	var mutex sync.Mutex
	given := map[string]int{} // refusals
	good := openaitest.Describe(openaitest.Description{Class: "tabby"})
	odd := []openaitest.Answer{
		openaitest.Cut(good), openaitest.Say("no JSON"), openaitest.Length(`{"description":"A`), openaitest.Raw(200, "application/json", ""),
		openaitest.Page(502, "<html><h1>Bad gateway</h1></html>"), openaitest.Raw(200, "text/event-stream", ": nothing\n\n"),
	}
	s := openaitest.New(t, good)
	s.Route(func(*openaitest.Request) openaitest.Answer {
		mutex.Lock()
		defer mutex.Unlock()
		kind := kinds[rng.IntN(len(kinds))]
		if rng.IntN(100) >= 5 {
			return kind.Plays(good)
		}
		switch n := rng.IntN(3); {
		case n == 0:
			return odd[rng.IntN(len(odd))]
		case n == 1:
			return kind.Busy[rng.IntN(len(kind.Busy))]
		}
		for what, answer := range kind.Never { // one
			given[what]++
			return answer
		}
		return good
	})
	d, _ := open(t, s, describe.Options{Concurrency: 8})
	described, failed := 0, map[string]int{}
	for r := range runner.Map(t.Context(), slices.Values(make([]int, images)), d.Limit(), func(ctx context.Context, _ int) (describe.Description, error) {
		return d.Describe(ctx, small("c", cats...))
	}) {
		switch {
		case r.Err == nil && r.Value.Class.Index == 281 && strings.HasPrefix(r.Value.Sentence, "A thing"):
			described++
		case r.Err == nil:
			t.Errorf("%+v", r.Value)
		default:
			failed[describe.ErrorKind(r.Err)]++
		}
	}
	for what, n := range given {
		if failed[what] != n {
			t.Errorf("%d failed as %s, and %d were refused so", failed[what], what, n)
		}
		delete(failed, what)
	}
	n := len(s.Requests())
	t.Logf("%d described, %v refused, %v failed otherwise, %d requests", described, given, failed, n)
	if others := failed["schema"] + failed["length"] + failed["empty"]; others > 2 || len(failed) > 0 && others == 0 || n > images*115/100 {
		t.Errorf("%v failed; %d requests for %d images", failed, n, images)
	}
}
