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

func jpegDecoder() preprocess.Decoder { return preprocess.JPEGDecoder() }
