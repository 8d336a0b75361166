package diffusion

import (
	"fmt"

	"ortho/preprocess"
)

// Mask is what of an image is made anew, as a mask's picture says it.
type Mask struct {
	Picture       *preprocess.Picture // gray: what is white is made anew
	ByTransparent bool                // the picture's transparent part was what is made anew
	Soft          bool                // it has grays beyond those of edges
	Share         float64             // of the picture, 0 to 1
	Brightest     byte
}

// Of a mask's values from 0 to 255: below dark it keeps all, from light on it keeps nothing.
const dark, light = 16, 240

// MaskOf reads a mask's picture as what it is. White is made anew, and black is kept; what is
// transparent is black beside both. Where the opaque part is of one colour, or a photograph, which
// says nothing, what is transparent is made anew, as editors and other programs have it.
func MaskOf(p *preprocess.Picture, invert bool) Mask {
	gray := p.Image.WithChannels(1)
	if gray == p.Image {
		gray = gray.Crop(0, 0, gray.Width, gray.Height)
	}
	m := Mask{ByTransparent: saysByTransparency(gray, p.Alpha)}
	for i := range gray.Pix {
		switch {
		case m.ByTransparent:
			gray.Pix[i] = 255 - p.Alpha[i]
		case p.Alpha != nil:
			gray.Pix[i] = byte((uint32(gray.Pix[i])*uint32(p.Alpha[i]) + 127) / 255)
		}
		if invert {
			gray.Pix[i] = 255 - gray.Pix[i]
		}
	}
	m.Picture = &preprocess.Picture{Image: gray}
	m.measure()
	return m
}

// saysByTransparency reports whether a mask's colours say nothing, and what is transparent does.
func saysByTransparency(gray *preprocess.Image, alpha []byte) bool {
	hidden, opaque, black, white := 0, 0, 0, 0
	for i, a := range alpha {
		switch v := gray.Pix[i]; {
		case a < 128:
			hidden++
			continue
		case v < 32:
			black++
		case v > 223:
			white++
		}
		opaque++
	}
	if hidden == 0 {
		return false
	}
	photograph := float64(black+white) < 0.97*float64(opaque)
	return photograph || black == 0 || white == 0
}

// measure finds out how much is made anew, and whether the mask is soft: an edge that is smoothed is
// gray for a pixel or two, and has none within.
func (m *Mask) measure() {
	img := m.Picture.Image
	isGray := func(x, y int) bool {
		v := img.Pix[y*img.Width+x]
		return v >= dark && v < light
	}
	soft, sum := 0, 0
	for y := range img.Height {
		for x := range img.Width {
			v := img.Pix[y*img.Width+x]
			m.Brightest = max(m.Brightest, v)
			sum += int(v)
			if x > 0 && y > 0 && x < img.Width-1 && y < img.Height-1 && isGray(x, y) &&
				isGray(x-1, y) && isGray(x+1, y) && isGray(x, y-1) && isGray(x, y+1) {
				soft++
			}
		}
	}
	m.Share = float64(sum) / 255 / float64(len(img.Pix))
	m.Soft = soft*200 > len(img.Pix)
}

// maskPixels is the mask in the pipeline's pixels, 0 and 1 (VaeImageProcessor with do_binarize and
// do_convert_grayscale), and of a soft one its grays, else nil.
func (d *sampling) maskPixels() (binary []float32, grays []byte) {
	m := MaskOf(d.Mask, false)
	img, f := m.Picture.Image, d.frame(d.Image)
	if own := frameOf(d.Fit, img.Width, img.Height, d.Width, d.Height, d.spec.Multiple); d.Fit == FitSquash || sameProportions(img, d.Image.Image) && f.inner == own.inner {
		f = own
	} else if img.Width != d.Image.Width || img.Height != d.Image.Height {
		img = preprocess.Resample(img, d.Image.Width, d.Image.Height, preprocess.Lanczos)
	}
	if f.inner { // its part of the picture is the image's
		f = d.frame(d.Image)
	}
	img = f.place(img, true)
	from := byte(128)
	if d.Soft {
		from, grays = dark, img.Pix
	}
	binary = make([]float32, len(img.Pix))
	for i, v := range img.Pix {
		if v >= from {
			binary[i] = 1
		}
	}
	return binary, grays
}

// sameProportions reports whether two sizes are in proportion, as far as they are whole numbers.
func sameProportions(a, b *preprocess.Image) bool {
	across, down := a.Width*b.Height, b.Width*a.Height
	return max(across-down, down-across) <= max(a.Width, a.Height, b.Width, b.Height)
}

// onLatents takes the nearest of a mask's pixels for each of the latents, as torch's interpolate has it.
func (d *sampling) onLatents(mask []float32) []float32 {
	small := make([]float32, d.rows()*d.columns())
	for y := range d.rows() {
		for x := range d.columns() {
			small[y*d.columns()+x] = mask[y*d.spec.Scale*d.Width+x*d.spec.Scale]
		}
	}
	return small
}

// Unchanged says why the mask of a request whose open fields are filled in changes nothing; "" where it
// does. Then no step is made: the picture is the image, as it is brought to a size.
func (p *Pipeline) Unchanged(r Request) string {
	d := &sampling{Pipeline: p, Request: r}
	return d.unchanged()
}

func (d *sampling) unchanged() string {
	if d.Mask == nil || d.Image == nil {
		return ""
	}
	pixels, _ := d.maskPixels()
	if anyOf(d.onLatents(pixels)) {
		return ""
	}
	m := MaskOf(d.Mask, false)
	switch {
	case m.Brightest == 0 && m.ByTransparent:
		return "it is transparent nowhere"
	case m.Brightest == 0:
		return "it is black everywhere, and what is white is made anew"
	case m.Brightest < 128 && !(d.Soft && m.Brightest >= dark):
		return fmt.Sprintf("the brightest of its values is %d, and white is 255 (black is 0, and kept)", m.Brightest)
	case !anyOf(pixels):
		return fmt.Sprintf("nothing white in it lies in the %dx%d pixels that the image is fitted to (%s)", d.Width, d.Height, d.Fit)
	}
	return fmt.Sprintf("what is white in it is too thin: the pipeline works in squares of %d pixels, and it is at the corner of none", d.spec.Scale)
}

func anyOf(mask []float32) bool {
	for _, v := range mask {
		if v > 0 {
			return true
		}
	}
	return false
}

// blend lays a picture on the image by the grays of a soft mask.
func (d *sampling) blend(made *preprocess.Image) {
	if d.grays == nil {
		return
	}
	under := d.frame(d.Image).place(d.Image.Image, false).WithChannels(3)
	for i, v := range d.grays {
		for c := 3 * i; c < 3*i+3; c++ {
			made.Pix[c] = byte((uint32(made.Pix[c])*uint32(v) + uint32(under.Pix[c])*uint32(255-v) + 127) / 255)
		}
	}
}
