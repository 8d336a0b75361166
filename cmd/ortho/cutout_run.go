package main

import (
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
	picture, err := cut.Picture(in, cutout.Finish{MaskOnly: r.maskOnly, Feather: r.feather, Ground: r.ground()})
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

// ground is what stands behind images; nil: alpha stays.
func (r *cutoutRun) ground() cutout.Ground {
	switch b := &r.background; {
	case b.Color != nil:
		return cutout.Colored(*b.Color)
	case b.Blur:
		return cutout.Blurred(b.By)
	case r.behind != nil:
		return cutout.Covered(r.behind)
	}
	return nil
}
