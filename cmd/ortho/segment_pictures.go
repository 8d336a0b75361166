package main

import (
	"context"
	"fmt"
	"image/png"
	"io"
	"iter"
	"os"
	"runtime"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/overlay"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/shelf"
	"ortho/cmd/ortho/internal/source"
	"ortho/models"
	"ortho/models/images"
	"ortho/models/segment"
	"ortho/preprocess"
	"ortho/runner"
)

// segmentPictures are the pictures that segment makes beside its rows: maps, and images with their segments.
type segmentPictures struct {
	maskTo, overlayTo string // folders; "": none

	masks, overlays         *shelf.Shelf
	maskNames, overlayNames shelf.Names
	numbered                bool
	orientation             preprocess.Orientation
	maxPixels               int64
}

func (p *segmentPictures) Flags() []cli.Flag {
	const out = "Output"
	return []cli.Flag{
		&cli.StringFlag{Name: "masks", Destination: &p.maskTo, Category: out, Usage: "also write each image's map to the folder `DIR`, as an indexed PNG: a pixel's value is its class, or of queries the number of its segment"},
		&cli.StringFlag{Name: "overlay", Destination: &p.overlayTo, Category: out, Usage: "also write each image, tinted by its segments, to the folder `DIR`, as JPEG"},
	}
}

func (p *segmentPictures) Read(c *flags.Call) error {
	for name, to := range map[string]string{"masks": p.maskTo, "overlay": p.overlayTo} {
		if c.Given(name) && (to == "" || to == "-") {
			return commandline.Usagef("--%s names no folder", name)
		}
	}
	if p.maskTo != "" && p.maskTo == p.overlayTo {
		return commandline.Usagef("--masks and --overlay name one folder")
	}
	return nil
}

func (p *segmentPictures) on() bool { return p.maskTo != "" || p.overlayTo != "" }

// open makes sure that the folders are none that the run reads.
func (p *segmentPictures) open(call *flags.Call, to *flags.Rows, of *segment.Segmenter, maxPixels int64) error {
	p.numbered, p.orientation, p.maxPixels = of.Numbered(), of.Spec().Input.Orientation, maxPixels
	for _, f := range []struct {
		folder string
		shelf  **shelf.Shelf
	}{{p.maskTo, &p.masks}, {p.overlayTo, &p.overlays}} {
		if f.folder == "" {
			continue
		}
		if info, err := os.Stat(f.folder); err == nil && !info.IsDir() {
			return fmt.Errorf("%s is there, and is no folder", f.folder)
		}
		reads, err := call.Reads.In(f.folder)
		if err != nil {
			return err
		}
		*f.shelf = &shelf.Shelf{Reads: reads, Folder: f.folder, Overwrite: to.Mode == record.Overwrite, Again: to.Resumes()}
	}
	return nil
}

func (p *segmentPictures) sweep() {
	for _, s := range []*shelf.Shelf{p.masks, p.overlays} {
		if s != nil {
			s.Sweep()
		}
	}
}

// mappedItem is an image whose bytes are kept until its pictures are made.
type mappedItem struct {
	source.Item
	data          *[]byte // nil: they are not needed
	mask, overlay string  // names
	err           error   // why it may have none
}

func (p *segmentPictures) items(items iter.Seq[source.Item]) iter.Seq[mappedItem] {
	return func(yield func(mappedItem) bool) {
		for item := range items {
			one := mappedItem{Item: item}
			if p.masks != nil {
				one.mask, one.err = p.maskNames.Take(item.Path, ".png", item.Name)
			}
			if p.overlays != nil && one.err == nil {
				one.data = new([]byte)
				one.overlay, one.err = p.overlayNames.Take(item.Path, ".jpg", item.Name)
			}
			if !yield(one) {
				return
			}
		}
	}
}

func (i mappedItem) input() images.Input {
	return images.Input{Name: i.Name, Read: func(ctx context.Context) ([]byte, error) {
		data, err := i.Item.Read(ctx)
		if i.data != nil {
			*i.data = data
		}
		return data, err
	}}
}

// each divides images, and makes their pictures, several at once. A picture that can't be written fails its image.
func (p *segmentPictures) each(ctx context.Context, segmenter *segment.Segmenter, items iter.Seq[source.Item]) iter.Seq[runner.Result[mappedItem, segment.Result]] {
	found := segment.Each(ctx, segmenter, p.items(items), mappedItem.input)
	if !p.on() {
		return found
	}
	type one = runner.Result[mappedItem, segment.Result]
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
				made.Value, made.Err = segment.Result{}, models.StageWrite.Wrap(fmt.Errorf("%s: %w", made.Item.Name, r.Err))
			}
			if !yield(made) {
				return
			}
		}
	}
}

// make writes the pictures of an image.
func (p *segmentPictures) make(item mappedItem, found segment.Result) error {
	if item.err != nil {
		return item.err
	}
	if p.masks != nil {
		if err := p.writeMap(item, found); err != nil {
			return err
		}
	}
	if p.overlays == nil {
		return nil
	}
	img, err := preprocess.Decode(*item.data, preprocess.DecodeOptions{Channels: 3, Orientation: p.orientation, MaxPixels: p.maxPixels})
	if err != nil {
		return err
	}
	drawn, err := p.tinted(img, found)
	if err != nil {
		return err
	}
	return put(p.overlays, item.overlay, item.File, picture(drawn, preprocess.FileOptions{Format: preprocess.JPEG, Quality: 90}))
}

// writeMap writes a map; see [overlay.Map].
func (p *segmentPictures) writeMap(item mappedItem, found segment.Result) error {
	return put(p.masks, item.mask, item.File, func(w io.Writer) error {
		return png.Encode(w, overlay.Map(found.Width, found.Height, found.Map))
	})
}

// labelled is the share of the image from which on a segment's name stands in it.
const labelled = 0.005

// tinted is an image in the colours of its segments, with lines between them and their names.
func (p *segmentPictures) tinted(img *preprocess.Image, found segment.Result) (*preprocess.Image, error) {
	if img.Width != found.Width || img.Height != found.Height {
		return nil, fmt.Errorf("it was read as %dx%d pixels, and then as %dx%d", found.Width, found.Height, img.Width, img.Height)
	}
	nothing := uint16(segment.None)
	if p.numbered {
		nothing = 0
	}
	for i, v := range found.Map {
		pixel := img.Pix[3*i : 3*i+3]
		switch {
		case i%img.Width > 0 && found.Map[i-1] != v || i >= img.Width && found.Map[i-img.Width] != v:
			pixel[0], pixel[1], pixel[2] = 255, 255, 255
		case v != nothing:
			c := overlay.Color(int(v))
			pixel[0], pixel[1], pixel[2] = byte((int(pixel[0])+int(c.R))/2), byte((int(pixel[1])+int(c.G))/2), byte((int(pixel[2])+int(c.B))/2)
		}
	}
	var marks []overlay.Mark
	for _, s := range found.Segments {
		value := s.Index
		if p.numbered {
			value = s.Value
		}
		if s.Share >= labelled {
			marks = append(marks, overlay.Mark{Label: rows.NameOfSegment(s), Class: value, Outline: [][2]float32{middleOf(found, uint16(value))}})
		}
	}
	return overlay.Draw(img, marks)
}

// middleOf is a place of a segment: the middle one of its pixels, row by row.
func middleOf(found segment.Result, value uint16) [2]float32 {
	n := 0
	for _, v := range found.Map {
		if v == value {
			n++
		}
	}
	left := n / 2
	for i, v := range found.Map {
		if v != value {
			continue
		}
		if left == 0 {
			return [2]float32{float32(i % found.Width), float32(i / found.Width)}
		}
		left--
	}
	return [2]float32{}
}
