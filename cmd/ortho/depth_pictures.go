package main

import (
	"errors"
	"image"
	"image/png"
	"io"
	"math"
	"unsafe"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/beside"
	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/overlay"
	"ortho/models/depth"
	"ortho/preprocess"
)

// depthFiles are what depth makes beside its rows: a map of each image, in several forms.
type depthFiles struct {
	maps, previews, arrays *beside.Folder

	colors string       // of previews; "": gray
	table  [256][3]byte // of colors
}

func newDepthFiles() depthFiles {
	return depthFiles{
		maps:     &beside.Folder{Flag: "maps", Ending: ".png", Usage: "also write each image's map to the folder `DIR`, as a gray PNG of 16 bits: 0 is the least value of the image, 65535 the largest"},
		previews: &beside.Folder{Flag: "previews", Ending: ".png", Usage: "also write each image's map to the folder `DIR`, as a PNG of 8 bits, gray or in --colors"},
		arrays:   &beside.Folder{Flag: "npy", Ending: ".npy", Usage: "also write each image's values as they are to the folder `DIR`, as .npy (float32, height x width)"},
	}
}

func (f *depthFiles) Flags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "colors", Destination: &f.colors, Category: "Output", Usage: "`COLORS` of previews: inferno, magma or viridis", DefaultText: "gray"},
	}
}

func (f *depthFiles) Read(c *flags.Call) error {
	if f.colors == "" {
		return nil
	}
	if !c.Given("previews") {
		return commandline.Usagef("--colors is for --previews")
	}
	if err := commandline.OneOf("colors", f.colors, overlay.ColorMaps...); err != nil {
		return err
	}
	f.table, _ = overlay.ColorMap(f.colors)
	return nil
}

// make writes the files of an image.
func (f *depthFiles) make(item *beside.Item, found depth.Result) error {
	frame := image.Rect(0, 0, found.Width, found.Height)
	if f.maps.On() {
		if err := f.maps.Put(item, func(w io.Writer) error { return png.Encode(w, gray16(found, frame)) }); err != nil {
			return err
		}
	}
	if f.previews.On() {
		if err := f.previews.Put(item, f.preview(found)); err != nil {
			return err
		}
	}
	if !f.arrays.On() {
		return nil
	}
	return f.arrays.Put(item, func(w io.Writer) error {
		values := found.Values
		if len(values) == 0 {
			return errors.New("it has no values")
		}
		return preprocess.WriteNPY(w, preprocess.Float32, []int{found.Height, found.Width}, unsafe.Slice((*byte)(unsafe.Pointer(&values[0])), 4*len(values)))
	})
}

// gray16 is a map from the least value, 0, to the largest, 65535.
func gray16(found depth.Result, frame image.Rectangle) *image.Gray16 {
	deep := image.NewGray16(frame)
	for i := range found.Values {
		v := uint16(math.RoundToEven(float64(found.Scaled(i)) * math.MaxUint16))
		deep.Pix[2*i], deep.Pix[2*i+1] = byte(v>>8), byte(v)
	}
	return deep
}

// preview writes a map of 8 bits, cut off as transformers' pipeline has it.
func (f *depthFiles) preview(found depth.Result) func(io.Writer) error {
	img := &preprocess.Image{Width: found.Width, Height: found.Height, Channels: 1, Pix: make([]byte, len(found.Values))}
	for i := range img.Pix {
		img.Pix[i] = byte(found.Scaled(i) * 255)
	}
	if f.colors != "" {
		gray := img.Pix
		img.Channels, img.Pix = 3, make([]byte, 0, 3*len(gray))
		for _, v := range gray {
			img.Pix = append(img.Pix, f.table[v][:]...)
		}
	}
	return beside.Picture(img, preprocess.FileOptions{Format: preprocess.PNG})
}
