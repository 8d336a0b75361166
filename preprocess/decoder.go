package preprocess

import (
	"errors"

	"ortho/preprocess/codecs"
)

// Decoder is what decodes JPEGs.
type Decoder struct {
	Name  string `json:"name"` // "libjpeg-turbo", "go", or "none" where the one that was named can't be used
	Path  string `json:"path,omitempty"`
	Error string `json:"error,omitempty"` // why it is not libjpeg-turbo
}

// JPEGDecoder returns what decodes JPEGs here.
func JPEGDecoder() Decoder {
	library := codecs.FindJPEG()
	switch {
	case library.Err == nil:
		return Decoder{Name: library.Name, Path: library.Path}
	case errors.Is(library.Err, codecs.ErrNone):
		return Decoder{Name: "go", Error: library.Err.Error()}
	}
	return Decoder{Name: "none", Error: library.Err.Error()}
}

func (d Decoder) String() string {
	if d.Error != "" {
		return d.Name + " (" + d.Error + ")"
	}
	return d.Name + ": " + d.Path
}
