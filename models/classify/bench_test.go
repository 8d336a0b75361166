package classify_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"ortho/models"
	"ortho/models/classify"
	"ortho/runner"
	"ortho/runner/onnx"
)

// BenchmarkGraph is the bare graph: one shared session, a thread a run, as many runs
// at once as cores, no image work. BenchmarkStream is all of it, on photographs.
func BenchmarkGraph(b *testing.B) {
	m, err := models.Open(bundledModel, models.Settings{})
	if err != nil {
		b.Fatal(err)
	}
	session, err := runner.Open(b.Context(), runner.Model{Path: m.Path, Graph: m.Graph}, runner.Options{})
	if err != nil {
		b.Skip(err)
	}
	defer session.Close()
	_, concurrency := runner.DefaultBatch(runner.CPU)
	work := make(chan struct{}, concurrency)
	var running sync.WaitGroup
	b.ReportAllocs()
	for range concurrency {
		in, err := runner.NewTensor(onnx.Float, []int64{1, 3, 224, 224})
		if err != nil {
			b.Fatal(err)
		}
		defer in.Close()
		out, err := runner.NewTensor(onnx.Float, []int64{1, 1000})
		if err != nil {
			b.Fatal(err)
		}
		defer out.Close()
		running.Go(func() {
			for range work {
				if err := session.Run(context.Background(), []*runner.Tensor{in}, []*runner.Tensor{out}); err != nil {
					b.Error(err)
				}
			}
		})
	}
	b.ResetTimer()
	for range b.N {
		work <- struct{}{}
	}
	close(work)
	running.Wait()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
}

// The whole way of images, by rows of a run. 0 is what suits the provider: 1 on the CPU.
func BenchmarkStream(b *testing.B) {
	paths, _ := filepath.Glob("../../../shared/images/n*.JPEG")
	if len(paths) == 0 {
		paths, _ = filepath.Glob("../../cmd/ortho/testdata/photos/*.*g")
	}
	m, err := models.Open(bundledModel, models.Settings{})
	if err != nil {
		b.Fatal(err)
	}
	for _, batch := range []int{0, 4, 8} {
		b.Run(fmt.Sprintf("batch %d", batch), func(b *testing.B) { stream(b, m, batch, paths) })
	}
}

func stream(b *testing.B, m *models.Model, batch int, paths []string) {
	c, err := classify.Open(b.Context(), m, classify.Options{Top: 5, Batch: batch})
	if err != nil {
		b.Skip(err)
	}
	defer c.Close()
	b.ReportAllocs()
	b.ResetTimer()
	for item := range c.Stream(b.Context(), func(yield func(classify.Input) bool) {
		for i := range b.N {
			path := paths[i%len(paths)]
			if !yield(classify.Input{Name: path, Read: func(context.Context) ([]byte, error) { return os.ReadFile(path) }}) {
				return
			}
		}
	}) {
		if item.Err != nil {
			b.Fatal(item.Err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "images/s")
}

// BenchmarkImages is a server's work: 64 images that come at once, each by a call of its own.
func BenchmarkImages(b *testing.B) {
	photo, err := os.ReadFile(photos + "coffee.png")
	if err != nil {
		b.Fatal(err)
	}
	m, err := models.Open(bundledModel, models.Settings{})
	if err != nil {
		b.Fatal(err)
	}
	for _, batch := range []int{0, 4} {
		b.Run(fmt.Sprintf("batch %d", batch), func(b *testing.B) {
			c, err := classify.Open(b.Context(), m, classify.Options{Top: 1, Batch: batch})
			if err != nil {
				b.Skip(err)
			}
			defer c.Close()
			before, most := runtime.NumGoroutine(), 0
			b.ReportAllocs()
			for b.Loop() {
				var calls sync.WaitGroup
				for range 64 {
					calls.Go(func() {
						if _, err := c.Image(b.Context(), photo); err != nil {
							b.Error(err)
						}
					})
				}
				time.Sleep(20 * time.Millisecond)
				most = max(most, runtime.NumGoroutine()-before)
				calls.Wait()
			}
			b.ReportMetric(float64(most), "goroutines")
			b.ReportMetric(64*float64(b.N)/b.Elapsed().Seconds(), "images/s")
		})
	}
}
