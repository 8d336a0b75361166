package rows

import "ortho/cmd/ortho/internal/output"

// Pictures are what was made of one input, and of what. One that failed names no file.
type Pictures struct {
	output.Head
	output.Picture
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
