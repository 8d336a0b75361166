package rows

import (
	"ortho/cmd/ortho/internal/output"
	"ortho/models/provenance"
)

// Picture is the file of an image that was made, and of what.
type Picture struct {
	File string `json:"file,omitempty"` // relative to the output folder, with slashes; "" where it failed
	provenance.Image
}

// Pictures is the row of a picture that was made. One that failed names no file.
type Pictures struct {
	output.Head
	Picture
	Width  int `json:"width,omitempty"` // pixels
	Height int `json:"height,omitempty"`
	output.Failure
}

// Results counts what the row says.
func (r Pictures) Results() int {
	if r.File == "" {
		return 0
	}
	return 1
}

// PicturesCodec is for pictures, which only JSONL has a place for.
var PicturesCodec = &output.Codec[Pictures]{}
