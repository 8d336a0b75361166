package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"

	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/job"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/models"
	"ortho/models/cutout"
	"ortho/models/images"
	"ortho/preprocess"
	"ortho/runner"
)

// cutoutRun is a run that removes the background of images.
type cutoutRun struct {
	*picturesOfImages
	*cutoutOptions
	cutter   *cutout.Cutter
	behind   *preprocess.Image // of --background FILE
	behindID string            // its SHA-256
}

// cutEngine is the engine of a model that removes backgrounds.
type cutEngine struct {
	*cutout.Cutter
	model *models.Model
}

func (e *cutEngine) Concurrency() int {
	_, n := e.Batching()
	return n
}

func (e *cutEngine) record(ctx context.Context, settings record.Settings) (record.Record, error) {
	return job.Described(ctx, settings, e.model, e.Session(), nil)
}

// open opens the model and the background.
func (r *cutoutRun) open(ctx context.Context) (*job.Job[imageRequest, rows.Pictures], error) {
	g := r.generation
	if err := r.readBackground(ctx); err != nil {
		return nil, err
	}
	if err := g.open(ctx, r.openModel); err != nil {
		return nil, err
	}
	r.orientation = r.cutter.Spec().Input.Orientation
	r.formatFor = r.fitting
	flags.TellJPEGs(r.ui.Info)
	return &job.Job[imageRequest, rows.Pictures]{
		Unit:  "image",
		Items: r.requests(g.generateOptions.images.Items()),
		Name:  func(one imageRequest) string { return one.Name },
		Stamp: func(ctx context.Context, one imageRequest) source.Stamp {
			return g.generateOptions.images.Stamp(ctx, one.Item)
		},
		Fits:    func(one imageRequest, row rows.Pictures) bool { return one.err == nil && row.File == one.file },
		Survey:  g.generateOptions.images.Survey,
		Record:  func(string) (record.Record, error) { return g.describe(ctx, r.settings()) },
		Rows:    r.made,
		How:     howOf(r.cutter),
		Close:   g.close,
		Gone:    g.gone(),
		Earlier: func(before job.Earlier) { r.failed = before.Failed },
		Finish: func(_ context.Context, all iter.Seq2[rows.Pictures, error]) error {
			for row := range all {
				g.tellSize(row.Width, row.Height)
				break
			}
			return g.left(all)
		},
		Ended: func(err error) {
			r.left.tell(r.ui)
			g.ended(err)
		},
		Title:  "What " + g.name + " cuts out",
		Item:   func(one imageRequest) source.Item { return one.Item },
		Card:   r.card,
		AtOnce: 1,
	}, nil
}

func (r *cutoutRun) openModel(ctx context.Context) error {
	g := r.generation
	if err := g.read.Given.Assume("task", string(models.Cutout), "ortho cutout"); err != nil {
		return err
	}
	model, err := g.read.Open(r.ui, g.model)
	if err != nil {
		return err
	}
	g.session.Check(ctx, r.ui, model)
	if err := g.protectFolder(ctx); err != nil {
		return err
	}
	r.cutter, err = cutout.Open(ctx, model, images.Options{Runner: g.session.Runner, Concurrency: g.session.Concurrency,
		MaxPixels: g.maxPixels.Pixels, Scaled: r.jpegs.Scaled, Timeout: r.timeout.PerImage})
	if err != nil {
		return err
	}
	flags.TellSession(r.ui, r.cutter.Session())
	g.engine = &cutEngine{r.cutter, model}
	if err := g.identify(ctx, model, r.cutter.Session()); err != nil {
		return err
	}
	for _, s := range r.settings() {
		if s.Value != "" && s.Value != "0" && s.Value != "false" && s.Key != "shard" && s.Key != "strip" {
			g.texts = append(g.texts, [2]string{"ortho:" + s.Key, s.Value})
		}
	}
	return nil
}

// settings are those that pictures depend on, beside the model's.
func (r *cutoutRun) settings() record.Settings {
	g := r.generation
	behind := r.background.Settings()
	if r.behindID != "" {
		behind = record.Settings{{Key: "background-sha256", Value: r.behindID}}
	}
	return append(behind,
		record.Setting{Key: "shard", Value: g.generateOptions.images.Shard().String()},
		record.Setting{Key: "strip", Value: strconv.FormatBool(g.to.Strip)},
		record.Setting{Key: "mask-only", Value: strconv.FormatBool(r.maskOnly)},
		record.Setting{Key: "feather", Value: strconv.FormatFloat(r.feather, 'g', -1, 64)},
		record.Setting{Key: "scaled", Value: strconv.FormatBool(r.jpegs.Scaled)})
}

// readBackground reads the image of --background.
func (r *cutoutRun) readBackground(ctx context.Context) error {
	if r.background.File == "" {
		return nil
	}
	data, err := source.File(r.background.File).Read(ctx)
	if err != nil {
		return fmt.Errorf("--background %s: %w", r.background.File, err)
	}
	r.behind, err = preprocess.Decode(data, preprocess.DecodeOptions{Channels: 3, Orientation: preprocess.ApplyOrientation, MaxPixels: r.generation.maxPixels.Pixels})
	if err != nil {
		return fmt.Errorf("--background %s: %w", r.background.File, err)
	}
	sum := sha256.Sum256(data)
	r.behindID = hex.EncodeToString(sum[:])
	return nil
}

// fitting is the format of a picture: that of its input, where it can be written and holds what is asked for.
func (r *cutoutRun) fitting(name string) (preprocess.FileFormat, string) {
	format, ending := r.generation.to.FormatFor(name)
	if format == preprocess.JPEG && r.alpha() {
		return preprocess.PNG, flags.Endings[preprocess.PNG]
	}
	return format, ending
}

// made yields the row of each image.
func (r *cutoutRun) made(ctx context.Context, requests iter.Seq[imageRequest]) iter.Seq[answer] {
	atOnce := min(8, r.engine.Concurrency()+1)
	return r.rows(ctx, runner.Map(ctx, requests, atOnce, r.one), r.one)
}

// one makes the picture of an image.
func (r *cutoutRun) one(ctx context.Context, one imageRequest) (made draft, err error) {
	if one.waits {
		return made, one.err
	}
	data, err := one.Read(ctx)
	if err != nil {
		return made, models.StageRead.Wrap(err)
	}
	if one.err != nil {
		return made, models.StageWrite.Wrap(one.err)
	}
	cut, err := r.cutter.Image(ctx, data)
	if err != nil {
		return made, cmp.Or(errors.Unwrap(err), err) // without the image's name, which the row has
	}
	in, err := r.decode(one, data)
	if err != nil {
		return made, err
	}
	if cut.Image != (images.Size{Width: in.Width, Height: in.Height}) {
		return made, models.StageDecode.Wrap(fmt.Errorf("it was read as %dx%d pixels, and then as %dx%d", cut.Image.Width, cut.Image.Height, in.Width, in.Height))
	}
	picture, err := r.picture(in, cut)
	if err != nil {
		return made, models.StageOutput.Wrap(err)
	}
	w, err := r.begin(&made, one.file, one.Name)
	if err != nil {
		return made, err
	}
	made.width, made.height = picture.Width, picture.Height
	return made, made.complete(r.write(w, one, in, picture))
}

// decode decodes an image with what its picture keeps.
func (r *cutoutRun) decode(one imageRequest, data []byte) (*preprocess.Picture, error) {
	opt := preprocess.DecodeOptions{Orientation: r.orientation, MaxPixels: r.generation.maxPixels.Pixels}
	if r.background.Given() {
		opt.Channels = 3
	}
	in, err := preprocess.DecodePicture(data, opt)
	if err != nil {
		return nil, models.StageDecode.Wrap(err)
	}
	left := preprocess.LeftOf(data, in)
	in.Sequence = nil
	if r.maskOnly {
		in.ICC, left.Profile = nil, false
	}
	in.Metadata = r.metadata(in.Metadata)
	_, lost := in.Metadata.For(one.format)
	r.left.add(one.Name, left, lost)
	return in, nil
}

func (r *cutoutRun) write(w io.Writer, one imageRequest, in *preprocess.Picture, picture *preprocess.Image) error {
	f, err := preprocess.NewFileWriter(w, picture.Width, picture.Height, picture.Channels, preprocess.FileOptions{Format: one.format,
		Quality: r.generation.to.Quality, ICC: in.ICC, Metadata: in.Metadata, Text: r.textsFor(one.Name)})
	if err != nil {
		return models.StageWrite.Wrap(err)
	}
	if _, err := f.Write(picture.Pix); err != nil {
		return err
	}
	return f.Close()
}

// picture is what is written of an image: its alpha alone, on a background, or with alpha. Alpha that the image
// has itself stays: what was transparent stays so.
func (r *cutoutRun) picture(in *preprocess.Picture, cut cutout.Result) (*preprocess.Image, error) {
	pix, err := cut.Alpha()
	if err != nil {
		return nil, err
	}
	alpha := &preprocess.Image{Width: in.Width, Height: in.Height, Channels: 1, Pix: pix}
	alpha.Blur(r.feather)
	for i, a := range in.Alpha {
		pix[i] = byte((int(pix[i])*int(a) + 127) / 255)
	}
	switch {
	case r.maskOnly:
		return alpha, nil
	case r.background.Given():
		return laid(in.Image, alpha, r.ground(in.Image, alpha)), nil
	}
	n := in.Channels
	out := &preprocess.Image{Width: in.Width, Height: in.Height, Channels: n + 1, Pix: make([]byte, 0, len(pix)*(n+1))}
	for i, a := range pix {
		out.Pix = append(append(out.Pix, in.Pix[i*n:i*n+n]...), a)
	}
	return out, nil
}

// laid lays an image on a ground of its size, as Pillow's alpha_composite does over an opaque image.
func laid(img, alpha, ground *preprocess.Image) *preprocess.Image {
	for i, a := range alpha.Pix {
		for c := 3 * i; c < 3*i+3; c++ {
			ground.Pix[c] = byte((int(img.Pix[c])*int(a) + int(ground.Pix[c])*(255-int(a)) + 127) / 255)
		}
	}
	return ground
}

// ground is what stands behind an image.
func (r *cutoutRun) ground(img, alpha *preprocess.Image) *preprocess.Image {
	switch b := &r.background; {
	case b.Color != nil:
		return &preprocess.Image{Width: img.Width, Height: img.Height, Channels: 3, Pix: bytes.Repeat(b.Color[:], img.Width*img.Height)}
	case b.Blur:
		return blurredBehind(img, alpha, cmp.Or(b.By, float64(max(img.Width, img.Height))/50))
	}
	return covering(r.behind, img.Width, img.Height)
}

// blurredBehind is what an image shows behind what is cut out of it, blurred: what is kept does not bleed into it,
// since each pixel counts by how much of it is background.
func blurredBehind(img, alpha *preprocess.Image, radius float64) *preprocess.Image {
	plain := &preprocess.Image{Width: img.Width, Height: img.Height, Channels: 3, Pix: bytes.Clone(img.Pix)}
	weighed := &preprocess.Image{Width: img.Width, Height: img.Height, Channels: 3, Pix: make([]byte, len(img.Pix))}
	weights := &preprocess.Image{Width: img.Width, Height: img.Height, Channels: 1, Pix: make([]byte, len(alpha.Pix))}
	for i, a := range alpha.Pix {
		weights.Pix[i] = 255 - a
		for c := 3 * i; c < 3*i+3; c++ {
			weighed.Pix[c] = byte((int(img.Pix[c])*int(255-a) + 127) / 255)
		}
	}
	for _, one := range []*preprocess.Image{plain, weighed, weights} {
		one.Blur(radius)
	}
	const few = 16 // of 255: deep within what is kept, where hardly anything shows
	for i, w := range weights.Pix {
		for c := 3 * i; w >= few && c < 3*i+3; c++ {
			plain.Pix[c] = byte(min(255, (int(weighed.Pix[c])*255+int(w)/2)/int(w)))
		}
	}
	return plain
}

// covering is the middle of an image, of the proportions of width x height, brought to that size.
func covering(img *preprocess.Image, width, height int) *preprocess.Image {
	w, h := img.Width, img.Height
	if w*height > h*width {
		w = max(1, (h*width+height/2)/height)
	} else {
		h = max(1, (w*height+width/2)/width)
	}
	middle := img.Crop((img.Width-w)/2, (img.Height-h)/2, w, h)
	var out bytes.Buffer
	out.Grow(width * height * 3)
	to, err := preprocess.NewResampler(&out, w, h, 3, width, height, preprocess.Lanczos)
	if err == nil {
		_, err = to.Write(middle.Pix)
	}
	if err != nil {
		panic(err) // sizes are of images that were decoded, and a buffer takes all
	}
	return &preprocess.Image{Width: width, Height: height, Channels: 3, Pix: out.Bytes()}
}
