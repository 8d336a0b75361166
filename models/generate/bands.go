package generate

import "context"

// bands carry finished rows of pixels to the writer, which has a goroutine of its own: one band
// is filled while the other is written.
type bands struct {
	size, made int // bytes of one; bands that exist
	full       chan []byte
	free       chan written
	err        error // of writing; read after stopped
	stopped    chan struct{}
}

// written is a band that can be filled again, with the error of writing it.
type written struct {
	band []byte
	err  error
}

func newBands(ctx context.Context, to *finish, size, row int) *bands {
	b := &bands{size: size, full: make(chan []byte, 2), free: make(chan written, 2), stopped: make(chan struct{})}
	go func() {
		defer close(b.stopped)
		for band := range b.full {
			// By pieces, so that a slow encoder ends soon after ctx.
			const piece = 1 << 18
			step := max(1, piece/row) * row
			for at := 0; at < len(band) && b.err == nil; at += step {
				if b.err = ctx.Err(); b.err == nil {
					b.err = to.write(band[at:min(len(band), at+step)])
				}
			}
			b.free <- written{band, b.err}
		}
		if b.err == nil {
			b.err = ctx.Err()
		}
		if b.err == nil {
			b.err = to.end()
		}
	}()
	return b
}

// take returns an empty band, or the error that has ended the writing.
func (b *bands) take() ([]byte, error) {
	if b.made < 2 {
		b.made++
		return make([]byte, b.size), nil
	}
	w := <-b.free
	return w.band[:b.size], w.err
}

// give passes a band to the writer.
func (b *bands) give(band []byte) { b.full <- band }

// close waits until all has been written, or ctx's end has been noticed.
func (b *bands) close() error {
	close(b.full)
	<-b.stopped
	return b.err
}
