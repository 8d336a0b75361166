package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/pages"
	"ortho/cmd/ortho/internal/remedy"
	"ortho/cmd/ortho/internal/report"
	"ortho/cmd/ortho/internal/rows"
	"ortho/cmd/ortho/internal/shelf"
	"ortho/cmd/ortho/internal/source"
	"ortho/preprocess"
	"ortho/runner"
)

// picturesOfImages are those of a run that makes a picture of each image, whatever makes it: their names, their
// rows, and what of the images they do not get.
type picturesOfImages struct {
	*generation
	names       *shelf.Names                                               // of the images that are gone through
	failed      func(position int64, name string) bool                     // reports whether an image stays one that failed
	formatFor   func(name string) (f preprocess.FileFormat, ending string) // of the picture of a file; ending "": the file's own
	orientation preprocess.Orientation                                     // of the images
	left        leftOut
}

func (g *generation) ofImages() *picturesOfImages {
	return &picturesOfImages{generation: g, failed: func(int64, string) bool { return false }, formatFor: g.to.FormatFor}
}

// imageRequest is an image that a picture is to be made of.
type imageRequest struct {
	source.Item
	format preprocess.FileFormat
	file   string // in the folder
	err    error  // why no picture can be made
	waits  bool   // until the picture that has the file's name is made or has failed
}

// requests gives every image the name of its picture.
func (r *picturesOfImages) requests(items iter.Seq[source.Item]) iter.Seq[imageRequest] {
	return func(yield func(imageRequest) bool) {
		r.names = &shelf.Names{Reserved: r.own, Returns: r.shelf.Returns}
		position := int64(-1)
		for item := range items {
			position++
			one := imageRequest{Item: item, format: r.to.Format, file: filepath.Base(r.to.File)}
			if r.to.Folder != "" {
				var ending string
				one.format, ending = r.formatFor(item.Path)
				if !r.failed(position, item.Name) {
					one.file, one.err = r.names.Take(item.Path, ending, item.Name)
					one.waits = errors.Is(one.err, shelf.ErrTaken)
				}
			} else if one.format == "" {
				one.format, _ = r.formatFor(item.Path)
			}
			if !yield(one) {
				return
			}
		}
	}
}

// rows yields the row of each image, once its picture has appeared. again makes the picture of one image, when
// all before it are done.
func (r *picturesOfImages) rows(ctx context.Context, all iter.Seq[runner.Result[imageRequest, draft]], again func(context.Context, imageRequest) (draft, error)) iter.Seq[answer] {
	return func(yield func(answer) bool) {
		defer r.shelf.Sweep()
		for made := range all {
			one, picture, err := made.Item, made.Value, made.Err
			if one.waits { // all images before it are done now
				one.waits, one.err = false, r.names.Retake(one.file, one.Name)
				if picture, err = again(ctx, one); ctx.Err() != nil {
					picture.discard()
					return
				}
			}
			row := rows.Pictures{Head: output.Head{Input: one.Name}, Width: picture.width, Height: picture.height, Picture: rows.Picture{File: one.file}}
			answered := r.place(row, picture, err)
			if answered.Err != nil && one.err == nil && r.to.Folder != "" {
				r.names.Free(one.file)
			}
			if !yield(answered) {
				return
			}
		}
	}
}

// metadata is what a picture gets of its input's, whose own texts of how it was made are not the picture's.
func (r *picturesOfImages) metadata(m preprocess.Metadata) preprocess.Metadata {
	if r.to.Strip {
		return preprocess.Metadata{}
	}
	m.Text = slices.DeleteFunc(m.Text, func(t [2]string) bool {
		return strings.HasPrefix(t[0], "ortho:") || t[0] == "Software" && strings.HasPrefix(t[1], "ortho ")
	})
	return m
}

// textsFor are the text chunks of a picture that is made of an image.
func (r *picturesOfImages) textsFor(input string) [][2]string {
	return append(r.texts[:len(r.texts):len(r.texts)], [2]string{"ortho:input", shelf.Clean(path.Base(filepath.ToSlash(input)))})
}

// card shows an image before and after.
func (r *picturesOfImages) card(ctx context.Context, row rows.Pictures, item source.Item) report.Card {
	card := report.Card{Name: row.Input}
	if row.Error != nil {
		card.Error = row.Error.Message
		return card
	}
	after, err := r.readBack(ctx, row)
	if err != nil {
		card.Picture.Missing = err.Error()
		return card
	}
	card.Picture = pages.Picture(after)
	data, err := item.Read(ctx)
	if err != nil {
		card.Note = "the input can't be shown: " + remedy.Text(err)
		return card
	}
	before, err := preprocess.DecodePicture(data, preprocess.DecodeOptions{Orientation: r.orientation, MaxPixels: r.maxPixels.Pixels})
	if err != nil {
		card.Note = "the input can't be shown: " + remedy.Text(err)
		return card
	}
	card.Note = fmt.Sprintf("%dx%d, made %dx%d", before.Width, before.Height, after.Width, after.Height)
	card.Change = pages.Change(before.Image, after)
	return card
}
