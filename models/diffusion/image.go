package diffusion

import (
	"context"
	"fmt"
	"math"

	"ortho/models"
	"ortho/preprocess"
	"ortho/runner"
	"ortho/runner/onnx"
)

// start is where denoising begins, made of an image.
type start struct {
	latents []float32 // of the whole image
	noise   []float32 // that is added to them
	mask    []float32 // [rows, columns]: 1 where it is made anew; nil: everywhere
	extra   []float32 // for an inpainting denoiser: the mask, and the latents outside of it
}

// encodeImage makes the first latents: noise, or an image with noise. All is drawn in the
// order of diffusers' pipelines (text-to-image, Img2Img, Inpaint).
func (d *sampling) encodeImage(ctx context.Context) error {
	n := d.spec.Denoiser.Latents * d.rows() * d.columns()
	whole := d.Strength == 1 && d.Mask != nil // inpainting starts from noise alone
	s := &start{}
	if d.Image != nil {
		pixels := pixelsOf(d.frame(d.Image).place(d.Image.Image, false))
		if d.spec.Denoiser.Masked == 0 || !whole {
			var err error
			if s.latents, err = d.latentsOf(ctx, pixels); err != nil {
				return err
			}
		}
		d.drawNoise(s, n)
		if d.Mask != nil {
			if err := d.applyMask(ctx, s, pixels); err != nil {
				return err
			}
		}
		d.start = s
	} else {
		d.drawNoise(s, n)
	}
	d.latents = make([]float32, n)
	if d.Image != nil && !whole {
		d.schedule.AddNoise(d.latents, s.latents, s.noise, d.from)
		return nil
	}
	for i, v := range s.noise {
		d.latents[i] = v * d.schedule.InitSigma()
	}
	return nil
}

func (d *sampling) drawNoise(s *start, n int) {
	if s.noise = d.Latents; s.noise == nil {
		s.noise = make([]float32, n)
		d.normal(s.noise)
	}
}

// pixelsOf is an image as the VAE takes it, [3,height,width] from -1 to 1 (VaeImageProcessor of
// diffusers).
func pixelsOf(img *preprocess.Image) []float32 {
	plane := img.Width * img.Height
	out := make([]float32, 3*plane)
	for i := range plane {
		for c := range 3 {
			out[c*plane+i] = float32(img.Pix[i*img.Channels+min(c, img.Channels-1)])/255*2 - 1
		}
	}
	return out
}

// latentsOf encodes pixels; where the encoder gives a distribution, a sample is drawn.
func (d *sampling) latentsOf(ctx context.Context, pixels []float32) ([]float32, error) {
	e := d.spec.Encoder
	outputs, err := d.once(ctx, e.Part, func(v onnx.Value) (*runner.Tensor, error) {
		return filled(v, []int64{rowsOf(v, 1), 3, int64(d.Height), int64(d.Width)}, pixels)
	})
	if err != nil {
		return nil, err
	}
	defer closeTensors(outputs)
	n := d.spec.Denoiser.Latents * d.rows() * d.columns()
	moments := make([]float32, 2*n)
	if e.Sampled {
		moments = moments[:n]
	}
	if err := get(moments, outputs[0], 0); err != nil {
		return nil, fmt.Errorf("%s: output %s: %w", e.Part.Name, e.Output, err)
	}
	if err := finite(e.Part.Name, moments); err != nil {
		return nil, err
	}
	latents := moments[:n]
	if !e.Sampled { // DiagonalGaussianDistribution.sample
		random := make([]float32, n)
		d.normal(random)
		for i, logVariance := range moments[n:] {
			deviation := float32(math.Exp(float64(0.5 * min(max(logVariance, -30), 20))))
			latents[i] += deviation * random[i]
		}
	}
	each := n / d.spec.Denoiser.Latents
	for i := range latents {
		mean, std := channel(e, i/each)
		latents[i] = (latents[i] - mean) * float32(e.Scaling) / std
	}
	return latents, nil
}

// channel is how a channel of the latents is normalised.
func channel(a *Autoencoder, c int) (mean, std float32) {
	if a.Mean == nil {
		return 0, 1
	}
	return float32(a.Mean[c]), float32(a.Std[c])
}

// applyMask makes the start keep what is black in the mask.
func (d *sampling) applyMask(ctx context.Context, s *start, pixels []float32) error {
	var mask []float32
	mask, d.grays = d.maskPixels()
	plane := d.Width * d.Height
	s.mask = d.onLatents(mask)
	if d.spec.Denoiser.Masked == 0 {
		if !d.spec.Encoder.Sampled {
			d.normal(make([]float32, len(s.noise))) // diffusers draws for it here too
		}
		return nil
	}
	for i := range pixels {
		if mask[i%plane] >= 0.5 {
			pixels[i] = 0
		}
	}
	kept, err := d.latentsOf(ctx, pixels)
	s.extra = append(append([]float32(nil), s.mask...), kept...)
	return err
}

// decode makes the image of the latents.
func (d *sampling) decode(ctx context.Context) (err error) {
	img, err := d.picture(ctx, d.latents)
	if err == nil {
		d.blend(img)
		d.image = d.cut(img)
	}
	return err
}

// picture decodes latents: the VAE's values from -1 to 1 become pixels, rounded half to even.
func (d *sampling) picture(ctx context.Context, latents []float32) (*preprocess.Image, error) {
	a := &d.spec.Decoder
	scaled := make([]float32, len(latents))
	each := len(latents) / d.spec.Denoiser.Latents
	for i, v := range latents {
		mean, std := channel(a, i/each)
		scaled[i] = v*std/float32(a.Scaling) + mean
	}
	outputs, err := d.once(ctx, a.Part, func(v onnx.Value) (*runner.Tensor, error) {
		return filled(v, []int64{rowsOf(v, 1), int64(d.spec.Denoiser.Latents), int64(d.rows()), int64(d.columns())}, scaled)
	})
	if err != nil {
		return nil, err
	}
	defer closeTensors(outputs)
	shape := outputs[0].Shape
	if len(shape) != 4 || shape[1] != 3 || product(shape) < 1 {
		return nil, models.StageOutput.Wrap(fmt.Errorf("%s: output %s has shape %v: it must be [batch,3,height,width]", a.Part.Name, a.Output, shape))
	}
	img := &preprocess.Image{Width: int(shape[3]), Height: int(shape[2]), Channels: 3}
	plane := img.Width * img.Height
	values := make([]float32, 3*plane)
	if err := get(values, outputs[0], 0); err != nil {
		return nil, fmt.Errorf("%s: output %s: %w", a.Part.Name, a.Output, err)
	}
	if err := finite(a.Part.Name, values); err != nil {
		return nil, err
	}
	img.Pix = make([]byte, 3*plane)
	for c := range 3 {
		for i, v := range values[c*plane : (c+1)*plane] {
			v = min(max(v/2+0.5, 0), 1) * 255
			img.Pix[3*i+c] = byte(math.RoundToEven(float64(v)))
		}
	}
	return img, nil
}
