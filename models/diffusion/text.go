package diffusion

import (
	"context"
	"fmt"
	"slices"

	"ortho/runner"
	"ortho/runner/onnx"
)

// embedding is a text as the denoiser takes it.
type embedding struct {
	length, width int
	context       []float32 // [length, width]
	pooled        []float32 // of SDXL
}

// encodeTexts encodes the prompt and, where there is guidance, what it leads away from.
func (d *sampling) encodeTexts(ctx context.Context) (err error) {
	if d.positive, err = d.encode(ctx, d.Prompt, d.ClipSkip); err != nil || !d.guided {
		return err
	}
	if d.Request.Negative == nil && d.spec.ZeroNegative && d.spec.XL {
		zero := *d.positive
		zero.context, zero.pooled = make([]float32, len(zero.context)), make([]float32, len(zero.pooled))
		d.negative = &zero
		return nil
	}
	negative := ""
	if d.Request.Negative != nil {
		negative = *d.Request.Negative
	}
	d.negative, err = d.encode(ctx, negative, 0) // which leaves out no layers in diffusers either
	return err
}

// maxEncoded bounds the texts whose embeddings are kept for the next image.
const maxEncoded = 2 * group

// encoded is a text, without so many of the text encoders' last layers.
type encoded struct {
	text string
	skip int
}

// encode runs the text encoders, whose widths add up.
func (p *Pipeline) encode(ctx context.Context, text string, skip int) (*embedding, error) {
	key := encoded{text, skip}
	if e := p.encoded[key]; e != nil {
		return e, nil
	}
	if skip > 0 && !slices.Contains(p.skips, skip) {
		p.skips = append(p.skips, skip)
	}
	var all embedding
	for i := range p.spec.Texts {
		one, err := p.encodeOne(ctx, &p.spec.Texts[i], text, skip)
		if err != nil {
			return nil, err
		}
		if all, err = all.join(one); err != nil {
			return nil, err
		}
	}
	if len(p.encoded) >= maxEncoded {
		clear(p.encoded)
	}
	p.encoded[key] = &all
	return &all, nil
}

func (p *Pipeline) encodeOne(ctx context.Context, e *TextEncoder, text string, skip int) (one embedding, err error) {
	from := layer{value: e.Context}
	if skip > 0 {
		if from, err = e.layer(skip); err != nil {
			return one, err
		}
	}
	tokens := e.Tokenizer.Encode(text)
	outputs, err := p.once(ctx, e.Part, func(v onnx.Value) (*runner.Tensor, error) {
		values := make([]float32, len(tokens.IDs)) // ids are far below 2^24, from where float32 has gaps
		for i, id := range tokens.IDs {
			switch {
			case v.Name == e.IDs:
				values[i] = float32(id)
			case i < tokens.Count || !e.Masked:
				values[i] = 1
			}
		}
		return filled(v, []int64{rowsOf(v, 1), int64(len(values))}, values)
	})
	if err != nil {
		return one, err
	}
	defer closeTensors(outputs)
	context := outputs[slices.Index(p.outputs(e.Part.Name), from.value)]
	shape := context.Shape
	if len(shape) != 3 || product(shape[1:]) < 1 || e.Pooled != "" && len(outputs[1].Shape) != 2 {
		return one, fmt.Errorf("%s: output %s has shape %v: it must be [batch,length,width]", e.Part.Name, from.value, shape)
	}
	one = embedding{length: int(shape[1]), width: int(shape[2]), context: make([]float32, product(shape[1:]))}
	if err := get(one.context, context, 0); err != nil {
		return one, fmt.Errorf("%s: %w", e.Part.Name, err)
	}
	if from.norm != nil {
		if err := from.norm.apply(one.context); err != nil {
			return one, fmt.Errorf("%s: %w", e.Part.Name, err)
		}
	}
	if e.Pooled != "" {
		one.pooled = make([]float32, outputs[1].Shape[1])
		if err := get(one.pooled, outputs[1], 0); err != nil {
			return one, fmt.Errorf("%s: %w", e.Part.Name, err)
		}
	}
	return one, finite(e.Part.Name, one.context)
}

// join concatenates embeddings of one text, token by token.
func (a embedding) join(b embedding) (embedding, error) {
	if a.length == 0 {
		return b, nil
	}
	if a.length != b.length {
		return a, fmt.Errorf("the text encoders give %d and %d tokens: they are parts of two models", a.length, b.length)
	}
	joined := embedding{length: a.length, width: a.width + b.width, pooled: b.pooled}
	for i := range a.length {
		joined.context = append(append(joined.context, a.context[i*a.width:(i+1)*a.width]...), b.context[i*b.width:(i+1)*b.width]...)
	}
	return joined, nil
}
