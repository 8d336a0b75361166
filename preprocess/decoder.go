package preprocess

import "errors"

// Decoder is what decodes JPEGs.
type Decoder struct {
	Name  string `json:"name"` // "libjpeg-turbo", "go", or "none" where the one that was named can't be used
	Path  string `json:"path,omitempty"`
	Error string `json:"error,omitempty"` // why it is not libjpeg-turbo
}

// JPEGDecoder returns what decodes JPEGs here.
func JPEGDecoder() Decoder {
	path, err := TurboJPEG()
	switch {
	case errors.Is(err, ErrNoTurboJPEG):
		return Decoder{Name: "go", Error: err.Error()}
	case err != nil:
		return Decoder{Name: "none", Error: err.Error()}
	}
	return Decoder{Name: "libjpeg-turbo", Path: path}
}

func (d Decoder) String() string {
	if d.Error != "" {
		return d.Name + " (" + d.Error + ")"
	}
	return d.Name + ": " + d.Path
}
