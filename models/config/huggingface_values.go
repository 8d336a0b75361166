package config

import (
	"errors"
	"slices"

	"ortho/preprocess"
)

// values states the range, mean and standard deviation of the pixels.
func (p *processor) values() error {
	rescale, err := p.flag("do_rescale")
	if err != nil {
		return err
	}
	normalize, err := p.flag("do_normalize")
	if err != nil {
		return err
	}
	low, high, from := 0.0, 255.0, "do_rescale"
	if rescale {
		o, err := p.at("rescale_factor")
		factor := 0.0
		if err == nil {
			_, err = o.Get("rescale_factor", &factor)
		}
		if err != nil {
			return err
		}
		high, from = 255*factor, "rescale_factor"
		offset, err := p.optional("rescale_offset")
		if err != nil {
			return err
		}
		if offset {
			low, high, from = low-1, high-1, "rescale_offset"
		}
	}
	if err := p.state("input-range", FormatFloats(low, high), from); err != nil {
		return err
	}
	flip, err := p.optional("do_flip_channel_order")
	if err != nil {
		return err
	}
	order, reversed := preprocess.RGB, p.class == "PPLCNetImageProcessor"
	if flip || reversed {
		order = preprocess.BGR
	}
	orderFrom := p.source("do_flip_channel_order")
	if reversed {
		orderFrom = p.file + " (" + p.class + " turns the channels around)"
	}
	if err := p.settings.set("color-order", order.String(), orderFrom); err != nil {
		return err
	}
	top, err := p.optional("include_top")
	if err != nil {
		return err
	}
	normalize = normalize && p.looks("do_normalize") // MobileViT has the key, and never looks at it
	mean, std := []float64{0}, []float64{1}
	meanFrom, stdFrom := "do_normalize", "do_normalize"
	if normalize {
		if mean, err = p.numbers("image_mean"); err != nil {
			return err
		}
		meanFrom = "image_mean"
	}
	if normalize || top {
		if std, err = p.numbers("image_std"); err != nil {
			return err
		}
		stdFrom = "image_std"
	}
	if normalize && top { // (x-mean)/std, and that again divided by std
		for i := range std {
			std[i] *= std[i]
		}
	}
	if reversed { // they are of RGB, and turned around afterwards
		slices.Reverse(mean)
		slices.Reverse(std)
	}
	return errors.Join(p.state("mean", FormatFloats(mean...), meanFrom), p.state("std", FormatFloats(std...), stdFrom))
}

// transparency states do_convert_rgb. The pipelines of transformers give it images that are RGB
// by then, without alpha; of these it turns a colour that the file makes transparent to white.
func (p *processor) transparency() error {
	const key = "do_convert_rgb"
	if !p.config.Has(key) && !p.defaults.Has(key) {
		return nil
	}
	on, err := p.flag(key)
	KeyWhite.put(&p.settings, on, p.source(key))
	return err
}

func (p *processor) numbers(key string) ([]float64, error) {
	o, err := p.at(key)
	if err != nil {
		return nil, err
	}
	return o.numbers(key)
}
