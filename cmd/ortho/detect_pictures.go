package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"math"
	"os"
	"path"
	"runtime"
	"strings"

	"github.com/urfave/cli/v2"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/overlay"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/shelf"
	"ortho/cmd/ortho/internal/source"
	"ortho/models"
	"ortho/models/detect"
	"ortho/models/images"
	"ortho/preprocess"
	"ortho/runner"
)

// detectPictures are the pictures that detect makes beside its rows: each image with its boxes, and what
// is in each box.
type detectPictures struct {
	drawTo, cropTo, textTo string // folders; "": none

	draw, crop  *shelf.Shelf
	text        *shelf.Shelf // of YOLO's labels
	texts       shelf.Names
	names       shelf.Names // of draw
	cuts        shelf.Names // of crop: a folder for each image
	orientation preprocess.Orientation
	maxPixels   int64
}

func (p *detectPictures) Flags() []cli.Flag {
	const out = "Output"
	return []cli.Flag{
		&cli.StringFlag{Name: "draw", Destination: &p.drawTo, Category: out, Usage: "also write each image with its boxes to the folder `DIR`, as JPEG"},
		&cli.StringFlag{Name: "crops", Destination: &p.cropTo, Category: out, Usage: "also write what is in each box to the folder `DIR`, as PNG: IMAGE/1-dog.png, ..."},
		&cli.StringFlag{Name: "yolo", Destination: &p.textTo, Category: out, Usage: "also write YOLO's labels of each image to the folder `DIR`: a line for each box, class x y width height score, in parts of the image"},
	}
}

func (p *detectPictures) Read(c *flags.Call) error {
	for _, f := range []struct {
		name string
		to   string
	}{{"draw", p.drawTo}, {"crops", p.cropTo}, {"yolo", p.textTo}} {
		if c.Given(f.name) && (f.to == "" || f.to == "-") {
			return commandline.Usagef("--%s names no folder", f.name)
		}
	}
	return nil
}

// on reports whether any pictures are made.
func (p *detectPictures) on() bool { return p.drawTo != "" || p.cropTo != "" || p.textTo != "" }

// open makes sure that the folders are none that the run reads.
func (p *detectPictures) open(call *flags.Call, to *flags.Rows) error {
	for _, f := range []struct {
		folder string
		shelf  **shelf.Shelf
	}{{p.drawTo, &p.draw}, {p.cropTo, &p.crop}, {p.textTo, &p.text}} {
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

// sweep removes pictures that were begun.
func (p *detectPictures) sweep() {
	for _, s := range []*shelf.Shelf{p.draw, p.crop, p.text} {
		if s != nil {
			s.Sweep()
		}
	}
}

// shownItem is an image whose bytes are kept until its pictures are made.
type shownItem struct {
	source.Item
	data *[]byte
	name string // of its picture
	cut  string // of the folder of its crops
	text string // of its labels
	err  error  // why it may have none
}

// items gives each image the names of its pictures, and keeps its bytes.
func (p *detectPictures) items(items iter.Seq[source.Item]) iter.Seq[shownItem] {
	return func(yield func(shownItem) bool) {
		for item := range items {
			one := shownItem{Item: item}
			if p.on() {
				one.data = new([]byte)
			}
			if p.draw != nil {
				one.name, one.err = p.names.Take(item.Path, ".jpg", item.Name)
			}
			if p.crop != nil && one.err == nil {
				one.cut, one.err = p.cuts.Take(strings.TrimSuffix(item.Path, path.Ext(item.Path)), "", item.Name)
			}
			if p.text != nil && one.err == nil {
				one.text, one.err = p.texts.Take(item.Path, ".txt", item.Name)
			}
			if !yield(one) {
				return
			}
		}
	}
}

func (i shownItem) input() images.Input {
	return images.Input{Name: i.Name, Read: func(ctx context.Context) ([]byte, error) {
		data, err := i.Item.Read(ctx)
		if i.data != nil {
			*i.data = data
		}
		return data, err
	}}
}

// each finds what is in images, and makes their pictures, several at once. A picture that can't be
// written fails its image.
func (p *detectPictures) each(ctx context.Context, detector *detect.Detector, items iter.Seq[source.Item]) iter.Seq[runner.Result[shownItem, detect.Result]] {
	found := detect.Each(ctx, detector, p.items(items), shownItem.input)
	if !p.on() {
		return found
	}
	type one = runner.Result[shownItem, detect.Result]
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
				made.Value, made.Err = detect.Result{}, models.StageWrite.Wrap(fmt.Errorf("%s: %w", made.Item.Name, r.Err))
			}
			if !yield(made) {
				return
			}
		}
	}
}

// make writes the pictures of an image.
func (p *detectPictures) make(item shownItem, found detect.Result) error {
	if item.err != nil {
		return item.err
	}
	if p.text != nil {
		if err := put(p.text, item.text, item.File, func(w io.Writer) error { return rows.YOLO(w, found) }); err != nil {
			return err
		}
	}
	if p.draw == nil && p.crop == nil {
		return nil
	}
	img, err := preprocess.Decode(*item.data, preprocess.DecodeOptions{Channels: 3, Orientation: p.orientation, MaxPixels: p.maxPixels})
	if err != nil {
		return err
	}
	if p.draw != nil {
		drawn, err := overlay.Draw(img, marks(found))
		if err != nil {
			return err
		}
		if err := put(p.draw, item.name, item.File, picture(drawn, preprocess.FileOptions{Format: preprocess.JPEG, Quality: 90})); err != nil {
			return err
		}
	}
	if p.crop == nil {
		return nil
	}
	for i, d := range found.Detections {
		x, y := max(0, int(math.Floor(float64(d.Box[0])))), max(0, int(math.Floor(float64(d.Box[1]))))
		w, h := min(img.Width, int(math.Ceil(float64(d.Box[2]))))-x, min(img.Height, int(math.Ceil(float64(d.Box[3]))))-y
		if w < 1 || h < 1 { // nothing of it is in the image
			continue
		}
		name := fmt.Sprintf("%s/%d", item.cut, i+1)
		if slug := shelf.Slug(rows.NameOfClass(d)); slug != "" {
			name += "-" + slug
		}
		if err := put(p.crop, name+".png", item.File, picture(img.Crop(x, y, w, h), preprocess.FileOptions{Format: preprocess.PNG})); err != nil {
			return err
		}
	}
	return nil
}

// picture writes an image as a file.
func picture(img *preprocess.Image, opt preprocess.FileOptions) func(io.Writer) error {
	return func(to io.Writer) error {
		w, err := preprocess.NewFileWriter(to, img.Width, img.Height, img.Channels, opt)
		if err != nil {
			return err
		}
		if _, err := w.Write(img.Pix); err != nil {
			return err
		}
		return w.Close()
	}
}

// put writes a file to a shelf.
func put(to *shelf.Shelf, name, input string, write func(io.Writer) error) error {
	file, err := to.Create(name, input)
	if err != nil {
		return err
	}
	if err = write(file); err == nil || file.Failed() != nil {
		err = file.Complete()
	}
	if err != nil {
		file.Discard()
		return err
	}
	return file.Commit()
}

// marks are what is drawn of what was found.
func marks(found detect.Result) []overlay.Mark {
	all := make([]overlay.Mark, len(found.Detections))
	for i, d := range found.Detections {
		m := overlay.Mark{Label: fmt.Sprintf("%s %.2f", rows.NameOfClass(d), d.Score), Class: d.Index}
		corners := d.Corners()
		m.Outline = corners[:]
		for _, k := range d.Keypoints {
			if len(k) < 3 || k[2] >= 0.5 { // as Ultralytics' plots leave out what is hardly visible
				m.Points = append(m.Points, [2]float32{k[0], k[1]})
			}
		}
		if d.Mask != nil {
			if bits, err := d.Mask.Pixels(); err == nil {
				width := d.Mask.Size[1]
				m.Mask = func(x, y int) bool { return bits[y*width+x] }
			}
		}
		all[i] = m
	}
	return all
}
