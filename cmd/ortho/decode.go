package main

import (
	"errors"
	"log/slog"

	"github.com/urfave/cli/v2"

	"ortho/preprocess"
)

func decodeFlag() cli.Flag {
	return &cli.StringFlag{Name: "decode", Value: "exact", Category: "Input",
		Usage: "`HOW` JPEGs are decoded: exact, or scaled (by libjpeg-turbo, 2, 4 or 8 times smaller where that leaves twice the resized size; faster)"}
}

// scaledDecoding reads --decode, and tells before any work where libjpeg-turbo can't
// be used as it was asked for.
func scaledDecoding(c *cli.Context) (bool, error) {
	how := c.String("decode")
	if how != "exact" && how != "scaled" {
		return false, usagef("--decode %q is neither exact nor scaled", how)
	}
	_, err := preprocess.TurboJPEG()
	if err != nil && !errors.Is(err, preprocess.ErrNoTurboJPEG) {
		return false, err
	}
	if err != nil && how == "scaled" {
		slog.Warn("--decode scaled has no effect: " + err.Error())
	}
	return how == "scaled", nil
}

// decoder is what decodes JPEGs; its JSON is an output format.
type decoder struct {
	Name  string `json:"name"` // "libjpeg-turbo", "go", or "none" where the one that was named can't be used
	Path  string `json:"path,omitempty"`
	Error string `json:"error,omitempty"` // why it is not libjpeg-turbo
}

func (d decoder) String() string {
	if d.Error != "" {
		return d.Name + " (" + d.Error + ")"
	}
	return d.Name + ": " + d.Path
}

func jpegDecoder() decoder {
	path, err := preprocess.TurboJPEG()
	switch {
	case errors.Is(err, preprocess.ErrNoTurboJPEG):
		return decoder{Name: "go", Error: err.Error()}
	case err != nil:
		return decoder{Name: "none", Error: err.Error()}
	}
	return decoder{Name: "libjpeg-turbo", Path: path}
}
