package beside

import (
	"errors"
	"io/fs"
	"os"
	"time"

	"ortho/preprocess"
	"ortho/runner/regular"
)

// Limits on pictures that are looked at: of their bytes, and of their pixels.
const (
	maxBytes  = 1 << 30
	maxPixels = 1 << 30
)

// Damage says what is wrong with the file of a picture that a run has made which ended at a time (zero: it did not):
// it is gone, empty or, where it was changed since, can't be decoded; "" where nothing is. Whether what can be
// decoded was changed by someone is not asked. Texts are only looked for.
func Damage(name string, ended time.Time) string {
	info, err := os.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "is not there any more"
	case err != nil || !info.Mode().IsRegular():
		return ""
	}
	if _, err := preprocess.FormatOf(name); err != nil {
		return ""
	}
	switch {
	case info.Size() == 0:
		return "is empty"
	case ended.IsZero() || !info.ModTime().After(ended):
		return ""
	}
	data, err := regular.ReadFile(name, maxBytes)
	if err != nil {
		return ""
	}
	if _, err := preprocess.DecodePicture(data, preprocess.DecodeOptions{MaxPixels: maxPixels}); err != nil {
		return "is damaged"
	}
	return ""
}
