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
	"testing"

	"ortho/models"
	"ortho/preprocess"
	"ortho/preprocess/codecs"
	"ortho/runner"
	"ortho/runner/library"
	"ortho/runner/onnx"
)

// spec is that of scripts/make_image_models.py's graphs: colours and values from 0 to 1,
// of any size.
func spec(change ...func(*models.GeneratorSpec)) *models.GeneratorSpec {
	s := &models.GeneratorSpec{
		Image: &models.ImagePort{Name: "image", Multiple: 1, Spec: preprocess.Spec{
			Channels: 3, Interpolation: preprocess.Bicubic, Range: [2]float64{0, 1}, Mean: []float64{0, 0, 0}, Std: []float64{1, 1, 1}}},
		Output: models.PicturePort{Name: "made", Range: [2]float64{0, 1}},
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
	g, err := open(t.Context(), runner.Model{Path: path, Graph: graph}, filepath.Base(path), s, opt)
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
		{"luma_x3_fixed", "picture", "luma_x3_fixed", spec(gray, fixed(32, 24)), Options{Tile: -1}, 1},
		{"blue_nhwc_uint8", "picture", "blue_nhwc_uint8", spec(bgr8), small, 6},
		{"style_32x48", "picture", "style_32x48", spec(by255, fixed(48, 32)), Options{}, 1},
		{"style_32x48", "picture", "style_32x48", spec(by255, fixed(48, 32), func(s *models.GeneratorSpec) { s.Tile = 32 }), Options{}, 1},
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

// TestSizeOfHalf: what a graph that scales down cuts off, tiles cut off too.
func TestSizeOfHalf(t *testing.T) {
	in := cropped(golden(t, "picture"), 61, 47)
	for _, opt := range []Options{{Tile: -1}, {Tile: 32, Overlap: 16}} {
		m, err := generated(t.Context(), generator(t, graph("half"), spec(), opt), in)
		if err != nil {
			t.Fatal(err)
		}
		if m.width != 30 || m.height != 23 {
			t.Errorf("%+v: %dx%d, want 30x23", opt, m.width, m.height)
		}
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

// TestStyleTransfer compares with Python on other people's graphs, where they are.
func TestStyleTransfer(t *testing.T) {
	for _, name := range []string{"candy", "mosaic"} {
		t.Run(name, func(t *testing.T) {
			if name == "mosaic" && testing.Short() {
				t.Skip("another graph of the same kind: make test-long")
			}
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
			if err := codecs.FindJPEG().Err; err != nil {
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
			// Means of 24 x 24 pixels, of which rounding takes no more than a level or two.
			reduced := golden(t, name+"_reduced")
			for i := range reduced.Pix {
				sum, x, y, c := 0, i/3%30*24, i/90*24, i%3
				for at := range 24 * 24 {
					sum += int(m.Bytes()[((y+at/24)*720+x+at%24)*3+c])
				}
				if d := float64(sum)/(24*24) - float64(reduced.Pix[i]); math.Abs(d) > float64(min(tolerance, 2)) {
					t.Fatalf("the mean about (%d, %d) is off by %.1f", x, y, d)
				}
			}
		})
	}
}

// TestUpscaler runs a bundled model, as it ships.
func TestUpscaler(t *testing.T) {
	m, err := models.Open("../bundled/span-x4", models.Settings{})
	if err != nil {
		t.Fatal(err)
	}
	images := "../bundled/testdata/span/"
	in := picture(t, images+"photo.png")
	var whole *made
	for _, opt := range []Options{{}, {Tile: 64}, {Tile: 80, Overlap: 40, Concurrency: 3}} {
		g, err := Open(t.Context(), m, opt)
		if err != nil {
			t.Fatal(err)
		}
		defer g.Close()
		got, err := generated(t.Context(), g, in)
		if err != nil {
			t.Fatal(err)
		}
		if whole == nil {
			whole = got
			want, channels := packed(picture(t, images+"photo_x4.png"))
			if got.channels != channels || got.Len() != len(want) {
				t.Fatalf("%dx%dx%d, want %d bytes", got.width, got.height, got.channels, len(want))
			}
			sum := 0.0
			for i, v := range got.Bytes() {
				d := float64(v) - float64(want[i])
				sum += d * d
			}
			psnr := 10 * math.Log10(255*255*float64(len(want))/sum)
			t.Logf("%.1f dB to ncnn's result", psnr)
			if psnr < 60 {
				t.Errorf("%.1f dB to ncnn's result, want 60", psnr)
			}
		}
		if most, _ := difference(got.Bytes(), whole.Bytes()); most > 1 {
			t.Errorf("%+v: differs by %d from the whole", opt, most)
		}
	}
}

// TestThreads: what runs in tiles has a run for each core, what does not a run on all.
func TestThreads(t *testing.T) {
	cores := runtime.GOMAXPROCS(0)
	for _, c := range []struct {
		graph                string
		spec                 *models.GeneratorSpec
		opt                  Options
		threads, concurrency int
	}{
		{"radius3_x3", spec(), Options{}, 1, cores},
		{"radius3_x3", spec(), Options{Tile: -1}, cores, 1},
		{"style_32x48", spec(by255, fixed(48, 32)), Options{}, cores, 1},
		{"style_32x48", spec(by255, fixed(48, 32)), Options{Concurrency: 2}, 1, 2},
		{"style_32x48", spec(by255, fixed(48, 32)), Options{Runner: runner.Options{Threads: 1}}, 1, cores},
		{"radius3_x3", spec(), Options{Concurrency: 1, Runner: runner.Options{Threads: 2}}, 2, 1},
	} {
		g := generator(t, graph(c.graph), c.spec, c.opt)
		if g.session.Threads != c.threads || g.concurrency != c.concurrency {
			t.Errorf("%s, %+v: %d threads, %d runs, want %d and %d", c.graph, c.opt, g.session.Threads, g.concurrency, c.threads, c.concurrency)
		}
	}
}
