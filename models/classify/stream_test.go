package classify_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ortho/models"
	"ortho/models/classify"
	"ortho/runner"
)

const photos = "../../cmd/ortho/testdata/photos/"

// TestHowBatchesAreCut: images get the same answers in batches that are full and in those of
// one, which a source that waits for each result makes.
func TestHowBatchesAreCut(t *testing.T) {
	c := open(t, bundledModel, classify.Options{Batch: 3, Logits: true})
	names := []string{"coffee.png", "chelsea.png", "astronaut.png", "rocket.jpg"}
	one := make(chan struct{}, len(names))
	late := time.After(time.Minute)
	trickle := func(yield func(classify.Input) bool) {
		for _, name := range names {
			if !yield(file(photos + name)) {
				return
			}
			select {
			case <-one:
			case <-late:
				t.Errorf("no result of %s", name)
				return
			}
		}
	}
	full := all(t, c, photos+names[0], photos+names[1], photos+names[2], photos+names[3])
	i := 0
	for item := range c.Stream(t.Context(), trickle) {
		if item.Err != nil || full[i].Err != nil {
			t.Fatal(item.Err, full[i].Err)
		}
		for k, v := range item.Result.Logits {
			if !(math.Abs(float64(v-full[i].Result.Logits[k])) <= 1e-4) {
				t.Fatalf("%s: logit %d is %v alone and %v in a full batch", names[i], k, v, full[i].Result.Logits[k])
			}
		}
		i++
		one <- struct{}{}
	}
	if i != len(names) {
		t.Errorf("%d results of %d", i, len(names))
	}
}

// TestEach: items of the caller's come back with their own results, in order, also those that
// fail, and input is asked once of each.
func TestEach(t *testing.T) {
	c := open(t, bundledModel, classify.Options{Top: 1, Batch: 2})
	type labelled struct{ file, label string }
	items := []labelled{{"coffee.png", "espresso"}, {"none.png", ""}, {"rocket.jpg", "missile"}}
	asked := map[string]int{}
	i := 0
	for r := range classify.Each(t.Context(), c, slices.Values(items), func(l labelled) classify.Input {
		asked[l.file]++
		return file(photos + l.file)
	}) {
		if r.Item != items[i] {
			t.Fatalf("%v came where %v was due", r.Item, items[i])
		}
		i++
		switch failed := r.Item.label == ""; {
		case failed && (!errors.Is(r.Err, os.ErrNotExist) || !strings.HasPrefix(r.Err.Error(), r.Item.file+": ")):
			t.Errorf("%v: %v", r.Item, r.Err)
		case !failed && (r.Err != nil || r.Value.Predictions[0].Label != r.Item.label):
			t.Errorf("%v: %+v, %v", r.Item, r.Value.Predictions, r.Err)
		}
	}
	if i != len(items) || len(asked) != len(items) || asked["coffee.png"] != 1 {
		t.Errorf("%d results; asked %v", i, asked)
	}
}

// TestCallsShareBatches: two calls make the batch that either waits for, and where too many
// come some are refused, whose error names the image.
func TestCallsShareBatches(t *testing.T) {
	photo := must(os.ReadFile(photos + "coffee.png"))
	calls := func(n int, opt classify.Options) (busy int) {
		c := open(t, bundledModel, opt)
		var mu sync.Mutex
		var running sync.WaitGroup
		for range n {
			running.Go(func() {
				result, err := c.Image(t.Context(), photo)
				mu.Lock()
				defer mu.Unlock()
				switch {
				case errors.Is(err, runner.ErrBusy) && strings.HasPrefix(err.Error(), "image: busy: "):
					busy++
				case err != nil || result.Predictions[0].Label != "espresso":
					t.Errorf("%+v, %v", result, err)
				}
			})
		}
		running.Wait()
		return busy
	}
	if busy := calls(2, classify.Options{Top: 1, Batch: 2, Concurrency: 1, Linger: time.Hour}); busy != 0 {
		t.Errorf("%d calls are refused", busy)
	}
	if busy := calls(16, classify.Options{Top: 1, Batch: 1, Concurrency: 1, Waiting: 2}); busy < 1 || busy > 13 {
		t.Errorf("%d calls of 16 are refused", busy)
	}
}

// TestReadEndsWithItsStream: Read's context is done when the range is left. One that ignores
// it, on a drive that has gone away, holds nothing up.
func TestReadEndsWithItsStream(t *testing.T) {
	c := open(t, bundledModel, classify.Options{Top: 1, Batch: 1, Concurrency: 3})
	gone := make(chan struct{})
	defer close(gone)
	reading, ended := make(chan struct{}, 1), make(chan error, 1)
	inputs := []classify.Input{
		file(photos + "coffee.png"),
		{Name: "slow", Read: func(ctx context.Context) ([]byte, error) {
			reading <- struct{}{}
			<-ctx.Done()
			ended <- ctx.Err()
			return nil, ctx.Err()
		}},
		{Name: "gone", Read: func(context.Context) ([]byte, error) { <-gone; return nil, errors.New("gone") }},
	}
	for item := range c.Stream(t.Context(), slices.Values(inputs)) {
		if item.Err != nil {
			t.Error(item.Err)
		}
		<-reading
		break
	}
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
}

// TestCloseAmongImages: a server's classifier that is closed answers what it has begun, and
// refuses the rest.
func TestCloseAmongImages(t *testing.T) {
	photo := must(os.ReadFile(photos + "coffee.png"))
	for _, batch := range []int{1, 4} {
		c := open(t, bundledModel, classify.Options{Top: 1, Batch: batch})
		var running, answered sync.WaitGroup
		for range 4 {
			answered.Add(1)
			running.Go(func() {
				first := sync.OnceFunc(answered.Done)
				defer first()
				for {
					result, err := c.Image(t.Context(), photo)
					if errors.Is(err, runner.ErrClosed) {
						return
					}
					if err != nil || result.Predictions[0].Label != "espresso" {
						t.Errorf("%+v, %v", result, err)
						return
					}
					first()
				}
			})
		}
		answered.Wait()
		for range 2 {
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
		running.Wait()
		if _, err := c.Image(t.Context(), photo); !errors.Is(err, runner.ErrClosed) {
			t.Errorf("%v, want ErrClosed", err)
		}
	}
}

// TestCloseAmongTexts is the same of texts.
func TestCloseAmongTexts(t *testing.T) {
	m, err := models.Open(filepath.Join("..", "testdata", "texts"), models.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := classify.OpenText(t.Context(), m, classify.Options{Top: 1})
	if err != nil {
		t.Fatal(err)
	}
	made, refused := 0, 0
	for item := range c.Stream(t.Context(), func(yield func(classify.TextInput) bool) {
		for range 40 {
			if !yield(classify.TextInput{Name: "a", Read: func(context.Context) (string, error) { return "red", nil }}) {
				return
			}
		}
	}) {
		switch {
		case errors.Is(item.Err, runner.ErrClosed):
			refused++
		case item.Err != nil:
			t.Fatal(item.Err)
		default:
			made++
		}
		if err := c.Close(); err != nil { // within the range, and again and again
			t.Fatal(err)
		}
	}
	if _, err := c.Text(t.Context(), "red"); !errors.Is(err, runner.ErrClosed) || made < 1 || made+refused != 40 {
		t.Errorf("%d made, %d refused; then %v", made, refused, err)
	}
}
