package generate

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"ortho/models"
	"ortho/preprocess"
	"ortho/runner"
	"ortho/runner/library"
	"ortho/runner/onnx"
)

// spec is that of scripts/make_image_models.py's graphs: colours and values from 0 to 1,
// of any size.
func spec(change ...func(*models.GeneratorSpec)) *models.GeneratorSpec {
	s := &models.GeneratorSpec{
		Image: &models.ImageInput{Name: "image", Multiple: 1, Spec: preprocess.Spec{
			Channels: 3, Interpolation: preprocess.Bicubic, Range: [2]float64{0, 1}, Mean: []float64{0, 0, 0}, Std: []float64{1, 1, 1}}},
		Output: models.ImageOutput{Name: "made", Range: [2]float64{0, 1}},
	}
	for _, c := range change {
		c(s)
	}
	return s
}

func gray(s *models.GeneratorSpec) {
	s.Image.Spec.Channels, s.Image.Spec.Mean, s.Image.Spec.Std = 1, []float64{0}, []float64{1}
	s.Image.Luma = true
}

func half(s *models.GeneratorSpec) { s.Image.Spec.Type = preprocess.Float16 }

func fixed(width, height int) func(*models.GeneratorSpec) {
	return func(s *models.GeneratorSpec) {
		s.Image.Spec.Width, s.Image.Spec.Height = width, height
		s.Image.Spec.Resize = preprocess.Resize{Mode: preprocess.Exact, Width: width, Height: height}
	}
}

func by255(s *models.GeneratorSpec) {
	s.Image.Spec.Range, s.Output.Range = [2]float64{0, 255}, [2]float64{0, 255}
}

func bgr8(s *models.GeneratorSpec) {
	by255(s)
	s.Image.Spec.Type, s.Image.Spec.Layout, s.Image.Spec.ColorOrder = preprocess.Uint8, preprocess.NHWC, preprocess.BGR
	s.Output.Layout, s.Output.ColorOrder = preprocess.NHWC, preprocess.BGR
}

func multiple(n int) func(*models.GeneratorSpec) {
	return func(s *models.GeneratorSpec) { s.Image.Multiple = n }
}

func generator(t testing.TB, path string, s *models.GeneratorSpec, opt Options) *Generator {
	t.Helper()
	if _, err := library.Find(""); err != nil {
		t.Skipf("needs ONNX Runtime: %v", err)
	}
	graph, err := onnx.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("needs " + path)
	}
	if err != nil {
		t.Fatal(err)
	}
	g, err := open(runner.Model{Path: path, Graph: graph}, filepath.Base(path), s, opt)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { g.Close() })
	return g
}

func graph(name string) string { return "testdata/graphs/" + name + ".onnx" }

func picture(t testing.TB, path string) *preprocess.Picture {
	t.Helper()
	data, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		t.Skip("needs " + path)
	}
	if err != nil {
		t.Fatal(err)
	}
	p, err := preprocess.DecodePicture(data, preprocess.DecodeOptions{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func golden(t testing.TB, name string) *preprocess.Picture {
	return picture(t, "testdata/images/"+name+".png")
}

// made is what Image has written.
type made struct {
	bytes.Buffer
	width, height, channels int
	tiles                   int
}

func generated(ctx context.Context, g *Generator, in *preprocess.Picture) (*made, error) {
	m := &made{}
	begun := false
	err := g.Image(ctx, in, func(width, height, channels int) (io.Writer, error) {
		if begun {
			return nil, errors.New("begun twice")
		}
		begun = true
		m.width, m.height, m.channels = width, height, channels
		return m, nil
	}, func(done, total int) {
		if m.tiles++; m.tiles != done || done > total {
			panic(fmt.Sprintf("step %d of %d after %d", done, total, m.tiles-1))
		}
	})
	return m, err
}

// packed are a picture's pixels with alpha.
func packed(p *preprocess.Picture) ([]byte, int) {
	if p.Alpha == nil {
		return p.Pix, p.Channels
	}
	var out []byte
	for i, a := range p.Alpha {
		out = append(append(out, p.Pix[i*p.Channels:(i+1)*p.Channels]...), a)
	}
	return out, p.Channels + 1
}

// compare holds what was made to Python's picture.
func compare(t *testing.T, m *made, want *preprocess.Picture, tolerance int) {
	t.Helper()
	pixels, channels := packed(want)
	if m.width != want.Width || m.height != want.Height || m.channels != channels || m.Len() != len(pixels) {
		t.Fatalf("%d bytes of %dx%dx%d, want %d of %dx%dx%d", m.Len(), m.width, m.height, m.channels, len(pixels), want.Width, want.Height, channels)
	}
	most, others := difference(m.Bytes(), pixels)
	if most > tolerance || float64(others) > 0.01*float64(len(pixels)) {
		t.Errorf("%d of %d values differ, by %d at most", others, len(pixels), most)
	}
}

func difference(a, b []byte) (most, others int) {
	for i := range a {
		d := max(int(a[i])-int(b[i]), int(b[i])-int(a[i]))
		most = max(most, d)
		if d > 0 {
			others++
		}
	}
	return most, others
}

// TestEqualsPython compares with Pillow, NumPy and ONNX Runtime on the whole image: scripts/goldens/images.py.
func TestEqualsPython(t *testing.T) {
	small := Options{Tile: 32, Overlap: 16} // a quarter of it covers three pixels
	for _, c := range []struct {
		graph, in, want string
		spec            *models.GeneratorSpec
		opt             Options
		tiles           int
	}{
		{"radius3_x3", "picture", "radius3_x3", spec(), Options{Tile: -1}, 1},
		{"radius3_x3", "picture", "radius3_x3", spec(), Options{}, 1},
		{"radius3_x3", "picture", "radius3_x3", spec(), small, 6},
		{"radius3_x3", "picture", "radius3_x3", spec(), Options{Tile: 48, Overlap: 12, Concurrency: 3}, 2},
		{"radius3_x3", "picture", "radius3_x3_kept", spec(), Options{KeepSize: true}, 1},
		{"radius3_x3", "picture", "radius3_x3_kept", spec(), Options{Tile: 32, Overlap: 16, KeepSize: true}, 6},
		{"radius3_x3", "picture_gray", "radius3_x3_of_gray", spec(), small, 6},
		{"radius3_x3", "picture", "radius3_x3_multiple16", spec(multiple(16)), Options{Tile: -1}, 1},
		{"radius3_x3", "picture", "radius3_x3_multiple16", spec(multiple(16)), Options{Tile: 48, Overlap: 16}, 2},
		{"nearest_x3_float16", "picture", "nearest_x3_float16", spec(half), Options{Tile: -1}, 1},
		{"nearest_x3_float16", "picture", "nearest_x3_float16", spec(half), small, 6},
		{"nearest_x2", "picture_alpha", "nearest_x2_alpha", spec(), Options{}, 1},
		{"nearest_x2", "picture_alpha", "nearest_x2_alpha", spec(), small, 6},
		{"fixed_32x32_x2", "picture_alpha", "nearest_x2_alpha", spec(fixed(32, 32)), small, 6},
		{"half", "picture_even", "half", spec(), Options{}, 1},
		{"half", "picture_even", "half", spec(), small, 6},
		{"gray", "picture", "gray", spec(), small, 6},
		{"luma_x3", "picture", "luma_x3", spec(gray), Options{}, 1},
		{"luma_x3", "picture", "luma_x3", spec(gray), small, 6},
		{"luma_x3_fixed", "picture", "luma_x3_fixed", spec(gray, fixed(32, 24)), Options{}, 1},
		{"blue_nhwc_uint8", "picture", "blue_nhwc_uint8", spec(bgr8), small, 6},
		{"style_32x48", "picture", "style_32x48", spec(by255, fixed(48, 32)), Options{}, 1},
		{"style_32x48", "picture", "style_32x48", spec(by255, fixed(48, 32)), Options{Tile: 32}, 1},
		{"style_32x48", "picture", "style_32x48_kept", spec(by255, fixed(48, 32)), Options{KeepSize: true}, 1},
	} {
		t.Run(fmt.Sprintf("%s,%d,%d", c.want, c.opt.Tile, c.opt.Overlap), func(t *testing.T) {
			var in *preprocess.Picture
			if c.in == "picture_even" {
				in = cropped(golden(t, "picture"), 60, 46)
			} else {
				in = golden(t, c.in)
			}
			m, err := generated(t.Context(), generator(t, graph(c.graph), c.spec, c.opt), in)
			if err != nil {
				t.Fatal(err)
			}
			if m.tiles != c.tiles {
				t.Errorf("%d tiles, want %d", m.tiles, c.tiles)
			}
			compare(t, m, golden(t, c.want), 1)
		})
	}
}

func cropped(p *preprocess.Picture, width, height int) *preprocess.Picture {
	out := &preprocess.Image{Width: width, Height: height, Channels: p.Channels}
	for y := range height {
		out.Pix = append(out.Pix, p.Pix[y*p.Width*p.Channels:][:width*p.Channels]...)
	}
	return &preprocess.Picture{Image: out}
}

// TestTilesEqualWhole: whatever the sizes, where the overlap covers the three pixels that count.
func TestTilesEqualWhole(t *testing.T) {
	random := rand.New(rand.NewPCG(6, 6))
	whole := generator(t, graph("radius3_x3"), spec(), Options{Tile: -1})
	for range 40 {
		in := cropped(golden(t, "picture"), 1+random.IntN(61), 1+random.IntN(47))
		opt := Options{Tile: 24 + random.IntN(20), Overlap: 12, Concurrency: 1 + random.IntN(4)}
		size := multiple(1 + random.IntN(3)*random.IntN(4))
		want, err := generated(t.Context(), whole, in)
		if err != nil {
			t.Fatal(err)
		}
		got, err := generated(t.Context(), generator(t, graph("radius3_x3"), spec(), opt), in)
		if err != nil {
			t.Fatal(err)
		}
		if most, _ := difference(got.Bytes(), want.Bytes()); most > 1 || got.Len() != want.Len() {
			t.Errorf("%dx%d, %+v: %d bytes, want %d; differs by %d", in.Width, in.Height, opt, got.Len(), want.Len(), most)
		}
		// Padded, and scaled down: there the borders differ, but the size must be right.
		if got, err = generated(t.Context(), generator(t, graph("half"), spec(size), opt), in); err != nil {
			if in.Width == 1 || in.Height == 1 {
				continue // half of one pixel is none
			}
			t.Errorf("%dx%d, %+v: %v", in.Width, in.Height, opt, err)
		} else if got.Len() != got.width*got.height*3 || got.width < in.Width/2 || got.width > in.Width/2+1 {
			t.Errorf("%dx%d, %+v: half is %dx%d, %d bytes", in.Width, in.Height, opt, got.width, got.height, got.Len())
		}
	}
}

// TestSameBytes: neither chance nor the number of runs at once changes a result.
func TestSameBytes(t *testing.T) {
	in := golden(t, "picture")
	var want []byte
	for _, n := range []int{1, 2, 5, 5} {
		m, err := generated(t.Context(), generator(t, graph("radius3_x3"), spec(), Options{Tile: 20, Overlap: 8, Concurrency: n}), in)
		if err != nil {
			t.Fatal(err)
		}
		if want == nil {
			want = m.Bytes()
		}
		if !bytes.Equal(m.Bytes(), want) {
			t.Errorf("%d runs at once change the result", n)
		}
	}
}

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
		{"black", "black", golden(t, "picture"), spec(), tiny, "output", []string{"[0 0 0]", "--output-range"}},
		{"black of flat", "black", flat, spec(), tiny, "", nil},
		{"range too narrow", "by255", golden(t, "picture"), spec(), tiny, "output", []string{"8601 values", "above white", "--output-range"}},
		{"range too wide", "nearest_x2", golden(t, "picture"), spec(func(s *models.GeneratorSpec) { s.Output.Range = [2]float64{0, 255} }), tiny, "output", []string{"has the colour", "--output-range"}},
		{"too bright, but so was the input", "by255", white, spec(), tiny, "", nil},
		{"no ratio", "smaller", golden(t, "picture"), spec(), tiny, "output", []string{"22x22 pixels for 24x24", "--tile -1"}},
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
			if err == nil || ErrorKind(err) != c.kind {
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

func TestTiling(t *testing.T) {
	for _, c := range []struct {
		name, graph string
		spec        *models.GeneratorSpec
		opt         Options
		want        tiling
		err         string
	}{
		{"nothing stated, a local graph", "radius3_x3", spec(), Options{}, tiling{256, 32, false}, ""},
		{"nothing stated, a mean over all", "gray", spec(), Options{}, tiling{}, ""},
		{"stated", "gray", spec(func(s *models.GeneratorSpec) { s.Tile, s.Overlap = 64, 16 }), Options{}, tiling{64, 16, false}, ""},
		{"asked for", "gray", spec(func(s *models.GeneratorSpec) { s.Tile, s.Overlap = 64, 16 }), Options{Tile: 40, Overlap: 12}, tiling{40, 12, false}, ""},
		{"not at all", "radius3_x3", spec(), Options{Tile: -1}, tiling{}, ""},
		{"of a multiple", "radius3_x3", spec(multiple(16)), Options{Tile: 40}, tiling{48, 6, false}, ""},
		{"one size", "style_32x48", spec(fixed(48, 32)), Options{Tile: 32}, tiling{}, ""},
		{"one size that is a tile", "fixed_32x32_x2", spec(fixed(32, 32)), Options{Tile: 32}, tiling{32, 4, true}, ""},
		{"too small", "radius3_x3", spec(), Options{Tile: 8}, tiling{}, "too small"},
		{"overlap", "radius3_x3", spec(), Options{Tile: 32, Overlap: 17}, tiling{}, "can't overlap by 17"},
	} {
		g, err := onnx.ReadFile(graph(c.graph))
		if err != nil {
			t.Fatal(err)
		}
		got, err := tilingOf(c.spec, g, c.opt)
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%s: %+v, %v, want %+v, %q", c.name, got, err, c.want, c.err)
		}
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
			if !errors.Is(err, c.want) || ErrorKind(err) != c.kind {
				t.Errorf("%v (%s), want %v (%s)", err, ErrorKind(err), c.want, c.kind)
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

// TestStyleTransfer compares with Python on other people's graphs, where they are.
func TestStyleTransfer(t *testing.T) {
	for _, name := range []string{"candy", "mosaic"} {
		t.Run(name, func(t *testing.T) {
			s := spec(by255, fixed(720, 720))
			s.Image.Name, s.Output.Name = "inputImage", "outputImage"
			g := generator(t, "../../../shared/models/"+name+".onnx", s, Options{})
			m, err := generated(t.Context(), g, picture(t, "../../../shared/images/n02128925_jaguar.JPEG"))
			if err != nil {
				t.Fatal(err)
			}
			if m.width != 720 || m.height != 720 || m.channels != 3 {
				t.Fatalf("%dx%dx%d", m.width, m.height, m.channels)
			}
			// The JPEG's pixels are Pillow's with libjpeg-turbo; Go's decoder rounds otherwise.
			tolerance := 1
			if _, err := preprocess.TurboJPEG(); err != nil {
				tolerance = 8
			}
			crop := golden(t, name+"_crop")
			var got []byte
			for y := range crop.Height {
				got = append(got, m.Bytes()[((300+y)*720+300)*3:][:crop.Width*3]...)
			}
			if most, others := difference(got, crop.Pix); most > tolerance {
				t.Errorf("%d of %d values differ, by %d at most", others, len(got), most)
			}
			// Means of 24 x 24 pixels.
			reduced := golden(t, name+"_reduced")
			for i := range reduced.Pix {
				sum, x, y, c := 0, i/3%30*24, i/90*24, i%3
				for at := range 24 * 24 {
					sum += int(m.Bytes()[((y+at/24)*720+x+at%24)*3+c])
				}
				if d := float64(sum)/(24*24) - float64(reduced.Pix[i]); math.Abs(d) > 1 {
					t.Fatalf("the mean about (%d, %d) is off by %.1f", x, y, d)
				}
			}
		})
	}
}
