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

// prepare makes the JPEG: upright, no side longer than MaxSide, without metadata, on a ground
// where it was transparent, and within MaxBytes, for which quality goes first and then size.
func (d *Describer) prepare(ctx context.Context, img Image) (picture, error) {
	file, err := img.Read(ctx)
	if err != nil {
		return picture{}, imageError("read", err)
	}
	opt := preprocess.DecodeOptions{Channels: 3, Orientation: preprocess.ApplyOrientation, MaxPixels: d.opt.MaxPixels}
	if img.Part != nil {
		opt.Orientation = img.Part.Orientation
	}
	decoded, err := preprocess.DecodePicture(file, opt)
	if err != nil {
		return picture{}, imageError("decode", err)
	}
	opaque(decoded)
	whole := decoded.Image
	if img.Part != nil {
		whole = img.Part.of(whole)
	}
	return d.within(whole, min(d.opt.MaxBytes, int(d.most.Load())))
}

// of is the part of an image with what is around it, a copy.
func (p *Part) of(img *preprocess.Image) *preprocess.Image {
	margin := max(16, 0.15*max(p.Box[2]-p.Box[0], p.Box[3]-p.Box[1]))
	within := func(v float32, most int) int {
		if !(v > 0) { // and where it is no number
			return 0
		}
		return int(min(v, float32(most)))
	}
	x1, y1 := min(within(p.Box[0]-margin, img.Width), img.Width-1), min(within(p.Box[1]-margin, img.Height), img.Height-1)
	x2, y2 := max(within(p.Box[2]+margin+1, img.Width), x1+1), max(within(p.Box[3]+margin+1, img.Height), y1+1)
	return img.Crop(x1, y1, x2-x1, y2-y1)
}

// within makes a JPEG of at most so many bytes.
func (d *Describer) within(img *preprocess.Image, most int) (picture, error) {
	small := fit(img, d.opt.MaxSide)
	for {
		for quality := 90; quality >= 50; quality -= 10 {
			jpeg, err := encode(small, quality)
			if err != nil {
				return picture{}, imageError("decode", err)
			}
			if len(jpeg) <= most {
				return picture{jpeg, small.Width, small.Height}, nil
			}
		}
		side := max(small.Width, small.Height) * 3 / 4
		if side < minSide {
			return picture{}, failed("too_large", "no JPEG of the image has at most %d bytes", most)
		}
		small = fit(img, side)
	}
}

// smaller makes a picture of half the bytes, once a server has refused this one's size; no later one is
// larger. It reports whether that can be done.
func (d *Describer) smaller(p picture) (picture, bool, error) {
	const least = 8 << 10
	most := len(p.jpeg) / 2
	if most < least {
		return picture{}, false, nil
	}
	img, err := preprocess.Decode(p.jpeg, preprocess.DecodeOptions{})
	if err != nil {
		return picture{}, false, imageError("decode", err)
	}
	smaller, err := d.within(img, most)
	if err != nil {
		return picture{}, false, err
	}
	for {
		now := d.most.Load()
		if now <= int64(most) || d.most.CompareAndSwap(now, int64(most)) {
			return smaller, true, nil
		}
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

// opaque blends a picture with a ground by its alpha, as what is below transparent pixels is anything: with white, which
// is how people see it, unless it is so light itself that little would be left to see. Then it is dark gray.
func opaque(p *preprocess.Picture) {
	if p.Alpha == nil {
		return
	}
	ground := 255
	if light, shown := lightness(p); shown > 0 && light > 225 {
		ground = 48
	}
	for i, a := range p.Alpha {
		for c := i * p.Channels; c < (i+1)*p.Channels; c++ {
			p.Pix[c] = byte((int(p.Pix[c])*int(a) + ground*(255-int(a)) + 127) / 255)
		}
	}
}

// lightness is how light a picture is on the whole, 0 to 255, each pixel by its alpha; and how much of it is
// not transparent.
func lightness(p *preprocess.Picture) (light, shown float64) {
	sum, weight := int64(0), int64(0)
	for i, a := range p.Alpha {
		weight += int64(a)
		pixel := p.Pix[i*p.Channels : (i+1)*p.Channels]
		v := int64(pixel[0])
		if p.Channels == 3 {
			v = (299*v + 587*int64(pixel[1]) + 114*int64(pixel[2])) / 1000
		}
		sum += int64(a) * v
	}
	if weight == 0 {
		return 0, 0
	}
	return float64(sum) / float64(weight), float64(weight) / 255 / float64(len(p.Alpha))
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
