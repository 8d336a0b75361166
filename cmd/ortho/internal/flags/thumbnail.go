package flags

import (
	"bytes"
	"context"
	"image/jpeg"

	"ortho/cmd/ortho/internal/output"
	"ortho/cmd/ortho/internal/source"
	"ortho/preprocess"
)

// Thumbnail makes the picture that a sheet has beside the row of an image's file; nil where none is
// asked for. What is no file of that name, as an image out of an archive, has none.
func (r *Rows) Thumbnail() func(name string) (output.Picture, bool) {
	if !r.Thumbnails {
		return nil
	}
	return func(name string) (picture output.Picture, ok bool) {
		file, err := source.File(name).Read(context.Background())
		if err != nil {
			return picture, false
		}
		small, err := preprocess.Thumbnail(file, output.PictureEdge, 0)
		if err != nil {
			return picture, false
		}
		var b bytes.Buffer
		if err := jpeg.Encode(&b, small.RGBA(), &jpeg.Options{Quality: 80}); err != nil {
			return picture, false
		}
		return output.Picture{JPEG: b.Bytes(), Width: small.Width, Height: small.Height}, true
	}
}
