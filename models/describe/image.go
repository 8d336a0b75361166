package describe

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"

	"ortho/preprocess"
)

// minSide is the side below which no image is made smaller to save bytes.
const minSide = 32

// picture is an image as it is sent: a JPEG of pixels and nothing else.
type picture struct {
	jpeg          []byte
	width, height int
}

func (p picture) uri() string {
	return "data:image/jpeg;base64," + base64.StdEncoding.EncodeToString(p.jpeg)
}

// elided is what stands for the image where a request is shown.
func (p picture) elided() string {
	return fmt.Sprintf("data:image/jpeg;base64,[%d bytes: %dx%d pixels]", len(p.jpeg), p.width, p.height)
}

// prepare makes the JPEG: upright, no side longer than MaxSide, without metadata, on white
// where it was transparent, and within MaxBytes, for which quality goes first and then size.
func (d *Describer) prepare(ctx context.Context, img Image) (picture, error) {
	file, err := img.Read(ctx)
	if err != nil {
		return picture{}, imageError("read", err)
	}
	decoded, err := preprocess.DecodePicture(file, preprocess.DecodeOptions{
		Channels: 3, Orientation: preprocess.ApplyOrientation, MaxPixels: d.opt.MaxPixels,
	})
	if err != nil {
		return picture{}, imageError("decode", err)
	}
	onWhite(decoded)
	small := fit(decoded.Image, d.opt.MaxSide)
	for {
		for quality := 90; quality >= 50; quality -= 10 {
			jpeg, err := encode(small, quality)
			if err != nil {
				return picture{}, imageError("decode", err)
			}
			if len(jpeg) <= d.opt.MaxBytes {
				return picture{jpeg, small.Width, small.Height}, nil
			}
		}
		side := max(small.Width, small.Height) * 3 / 4
		if side < minSide {
			return picture{}, failed("too_large", "no JPEG of the image has at most %d bytes", d.opt.MaxBytes)
		}
		small = fit(decoded.Image, side)
	}
}

// fit makes an image smaller, so that no side is longer than side.
func fit(img *preprocess.Image, side int) *preprocess.Image {
	if max(img.Width, img.Height) <= side {
		return img
	}
	spec := preprocess.Spec{Resize: preprocess.Resize{Mode: preprocess.LongEdge, Size: side}}
	width, height := spec.ResizedSize(img.Width, img.Height)
	return preprocess.Resample(img, max(1, width), max(1, height), preprocess.Lanczos)
}

func encode(img *preprocess.Image, quality int) ([]byte, error) {
	var file bytes.Buffer
	w, err := preprocess.NewFileWriter(&file, img.Width, img.Height, img.Channels, preprocess.FileOptions{Format: preprocess.JPEG, Quality: quality})
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(img.Pix); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return file.Bytes(), nil
}

// onWhite blends a picture with white by its alpha: that is how people see it, and what is
// below transparent pixels is anything.
func onWhite(p *preprocess.Picture) {
	for i, a := range p.Alpha {
		for c := i * p.Channels; c < (i+1)*p.Channels; c++ {
			p.Pix[c] = byte((int(p.Pix[c])*int(a) + 255*(255-int(a)) + 127) / 255)
		}
	}
}

// imageTokens estimates what an image costs, by OpenAI's rule for GPT-4o and 4.1: 85
// tokens, and 170 for each tile of 512 pixels once the short side is 768 at most.
func imageTokens(p picture, detail Detail) int {
	if detail == DetailLow {
		return 85
	}
	width, height := float64(p.width), float64(p.height)
	if short := min(width, height); short > 768 {
		width, height = width*768/short, height*768/short
	}
	tiles := func(side float64) int { return (int(side) + 511) / 512 }
	return 85 + 170*tiles(width)*tiles(height)
}
