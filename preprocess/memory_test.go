package preprocess

import (
	"bytes"
	"errors"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

func boundMemory(t *testing.T, b MemoryBounds) {
	t.Helper()
	before := memory.Load()
	t.Cleanup(func() { memory.Store(before) })
	BoundMemory(b)
}

// TestReduced: the tensor of an image whose rows are resized as they come is that of the whole.
func TestReduced(t *testing.T) {
	defer func(limit int) { keepLimit = limit }(keepLimit)
	names, err := filepath.Glob(decodeDir + "/*.*")
	if err != nil {
		t.Fatal(err)
	}
	photos, err := filepath.Glob("../docs/photos/*")
	if err != nil {
		t.Fatal(err)
	}
	reduced := map[string]int{}
	for _, name := range append(names, photos...) {
		data, err := os.ReadFile(name)
		if err != nil {
			continue // a folder
		}
		for i, filter := range []Filter{Bilinear, Bicubic, Lanczos, Nearest} {
			s := Spec{Width: 4, Height: 3, Channels: 1 + 2*(i%2), Layout: NCHW, Range: [2]float64{0, 1}, Interpolation: filter,
				Resize: Resize{Mode: ShortEdge, Size: 5}, Mean: []float64{0.5, 0.4, 0.3}, Std: []float64{0.2, 0.3, 0.4}, Orientation: []Orientation{ApplyOrientation, IgnoreOrientation}[i/2]}
			s.Mean, s.Std = s.Mean[:s.Channels], s.Std[:s.Channels]
			want, got := make([]byte, s.Bytes()), make([]byte, s.Bytes())
			keepLimit = 1 << 30
			_, _, wanted := s.Load(want, data, LoadOptions{})
			keepLimit = 600 // the resized image is kept in any case
			w, h, err := s.Load(got, data, LoadOptions{})
			if (err == nil) != (wanted == nil) {
				t.Fatalf("%s: %v; as a whole: %v", name, err, wanted)
			}
			if err == nil && !bytes.Equal(got, want) {
				t.Errorf("%s, %v: the tensors differ", name, filter)
			}
			if err == nil && s.reduce(w, h, 3, 1) != nil {
				if pic, _ := read(data, request{reduce: s.reduce}); pic.resized {
					reduced[filepath.Ext(name)]++
				}
			}
		}
	}
	t.Logf("images that were large enough: %v", reduced)
	for ending, least := range map[string]int{".jpg": 40, ".png": 40, ".bmp": 40, ".tif": 20, ".pgm": 20, ".ppm": 4} {
		if reduced[ending] < least {
			t.Errorf("%d of %s, too few", reduced[ending], ending)
		}
	}
}

// TestMemoryBounds: what needs more than is allowed is refused before anything is allocated, and says so.
func TestMemoryBounds(t *testing.T) {
	file, err := os.ReadFile("../docs/photos/cat.jpg") // 451x300
	if err != nil {
		t.Fatal(err)
	}
	const need = 451 * 300 * 6
	for _, c := range []struct {
		bounds MemoryBounds
		want   string
	}{
		{MemoryBounds{Together: 1 << 30, Each: 1 << 30}, ""},
		{MemoryBounds{Together: 100_000, Each: 1 << 30}, ""}, // alone
		{MemoryBounds{Together: 1 << 30, Each: 700_000}, "and 0 MB are allowed"},
		{MemoryBounds{Together: 100_000, Each: 1 << 30, PerByte: 1}, "is small for that"},
		{MemoryBounds{Together: 100_000, Each: 1 << 30, PerByte: 100}, ""},
	} {
		boundMemory(t, c.bounds)
		_, err := Decode(file, DecodeOptions{})
		if c.want == "" && err != nil {
			t.Errorf("%+v: %v", c.bounds, err)
		}
		var e *MemoryError
		if c.want != "" && (!errors.As(err, &e) || !errors.Is(err, ErrTooLarge) || !strings.Contains(err.Error(), c.want) || e.Need < need) {
			t.Errorf("%+v: %v, want %q", c.bounds, err, c.want)
		}
	}
}

// TestMemoryTogether: decoders wait for each other, and none waits for ever.
func TestMemoryTogether(t *testing.T) {
	var large bytes.Buffer
	if err := png.Encode(&large, image.NewGray(image.Rect(0, 0, 1400, 1300))); err != nil {
		t.Fatal(err)
	}
	const need = 1400 * 1300 * 4
	boundMemory(t, MemoryBounds{Together: need + need/2, Each: 1 << 30})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if _, err := Decode(large.Bytes(), DecodeOptions{}); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()

	held := new(lease)
	if err := held.take(need, 1<<20); err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		_, err := Decode(large.Bytes(), DecodeOptions{})
		done <- err
	}()
	select {
	case <-done:
		t.Error("a decoder did not wait")
	case <-time.After(50 * time.Millisecond):
	}
	held.release()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// TestHostile: small files that claim much cost an error, or little memory.
func TestHostile(t *testing.T) {
	names, err := filepath.Glob("../../shared/cases/hostile/*.*")
	if err != nil || len(names) == 0 {
		t.Skip("../shared is not here")
	}
	s := Spec{Width: 224, Height: 224, Channels: 3, Interpolation: Bicubic, Resize: Resize{Mode: ShortEdge, Size: 256}, Layout: NCHW,
		Range: [2]float64{0, 1}, Mean: []float64{0.5, 0.5, 0.5}, Std: []float64{0.5, 0.5, 0.5}}
	for _, name := range names {
		if strings.HasSuffix(name, ".md") {
			continue
		}
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		before := time.Now()
		_, _, err = s.Load(make([]byte, s.Bytes()), data, LoadOptions{})
		t.Logf("%s: %v (%v)", filepath.Base(name), err, time.Since(before).Round(time.Millisecond))
		if err != nil && !errors.Is(err, ErrTooLarge) && !strings.Contains(err.Error(), "more than are decoded") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
