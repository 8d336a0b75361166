package generate

import (
	"bytes"
	"context"
	"errors"
	"io"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ortho/models"
	"ortho/preprocess"
	"ortho/runner"
)

func TestWrongOutputs(t *testing.T) {
	tiny := Options{Tile: 24, Overlap: 8}
	flat := &preprocess.Picture{Image: &preprocess.Image{Width: 40, Height: 30, Channels: 3, Pix: bytes.Repeat([]byte{9, 9, 9}, 1200)}}
	white := &preprocess.Picture{Image: &preprocess.Image{Width: 2, Height: 1, Channels: 1, Pix: []byte{255, 255}}}
	for _, c := range []struct {
		name, graph string
		in          *preprocess.Picture
		spec        *models.GeneratorSpec
		opt         Options
		kind        string
		want        []string
	}{
		{"nan", "nan", golden(t, "picture"), spec(), Options{}, "output", []string{"of 8601 values are NaN or infinite", "tile 1 of 1", "float16"}},
		{"nan, tiles", "nan", golden(t, "picture"), spec(), tiny, "output", []string{"are NaN or infinite", "float16"}},
		{"black", "black", golden(t, "picture"), spec(), tiny, "output", []string{`output "made": all of the image has the colour [0 0 0]`, "an output-range that"}},
		{"black of flat", "black", flat, spec(), tiny, "", nil},
		{"range too narrow", "by255", golden(t, "picture"), spec(), tiny, "output", []string{"8601 values", "above white", "an output-range that"}},
		{"range too wide", "nearest_x2", golden(t, "picture"), spec(func(s *models.GeneratorSpec) { s.Output.Range = [2]float64{0, 255} }), tiny, "output", []string{"has the colour", "an output-range that"}},
		{"too bright, but so was the input", "by255", white, spec(), tiny, "", nil},
		{"no ratio", "smaller", golden(t, "picture"), spec(), tiny, "output", []string{"22x22 pixels for 24x24", "tile -1"}},
		{"no ratio, not needed", "smaller", golden(t, "picture"), spec(), Options{Tile: -1}, "", nil},
		{"luma of a graph for colours", "nearest_x2", golden(t, "picture"), spec(func(s *models.GeneratorSpec) { s.Image.Luma = true }), Options{}, "output", []string{"must give luma"}},
		{"layout", "nearest_x2", golden(t, "picture"), spec(func(s *models.GeneratorSpec) { s.Output.Layout = preprocess.NHWC }), Options{}, "output", []string{"layout"}},
		{"no picture", "nearest_x2", &preprocess.Picture{Image: &preprocess.Image{Width: 2, Height: 2, Channels: 3}}, spec(), Options{}, "input", []string{"8-bit image"}},
		{"other input", "nearest_x2", golden(t, "picture"), spec(func(s *models.GeneratorSpec) { s.Image.Name = "x" }), Options{}, "input", []string{"more than an image"}},
		{"no input", "nearest_x2", golden(t, "picture"), spec(func(s *models.GeneratorSpec) { s.Image = nil }), Options{}, "input", []string{"takes no image"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := generated(t.Context(), generator(t, graph(c.graph), c.spec, c.opt), c.in)
			if c.want == nil {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil || string(models.StageOf(err)) != c.kind {
				t.Fatalf("%v, want an error of kind %s", err, c.kind)
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%v: want it to say %q", err, want)
				}
			}
		})
	}
}

// failing is a writer that does something else.
type failing struct {
	do    func() error
	after atomic.Bool // nothing may be written any more
	late  atomic.Bool
}

func (f *failing) Write(rows []byte) (int, error) {
	if f.after.Load() {
		f.late.Store(true)
	}
	return len(rows), f.do()
}

func TestEnds(t *testing.T) {
	in := golden(t, "picture")
	g := generator(t, graph("radius3_x3"), spec(), Options{Tile: 16, Overlap: 8, Concurrency: 2})
	full := errors.New("disk full")
	for _, c := range []struct {
		name string
		run  func(ctx context.Context, cancel func(), w *failing) error
		want error
		kind string
	}{
		{"cancelled before", func(ctx context.Context, cancel func(), w *failing) error {
			cancel()
			return g.Image(ctx, in, func(int, int, int) (io.Writer, error) { return w, nil }, nil)
		}, context.Canceled, "run"},
		{"cancelled at a step", func(ctx context.Context, cancel func(), w *failing) error {
			return g.Image(ctx, in, func(int, int, int) (io.Writer, error) { return w, nil }, func(done, total int) {
				if done == 9 {
					cancel()
				}
				if done > 20 {
					t.Errorf("step %d after the end", done)
				}
			})
		}, context.Canceled, "run"},
		{"cancelled by the writer", func(ctx context.Context, cancel func(), w *failing) error {
			w.do = func() error { cancel(); return nil }
			return g.Image(ctx, in, func(int, int, int) (io.Writer, error) { return w, nil }, nil)
		}, context.Canceled, "run"},
		{"no file", func(ctx context.Context, cancel func(), w *failing) error {
			return g.Image(ctx, in, func(int, int, int) (io.Writer, error) { return nil, full }, nil)
		}, full, "write"},
		{"a file that fails", func(ctx context.Context, cancel func(), w *failing) error {
			w.do = func() error { return full }
			return g.Image(ctx, in, func(int, int, int) (io.Writer, error) { return w, nil }, nil)
		}, full, "write"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before := runtime.NumGoroutine()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			w := &failing{do: func() error { return nil }}
			err := c.run(ctx, cancel, w)
			w.after.Store(true)
			if !errors.Is(err, c.want) || string(models.StageOf(err)) != c.kind {
				t.Errorf("%v (%s), want %v (%s)", err, models.StageOf(err), c.want, c.kind)
			}
			deadline := time.Now().Add(10 * time.Second)
			for runtime.NumGoroutine() > before && time.Now().Before(deadline) {
				time.Sleep(time.Millisecond)
			}
			if n := runtime.NumGoroutine(); n > before {
				t.Errorf("%d goroutines, %d before", n, before)
			}
			if w.late.Load() {
				t.Error("written to after the return")
			}
		})
	}
}

// TestCloseDuringImage: an image under way is finished, tile by tile, before the session is
// freed; later ones are refused.
func TestCloseDuringImage(t *testing.T) {
	in := golden(t, "picture")
	g := generator(t, graph("radius3_x3"), spec(), Options{Tile: 16, Overlap: 8, Concurrency: 2})
	closed := make(chan error)
	rows, steps := 0, 0
	err := g.Image(t.Context(), in, func(width, height, channels int) (io.Writer, error) {
		go func() { closed <- g.Close() }()
		for g.enter() == nil { // until Close has begun
			g.gate.Leave()
		}
		return writer(func(data []byte) { rows += len(data) / (width * channels) }), nil
	}, func(done, total int) { steps = total - done })
	if err != nil || rows != 3*in.Height || steps != 0 {
		t.Errorf("%v; %d rows of %d, %d tiles left", err, rows, 3*in.Height, steps)
	}
	for _, err := range []error{<-closed, g.Close()} {
		if err != nil {
			t.Error(err)
		}
	}
	if err := g.Image(t.Context(), in, nil, nil); !errors.Is(err, runner.ErrClosed) {
		t.Errorf("%v, want ErrClosed", err)
	}
}
