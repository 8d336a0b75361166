package models

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"ortho/models/clip"
	"ortho/models/config"
	"ortho/models/scheduler"
	"ortho/runner/onnx"
)

// pipelineResolver settles how a pipeline runs, and what keeps it from running.
type pipelineResolver struct {
	*Pipeline
	folder   fs.FS
	index    config.Object
	sidecar  config.Object
	problems []error
	names    []string // that the pipeline goes by
}

func (r *pipelineResolver) fail(format string, args ...any) {
	r.problems = append(r.problems, fmt.Errorf(format, args...))
}

func (r *pipelineResolver) fact(key, value, source string) {
	r.Facts = append(r.Facts, Fact{key, value, source})
}

// run fails only on files that can't be read.
func (r *pipelineResolver) run() error {
	var err error
	if r.sidecar, err = config.ReadObject(r.folder, config.Sidecar); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	r.names = []string{r.Name}
	for _, o := range []config.Object{r.index, r.partConfig(UNet)} {
		var name string
		if ok, err := o.Get("_name_or_path", &name); ok && err == nil {
			r.names = append(r.names, name)
		}
	}
	r.fact("class", r.Class, pipelineIndex)
	if !r.supported() {
		return nil
	}
	r.denoiser()
	r.autoencoders()
	if err := r.textEncoders(); err != nil {
		return err
	}
	r.widths()
	if err := r.schedule(); err != nil {
		return err
	}
	if err := r.defaults(); err != nil {
		return err
	}
	r.notRun()
	return nil
}

func (r *pipelineResolver) partConfig(name string) config.Object {
	if p := r.Part(name); p != nil {
		return p.config
	}
	return nil
}

// supported tells whether the pipeline is of a kind that can be run, and has the parts.
func (r *pipelineResolver) supported() bool {
	kind := strings.TrimPrefix(strings.TrimPrefix(r.Class, "Onnx"), "ORT")
	known := strings.HasPrefix(kind, "StableDiffusion") || strings.HasPrefix(kind, "LatentConsistencyModel")
	for _, other := range []string{"StableDiffusion3", "ControlNet", "Upscale", "Pix2Pix", "Depth2Img", "Adapter", "ImageVariation", "GLIGEN", "LDM3D", "Panorama"} {
		known = known && !strings.Contains(kind, other)
	}
	if !known {
		r.fail("a pipeline of class %q can't be run: ortho runs Stable Diffusion 1 and 2, SDXL, their Turbo versions, and latent consistency models", r.Class)
		return false
	}
	whole := true
	for _, name := range []string{UNet, VAEDecoder} {
		whole = r.require(name) && whole
	}
	if r.Part(TextEncoder1) == nil && r.Part(TextEncoder2) == nil {
		whole = r.require(TextEncoder1) && whole
	}
	return whole
}

func (r *pipelineResolver) require(name string) bool {
	p := r.Part(name)
	if p == nil {
		r.fail("it has no %s: there is no .onnx file in the folder %s; copy it from where the pipeline was exported, or export it anew with all parts (optimum-cli export onnx)",
			name, filepath.Join(r.Path, name))
		return false
	}
	return r.weights(p)
}

// weights checks that a part's external data are there.
func (r *pipelineResolver) weights(p *Part) bool {
	err := p.Graph.CheckWeights(p.Path)
	if err != nil {
		r.fail("%s: %w", p.Name, err)
	}
	return err == nil
}

// denoiser reads the UNet's interface.
func (r *pipelineResolver) denoiser() {
	p := r.Part(UNet)
	d := &r.spec.Denoiser
	d.Part = p
	for _, v := range p.Graph.Inputs {
		to := map[string]*string{"sample": &d.Sample, "timestep": &d.Timestep, "encoder_hidden_states": &d.Context,
			"timestep_cond": &d.GuidanceCond, "text_embeds": &d.Pooled, "time_ids": &d.Sizes}[v.Name]
		if to == nil {
			r.fail("unet: what its input %s takes is not known: it is of another kind of pipeline", v)
			return
		}
		*to = v.Name
	}
	if d.Sample == "" || d.Timestep == "" || d.Context == "" || len(p.Graph.Outputs) == 0 {
		r.fail("unet: it must take sample, timestep and encoder_hidden_states; its inputs are %s", onnx.List(p.Graph.Inputs))
		return
	}
	r.spec.XL = d.Pooled != "" && d.Sizes != ""
	out := p.Graph.Outputs[0]
	d.Output = out.Name
	sample, _ := valueNamed(p.Graph.Inputs, d.Sample)
	in := r.channels(sample.Dims, "in_channels", p.config)
	d.Latents = r.channels(out.Dims, "out_channels", p.config)
	from := r.from(UNet, p)
	if d.Latents == 0 { // older diffusers names the channels, and writes no config.json
		d.Latents, from = 4, "default"
	}
	if in == 0 {
		in = d.Latents
		if r.Class == "OnnxStableDiffusionInpaintPipeline" {
			in = 2*d.Latents + 1
		}
	}
	if d.Masked = in - d.Latents; d.Masked != 0 && d.Masked != 1+d.Latents {
		r.fail("unet: it takes %d channels and gives %d: ortho runs those that take as many as they give, or for inpainting %d",
			in, d.Latents, 2*d.Latents+1)
	}
	if len(sample.Dims) == 4 && sample.Dims[0].Fixed() {
		d.Batch = int(sample.Dims[0].Size)
	}
	if v, ok := valueNamed(p.Graph.Inputs, d.GuidanceCond); ok {
		d.GuidanceDim = r.size(v.Dims, 1, "time_cond_proj_dim", p.config)
		if d.GuidanceDim < 4 {
			r.fail("unet: neither its graph nor its config.json says how wide timestep_cond is (time_cond_proj_dim)")
		}
	}
	latents := fmt.Sprintf("%d channels", d.Latents)
	if d.Masked > 0 {
		latents += fmt.Sprintf(", and %d of mask and masked image", d.Masked)
	}
	r.fact("latents", latents, from)
}

// channels is the size of a dimension [N,channels,height,width], or what a config says.
func (r *pipelineResolver) channels(dims []onnx.Dim, key string, config config.Object) int {
	if len(dims) != 4 {
		dims = nil
	}
	return r.size(dims, 1, key, config)
}

// size is that of a graph's dimension where it is fixed, else what a config says; 0 where
// neither does.
func (r *pipelineResolver) size(dims []onnx.Dim, at int, key string, config config.Object) int {
	if at < len(dims) && dims[at].Fixed() {
		return int(dims[at].Size)
	}
	var n int
	if _, err := config.Get(key, &n); err != nil || n < 0 || n > 1<<20 {
		return 0
	}
	return n
}

// from names where a part's facts come from.
func (r *pipelineResolver) from(name string, p *Part) string {
	if p.config == nil {
		return name + "'s graph"
	}
	return name + "/" + config.Config
}

// autoencoders reads the VAE's two halves.
func (r *pipelineResolver) autoencoders() {
	s := &r.spec
	decoder := r.Part(VAEDecoder)
	vae, source := decoder.config, VAEDecoder+"/"+config.Config
	for _, name := range []string{"vae", VAEEncoder} {
		if vae.Has("scaling_factor") || vae.Has("block_out_channels") {
			break
		}
		if o, err := config.ReadObject(r.folder, name+"/"+config.Config); err == nil {
			vae, source = o, name+"/"+config.Config
		}
	}
	half := Autoencoder{Scaling: 0.18215}
	scalingSource := "default"
	if ok, err := vae.Get("scaling_factor", &half.Scaling); err != nil || ok && !(half.Scaling > 0) {
		r.fail("%s: scaling_factor: %v is none", source, half.Scaling)
	} else if ok {
		scalingSource = source
	}
	for key, to := range map[string]*[]float64{"latents_mean": &half.Mean, "latents_std": &half.Std} {
		if ok, err := vae.Get(key, to); err != nil || ok && len(*to) != s.Denoiser.Latents {
			r.fail("%s: %s is not a number for each of the %d channels", source, key, s.Denoiser.Latents)
		}
	}
	if half.Mean == nil || half.Std == nil || slices.Contains(half.Std, 0) {
		half.Mean, half.Std = nil, nil // diffusers wants both
	}
	s.Scale = 8
	var blocks []float64
	if ok, _ := vae.Get("block_out_channels", &blocks); ok && len(blocks) > 0 && len(blocks) <= 8 {
		s.Scale = 1 << (len(blocks) - 1)
	}
	s.Multiple = s.Scale
	var levels []string
	if ok, _ := r.partConfig(UNet).Get("down_block_types", &levels); ok && len(levels) > 0 && len(levels) <= 8 {
		s.Multiple <<= len(levels) - 1
	}
	s.Decoder = half
	s.Decoder.Part = decoder
	r.halves(&s.Decoder)
	if len(decoder.Graph.Inputs) == 1 {
		if v := decoder.Graph.Inputs[0]; len(v.Dims) == 4 && v.Dims[1].Fixed() && int(v.Dims[1].Size) != s.Denoiser.Latents && s.Denoiser.Latents > 0 {
			r.fail("vae_decoder takes latents of %d channels, and unet gives %d: they are parts of two models", v.Dims[1].Size, s.Denoiser.Latents)
		}
	}
	if p := r.Part(VAEEncoder); p != nil && r.weights(p) {
		s.Encoder = &half
		s.Encoder.Part = p
		r.halves(s.Encoder)
		s.Encoder.Sampled = strings.HasPrefix(s.Encoder.Output, "latent_sample")
	}
	r.fact("VAE scaling factor", strconv.FormatFloat(half.Scaling, 'g', -1, 64), scalingSource)
}

func (r *pipelineResolver) halves(a *Autoencoder) {
	if g := a.Part.Graph; len(g.Inputs) != 1 || len(g.Outputs) < 1 {
		r.fail("%s: it must have one input and an output; its inputs are %s", a.Part.Name, onnx.List(g.Inputs))
	} else {
		a.Input, a.Output = g.Inputs[0].Name, g.Outputs[0].Name
	}
}

// textEncoders reads the text encoders and their tokenisers.
func (r *pipelineResolver) textEncoders() error {
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
					return fmt.Errorf("%s/%s: %w", name, config.Config, err)
				}
			default:
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
func (r *pipelineResolver) encodings(e *TextEncoder) {
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
func (r *pipelineResolver) tokenizer(e *TextEncoder, folder string) {
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
func (r *pipelineResolver) widths() {
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

// schedule reads the scheduler's configuration.
func (r *pipelineResolver) schedule() error {
	data, err := config.ReadText(r.folder, schedulerConfig)
	if errors.Is(err, fs.ErrNotExist) {
		r.fail("it has no scheduler: copy %s from where the pipeline was exported", filepath.Join(r.Path, filepath.FromSlash(schedulerConfig)))
		return nil
	}
	if err != nil {
		return err
	}
	s := &r.spec
	if s.Schedule, err = scheduler.Read(data); err != nil && (s.Schedule == nil || !errors.Is(err, scheduler.ErrUnknown)) {
		r.fail("%s: %w", schedulerConfig, err)
		return nil
	}
	if err == nil {
		if _, err = scheduler.New(s.Schedule, scheduler.Plan{Steps: 10}); err != nil {
			err = fmt.Errorf("%s: %w", schedulerConfig, err)
		}
	}
	s.Unscheduled = err
	name, source := "", schedulerConfig
	if err == nil {
		name = s.Schedule.Name()
	}
	if ok, problem := r.sidecar.Get("scheduler", &name); problem != nil {
		r.fail("%s: %w", config.Sidecar, problem)
	} else if ok {
		source, s.Unscheduled = config.Sidecar, nil
		if s.Schedule, problem = s.Schedule.With(name); problem != nil {
			r.fail("%s: scheduler: %w", config.Sidecar, problem)
			return nil
		}
	}
	if s.Unscheduled != nil {
		r.Facts = append(r.Facts, Fact{"scheduler", s.Unscheduled.Error(), ""})
	} else {
		r.fact("scheduler", name, source)
	}
	stated, err := config.ParseObject(data)
	if err != nil {
		return nil // scheduler.Read has told
	}
	for _, key := range []string{"prediction_type", "timestep_spacing"} {
		var value string
		if ok, err := stated.Get(key, &value); ok && err == nil {
			r.fact(strings.ReplaceAll(key, "_", " "), value, schedulerConfig)
		}
	}
	return nil
}

// notRun says which parts of the pipeline have no part in the image.
func (r *pipelineResolver) notRun() {
	for _, name := range []string{"safety_checker", "feature_extractor", "image_encoder"} {
		var class []*string
		if ok, err := r.index.Get(name, &class); ok && err == nil && len(class) == 2 && class[1] != nil {
			r.fact(name, *class[1]+": not run", pipelineIndex)
		}
	}
}
