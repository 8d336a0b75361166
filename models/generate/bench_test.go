package generate

import (
	"context"
	"io"
	"sync"
	"testing"

	"ortho/models"
	"ortho/runner"
	"ortho/runner/onnx"
)

const upscaler = "../bundled/span-x4/model.onnx"

func upscalerSpec() *models.GeneratorSpec {
	return spec(by255, func(s *models.GeneratorSpec) { s.Output.Name, s.Tile, s.Overlap = "upscaled", 256, 32 })
}

// BenchmarkUpscale upscales a photograph of 512x512 pixels four times; Tensors does what is
// not the graph's share of it, on one core, and Graph that share, on all of them.
func BenchmarkUpscale(b *testing.B) {
	in := picture(b, "../../cmd/ortho/testdata/photos/astronaut.png")
	megapixels := func(b *testing.B) {
		b.ReportMetric(float64(b.N)*float64(in.Width*in.Height)/1e6/b.Elapsed().Seconds(), "MP/s")
	}
	g := generator(b, upscaler, upscalerSpec(), Options{})
	p := &pass{g: g, in: in, source: g.sourceOf(in), unit: [2]int{1, 1}}
	p.columns, p.rows = g.tiling.cut(in.Width, g.tiling.width, 1), g.tiling.cut(in.Height, g.tiling.height, 1)

	b.Run("Image", func(b *testing.B) {
		for b.Loop() {
			if err := g.Image(b.Context(), in, func(int, int, int) (io.Writer, error) { return io.Discard, nil }, nil); err != nil {
				b.Fatal(err)
			}
		}
		megapixels(b)
	})
	b.Run("Graph", func(b *testing.B) {
		work := make(chan struct{})
		var running sync.WaitGroup
		for range g.concurrency {
			in := tensor(b, []int64{1, 3, int64(p.rows.tile), int64(p.columns.tile)})
			out := tensor(b, []int64{1, 3, 4 * int64(p.rows.tile), 4 * int64(p.columns.tile)})
			running.Go(func() {
				for range work {
					if err := g.session.Run(context.Background(), []*runner.Tensor{in}, []*runner.Tensor{out}); err != nil {
						b.Error(err)
					}
				}
			})
		}
		b.ResetTimer()
		for range b.N {
			for range p.grid() {
				work <- struct{}{}
			}
		}
		close(work)
		running.Wait()
		megapixels(b)
	})
	b.Run("Tensors", func(b *testing.B) {
		s, err := p.slot()
		if err != nil {
			b.Fatal(err)
		}
		defer s.close()
		out := tensor(b, []int64{1, 3, 4 * int64(p.rows.tile), 4 * int64(p.columns.tile)})
		for i, values := 0, out.Float32s(); i < len(values); i++ {
			values[i] = float32(i * 7 % 256)
		}
		plane, err := planeOf(out, &g.spec.Output, 0)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			m := newMosaic(p.columns.spans(ratio{4, 1}), p.rows.spans(ratio{4, 1}), 4*in.Width, 4*in.Height, 3)
			band := make([]byte, m.band())
			for t := range p.grid() {
				if err := p.source.tensor(s.in.Row(0), &s.image, p.columns.starts[t.column], p.rows.starts[t.row], p.columns.tile, p.rows.tile); err != nil {
					b.Fatal(err)
				}
				if _, err := m.add(t.row, t.column, &plane, band); err != nil {
					b.Fatal(err)
				}
			}
		}
		megapixels(b)
	})
}

func tensor(b *testing.B, shape []int64) *runner.Tensor {
	b.Helper()
	t, err := runner.NewTensor(onnx.Float, shape)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(t.Close)
	return t
}
