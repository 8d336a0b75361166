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

// ImageLibrary is a C library that reads or writes images, where it is there.
type ImageLibrary struct {
	Name    string `json:"name"`
	Use     string `json:"use"` // "reads AVIF"
	Version string `json:"version,omitempty"`
	Path    string `json:"path,omitempty"`
	Error   string `json:"error,omitempty"` // why it is not used
}

// ImageLibraries looks for them all.
func ImageLibraries() []ImageLibrary {
	var all []ImageLibrary
	for _, l := range codecs.All() {
		one := ImageLibrary{Name: l.Name, Use: l.Use, Version: l.Version, Path: l.Path}
		if l.Err != nil {
			one.Error = l.Err.Error()
		}
		all = append(all, one)
	}
	return all
}
