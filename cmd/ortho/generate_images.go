package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strconv"
	"sync"

	"ortho/cmd/ortho/internal/commandline"
	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/job"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/source"
	"ortho/cmd/ortho/internal/term"
	"ortho/models"
	"ortho/models/generate"
	"ortho/preprocess"
)

// imageRun is a run that makes pictures of images.
type imageRun struct {
	*picturesOfImages
	graph            *graphEngine
	images           *generate.Images[imageRequest, draft]
	faces            *faceRun // nil: none are restored
	widens, enlarges sync.Once
}

// imagesJob makes a picture from each image.
func (g *generation) imagesJob(ctx context.Context) (*job.Job[imageRequest, rows.Pictures], error) {
	r := &imageRun{picturesOfImages: g.ofImages()}
	if err := g.open(ctx, func(ctx context.Context) (err error) {
		r.graph, err = g.openGraph(ctx, defaultUpscaler)
		return err
	}); err != nil {
		return nil, err
	}
	spec := r.graph.Spec()
	if spec.Image == nil {
		return nil, g.failed(commandline.Usagef("%s takes no images: it makes them of %s", g.name, generate.Takes(spec)))
	}
	r.orientation = spec.Image.Spec.Orientation
	r.images = &generate.Images[imageRequest, draft]{Generator: r.graph.Generator, Read: r.read, Make: r.draft}
	flags.TellJPEGs(g.ui.Info)
	r.tellOptions()
	if err := r.readMask(ctx); err != nil {
		return nil, g.failed(err)
	}
	if g.restore.detector != "" {
		r.faces = &faceRun{picturesOfImages: r.picturesOfImages}
		if err := r.faces.open(ctx, r.graph.Generator); err != nil {
			return nil, g.failed(errors.Join(err, r.faces.close()))
		}
	}
	if r.graph.Tried() { // also where the run is quiet: it was decided, and not asked for
		tile, overlap := r.tile()
		g.ui.Info(fmt.Sprintf("%s takes images of %dx%d alone, and a trial shows that it looks at what is near a pixel: other images run in tiles of %s, which overlap by %d (--tile -1 squashes them)",
			g.name, spec.Image.Spec.Width, spec.Image.Spec.Height, tile, overlap))
	}
	counts := "images"
	if g.generateOptions.images.Single() {
		counts = "tiles"
	}
	return &job.Job[imageRequest, rows.Pictures]{
		Unit: "image", Counts: counts, Progress: func(bar *term.Progress) { g.bar = bar },
		Items: r.requests(g.generateOptions.images.Items()),
		Name:  func(one imageRequest) string { return one.Name },
		Stamp: func(ctx context.Context, one imageRequest) source.Stamp {
			return g.generateOptions.images.Stamp(ctx, one.Item)
		},
		Fits:   func(one imageRequest, row rows.Pictures) bool { return one.err == nil && row.File == one.file },
		Survey: g.generateOptions.images.Survey,
		Record: func(string) (record.Record, error) { return g.describe(ctx, r.settings()) },
		Rows: func(ctx context.Context, requests iter.Seq[imageRequest]) iter.Seq[answer] {
			return r.rows(ctx, r.images.All(ctx, requests), r.images.One)
		},
		How:     g.how(),
		Close:   func() error { return errors.Join(g.close(), r.faces.close()) },
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
			r.left.tell(g.ui)
			r.faces.tell(g.ui)
			g.ended(err)
		},
		Title: "What " + g.name + " makes",
		Item:  func(one imageRequest) source.Item { return one.Item },
		Card:  r.card, AtOnce: 1,
	}, nil
}

// settings are those that only pictures made from images depend on.
func (r *imageRun) settings() record.Settings {
	tile, overlap := r.tile()
	of := record.Settings{
		{Key: "shard", Value: r.generateOptions.images.Shard().String()},
		{Key: "background", Value: r.to.Background()},
		{Key: "keep-size", Value: strconv.FormatBool(r.to.KeepSize)},
		{Key: "strip", Value: strconv.FormatBool(r.to.Strip)},
		{Key: "first-frame", Value: strconv.FormatBool(r.to.First)},
		{Key: "tile", Value: tile},
		{Key: "tile-overlap", Value: strconv.Itoa(overlap)},
		{Key: "mask's SHA-256", Value: r.prompt.maskSHA256},
		{Key: "mask-invert", Value: strconv.FormatBool(r.prompt.invertMask)},
	}
	if r.faces != nil {
		of = append(of, r.faces.settings...)
	}
	return of
}

// tile is the size of tiles as records and text chunks have it, one number where they are square, and
// their overlap.
func (r *imageRun) tile() (size string, overlap int) {
	width, height, overlap := r.graph.Tiling()
	if width == height {
		return strconv.Itoa(width), overlap
	}
	return fmt.Sprintf("%dx%d", width, height), overlap
}

// tellOptions adds to the texts of each picture how large images are cut, and what is done
// with the result.
func (r *imageRun) tellOptions() {
	tile, overlap := r.tile()
	if tile != "0" {
		r.texts = append(r.texts, [2]string{"ortho:tile", tile}, [2]string{"ortho:tile-overlap", strconv.Itoa(overlap)})
	}
	if r.to.KeepSize {
		r.texts = append(r.texts, [2]string{"ortho:keep-size", "true"})
	}
	if r.to.Color != nil {
		r.texts = append(r.texts, [2]string{"ortho:background", r.to.Background()})
	}
}

// read decodes an image whose picture may have its name.
func (r *imageRun) read(ctx context.Context, one imageRequest) (*preprocess.Picture, error) {
	if one.waits {
		return nil, one.err
	}
	data, err := one.Read(ctx)
	if err != nil {
		return nil, models.StageRead.Wrap(err)
	}
	if one.err != nil {
		return nil, models.StageWrite.Wrap(one.err)
	}
	in, err := preprocess.DecodePicture(data, preprocess.DecodeOptions{Orientation: r.orientation, MaxPixels: r.maxPixels.Pixels})
	if err != nil {
		return nil, models.StageDecode.Wrap(err)
	}
	left := preprocess.LeftOf(data, in)
	all := in.Sequence
	if all != nil && (r.to.First || r.graph.Spec().Mask != nil || r.faces != nil || !one.format.Holds(all)) {
		in.Sequence = nil
	}
	if r.to.First || in.Sequence != nil {
		left.Frames = 0
	}
	if r.coloured(in, in.Sequence) != nil {
		left.Profile = true // the picture has colours
	}
	in.Metadata = r.metadata(in.Metadata)
	_, lost := in.Metadata.For(one.format)
	if in.Sequence != nil && !all.Pages && one.format == preprocess.TIFF {
		lost = append(lost, "times of frames")
	}
	r.left.add(one.Name, left, lost)
	if r.faces == nil {
		r.squashed(one.Name, in)
	}
	return in, nil
}

// squashed notes an image that loses its proportions, or detail, since the graph takes one size alone.
func (r *imageRun) squashed(name string, in *preprocess.Picture) {
	width, height := r.graph.Whole()
	if width == 0 || in.Width == width && in.Height == height || !r.graph.Squashes() {
		return
	}
	// Both sizes are rounded: within a pixel they are in proportion.
	across, down := in.Width*height, in.Height*width
	switch distorted := max(across-down, down-across) > max(width, height); {
	case distorted && !r.to.KeepSize:
		r.left.note(fmt.Sprintf("%s%dx%d, the only one that %s takes: squashed to it, with other proportions (--keep-size brings pictures back to theirs)", leftSquashed, width, height, r.name), name)
	case in.Width > width || in.Height > height:
		r.left.note(fmt.Sprintf("%s%dx%d, the only one that %s takes: reduced to it, so that finer detail is lost", leftSquashed, width, height, r.name), name)
	}
}

// coloured makes a gray picture with a profile one of sRGB, where the picture made of it has colours: by the
// graph, or as a frame of an animation.
func (r *imageRun) coloured(in *preprocess.Picture, of *preprocess.Sequence) error {
	if r.graph.Spec().Image.Spec.Channels == 3 || of != nil && !of.Pages {
		return in.Coloured()
	}
	return nil
}

// draft makes the picture from an image.
func (r *imageRun) draft(ctx context.Context, one imageRequest, in *preprocess.Picture) (made draft, err error) {
	var writer *preprocess.FileWriter
	options := preprocess.FileOptions{Format: one.format, Quality: r.to.Quality, Background: r.to.Color, ICC: in.ICC, Metadata: in.Metadata, Text: r.textsFor(one.Name)}
	if s := in.Sequence; s != nil {
		options.Frames, options.Plays, options.Delay = s.Count, s.Plays, s.Delay
	}
	begin := func(width, height, channels int) (io.Writer, error) {
		w, err := r.begin(&made, one.file, one.Name)
		if err != nil {
			return nil, err
		}
		made.width, made.height = width, height
		writer, err = preprocess.NewFileWriter(w, width, height, channels, options)
		if err != nil {
			return nil, models.StageWrite.Wrap(err)
		}
		return writer, nil
	}
	switch {
	case r.faces != nil:
		err = r.faces.restored(ctx, one, in, &options.Text, begin)
	case r.graph.Spec().Mask != nil:
		err = r.inpaint(ctx, one.Name, in, begin)
	default:
		err = r.graph.Image(ctx, in, begin, r.bar.Tiles)
	}
	if err == nil {
		r.tellMultiple(ctx)
	}
	if err == nil && in.Sequence != nil {
		_, lost := in.Metadata.For(one.format)
		err = r.further(ctx, one, in.Sequence, writer, len(lost) > 0)
	}
	if err == nil {
		err = writer.Close()
	}
	return made, made.complete(err)
}

// tellMultiple says once that images are padded, since the graph did not run at their size.
func (r *imageRun) tellMultiple(ctx context.Context) {
	if r.graph.Enlarges() {
		r.enlarges.Do(func() {
			r.ui.Info(r.name + " does not run at sizes as small as some images have: these are padded by reflection, and cropped")
		})
	}
	if !r.graph.Widens() {
		return
	}
	r.widens.Do(func() {
		if m, err := r.graph.Multiple(ctx); err == nil {
			r.ui.Info(fmt.Sprintf("%s takes sizes that are multiples of %d, as trials show: other images are padded by reflection, and cropped (--size-multiple %d says so at once)", r.name, m, m))
		}
	})
}

// further makes the pictures behind the first of a file; counted: of the first it is told that it loses metadata.
func (r *imageRun) further(ctx context.Context, one imageRequest, all *preprocess.Sequence, writer *preprocess.FileWriter, counted bool) error {
	var left preprocess.Left
	var lost []string
	for f, err := range all.Further() {
		if err != nil {
			return models.StageDecode.Wrap(err)
		}
		left.Profile = left.Profile || preprocess.LeftOf(nil, f.Picture).Profile || r.coloured(f.Picture, all) != nil
		metadata := r.metadata(f.Metadata)
		_, more := metadata.For(one.format)
		lost = append(lost, more...)
		err = r.graph.Image(ctx, f.Picture, func(width, height, channels int) (io.Writer, error) {
			if err := writer.Next(width, height, channels, f.ICC, metadata, f.Delay); err != nil {
				return nil, models.StageWrite.Wrap(err)
			}
			return writer, nil
		}, r.bar.Tiles)
		if err != nil {
			return fmt.Errorf("of a picture behind the first: %w", err)
		}
	}
	r.left.further(one.Name, left, lost, counted)
	return nil
}
