package generate

import (
	"encoding/binary"
	"math"
	"testing"

	"ortho/models"
	"ortho/preprocess"
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
		in            models.ImagePort
		img           *preprocess.Image
		height, width int
		want          func(c, y, x int) byte
	}{
		"its own size":    {models.ImagePort{Multiple: 1}, colours, 4, 5, func(c, y, x int) byte { return at(colours, c, y, x) }},
		"bgr, nhwc":       {models.ImagePort{Spec: preprocess.Spec{Layout: preprocess.NHWC, ColorOrder: preprocess.BGR}}, colours, 4, 5, func(c, y, x int) byte { return at(colours, 2-c, y, x) }},
		"to multiples":    {models.ImagePort{Multiple: 8}, colours, 8, 8, func(c, y, x int) byte { return at(colours, c, rows[y], columns[x]) }},
		"luma":            {models.ImagePort{Multiple: 4, Luma: true, Spec: preprocess.Spec{Channels: 1}}, colours, 4, 8, func(c, y, x int) byte { return at(luma, c, y, columns[x]) }},
		"gray":            {models.ImagePort{Spec: preprocess.Spec{Channels: 1}, Luma: true}, gray, 4, 5, func(c, y, x int) byte { return at(gray, 0, y, x) }},
		"gray to colours": {models.ImagePort{}, gray, 4, 5, func(c, y, x int) byte { return at(gray, 0, y, x) }},
		"resized": {models.ImagePort{Multiple: 1, Spec: preprocess.Spec{Height: 2, Width: 3, Interpolation: preprocess.Bicubic,
			Resize: preprocess.Resize{Mode: preprocess.Exact, Height: 2, Width: 3}}}, colours, 2, 3, func(c, y, x int) byte { return at(small, c, y, x) }},
	} {
		in := c.in
		if in.Spec.Channels == 0 {
			in.Spec.Channels = 3
		}
		in.Spec.Range = [2]float64{0, 255}
		in.Spec.Mean, in.Spec.Std = make([]float64, in.Spec.Channels), []float64{1, 1, 1}[:in.Spec.Channels]
		spec, data, err := Tensor(&in, &preprocess.Picture{Image: c.img})
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
	if _, _, err := Tensor(&models.ImagePort{Multiple: 1 << 20, Spec: preprocess.Spec{Channels: 3}}, &preprocess.Picture{Image: colours}); err == nil {
		t.Error("a tensor of a million pixels a row: no error")
	}
}
