package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"strconv"

	"ortho/cmd/ortho/internal/flags"
	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/record"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/shelf"
	"ortho/models"
	"ortho/models/generate"
	"ortho/preprocess"
	"ortho/runner"
)

// sampleRun is a run that makes pictures of texts, classes, latents or seeds.
type sampleRun struct {
	*generation
	sampler     sampler
	series      generate.Series
	wordsDigest string          // of the texts' token ids
	prompted    record.Settings // what the pictures of a pipeline follow from, beside the series
}

func (g *generation) newSampleRun(by sampler) *sampleRun {
	r := &sampleRun{generation: g, sampler: by, series: generate.Series{Count: g.made.count, Truncation: g.made.truncation}}
	if g.made.seed != nil {
		r.series.Seed = *g.made.seed
	}
	return r
}

// requests yields the request of each picture, and its name: a number and what it shows.
func (r *sampleRun) requests() iter.Seq[request] {
	return func(yield func(request) bool) {
		i, digits := 0, max(4, len(strconv.Itoa(r.series.Len()-1))) // so that names sort as their numbers do
		for asked := range r.series.Requests() {
			one := request{asked, fmt.Sprintf("%0*d", digits, i)}
			if slug := slugOf(asked); slug != "" {
				one.name += "-" + slug
			}
			if i++; !yield(one) {
				return
			}
		}
	}
}

// slugOf is the part of a name that says what an image shows: text, class or seed; "" for
// latents.
func slugOf(r generate.Request) string {
	slug := cmp.Or(shelf.Slug(r.Text), shelf.Slug(r.Label))
	switch {
	case slug != "":
		return slug
	case r.Class != nil:
		return fmt.Sprintf("class-%d", *r.Class)
	case r.Latents == nil:
		return fmt.Sprintf("seed-%d", r.Seed)
	}
	return ""
}

// format is how the pictures are written, each to a file of its own.
func (r *sampleRun) format() preprocess.FileFormat { return cmp.Or(r.to.Format, preprocess.PNG) }

// fileOf is the name of a picture's file.
func (r *sampleRun) fileOf(one request) string {
	if r.to.Single() {
		return filepath.Base(r.to.File)
	}
	return one.name + flags.Endings[r.format()]
}

// rows yields the row of each request, once its picture has appeared.
func (r *sampleRun) rows(ctx context.Context, requests iter.Seq[request]) iter.Seq[answer] {
	return func(yield func(answer) bool) {
		defer r.shelf.Sweep()
		within, cancel := context.WithCancel(ctx)
		defer cancel() // ends what is under way, also where the run ends early
		for made := range runner.Map(ctx, r.sampler.samples(within, requests), 2, r.draft) {
			answered := r.place(r.rowOf(made.Item), made.Value, made.Err)
			if answered.Err == nil && answered.End == nil && r.to.Folder == "" {
				answered.End = r.kept.add(opaque(made.Item.image))
			}
			if !yield(answered) {
				return
			}
		}
	}
}

// draft encodes an image, where there is a file for it.
func (r *sampleRun) draft(_ context.Context, s sample) (made draft, err error) {
	if s.err != nil || r.to.Folder == "" && !r.to.Single() {
		return made, s.err
	}
	w, err := r.begin(&made, r.fileOf(s.request), "")
	if err != nil {
		return made, err
	}
	image := s.image
	if r.format() == preprocess.JPEG {
		image = opaque(image)
	}
	return made, made.complete(encode(w, image, preprocess.FileOptions{Format: r.format(), Quality: r.to.Quality,
		Text: append(r.texts[:len(r.texts):len(r.texts)], s.made.Chunks()...)}))
}

// opaque is an image of a graph that makes alpha, laid on white, for what has none.
func opaque(img *preprocess.Image) *preprocess.Image {
	if img == nil || img.Channels != 4 {
		return img
	}
	out := &preprocess.Image{Width: img.Width, Height: img.Height, Channels: 3, Pix: make([]byte, 0, img.Width*img.Height*3)}
	for at := 0; at < len(img.Pix); at += 4 {
		a := int(img.Pix[at+3])
		for _, v := range img.Pix[at : at+3] {
			out.Pix = append(out.Pix, byte((int(v)*a+255*(255-a)+127)/255))
		}
	}
	return out
}

// encode writes a whole image.
func encode(w io.Writer, img *preprocess.Image, options preprocess.FileOptions) error {
	f, err := preprocess.NewFileWriter(w, img.Width, img.Height, img.Channels, options)
	if err != nil {
		return models.StageWrite.Wrap(err)
	}
	if _, err := f.Write(img.Pix); err != nil {
		return err
	}
	return f.Close()
}

// rowOf is the row of a sample, whether it was made or not.
func (r *sampleRun) rowOf(s sample) rows.Pictures {
	row := rows.Pictures{Head: output.Head{Input: s.name}, Picture: rows.Picture{File: r.fileOf(s.request), Image: s.made}}
	if s.image != nil {
		row.Width, row.Height = s.image.Width, s.image.Height
	}
	return row
}
