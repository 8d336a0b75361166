package generate

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"ortho/models"
	"ortho/models/config"
	"ortho/preprocess"
	"ortho/runner/onnx"
)

func masked(s *models.GeneratorSpec) { s.Mask = &models.MaskPort{Name: "mask", Type: onnx.Float} }

// TestInpaint: what is white in the mask is made of what is around it, and all else stays, byte by byte.
func TestInpaint(t *testing.T) {
	large := preprocess.Resample(golden(t, "picture").Image, 450, 300, preprocess.Bicubic)
	mask := &preprocess.Image{Width: 450, Height: 300, Channels: 1, Pix: make([]byte, 450*300)}
	for _, hole := range []box{{10, 10, 30, 25}, {300, 100, 440, 290}, {200, 20, 201, 21}} {
		for y := hole.y0; y < hole.y1; y++ {
			for x := hole.x0; x < hole.x1; x++ {
				mask.Pix[y*450+x] = 255
			}
		}
	}
	alpha := bytes.Repeat([]byte{7}, 450*300)
	for _, c := range []struct {
		graph string
		spec  *models.GeneratorSpec
		in    *preprocess.Picture
	}{
		{"fill", spec(masked), &preprocess.Picture{Image: large}},
		{"fill", spec(masked), &preprocess.Picture{Image: large, Alpha: alpha}},
		{"fill", spec(masked), &preprocess.Picture{Image: large.WithChannels(1)}},
		{"fill_24x32", spec(masked, fixed(32, 24)), &preprocess.Picture{Image: large}},
	} {
		g := generator(t, graph(c.graph), c.spec, Options{})
		var out bytes.Buffer
		channels := 0
		err := g.Inpaint(t.Context(), c.in, mask, func(width, height, n int) (io.Writer, error) {
			channels = n
			return &out, nil
		})
		want, n := packed(c.in)
		if err != nil || channels != n || out.Len() != len(want) {
			t.Fatalf("%s: %d bytes of %d channels, %v", c.graph, out.Len(), channels, err)
		}
		changed := 0
		for i, v := range out.Bytes() {
			if hole := mask.Pix[i/n] > 0; !hole && v != want[i] {
				t.Fatalf("%s: byte %d beside the mask is %d, was %d", c.graph, i, v, want[i])
			} else if hole && v != want[i] {
				changed++
			}
		}
		if changed < 20000 {
			t.Errorf("%s: %d bytes of the mask have changed", c.graph, changed)
		}
	}
	wrong := generator(t, graph("fill"), spec(masked, func(s *models.GeneratorSpec) { s.Output.Range = [2]float64{0, 255} }), Options{})
	if err := wrong.Inpaint(t.Context(), &preprocess.Picture{Image: large}, mask, nil); err == nil || models.StageOf(err) != models.StageOutput {
		t.Errorf("another range: %v", err)
	}
	small := &preprocess.Image{Width: 2, Height: 2, Channels: 1, Pix: make([]byte, 4)}
	if err := wrong.Inpaint(t.Context(), &preprocess.Picture{Image: large}, small, nil); err == nil {
		t.Error("a mask of another size: no error")
	}
}

// TestHoles: parts of a mask that are far from each other are filled apart, at the picture's resolution.
func TestHoles(t *testing.T) {
	mask := &preprocess.Image{Width: 2000, Height: 1000, Channels: 1, Pix: make([]byte, 2000*1000)}
	for _, at := range [][2]int{{5, 5}, {60, 20}, {1990, 990}} {
		mask.Pix[at[1]*2000+at[0]] = 1
	}
	got := holes(mask)
	if len(got) != 2 || got[0] != (box{5, 5, 61, 21}) || got[1] != (box{1990, 990, 1991, 991}) {
		t.Errorf("%+v", got)
	}
	for i := range 2000 * 1000 / 97 {
		mask.Pix[97*i] = 255
	}
	if got := holes(mask); len(got) != 1 {
		t.Errorf("%d holes of specks", len(got))
	}
}

// TestMarks: what is set in a graph's mask is what is made anew, or what is kept: as a trial shows, or as is stated.
func TestMarks(t *testing.T) {
	inBytes := func(layout preprocess.Layout) func(*models.GeneratorSpec) {
		return func(s *models.GeneratorSpec) {
			s.Mask = &models.MaskPort{Name: "mask", Type: onnx.Uint8}
			s.Image.Spec.Type, s.Image.Spec.Layout = preprocess.Uint8, layout
			s.Image.Spec.Range = [2]float64{0, 255}
			s.Output = models.PicturePort{Name: "result", Type: onnx.Uint8, Channels: 3, Range: [2]float64{0, 255}, Layout: layout}
		}
	}
	stated := func(m config.Mark) func(*models.GeneratorSpec) {
		return func(s *models.GeneratorSpec) { s.Mask.Marks = m }
	}
	in := preprocess.Resample(golden(t, "picture").Image, 200, 160, preprocess.Bicubic)
	mask := &preprocess.Image{Width: 200, Height: 160, Channels: 1, Pix: make([]byte, 200*160)}
	for y := 60; y < 100; y++ {
		for x := 50; x < 90; x++ {
			mask.Pix[y*200+x] = 255
		}
	}
	for _, c := range []struct {
		graph string
		spec  *models.GeneratorSpec
		want  config.Mark // "": an error
	}{
		{"fill", spec(masked), config.MarksHole},
		{"fill_24x32", spec(masked, fixed(32, 24)), config.MarksHole},
		{"fill_kept", spec(inBytes(preprocess.NCHW)), config.MarksKept},
		{"fill_nhwc", spec(inBytes(preprocess.NHWC)), config.MarksHole},
		{"fill_neither", spec(inBytes(preprocess.NCHW)), ""},
		{"fill_neither", spec(inBytes(preprocess.NCHW), stated(config.MarksKept)), config.MarksKept},
	} {
		g := generator(t, graph(c.graph), c.spec, Options{})
		got, source, err := g.Marks(t.Context())
		if got != c.want || (err != nil) != (c.want == "") || source == "default (as LaMa has it)" {
			t.Errorf("%s: %q, %v; want %q", c.graph, got, err, c.want)
		}
		var out bytes.Buffer
		err = g.Inpaint(t.Context(), &preprocess.Picture{Image: in}, mask, func(int, int, int) (io.Writer, error) { return &out, nil })
		if c.want == "" {
			if err == nil || models.StageOf(err) != models.StageInput || !strings.Contains(err.Error(), "MI-GAN") {
				t.Errorf("%s: %v", c.graph, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.graph, err)
			continue
		}
		changed := 0
		for i, v := range out.Bytes() {
			if hole := mask.Pix[i/3] > 0; !hole && v != in.Pix[i] {
				t.Fatalf("%s: byte %d beside the mask is %d, was %d", c.graph, i, v, in.Pix[i])
			} else if hole && v != in.Pix[i] {
				changed++
			}
		}
		if changed < 3000 {
			t.Errorf("%s: %d bytes of the mask have changed", c.graph, changed)
		}
	}
}
