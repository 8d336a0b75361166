package cutout

import (
	"bytes"
	"cmp"

	"ortho/preprocess"
)

// Ground makes what stands behind an image: a picture of its size, of three channels.
type Ground func(img, alpha *preprocess.Image) *preprocess.Image

// Colored is a ground of one colour, red, green and blue.
func Colored(color [3]byte) Ground {
	return func(img, _ *preprocess.Image) *preprocess.Image {
		return &preprocess.Image{Width: img.Width, Height: img.Height, Channels: 3, Pix: bytes.Repeat(color[:], img.Width*img.Height)}
	}
}

// Blurred is the image itself, blurred by so many pixels; 0: by a fiftieth of its longer side.
func Blurred(by float64) Ground {
	return func(img, alpha *preprocess.Image) *preprocess.Image {
		return blurredBehind(img, alpha, cmp.Or(by, float64(max(img.Width, img.Height))/50))
	}
}

// Covered is the middle of another image of three channels, which covers all.
func Covered(by *preprocess.Image) Ground {
	return func(img, _ *preprocess.Image) *preprocess.Image { return covering(by, img.Width, img.Height) }
}

// Finish says what is made of an image and its alpha. The zero value is the image with alpha.
type Finish struct {
	MaskOnly bool    // the alpha alone, as a gray image
	Feather  float64 // soften the edge by a Gaussian blur of so many pixels
	Ground   Ground  // lay it on this, without alpha; the image has to have three channels
}

// Picture is what is made of an image: its alpha alone, on a ground, or with alpha. Alpha that the image has itself
// stays: what was transparent stays so.
func (r Result) Picture(in *preprocess.Picture, f Finish) (*preprocess.Image, error) {
	pix, err := r.Alpha()
	if err != nil {
		return nil, err
	}
	alpha := &preprocess.Image{Width: in.Width, Height: in.Height, Channels: 1, Pix: pix}
	alpha.Blur(f.Feather)
	for i, a := range in.Alpha {
		pix[i] = byte((int(pix[i])*int(a) + 127) / 255)
	}
	switch {
	case f.MaskOnly:
		return alpha, nil
	case f.Ground != nil:
		return laid(in.Image, alpha, f.Ground(in.Image, alpha)), nil
	}
	n := in.Channels
	out := &preprocess.Image{Width: in.Width, Height: in.Height, Channels: n + 1, Pix: make([]byte, 0, len(pix)*(n+1))}
	for i, a := range pix {
		out.Pix = append(append(out.Pix, in.Pix[i*n:i*n+n]...), a)
	}
	return out, nil
}

// laid lays an image on a ground of its size, as Pillow's alpha_composite does over an opaque image.
func laid(img, alpha, ground *preprocess.Image) *preprocess.Image {
	for i, a := range alpha.Pix {
		for c := 3 * i; c < 3*i+3; c++ {
			ground.Pix[c] = byte((int(img.Pix[c])*int(a) + int(ground.Pix[c])*(255-int(a)) + 127) / 255)
		}
	}
	return ground
}

// blurredBehind is what an image shows behind what is cut out of it, blurred: what is kept does not bleed into it,
// since each pixel counts by how much of it is background.
func blurredBehind(img, alpha *preprocess.Image, radius float64) *preprocess.Image {
	plain := &preprocess.Image{Width: img.Width, Height: img.Height, Channels: 3, Pix: bytes.Clone(img.Pix)}
	weighed := &preprocess.Image{Width: img.Width, Height: img.Height, Channels: 3, Pix: make([]byte, len(img.Pix))}
	weights := &preprocess.Image{Width: img.Width, Height: img.Height, Channels: 1, Pix: make([]byte, len(alpha.Pix))}
	for i, a := range alpha.Pix {
		weights.Pix[i] = 255 - a
		for c := 3 * i; c < 3*i+3; c++ {
			weighed.Pix[c] = byte((int(img.Pix[c])*int(255-a) + 127) / 255)
		}
	}
	for _, one := range []*preprocess.Image{plain, weighed, weights} {
		one.Blur(radius)
	}
	const few = 16 // of 255: deep within what is kept, where hardly anything shows
	for i, w := range weights.Pix {
		for c := 3 * i; w >= few && c < 3*i+3; c++ {
			plain.Pix[c] = byte(min(255, (int(weighed.Pix[c])*255+int(w)/2)/int(w)))
		}
	}
	return plain
}

// covering is the middle of an image, of the proportions of width x height, brought to that size.
func covering(img *preprocess.Image, width, height int) *preprocess.Image {
	w, h := img.Width, img.Height
	if w*height > h*width {
		w = max(1, (h*width+height/2)/height)
	} else {
		h = max(1, (w*height+width/2)/width)
	}
	middle := img.Crop((img.Width-w)/2, (img.Height-h)/2, w, h)
	var out bytes.Buffer
	out.Grow(width * height * 3)
	to, err := preprocess.NewResampler(&out, w, h, 3, width, height, preprocess.Lanczos)
	if err == nil {
		_, err = to.Write(middle.Pix)
	}
	if err != nil {
		panic(err) // sizes are of images that were decoded, and a buffer takes all
	}
	return &preprocess.Image{Width: width, Height: height, Channels: 3, Pix: out.Bytes()}
}
