package diffusion

import (
	"math"

	"ortho/preprocess"
)

// Fit says how an image to start from becomes one of the pipeline's size, where its proportions are others.
type Fit string

const (
	FitCrop   Fit = "crop"   // it covers the size, and what stands out at its edges is cut off: diffusers' resize_mode "crop"
	FitPad    Fit = "pad"    // it lies within, the rest is its reflection (black in a mask), and is cut off the picture that is made
	FitSquash Fit = "squash" // its proportions change: diffusers' "default"
)

// Fits are all of them.
var Fits = []Fit{FitCrop, FitPad, FitSquash}

// frame is how an image lies in the pipeline's pixels.
type frame struct {
	width, height  int // of the image as it is resized
	x, y           int // where it begins; below 0: as much is cut off, on both sides
	toWidth        int // the pipeline's size
	toHeight       int
	inner, another bool // it lies within; its proportions change
}

// frameOf is how an image of a size is brought to another, by diffusers' arithmetic where it crops. An
// image that lacks less than a unit stays as it is where it is padded.
func frameOf(fit Fit, width, height, toWidth, toHeight, unit int) frame {
	f := frame{width: toWidth, height: toHeight, toWidth: toWidth, toHeight: toHeight}
	wide := width*toHeight > toWidth*height // wider than it is to be
	switch {
	case width == toWidth && height == toHeight:
	case fit == FitSquash:
		f.another = width*toHeight != toWidth*height
	case fit == FitPad:
		f.inner = true
		switch {
		case toWidth >= width && toWidth-width < unit && toHeight >= height && toHeight-height < unit:
			f.width, f.height = width, height
		case wide:
			f.height = max(1, int(math.Round(float64(height)*float64(toWidth)/float64(width))))
		default:
			f.width = max(1, int(math.Round(float64(width)*float64(toHeight)/float64(height))))
		}
	default:
		if wide {
			f.width = width * toHeight / height
		} else {
			f.height = height * toWidth / width
		}
		f.x, f.y = toWidth/2-f.width/2, toHeight/2-f.height/2
	}
	return f
}

// place brings an image to the frame; black: what is beside it is, and not its reflection.
func (f frame) place(img *preprocess.Image, black bool) *preprocess.Image {
	if img.Width != f.width || img.Height != f.height {
		img = preprocess.Resample(img, f.width, f.height, preprocess.Lanczos)
	}
	switch {
	case f.width == f.toWidth && f.height == f.toHeight:
		return img
	case !f.inner:
		return img.Crop(-f.x, -f.y, f.toWidth, f.toHeight)
	case !black:
		return img.Padded(f.toWidth, f.toHeight)
	}
	out := &preprocess.Image{Width: f.toWidth, Height: f.toHeight, Channels: img.Channels, Pix: make([]byte, f.toWidth*f.toHeight*img.Channels)}
	row := img.Width * img.Channels
	for y := range img.Height {
		copy(out.Pix[y*f.toWidth*img.Channels:], img.Pix[y*row:(y+1)*row])
	}
	return out
}

// frame is how an image lies in the pipeline's pixels.
func (d *sampling) frame(img *preprocess.Picture) frame {
	return frameOf(d.Fit, img.Width, img.Height, d.Width, d.Height, d.spec.Multiple)
}

// images are those that the picture follows from: the one that it starts from, if there is one, and those of control.
func (d *sampling) images() []*preprocess.Picture {
	var all []*preprocess.Picture
	if d.Image != nil {
		all = append(all, d.Image)
	}
	for _, c := range d.Control {
		all = append(all, c.Image)
	}
	return all
}

// original is the image whose size the picture has, unless another is asked for; nil where there is none.
func (d *sampling) original() *preprocess.Picture {
	for _, img := range d.images() {
		return img
	}
	return nil
}

// cut takes what is beside the image off a picture.
func (d *sampling) cut(img *preprocess.Image) *preprocess.Image {
	if d.original() == nil {
		return img
	}
	if f := d.frame(d.original()); f.inner && (f.width < img.Width || f.height < img.Height) {
		return img.Crop(0, 0, f.width, f.height)
	}
	return img
}

// Fitting says what of an image changes as it is brought to the pipeline's size.
type Fitting struct {
	Fit           Fit
	Width, Height int        // of the picture that is made
	Lost          [2]float64 // parts of the image's width and height that are cut off
	Distorted     bool
}

// Fitting describes an image of a request whose open fields are filled in; ok is false where it is of the
// pipeline's size, or in its proportions.
func (p *Pipeline) Fitting(r Request, img *preprocess.Picture) (fitting Fitting, ok bool) {
	f := (&sampling{Pipeline: p, Request: r}).frame(img)
	fitting = Fitting{Fit: r.Fit, Width: f.toWidth, Height: f.toHeight, Distorted: f.another}
	if f.inner {
		fitting.Width, fitting.Height = f.width, f.height
		return fitting, f.width < f.toWidth || f.height < f.toHeight
	}
	fitting.Lost = [2]float64{1 - float64(f.toWidth)/float64(f.width), 1 - float64(f.toHeight)/float64(f.height)}
	return fitting, f.another || fitting.Lost != [2]float64{}
}
