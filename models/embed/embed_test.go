package embed_test

import (
	"context"
	"errors"
	"math"
	"os"
	"slices"
	"testing"

	"ortho/models"
	"ortho/models/classify"
	"ortho/models/embed"
	"ortho/models/images"
	"ortho/runner"
	"ortho/runner/library"
)

var photos = []string{"astronaut.png", "chelsea.png", "coffee.png"}

func file(name string) images.Input {
	return images.Input{Name: name, Read: func(context.Context) ([]byte, error) { return os.ReadFile("../../cmd/ortho/testdata/photos/" + name) }}
}

func opened(t *testing.T, settings ...string) *models.Model {
	t.Helper()
	if _, err := library.Find(""); err != nil {
		t.Skipf("needs ONNX Runtime: %v", err)
	}
	var s models.Settings
	for i := 0; i < len(settings); i += 2 {
		if err := s.Set(settings[i], settings[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	m, err := models.Open("../testdata/embedding", s)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func embeddings(t *testing.T, opt embed.Options) [][]float32 {
	t.Helper()
	e, err := embed.Open(t.Context(), opened(t, "mean", "0", "std", "1", "task", "embed"), opt)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	var all [][]float32
	for r := range embed.Each(t.Context(), e, slices.Values(photos), file) {
		if r.Err != nil || r.Value.Width == 0 || r.Value.Height == 0 {
			t.Fatalf("%s: %+v, %v", r.Item, r.Value, r.Err)
		}
		all = append(all, r.Value.Embedding)
	}
	return all
}

// TestEmbeddings: they are the values that classify gives of the output, whose pixels are held
// against Python, in any batch; normalised, they have a length of 1 and the same direction.
func TestEmbeddings(t *testing.T) {
	c, err := classify.Open(t.Context(), opened(t, "mean", "0", "std", "1", "output-name", "embedding"), classify.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	plain, batched, unit := embeddings(t, embed.Options{}), embeddings(t, embed.Options{Images: images.Options{Batch: 2}}), embeddings(t, embed.Options{Normalize: true})
	for i, name := range photos {
		data, err := file(name).Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		want, err := c.Image(t.Context(), data)
		if err != nil || !slices.Equal(plain[i], want.Output.Values) || !slices.Equal(batched[i], plain[i]) {
			t.Errorf("%s: %v and %v, want %v (%v)", name, plain[i], batched[i], want.Output.Values, err)
		}
		var length, product, own float64
		for k, v := range unit[i] {
			length += float64(v) * float64(v)
			product += float64(v) * float64(plain[i][k])
			own += float64(plain[i][k]) * float64(plain[i][k])
		}
		if math.Abs(length-1) > 1e-6 || math.Abs(product-math.Sqrt(own)) > 1e-6 {
			t.Errorf("%s: %v of %v", name, unit[i], plain[i])
		}
	}
}

// TestNoDirection: a black image's embedding of zeros can't be normalised, and costs itself.
func TestNoDirection(t *testing.T) {
	black, err := os.ReadFile("testdata/black.png")
	if err != nil {
		t.Fatal(err)
	}
	e, err := embed.Open(t.Context(), opened(t, "mean", "0", "std", "1", "task", "embed"), embed.Options{Normalize: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Image(t.Context(), black); models.StageOf(err) != models.StageOutput {
		t.Errorf("%v", err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Image(t.Context(), black); !errors.Is(err, runner.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}
