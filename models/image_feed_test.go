package models

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"image/png"
	"math"
	"slices"
	"strings"
	"testing"

	"ortho/preprocess"
	"ortho/runner/onnx"
)

// TestTensor: what a graph gets of a whole image, element by element.
func TestTensor(t *testing.T) {
	colours := &preprocess.Image{Width: 5, Height: 4, Channels: 3}
	for i := range 60 {
		colours.Pix = append(colours.Pix, byte(37*i))
	}
	gray := &preprocess.Image{Width: 5, Height: 4, Channels: 1, Pix: colours.Pix[:20]}
	luma, _, _ := preprocess.SplitYCbCr(colours)
	small := preprocess.Resample(colours, 3, 2, preprocess.Bicubic)
	at := func(img *preprocess.Image, c, y, x int) byte {
		return img.Pix[(y*img.Width+x)*img.Channels+min(c, img.Channels-1)]
	}
	// By reflection, the edge itself not repeated.
	columns, rows := []int{0, 1, 2, 3, 4, 3, 2, 1}, []int{0, 1, 2, 3, 2, 1, 0, 1}
	for name, c := range map[string]struct {
		in            ImagePort
		img           *preprocess.Image
		height, width int
		want          func(c, y, x int) byte
	}{
		"its own size":    {ImagePort{Multiple: 1}, colours, 4, 5, func(c, y, x int) byte { return at(colours, c, y, x) }},
		"bgr, nhwc":       {ImagePort{Spec: preprocess.Spec{Layout: preprocess.NHWC, ColorOrder: preprocess.BGR}}, colours, 4, 5, func(c, y, x int) byte { return at(colours, 2-c, y, x) }},
		"to multiples":    {ImagePort{Multiple: 8}, colours, 8, 8, func(c, y, x int) byte { return at(colours, c, rows[y], columns[x]) }},
		"luma":            {ImagePort{Multiple: 4, Luma: true, Spec: preprocess.Spec{Channels: 1}}, colours, 4, 8, func(c, y, x int) byte { return at(luma, c, y, columns[x]) }},
		"gray":            {ImagePort{Spec: preprocess.Spec{Channels: 1}, Luma: true}, gray, 4, 5, func(c, y, x int) byte { return at(gray, 0, y, x) }},
		"gray to colours": {ImagePort{}, gray, 4, 5, func(c, y, x int) byte { return at(gray, 0, y, x) }},
		"resized": {ImagePort{Multiple: 1, Spec: preprocess.Spec{Height: 2, Width: 3, Interpolation: preprocess.Bicubic,
			Resize: preprocess.Resize{Mode: preprocess.Exact, Height: 2, Width: 3}}}, colours, 2, 3, func(c, y, x int) byte { return at(small, c, y, x) }},
	} {
		in := c.in
		if in.Spec.Channels == 0 {
			in.Spec.Channels = 3
		}
		in.Spec.Range = [2]float64{0, 255}
		in.Spec.Mean, in.Spec.Std = make([]float64, in.Spec.Channels), []float64{1, 1, 1}[:in.Spec.Channels]
		spec, data, err := in.Tensor(c.img)
		if err != nil || spec.Height != c.height || spec.Width != c.width || len(data) != 4*c.height*c.width*in.Spec.Channels {
			t.Errorf("%s: %dx%d, %d bytes, %v", name, spec.Height, spec.Width, len(data), err)
			continue
		}
		for channel := range in.Spec.Channels {
			for y := range c.height {
				for x := range c.width {
					i := (channel*c.height+y)*c.width + x
					if in.Spec.Layout == preprocess.NHWC {
						i = (y*c.width+x)*3 + channel
					}
					if got := math.Float32frombits(binary.NativeEndian.Uint32(data[4*i:])); got != float32(c.want(channel, y, x)) {
						t.Fatalf("%s: channel %d at (%d, %d) is %v, want %d", name, channel, x, y, got, c.want(channel, y, x))
					}
				}
			}
		}
	}
	if _, _, err := (&ImagePort{Multiple: 1 << 20, Spec: preprocess.Spec{Channels: 3}}).Tensor(colours); err == nil {
		t.Error("a tensor of a million pixels a row: no error")
	}
}

// pngOf is an image file of one shade.
func pngOf(t *testing.T, width, height int, shade uint8) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, width, height))
	for i := range img.Pix {
		img.Pix[i] = shade
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// fileOf is one that is there, or one that can't be read.
func fileOf(name string, data []byte) ImageFile {
	return ImageFile{name, func(context.Context) ([]byte, error) {
		if data == nil {
			return nil, errors.New("gone")
		}
		return data, nil
	}}
}

// loaderOf makes bytes of gray images: of one size, or of the image's own.
func loaderOf(name string, size int) *ImageLoader {
	spec := preprocess.Spec{Channels: 1, Range: [2]float64{0, 255}, Mean: []float64{0}, Std: []float64{1}, Type: preprocess.Uint8}
	l := &ImageLoader{input: onnx.Value{Name: name, Type: onnx.Uint8}}
	if size == 0 {
		l.generator = &ImagePort{Spec: spec, Multiple: 1}
		return l
	}
	spec.Height, spec.Width, spec.Resize = size, size, preprocess.Resize{Mode: preprocess.Exact, Height: size, Width: size}
	l.spec = &spec
	return l
}

func TestFeedImages(t *testing.T) {
	files := []ImageFile{
		fileOf("a", pngOf(t, 4, 2, 1)), fileOf("b", pngOf(t, 4, 2, 2)), fileOf("gone", nil), fileOf("c", pngOf(t, 4, 2, 3)),
		fileOf("wide", pngOf(t, 6, 2, 4)), fileOf("text", []byte("no image")), fileOf("d", pngOf(t, 4, 2, 5)),
	}
	var failed []string
	var asked []int
	opt := FeedOptions{
		Rows:   func(rowBytes int) int { asked = append(asked, rowBytes); return 2 },
		Failed: func(name string, err error) error { failed = append(failed, name); return nil },
	}
	loaders := []*ImageLoader{loaderOf("x", 0), loaderOf("y", 2), loaderOf("z", 0)}
	var got []string
	for b, err := range FeedImages(t.Context(), loaders, slices.Values(files), opt) {
		if err != nil || len(b.Sets) != 3 || b.Files != nil {
			t.Fatalf("%+v, %v", b, err)
		}
		for i, set := range b.Sets {
			a := set.Arrays[0]
			if set.Source != "images" || set.Rows != len(b.Names) || len(set.Arrays) != 1 || a.Name != loaders[i].input.Name || a.Type != onnx.Uint8 {
				t.Errorf("%v: %+v", b.Names, set)
			}
		}
		if &b.Sets[0].Arrays[0].Data[0] != &b.Sets[2].Arrays[0].Data[0] {
			t.Errorf("%v: the same tensors twice in memory", b.Names)
		}
		x, y := b.Sets[0].Arrays[0], b.Sets[1].Arrays[0]
		got = append(got, fmt.Sprint(b.Names, x.Shape, y.Shape, x.Data[len(x.Data)-1], y.Data[0]))
	}
	want := []string{"[a b] [2 1 2 4] [2 1 2 2] 2 1", "[c] [1 1 2 4] [1 1 2 2] 3 3", "[wide] [1 1 2 6] [1 1 2 2] 4 4", "[d] [1 1 2 4] [1 1 2 2] 5 5"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if !slices.Equal(failed, []string{"gone", "text"}) || !slices.Equal(asked, []int{8, 8, 8, 12, 8}) {
		t.Errorf("failed: %v; room asked for rows of %v bytes", failed, asked)
	}
}

func TestFeedImagesEnds(t *testing.T) {
	files := []ImageFile{fileOf("a", pngOf(t, 2, 2, 1)), fileOf("gone", nil), fileOf("b", pngOf(t, 2, 2, 2))}
	stop := errors.New("stop")
	opt := FeedOptions{Files: true, Rows: func(int) int { return 9 }, Failed: func(name string, err error) error {
		if name != "gone" || err.Error() != "gone" {
			t.Errorf("%s: %v", name, err)
		}
		return stop
	}}
	feed := func(ctx context.Context, opt FeedOptions) (batches []ImageBatch, err error) {
		for b, err := range FeedImages(ctx, []*ImageLoader{loaderOf("x", 2)}, slices.Values(files), opt) {
			if err != nil {
				return batches, err
			}
			batches = append(batches, b)
		}
		return batches, nil
	}
	if b, err := feed(t.Context(), opt); !errors.Is(err, stop) || len(b) > 0 {
		t.Errorf("an error that ends it: %+v, %v", b, err)
	}
	opt.Failed = func(string, error) error { return nil }
	b, err := feed(t.Context(), opt)
	if err != nil || len(b) != 1 || len(b[0].Files) != 2 || !bytes.Equal(b[0].Files[1], pngOf(t, 2, 2, 2)) {
		t.Errorf("the files: %+v, %v", b, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	opt.Failed = func(string, error) error { cancel(); return nil }
	if b, err := feed(ctx, opt); err != nil || len(b) > 0 {
		t.Errorf("interrupted: %+v, %v", b, err)
	}
}

func TestImageLoader(t *testing.T) {
	// A generator takes the middle of an image of any size.
	spec, data, err := loaderOf("x", 0).Load(pngOf(t, 9, 4, 7), ImageOptions{Edge: 5})
	if err != nil || spec.Width != 5 || spec.Height != 4 || len(data) != 20 || data[19] != 7 {
		t.Errorf("%+v, %v, %v", spec, data, err)
	}
	if spec, data, err = loaderOf("x", 3).Load(pngOf(t, 9, 4, 7), ImageOptions{Edge: 2}); err != nil || spec.Width != 3 || len(data) != 9 {
		t.Errorf("%+v, %v, %v", spec, data, err)
	}
	for _, size := range []int{0, 3} {
		if _, _, err := loaderOf("x", size).Load(pngOf(t, 9, 4, 7), ImageOptions{MaxPixels: 35}); !errors.Is(err, preprocess.ErrTooLarge) {
			t.Errorf("36 pixels where 35 may be: %v", err)
		}
	}
	const f = onnx.Float
	var flags Settings
	for key, value := range map[string]string{"preset": "torchvision", "output-range": "0,1"} {
		if err := flags.Set(key, value); err != nil {
			t.Fatal(err)
		}
	}
	photo, image := tensor("photo", f, "", "n", 3, 224, 224), tensor("image", f, "", "n", 3, "h", "w")
	for name, c := range map[string]struct {
		in, out    []onnx.Value
		input, err string
	}{
		"classifier": {list(photo), list(tensor("scores", f, "", "n", 10)), "photo", ""},
		"upscaler":   {list(image), list(tensor("out", f, "", "n", 3, "H", "W")), "image", ""},
		"latents":    {list(tensor("latents", f, "", 1, 4)), list(tensor("out", f, "", 1, 3, 8, 8)), "", "takes no image"},
		"other":      {list(tensor("x", f, "", 1, 3)), list(tensor("scores", f, "", 1, 10)), "", "x"},
	} {
		m, _, _ := generatorOf(t, c.in, c.out, nil, flags)
		l, err := m.ImageLoader()
		switch {
		case c.err == "" && (err != nil || l.input.Name != c.input):
			t.Errorf("%s: %+v, %v", name, l, err)
		case c.err != "" && (err == nil || !strings.Contains(err.Error(), c.err)):
			t.Errorf("%s: %v, want %q", name, err, c.err)
		}
	}
	a, b := loaderOf("x", 3), loaderOf("y", 3)
	if !a.same(b) || a.same(loaderOf("x", 4)) || a.same(loaderOf("x", 0)) || !loaderOf("x", 0).same(loaderOf("y", 0)) {
		t.Error("which make the same tensor is not told")
	}
}
