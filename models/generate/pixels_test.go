package generate

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"testing"

	"ortho/models"
	"ortho/preprocess"
	"ortho/runner"
	"ortho/runner/onnx"
)

// TestForms: an output's values are the same image in all of the forms that it may have.
func TestForms(t *testing.T) {
	generator(t, graph("gray"), spec(), Options{}) // it loads ONNX Runtime, which holds tensors
	for _, c := range []struct {
		shape                   []int64
		port                    models.PicturePort
		width, height, channels int
		first                   []float32 // the channels of pixel 1
	}{
		{[]int64{1, 3, 2, 4}, models.PicturePort{}, 4, 2, 3, []float32{1, 9, 17}},
		{[]int64{1, 4, 2, 3}, models.PicturePort{ColorOrder: preprocess.BGR}, 3, 2, 4, []float32{13, 7, 1, 19}},
		{[]int64{2, 3, 4}, models.PicturePort{Layout: preprocess.NHWC}, 3, 2, 4, []float32{4, 5, 6, 7}},
		{[]int64{3, 2, 4}, models.PicturePort{}, 4, 2, 3, []float32{1, 9, 17}},
		{[]int64{1, 4, 6}, models.PicturePort{Form: preprocess.Plane}, 6, 4, 1, []float32{1}},
		{[]int64{1, 4, 6}, models.PicturePort{Form: preprocess.Plane, Layout: preprocess.NHWC}, 6, 4, 1, []float32{1}},
		{[]int64{1, 24}, models.PicturePort{Form: preprocess.Row, Channels: 1, Height: 4, Width: 6}, 6, 4, 1, []float32{1}},
		{[]int64{1, 24}, models.PicturePort{Form: preprocess.Row, Channels: 3, Height: 2, Width: 4, Layout: preprocess.NHWC}, 4, 2, 3, []float32{1, 9, 17}},
		{[]int64{1, 25}, models.PicturePort{Form: preprocess.Row, Channels: 1, Height: 4, Width: 6}, 0, 0, 0, nil},
		{[]int64{1, 2, 3, 4}, models.PicturePort{}, 0, 0, 0, nil},
		{[]int64{24}, models.PicturePort{Form: preprocess.Plane}, 0, 0, 0, nil},
	} {
		c.port.Range = [2]float64{0, 255}
		tensor, err := runner.NewTensor(onnx.Float, c.shape)
		if err != nil {
			t.Fatal(err)
		}
		defer tensor.Close()
		data := tensor.Bytes()
		for i := range len(data) / 4 {
			binary.NativeEndian.PutUint32(data[4*i:], math.Float32bits(float32(i)))
		}
		name := fmt.Sprint(c.shape, c.port.Form, c.port.Layout)
		p, err := planeOf(tensor, &c.port, 0)
		if err != nil || c.first == nil {
			if (err == nil) != (c.first != nil) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		got := make([]float32, p.Channels)
		if _, err := p.Unpack(got, p.data, 1, 0, 1); err != nil || p.Width != c.width || p.Height != c.height || p.Channels != c.channels || !slices.Equal(got, c.first) {
			t.Errorf("%s: %dx%dx%d, %v, %v; want %v", name, p.Width, p.Height, p.Channels, got, err, c.first)
		}
	}
}
