package bench

import (
	"context"
	"fmt"
	"iter"
	"time"

	"ortho/runner"
	"ortho/runner/regular"
)

// Images is the work around a run of an image model, whose items are the bytes of files:
// with it, rounds measure the whole way from an encoded image to its result.
type Images = runner.Work[[]byte, ImageSize, struct{}]

// ImageSize is that of an image that was loaded, in pixels.
type ImageSize struct{ Width, Height int }

// readFiles reads the images that a sweep has left for its cells.
func readFiles(names []string) ([][]byte, error) {
	var files [][]byte
	for _, name := range names {
		data, err := regular.ReadFile(name, maxFile)
		if err != nil {
			return nil, fmt.Errorf("images: %w", err)
		}
		files = append(files, data)
	}
	return files, nil
}

// stream takes images through a pool for a while, or count runs' worth of them, and
// returns their number and the wall clock. It ends with a full batch.
func (w *worker) stream(ctx context.Context, d time.Duration, count int) (images int, wall time.Duration, err error) {
	batch := max(1, w.open.Batch)
	pool := runner.NewPool(w.session, *w.images, runner.PoolOptions{Batch: batch, Pad: true, Concurrency: w.open.Concurrency})
	defer pool.Close()
	start := time.Now()
	source := func(yield func([]byte) bool) {
		for n := 0; ; n++ {
			if n%batch == 0 && (count > 0 && n >= count*batch || count == 0 && n >= batch*w.open.Concurrency && time.Since(start) >= d) {
				return
			}
			if !yield(w.files[n%len(w.files)]) {
				return
			}
		}
	}
	for r := range runner.Each(ctx, pool, iter.Seq[[]byte](source), func(file []byte) []byte { return file }) {
		if r.Err != nil {
			return 0, 0, r.Err
		}
		images++
	}
	return images, time.Since(start), ctx.Err()
}
