package generate

import (
	"io"
	"runtime/debug"
	"testing"

	"ortho/preprocess"
	"ortho/runner/machine"
)

// TestMemory: 12 megapixels become 48, whose floats alone would take 576 MB, in memory of a
// row of tiles.
func TestMemory(t *testing.T) {
	in := &preprocess.Picture{Image: &preprocess.Image{Width: 4000, Height: 3000, Channels: 3, Pix: make([]byte, 4000*3000*3)}}
	for i := range in.Pix {
		in.Pix[i] = byte(i * i >> 8)
	}
	g := generator(t, graph("nearest_x2"), spec(), Options{Tile: 256, Overlap: 32})
	debug.FreeOSMemory()
	before := machine.Memory()
	if err := machine.ResetPeak(); err != nil || before.RSS == nil {
		t.Skipf("the peak of memory is not known here: %v", err)
	}
	rows := 0
	err := g.Image(t.Context(), in, func(width, height, channels int) (io.Writer, error) {
		return writer(func(data []byte) { rows += len(data) / (width * channels) }), nil
	}, nil)
	if err != nil || rows != 6000 {
		t.Fatalf("%d rows, %v", rows, err)
	}
	const most = 200 << 20
	if used := int64(*machine.Memory().Peak) - int64(*before.RSS); used > most {
		t.Errorf("%d MB beyond the input, want %d at most", used>>20, most>>20)
	} else {
		t.Logf("%d MB beyond the input", used>>20)
	}
}

type writer func(data []byte)

func (w writer) Write(data []byte) (int, error) { w(data); return len(data), nil }
