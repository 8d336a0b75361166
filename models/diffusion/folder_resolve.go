package diffusion

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"ortho/models"
	"ortho/models/config"
	"ortho/models/scheduler"
	"ortho/runner/onnx"
)

// folderResolver settles how a pipeline runs, or why it can't.
type folderResolver struct {
	*Folder
	folder   fs.FS
	index    config.Object
	sidecar  config.Object
	problems []error
	names    []string // that the pipeline goes by
}

func (r *folderResolver) fail(format string, args ...any) {
	r.problems = append(r.problems, fmt.Errorf(format, args...))
}

func (r *folderResolver) fact(key, value, source string) {
	r.Facts = append(r.Facts, models.Fact{Key: key, Value: value, Source: source})
}

// run fails only on files that can't be read.
func (r *folderResolver) run() error {
	var err error
	if r.sidecar, err = config.ReadObject(r.folder, config.SidecarFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
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
	r.controls()
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
	return r.loras()
}

func (r *folderResolver) partConfig(name string) config.Object {
	if p := r.Part(name); p != nil {
		return p.config
	}
	return nil
}

// supported reports whether the pipeline is of a kind that can be run, and has the parts.
func (r *folderResolver) supported() bool {
	kind := strings.TrimPrefix(strings.TrimPrefix(r.Class, "Onnx"), "ORT")
	known := strings.HasPrefix(kind, "StableDiffusion") || strings.HasPrefix(kind, "LatentConsistencyModel")
	for _, other := range []string{"StableDiffusion3", "ControlNetXS", "ControlNetUnion", "Upscale", "Pix2Pix", "Depth2Img", "Adapter", "ImageVariation", "GLIGEN", "LDM3D", "Panorama"} {
		known = known && !strings.Contains(kind, other)
	}
	if !known {
		r.fail("a pipeline of class %q can't be run: ortho runs Stable Diffusion 1 and 2, SDXL, their Turbo versions, these with ControlNets, and latent consistency models", r.Class)
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

func (r *folderResolver) require(name string) bool {
	p := r.Part(name)
	if p == nil {
		r.fail("it has no %s: there is no .onnx file in the folder %s; copy it from where the pipeline was exported, or export it anew with all parts (optimum-cli export onnx)",
			name, filepath.Join(r.Path, name))
		return false
	}
	return r.weights(p)
}

// weights checks that a part's external data are there.
func (r *folderResolver) weights(p *Part) bool {
	err := p.Graph.CheckWeights(p.Path)
	if err != nil {
		r.fail("%s: %w", p.Name, err)
	}
	return err == nil
}

// denoiser reads the UNet's interface.
func (r *folderResolver) denoiser() {
	p := r.Part(UNet)
	d := &r.spec.Denoiser
	d.Part = p
	for _, v := range p.Graph.Inputs {
		switch to := d.named(v.Name); {
		case to != nil:
			*to = v.Name
		case v.Name == "controlnet_conds":
			d.Conditions = v.Name
		case v.Name == "conditioning_scales":
			d.Scales = v.Name
		case weightsOfLoRA(v.Name) != "":
			r.fail("unet: its input %s can't be filled%s", v, weightsOfLoRA(v.Name))
			return
		case !isResidual(v.Name):
			r.fail("unet: what its input %s takes is not known: it is of another kind of pipeline", v)
			return
		}
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
	d.batch()
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
func (r *folderResolver) channels(dims []onnx.Dim, key string, config config.Object) int {
	if len(dims) != 4 {
		dims = nil
	}
	return r.size(dims, 1, key, config)
}

// size is that of a graph's dimension where it is fixed, else what a config says; 0 where
// neither does.
func (r *folderResolver) size(dims []onnx.Dim, at int, key string, config config.Object) int {
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
func (r *folderResolver) from(name string, p *Part) string {
	if p.config == nil {
		return name + "'s graph"
	}
	return name + "/" + config.ConfigFile
}

// autoencoders reads the VAE's two halves.
func (r *folderResolver) autoencoders() {
	s := &r.spec
	decoder := r.Part(VAEDecoder)
	vae, source := decoder.config, VAEDecoder+"/"+config.ConfigFile
	for _, name := range []string{"vae", VAEEncoder} {
		if vae.Has("scaling_factor") || vae.Has("block_out_channels") {
			break
		}
		if o, err := config.ReadObject(r.folder, name+"/"+config.ConfigFile); err == nil {
			vae, source = o, name+"/"+config.ConfigFile
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

func (r *folderResolver) halves(a *Autoencoder) {
	if g := a.Part.Graph; len(g.Inputs) != 1 || len(g.Outputs) < 1 {
		r.fail("%s: it must have one input and an output; its inputs are %s", a.Part.Name, onnx.List(g.Inputs))
	} else {
		a.Input, a.Output = g.Inputs[0].Name, g.Outputs[0].Name
	}
}

// schedule reads the scheduler's configuration.
func (r *folderResolver) schedule() error {
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
		if _, err = scheduler.New(s.Schedule, scheduler.Plan{Steps: 10, Patches: 1}); err != nil {
			err = fmt.Errorf("%s: %w", schedulerConfig, err)
		}
	}
	s.Unscheduled = err
	name, source := "", schedulerConfig
	if err == nil {
		name = s.Schedule.Name()
	}
	if ok, problem := r.sidecar.Get("scheduler", &name); problem != nil {
		r.fail("%s: %w", config.SidecarFile, problem)
	} else if ok {
		source, s.Unscheduled = config.SidecarFile, nil
		if s.Schedule, problem = s.Schedule.With(name); problem != nil {
			r.fail("%s: scheduler: %w", config.SidecarFile, problem)
			return nil
		}
	}
	if s.Unscheduled != nil {
		r.Facts = append(r.Facts, models.Fact{Key: "scheduler", Value: s.Unscheduled.Error()})
	} else {
		r.fact("scheduler", name, source)
	}
	stated, err := config.ParseObject(data)
	if err != nil {
		return nil // scheduler.Read has reported it
	}
	for _, key := range []string{"prediction_type", "timestep_spacing"} {
		var value string
		if ok, err := stated.Get(key, &value); ok && err == nil {
			r.fact(strings.ReplaceAll(key, "_", " "), value, schedulerConfig)
		}
	}
	return nil
}

// notRun lists the graphs of the folder that images do not depend on.
func (r *folderResolver) notRun() {
	for _, name := range []string{"safety_checker", "feature_extractor", "image_encoder"} {
		var class []*string
		if ok, err := r.index.Get(name, &class); ok && err == nil && len(class) == 2 && class[1] != nil {
			r.fact(name, *class[1]+": not run", pipelineIndex)
		}
	}
}
