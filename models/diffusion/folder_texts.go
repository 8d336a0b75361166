package diffusion

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"ortho/models/clip"
	"ortho/models/config"
	"ortho/runner/onnx"
)

// textEncoders reads the text encoders and their tokenisers.
func (r *folderResolver) textEncoders() error {
	for _, name := range []string{TextEncoder1, TextEncoder2} {
		p := r.Part(name)
		if p == nil || !r.weights(p) {
			continue
		}
		if name == TextEncoder2 && !r.spec.XL {
			continue // SDXL's alone
		}
		e := TextEncoder{Part: p}
		for _, v := range p.Graph.Inputs {
			switch v.Name {
			case "input_ids":
				e.IDs = v.Name
			case "attention_mask":
				e.Mask = v.Name
				if _, err := p.config.Get("use_attention_mask", &e.Masked); err != nil {
					return fmt.Errorf("%s/%s: %w", name, config.ConfigFile, err)
				}
			default:
				if why := weightsOfLoRA(v.Name); why != "" {
					r.fail("%s: its input %s can't be filled%s", name, v, why)
					continue
				}
				r.fail("%s: what its input %s takes is not known", name, v)
			}
		}
		if e.IDs == "" {
			r.fail("%s: it takes no input_ids; its inputs are %s", name, onnx.List(p.Graph.Inputs))
		}
		r.encodings(&e)
		folder := strings.Replace(name, "text_encoder", "tokenizer", 1)
		files, err := fs.Sub(r.folder, folder)
		if err != nil {
			return err
		}
		if _, err := fs.Stat(files, "."); err != nil {
			r.fail("it has no %s: copy the folder %s from where the pipeline was exported", folder, filepath.Join(r.Path, folder))
			continue
		}
		if e.Tokenizer, err = clip.Read(files); err != nil {
			r.fail("%s: %w", folder, err)
			continue
		}
		r.tokenizer(&e, folder)
		r.spec.Texts = append(r.spec.Texts, e)
	}
	if r.spec.XL && r.Part(TextEncoder2) == nil {
		r.require(TextEncoder2)
	}
	var class []*string // of an encoder that the pipeline has, and the folder has not
	listed, err := r.index.Get(TextEncoder1, &class)
	listed = listed && err == nil && len(class) == 2 && class[1] != nil
	if r.Part(TextEncoder1) == nil && (listed || !r.spec.XL) {
		r.require(TextEncoder1)
	}
	return nil
}

// encodings names the outputs of a text encoder that are used.
func (r *folderResolver) encodings(e *TextEncoder) {
	outputs := e.Part.Graph.Outputs
	if !r.spec.XL {
		if v, ok := valueNamed(outputs, "last_hidden_state"); ok {
			e.Context = v.Name
		} else if len(outputs) > 0 && len(outputs[0].Dims) == 3 {
			e.Context = outputs[0].Name
		} else {
			r.fail("%s: it has no output last_hidden_state; its outputs are %s", e.Part.Name, onnx.List(outputs))
		}
		return
	}
	layers := 0
	for _, v := range outputs {
		if n, err := strconv.Atoi(strings.TrimPrefix(v.Name, "hidden_states.")); err == nil {
			layers = max(layers, n)
		}
	}
	if _, ok := valueNamed(outputs, fmt.Sprintf("hidden_states.%d", layers-1)); !ok || layers < 1 {
		r.fail("%s: SDXL takes its last hidden layer but one, and it has no outputs hidden_states.N; its outputs are %s", e.Part.Name, onnx.List(outputs))
		return
	}
	e.Context = fmt.Sprintf("hidden_states.%d", layers-1)
	if e.Part.Name != TextEncoder2 {
		return
	}
	for _, name := range []string{"text_embeds", "pooler_output"} {
		if v, ok := valueNamed(outputs, name); ok {
			e.Pooled = v.Name
			return
		}
	}
	r.fail("%s: it has no output text_embeds; its outputs are %s", e.Part.Name, onnx.List(outputs))
}

// tokenizer checks that a tokeniser is that of its text encoder.
func (r *folderResolver) tokenizer(e *TextEncoder, folder string) {
	name, t := e.Part.Name, e.Tokenizer
	ids, _ := valueNamed(e.Part.Graph.Inputs, e.IDs)
	if most := r.size(nil, 0, "vocab_size", e.Part.config); most > 0 && t.Size() > most {
		r.fail("%s has %d tokens, and %s takes %d: they are parts of two models", folder, t.Size(), name, most)
	}
	if most := r.size(nil, 0, "max_position_embeddings", e.Part.config); most > 0 && t.Length() > most {
		r.fail("%s makes texts of %d tokens, and %s takes %d: they are parts of two models", folder, t.Length(), name, most)
	}
	if len(ids.Dims) == 2 && ids.Dims[1].Fixed() && int(ids.Dims[1].Size) != t.Length() {
		r.fail("%s makes texts of %d tokens, and %s takes %s: they are parts of two models", folder, t.Length(), name, ids)
	}
	r.fact(folder, fmt.Sprintf("%d tokens, texts of %d", t.Size(), t.Length()), folder)
}

// widths checks that the text encoders give what the UNet takes.
func (r *folderResolver) widths() {
	d := &r.spec.Denoiser
	context, ok := valueNamed(d.Part.Graph.Inputs, d.Context)
	if !ok || len(r.problems) > 0 {
		return
	}
	want := r.size(context.Dims, 2, "cross_attention_dim", d.Part.config)
	got, pooled := 0, 0
	var parts []string
	for _, e := range r.spec.Texts {
		v, _ := valueNamed(e.Part.Graph.Outputs, e.Context)
		n := r.size(v.Dims, 2, "hidden_size", e.Part.config)
		if n == 0 {
			want = 0 // what is not known is not wrong
		}
		got += n
		parts = append(parts, fmt.Sprintf("%s %d", e.Part.Name, n))
		if v, ok := valueNamed(e.Part.Graph.Outputs, e.Pooled); ok {
			pooled = r.size(v.Dims, 1, "projection_dim", e.Part.config)
		}
	}
	if want > 0 && got != want {
		r.fail("unet takes texts of width %d, and %s give %d: they are parts of two models", want, strings.Join(parts, " and "), got)
	}
	if want > 0 {
		r.fact("text width", strings.Join(parts, ", "), r.from("unet", d.Part))
	}
	if !r.spec.XL {
		return
	}
	embeds, _ := valueNamed(d.Part.Graph.Inputs, d.Pooled)
	if n := r.size(embeds.Dims, 1, "", nil); n > 0 && pooled > 0 && n != pooled {
		r.fail("unet takes pooled texts of width %d, and text_encoder_2 gives %d: they are parts of two models", n, pooled)
	}
	sizes, _ := valueNamed(d.Part.Graph.Inputs, d.Sizes)
	d.SizeCount = r.size(sizes.Dims, 1, "", nil)
	all := r.size(nil, 0, "projection_class_embeddings_input_dim", d.Part.config)
	each := r.size(nil, 0, "addition_time_embed_dim", d.Part.config)
	if d.SizeCount == 0 && each > 0 && all > pooled {
		d.SizeCount = (all - pooled) / each
	}
	if d.SizeCount == 0 {
		d.SizeCount = 6
	}
	if _, err := r.index.Get("requires_aesthetics_score", &r.spec.Aesthetics); err != nil {
		r.fail("%s: %w", pipelineIndex, err)
	}
	r.spec.Aesthetics = r.spec.Aesthetics || d.SizeCount == 5
	if d.SizeCount != 6 && d.SizeCount != 5 {
		r.fail("unet: time_ids takes %d numbers, and not 6 (SDXL) or 5 (its refiner)", d.SizeCount)
	}
	if _, err := r.index.Get("force_zeros_for_empty_prompt", &r.spec.ZeroNegative); err != nil {
		r.fail("%s: %w", pipelineIndex, err)
	} else if !r.index.Has("force_zeros_for_empty_prompt") {
		r.spec.ZeroNegative = true // diffusers' default
	}
}
