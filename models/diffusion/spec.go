package diffusion

import (
	"ortho/models/clip"
	"ortho/models/scheduler"
	"ortho/runner/onnx"
)

// Spec is all that is needed to run a Stable Diffusion pipeline.
type Spec struct {
	Texts    []TextEncoder // one; two of SDXL, whose widths add up
	Denoiser Denoiser
	Controls []Control    // none: it takes no images of control, or the denoiser's graph has its ControlNets in it
	Encoder  *Autoencoder // nil: there is none, and images can't be started from
	Decoder  Autoencoder
	// Schedule is the scheduler's configuration. Where its own class can't be run,
	// Unscheduled says why: it runs by the name of another then.
	Schedule    *scheduler.Config
	Unscheduled error
	// Scale is the pixels of an image that a latent stands for, along each edge.
	Scale int
	// Multiple is what width and height are multiples of, in pixels: an exported UNet that
	// halves its latents n times can't pad, and wants 2^n of them.
	Multiple int
	// Defaults of a request.
	Width, Height int  // in pixels
	Fixed         bool // the graph takes no other size
	Steps         int
	Guidance      float64 // up to 1: none
	Negative      string
	// XL: the context is the last hidden layer but one of the text encoders, and the
	// denoiser takes the pooled output of the last, and sizes.
	XL bool
	// Consistency: a latent consistency model as LatentConsistencyModelPipeline runs it.
	Consistency bool
	// ZeroNegative: without a negative text its embeddings are zeros, and not those of "".
	ZeroNegative bool
	// Aesthetics: of the sizes, the target is an aesthetic score (SDXL's refiner).
	Aesthetics bool
}

// TextEncoder is a graph that turns tokens into embeddings.
type TextEncoder struct {
	Part      *Part
	Tokenizer *clip.Tokenizer
	IDs       string // the input of token ids, [N,length]
	Mask      string // the input that is 1 where a token stands; "": none
	Masked    bool   // that input is 0 for padding; else it is all 1
	Context   string // the output [N,length,width]
	Pooled    string // the output [N,width]; "": not used
}

// Inputs are what is given at each step to a UNet and its ControlNets alike. Those that a graph has not are "".
type Inputs struct {
	Part         *Part
	Sample       string // [N,channels,height,width]
	Timestep     string // a scalar, or [N]
	Context      string // [N,length,width]
	GuidanceCond string // timestep_cond: [N,GuidanceDim], the embedded guidance
	Pooled       string // text_embeds
	Sizes        string // time_ids: [N,SizeCount]
	Batch        int    // rows of a run; 0 where the graph leaves it open
}

// named is the field of the input that exporters call so; nil where none is.
func (i *Inputs) named(name string) *string {
	return map[string]*string{"sample": &i.Sample, "timestep": &i.Timestep, "encoder_hidden_states": &i.Context,
		"timestep_cond": &i.GuidanceCond, "text_embeds": &i.Pooled, "time_ids": &i.Sizes}[name]
}

// batch settles the rows of a run.
func (i *Inputs) batch() {
	if v, ok := valueNamed(i.Part.Graph.Inputs, i.Sample); ok && len(v.Dims) == 4 && v.Dims[0].Fixed() {
		i.Batch = int(v.Dims[0].Size)
	}
}

// Denoiser is the graph that is run at each step: a UNet.
type Denoiser struct {
	Inputs
	GuidanceDim int
	SizeCount   int
	Output      string
	Latents     int // channels of the latents
	Masked      int // channels of Sample beyond the latents: mask and masked image, 0 or 1+Latents
	// Residuals are the inputs that are given what ControlNets make, in the order of the down blocks, and then the middle's.
	Residuals []string
	// A graph that has its ControlNets in it takes Conditions [Within,N,3,height,width] and Scales [Within,1].
	Conditions, Scales string
	Within             int
}

// Control is a ControlNet: the graph that makes, of an image that the picture is to follow, what is added within the UNet.
type Control struct {
	Inputs
	Condition string   // controlnet_cond: the image, [N,3,height,width] from 0 to 1
	Scale     string   // conditioning_scale: a number
	Outputs   []string // in the order of [Denoiser]'s Residuals
	Pools     bool     // global_pool_conditions: it says nothing of where; diffusers then runs it as in guess mode
}

// ControlNets is how many there are, and so how many images of control are given.
func (s *Spec) ControlNets() int { return len(s.Controls) + s.Denoiser.Within }

// Autoencoder is one half of a VAE.
type Autoencoder struct {
	Part    *Part
	Input   string
	Output  string
	Sampled bool // the encoder's output are latents, and not their mean and log variance
	// Latents of the denoiser are (latents - Mean) * Scaling / Std of the VAE's. Mean and Std
	// are per channel, or nil: 0 and 1.
	Scaling   float64
	Mean, Std []float64
}

// valueNamed finds an input or output by its name.
func valueNamed(values []onnx.Value, name string) (onnx.Value, bool) {
	for _, v := range values {
		if v.Name == name {
			return v, true
		}
	}
	return onnx.Value{}, false
}
