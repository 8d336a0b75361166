package preprocess

import (
	"errors"
	"io"
)

func newWebPEncoder(w io.Writer, h fileHead) (rowEncoder, error) {
	return nil, errors.New("WebP can't be written yet")
}
