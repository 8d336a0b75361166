package main

import (
	"context"
	"crypto/sha256"
	"fmt"

	"ortho/cmd/ortho/internal/source"
	"ortho/preprocess"
)

// readPicture reads the image that a flag names, and the SHA-256 of its file.
func readPicture(ctx context.Context, flag, file string, maxPixels int64) (data []byte, img *preprocess.Picture, digest string, err error) {
	if data, err = source.File(file).Read(ctx); err != nil {
		return nil, nil, "", fmt.Errorf("--%s %s: %w", flag, file, err)
	}
	img, err = preprocess.DecodePicture(data, preprocess.DecodeOptions{Orientation: preprocess.ApplyOrientation, MaxPixels: maxPixels})
	if err != nil {
		return nil, nil, "", fmt.Errorf("--%s %s: %w", flag, file, err)
	}
	return data, img, fmt.Sprintf("%x", sha256.Sum256(data)), nil
}
