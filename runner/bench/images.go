package bench

import (
	"context"
	"fmt"
	"iter"
	"os"
	"time"

	"ortho/runner"
)

// Images is the work around a run of an image model: with it, rounds measure the whole
// way from an encoded image to its answer.
type Images struct {
	Row  []int64                          // the input's shape without the batch dimension
	Load func(file, row []byte) error     // decodes and preprocesses a file's bytes
	Read func(outputs []runner.Row) error // makes the answer
}

// readFiles reads the images that a sweep has left for its cells.
func readFiles(names []string) ([][]byte, error) {
	var files [][]byte
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("images: %w", err)
		}
		files = append(files, data)
	}
	return files, nil
}

// stream takes images through lanes for a while, or count runs' worth of them, and
// returns their number and the wall clock. It ends with a full batch.
func (w *worker) stream(ctx context.Context, d time.Duration, count int) (images int, wall time.Duration, err error) {
	batch := max(1, w.open.Batch)
	p := &runner.Lanes{Session: w.session, Row: w.images.Row, Batch: batch, Pad: true, Concurrency: w.open.Concurrency}
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
	load := func(_ context.Context, file, row []byte) (struct{}, error) {
		return struct{}{}, w.images.Load(file, row)
	}
	read := func(_ struct{}, outputs []runner.Row) (struct{}, error) { return struct{}{}, w.images.Read(outputs) }
	for r := range runner.Stream(ctx, p, iter.Seq[[]byte](source), load, read) {
		if r.Err != nil {
			return 0, 0, r.Err
		}
		images++
	}
	return images, time.Since(start), ctx.Err()
}
