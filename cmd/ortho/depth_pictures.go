package main

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"iter"
	"math"
	"os"
	"runtime"
	"unsafe"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/overlay"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/shelf"
	"ortho/cmd/ortho/internal/source"
	"ortho/models"
	"ortho/models/depth"
	"ortho/models/images"
	"ortho/preprocess"
	"ortho/runner"
)

// depthPictures are the files that depth makes beside its rows: a map of each image, in several forms.
type depthPictures struct {
	mapTo, previewTo, npyTo string // folders; "": none
	colors                  string // of previews; "": gray

	maps, previews, arrays             *shelf.Shelf
	mapNames, previewNames, arrayNames shelf.Names
	table                              [256][3]byte // of colors
}

func (p *depthPictures) Flags() []cli.Flag {
	const out = "Output"
	return []cli.Flag{
		&cli.StringFlag{Name: "maps", Destination: &p.mapTo, Category: out, Usage: "also write each image's map to the folder `DIR`, as a gray PNG of 16 bits: 0 is the least value of the image, 65535 the largest"},
		&cli.StringFlag{Name: "previews", Destination: &p.previewTo, Category: out, Usage: "also write each image's map to the folder `DIR`, as a PNG of 8 bits, gray or in --colors"},
		&cli.StringFlag{Name: "colors", Destination: &p.colors, Category: out, Usage: "`COLORS` of previews: inferno, magma or viridis", DefaultText: "gray"},
		&cli.StringFlag{Name: "npy", Destination: &p.npyTo, Category: out, Usage: "also write each image's values as they are to the folder `DIR`, as .npy (float32, height x width)"},
	}
}

// folder is one of the folders that files go to.
type folder struct {
	flag, name string
	shelf      **shelf.Shelf
}

func (p *depthPictures) folders() []folder {
	return []folder{{"maps", p.mapTo, &p.maps}, {"previews", p.previewTo, &p.previews}, {"npy", p.npyTo, &p.arrays}}
}

func (p *depthPictures) Read(c *flags.Call) error {
	named := map[string]string{}
	for _, f := range p.folders() {
		if c.Given(f.flag) && (f.name == "" || f.name == "-") {
			return commandline.Usagef("--%s names no folder", f.flag)
		}
		if other := named[f.name]; f.name != "" && other != "" {
			return commandline.Usagef("--%s and --%s name one folder", other, f.flag)
		}
		named[f.name] = f.flag
	}
	if p.colors == "" {
		return nil
	}
	if p.previewTo == "" {
		return commandline.Usagef("--colors is for --previews")
	}
	if err := commandline.OneOf("colors", p.colors, overlay.ColorMaps...); err != nil {
		return err
	}
	p.table, _ = overlay.ColorMap(p.colors)
	return nil
}

func (p *depthPictures) on() bool { return p.mapTo != "" || p.previewTo != "" || p.npyTo != "" }

// settings are those of the options that change files.
func (p *depthPictures) settings() record.Settings {
	return record.Settings{{Key: "colors", Value: p.colors}}
}

// open makes sure that the folders are none that the run reads.
func (p *depthPictures) open(call *flags.Call, to *flags.Rows) error {
	for _, f := range p.folders() {
		if f.name == "" {
			continue
		}
		if info, err := os.Stat(f.name); err == nil && !info.IsDir() {
			return fmt.Errorf("%s is there, and is no folder", f.name)
		}
		reads, err := call.Reads.In(f.name)
		if err != nil {
			return err
		}
		*f.shelf = &shelf.Shelf{Reads: reads, Folder: f.name, Overwrite: to.Mode == record.Overwrite, Again: to.Resumes()}
	}
	return nil
}

func (p *depthPictures) sweep() {
	for _, f := range p.folders() {
		if *f.shelf != nil {
			(*f.shelf).Sweep()
		}
	}
}

// deepItem is an image with the names of its files.
type deepItem struct {
	source.Item
	depth, preview, array string
	err                   error // why it may have none
}

func (p *depthPictures) items(items iter.Seq[source.Item]) iter.Seq[deepItem] {
	return func(yield func(deepItem) bool) {
		for item := range items {
			one := deepItem{Item: item}
			take := func(on *shelf.Shelf, names *shelf.Names, ending string) (name string) {
				if on != nil && one.err == nil {
					name, one.err = names.Take(item.Path, ending, item.Name)
				}
				return name
			}
			one.depth, one.preview, one.array = take(p.maps, &p.mapNames, ".png"), take(p.previews, &p.previewNames, ".png"), take(p.arrays, &p.arrayNames, ".npy")
			if !yield(one) {
				return
			}
		}
	}
}

func (i deepItem) input() images.Input { return images.Input{Name: i.Name, Read: i.Item.Read} }

// each estimates the depth of images, and makes their files, several at once. One that can't be written fails its
// image.
func (p *depthPictures) each(ctx context.Context, estimator *depth.Estimator, items iter.Seq[source.Item]) iter.Seq[runner.Result[deepItem, depth.Result]] {
	found := depth.Each(ctx, estimator, p.items(items), deepItem.input)
	if !p.on() {
		return found
	}
	type one = runner.Result[deepItem, depth.Result]
	return func(yield func(one) bool) {
		defer p.sweep()
		for r := range runner.Map(ctx, found, runtime.GOMAXPROCS(0), func(_ context.Context, r one) (struct{}, error) {
			if r.Err != nil {
				return struct{}{}, nil
			}
			return struct{}{}, p.make(r.Item, r.Value)
		}) {
			made := r.Item
			if r.Err != nil {
				made.Value, made.Err = depth.Result{}, models.StageWrite.Wrap(fmt.Errorf("%s: %w", made.Item.Name, r.Err))
			}
			if !yield(made) {
				return
			}
		}
	}
}

// make writes the files of an image.
func (p *depthPictures) make(item deepItem, found depth.Result) error {
	if item.err != nil {
		return item.err
	}
	frame := image.Rect(0, 0, found.Width, found.Height)
	if p.maps != nil {
		if err := put(p.maps, item.depth, item.File, func(w io.Writer) error { return png.Encode(w, gray16(found, frame)) }); err != nil {
			return err
		}
	}
	if p.previews != nil {
		if err := put(p.previews, item.preview, item.File, p.preview(found)); err != nil {
			return err
		}
	}
	if p.arrays == nil {
		return nil
	}
	return put(p.arrays, item.array, item.File, func(w io.Writer) error {
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
func (p *depthPictures) preview(found depth.Result) func(io.Writer) error {
	img := &preprocess.Image{Width: found.Width, Height: found.Height, Channels: 1, Pix: make([]byte, len(found.Values))}
	for i := range img.Pix {
		img.Pix[i] = byte(found.Scaled(i) * 255)
	}
	if p.colors != "" {
		gray := img.Pix
		img.Channels, img.Pix = 3, make([]byte, 0, 3*len(gray))
		for _, v := range gray {
			img.Pix = append(img.Pix, p.table[v][:]...)
		}
	}
	return picture(img, preprocess.FileOptions{Format: preprocess.PNG})
}
