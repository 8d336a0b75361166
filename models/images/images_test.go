package images_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"ortho/models"
	"ortho/models/images"
	"ortho/runner"
	"ortho/runner/library"
)

// photo is a caller's own item.
type photo struct {
	number int
	file   string
}

func input(p photo) images.Input {
	return images.Input{Name: p.file, Read: func(context.Context) ([]byte, error) {
		return os.ReadFile("../../cmd/ortho/testdata/photos/" + p.file)
	}}
}

// sum is what the test's task makes of an image.
type sum struct {
	size images.Size
	of   float64
}

func opened(t *testing.T, opt images.Options) *images.Graph[sum] {
	t.Helper()
	if _, err := library.Find(""); err != nil {
		t.Skipf("needs ONNX Runtime: %v", err)
	}
	var s models.Settings
	for key, value := range map[string]string{"mean": "0", "std": "1"} {
		if err := s.Set(key, value); err != nil {
			t.Fatal(err)
		}
	}
	m, err := models.Open("../testdata/embedding", s)
	if err != nil {
		t.Fatal(err)
	}
	in, err := m.Image()
	if err != nil {
		t.Fatal(err)
	}
	g, err := images.Open(t.Context(), m, images.Task[sum]{
		Input: &in.Spec, Outputs: []string{"embedding"},
		Read: func(size images.Size, outputs []runner.Row) (made sum, err error) {
			values, err := images.Values(outputs[0])
			for _, v := range values {
				made.of += float64(v)
			}
			made.size = size
			return made, err
		},
	}, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return g
}

// TestEach: items come back in their order with what was made of them, the same in any batch; one
// that fails costs itself, at its stage.
func TestEach(t *testing.T) {
	items := []photo{{0, "coffee.png"}, {1, "none.png"}, {2, "chelsea.png"}, {3, "coffee.png"}}
	var first []string
	for _, batch := range []int{0, 1, 2, 3} {
		g := opened(t, images.Options{Batch: batch, Concurrency: 2})
		var got []string
		for r := range images.Each(t.Context(), g, slices.Values(items), input) {
			if r.Item != items[len(got)] {
				t.Errorf("batch %d: %v at place %d", batch, r.Item, len(got))
			}
			stage := models.Stage("")
			if r.Err != nil {
				stage = models.StageOf(r.Err)
				if !strings.HasPrefix(r.Err.Error(), r.Item.file+": ") {
					t.Errorf("batch %d: %v", batch, r.Err)
				}
			}
			got = append(got, fmt.Sprintf("%d %.6f %v %s", r.Item.number, r.Value.of, r.Value.size, stage))
		}
		if first == nil {
			first = got
		}
		if !slices.Equal(got, first) || len(got) != len(items) || !strings.HasSuffix(got[1], " read") || got[0][1:] != got[3][1:] {
			t.Errorf("batch %d: %q, without a batch %q", batch, got, first)
		}
	}
}

// TestImage: calls are answered by themselves, and refused after Close.
func TestImage(t *testing.T) {
	g := opened(t, images.Options{Batch: 4})
	data, err := input(photo{file: "coffee.png"}).Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	made, err := g.Image(t.Context(), data)
	if err != nil || made.size != (images.Size{Width: 600, Height: 400}) || made.of == 0 {
		t.Errorf("%+v, %v", made, err)
	}
	if _, err := g.Image(t.Context(), []byte("no image")); models.StageOf(err) != models.StageUnsupported {
		t.Errorf("%v", err)
	}
	stopped, stop := context.WithCancel(t.Context())
	stop()
	if _, err := g.Image(stopped, data); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if err := errors.Join(g.Close(), g.Close()); err != nil {
		t.Error(err)
	}
	if _, err := g.Image(t.Context(), data); !errors.Is(err, runner.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

// TestTimeout: an image that is not there in time costs itself, whoever keeps it; others are as ever.
func TestTimeout(t *testing.T) {
	end := make(chan struct{})
	defer close(end)
	slow := func(p photo) images.Input {
		in := input(p)
		if p.file == "slow.png" {
			in.Read = func(context.Context) ([]byte, error) {
				<-end
				return nil, nil
			}
		}
		return in
	}
	items := []photo{{0, "coffee.png"}, {2, "chelsea.png"}}
	made := map[time.Duration][]string{}
	for _, limit := range []time.Duration{0, 3 * time.Second} {
		g := opened(t, images.Options{Timeout: limit})
		for r := range images.Each(t.Context(), g, slices.Values(items), slow) {
			if r.Item.number == 1 {
				if r.Err == nil || models.StageOf(r.Err) != models.StageDecode || !strings.Contains(r.Err.Error(), "slow.png: it was not read and decoded within 3s") {
					t.Errorf("%v", r.Err)
				}
				continue
			}
			if r.Err != nil {
				t.Error(r.Err)
			}
			made[limit] = append(made[limit], fmt.Sprint(r.Item, r.Value))
		}
		items = slices.Insert(items, 1, photo{1, "slow.png"})
	}
	if !slices.Equal(made[0], made[3*time.Second]) || len(made[0]) != 2 {
		t.Errorf("%v", made)
	}
}
