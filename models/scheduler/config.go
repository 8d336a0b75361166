package scheduler

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
)

// defaults are the keys of each class with their defaults
// (scripts/dump_diffusers_defaults.py).
//
//go:embed defaults.json
var defaultsFile []byte

var defaults = func() map[string]map[string]json.RawMessage {
	var d map[string]map[string]json.RawMessage
	if err := json.Unmarshal(defaultsFile, &d); err != nil {
		panic(err) // embedded: a test reads it
	}
	return d
}()

const (
	maxConfig     = 1 << 20 // bytes of a configuration
	maxTrainSteps = 10000   // real models have 1000
)

// kind is a scheduler that has a name of its own.
type kind struct {
	name, class string
	karras      string // from_config's argument use_karras_sigmas; "": none
	build       func(*settings, []float32, Plan) (*Scheduler, error)
	schedules   []string // beta schedules that only this class has
	leveled     bool     // levels of noise of its own: no betas
	eta         bool     // heeds Plan.Eta
}

var kinds = []kind{
	{name: "euler-ancestral", class: "EulerAncestralDiscreteScheduler", build: newAncestral},
	{name: "euler", class: "EulerDiscreteScheduler", build: newEuler},
	{name: "lcm", class: "LCMScheduler", build: newLCM},
	{name: "ddim", class: "DDIMScheduler", build: newDDIM, eta: true},
	{name: "dpm++2m", class: "DPMSolverMultistepScheduler", karras: "false", build: newDPM},
	{name: "dpm++2m-karras", class: "DPMSolverMultistepScheduler", karras: "true", build: newDPM},
	{name: "pndm", class: "PNDMScheduler", build: newPNDM},
	{name: "unipc", class: "UniPCMultistepScheduler", build: newUniPC},
	{name: "deis", class: "DEISMultistepScheduler", build: newDEIS},
	{name: "heun", class: "HeunDiscreteScheduler", build: newHeun, schedules: []string{"exp"}},
	{name: "ddpm", class: "DDPMScheduler", build: newDDPM, schedules: []string{"laplace", "sigmoid"}},
	{name: "lms", class: "LMSDiscreteScheduler", build: newLMS},
	{name: "kdpm2", class: "KDPM2DiscreteScheduler", build: newKDPM2},
	{name: "kdpm2-ancestral", class: "KDPM2AncestralDiscreteScheduler", build: newKDPM2Ancestral},
	{name: "dpm++sde", class: "DPMSolverSDEScheduler", karras: "false", build: newSDE},
	{name: "dpm++sde-karras", class: "DPMSolverSDEScheduler", karras: "true", build: newSDE},
	{name: "dpm++2s", class: "DPMSolverSinglestepScheduler", build: newSinglestep},
	{name: "edm-euler", class: "EDMEulerScheduler", build: newEDMEuler, leveled: true},
	{name: "edm-dpm++2m", class: "EDMDPMSolverMultistepScheduler", build: newEDMDPM, leveled: true},
	{name: "flow-euler", class: "FlowMatchEulerDiscreteScheduler", build: newFlowEuler, leveled: true},
	{name: "flow-heun", class: "FlowMatchHeunDiscreteScheduler", build: newFlowHeun, leveled: true},
	{name: "tcd", class: "TCDScheduler", build: newTCD, eta: true},
}

// Names are the names of the schedulers.
func Names() []string {
	var names []string
	for _, k := range kinds {
		names = append(names, k.name)
	}
	return names
}

// ErrUnknown is wrapped by errors about schedulers that are not implemented.
var ErrUnknown = errors.New("unknown scheduler")

// UnknownError says that a class of schedulers is not implemented. It wraps [ErrUnknown].
type UnknownError struct{ Class string }

func (e *UnknownError) Error() string {
	return fmt.Sprintf("%v %s: give one of %s in its place", ErrUnknown, e.Class, strings.Join(Names(), ", "))
}

func (e *UnknownError) Unwrap() error { return ErrUnknown }

// Config is a scheduler's configuration. It does not change.
type Config struct {
	class    string
	given    map[string]json.RawMessage // what the file states, for whichever class
	settings settings                   // what class makes of it
}

// Read reads a scheduler_config.json. Where its class is not implemented the error wraps
// [ErrUnknown], and there is a Config all the same, for With. Keys that are absent have
// the defaults of the class, and so do those that are null, but that switches are off then,
// as in Python. What diffusers refuses at its first use is refused by [New].
func Read(data []byte) (*Config, error) {
	if len(data) > maxConfig {
		return nil, fmt.Errorf("the configuration is larger than %d KiB", maxConfig>>10)
	}
	var given map[string]json.RawMessage
	if err := json.Unmarshal(quoteNumbers(data), &given); err != nil {
		return nil, fmt.Errorf("not a JSON object: %w", err)
	}
	var class string
	if err := json.Unmarshal(given["_class_name"], &class); err != nil || class == "" {
		return nil, errors.New("_class_name is missing: it says which scheduler this is")
	}
	// Of a configuration written by hand: diffusers' own files leave it out.
	if list, ok := given["_use_default_values"]; ok {
		var names []string
		if err := json.Unmarshal(list, &names); err != nil {
			return nil, errors.New("_use_default_values is no list of names")
		}
		for _, name := range names {
			delete(given, name)
		}
	}
	maps.DeleteFunc(given, func(key string, _ json.RawMessage) bool { return strings.HasPrefix(key, "_") })
	c, err := resolve(class, given)
	c.register()
	return c, err
}

// register restates the names of other classes' solvers as those that c's class takes in their
// place: its register_to_config, which a later from_config goes by.
func (c *Config) register() {
	solver, algorithm := "midpoint", "dpmsolver++"
	theirs, others := []string{"logrho", "bh1", "bh2"}, []string{"deis"}
	switch {
	case c == nil:
		return
	case c.class == "UniPCMultistepScheduler":
		solver, theirs, others = "bh2", []string{"midpoint", "heun", "logrho"}, nil
	case c.class == "DEISMultistepScheduler":
		solver, theirs = "logrho", []string{"midpoint", "heun", "bh1", "bh2"}
		algorithm, others = "deis", []string{"dpmsolver", "dpmsolver++"}
	case !strings.Contains(c.class, "DPMSolverMultistep") && !strings.Contains(c.class, "DPMSolverSinglestep"):
		return
	}
	if _, ok := c.given["solver_type"]; ok && slices.Contains(theirs, c.settings.SolverType) {
		c.given["solver_type"] = json.RawMessage(strconv.Quote(solver))
	}
	if _, ok := c.given["algorithm_type"]; ok && slices.Contains(others, c.settings.Algorithm) {
		c.given["algorithm_type"] = json.RawMessage(strconv.Quote(algorithm))
	}
}

// resolve makes a class's settings of what is given.
func resolve(class string, given map[string]json.RawMessage) (*Config, error) {
	c := &Config{class: class, given: given}
	known, ok := defaults[class]
	if !ok {
		return c, &UnknownError{class}
	}
	own := maps.Clone(given)
	maps.DeleteFunc(own, func(key string, _ json.RawMessage) bool { _, ok := known[key]; return !ok })
	for _, object := range []map[string]json.RawMessage{known, own} {
		data, err := json.Marshal(object)
		if err != nil {
			return nil, err
		}
		var t *json.UnmarshalTypeError
		if err := json.Unmarshal(data, &c.settings); errors.As(err, &t) {
			return nil, fmt.Errorf("%s: a %s is not what is expected there", t.Field, t.Value)
		} else if err != nil {
			return nil, err
		}
	}
	return c, nil
}

// kind is nil for a class that is not implemented.
func (c *Config) kind() *kind {
	for i, k := range kinds {
		if k.class == c.class && (k.karras == "" || k.karras == strconv.FormatBool(bool(c.settings.Karras))) {
			return &kinds[i]
		}
	}
	return nil
}

// Name is the one of [Names] that c configures; "" if it is none of them.
func (c *Config) Name() string {
	if k := c.kind(); k != nil {
		return k.name
	}
	return ""
}

// Class is diffusers' class that c configures.
func (c *Config) Class() string { return c.class }

// PredictionType says what the model's output is: "epsilon" (the noise), "v_prediction",
// "sample" (the image), or what else the configuration states; "" if Name is.
func (c *Config) PredictionType() string { return c.settings.Prediction }

// With is the scheduler of a name, or of a class of diffusers', for the same model: what its
// from_config makes of c. It has those keys that c's file states and that its class knows, even
// if c's class does not, and else its own class's defaults. Names that end in -karras, and those
// beside them that don't, also say whether use_karras_sigmas is on.
func (c *Config) With(name string) (*Config, error) {
	k := named(name)
	if k == nil {
		return nil, fmt.Errorf("%w %q: it is one of %s", ErrUnknown, name, strings.Join(Names(), ", "))
	}
	given := maps.Clone(c.given)
	if k.karras != "" && name == k.name {
		given["use_karras_sigmas"] = json.RawMessage(k.karras)
	}
	return resolve(k.class, given)
}

// named is the scheduler of a name or of a class; nil if there is none.
func named(name string) *kind {
	i := slices.IndexFunc(kinds, func(k kind) bool { return k.name == name || k.class == name })
	if i < 0 {
		return nil
	}
	return &kinds[i]
}

// Known reports whether With knows a name or a class.
func Known(name string) bool { return named(name) != nil }

// StableDiffusion is what c becomes when a StableDiffusionPipeline is made with it, or one
// for image-to-image: steps_offset is 1 and clip_sample off, whatever the file says. For
// inpainting skip_prk_steps is on in place of the latter. Pipelines of other classes leave
// a scheduler as it is. The keys that the file does not state are With's to fill anew.
func (c *Config) StableDiffusion(inpaint bool) *Config {
	m := *c
	m.given = maps.Clone(c.given)
	restate := func(key, value string) {
		if _, ok := m.given[key]; ok {
			m.given[key] = json.RawMessage(value)
		}
	}
	m.settings.StepsOffset = 1
	restate("steps_offset", "1")
	if inpaint {
		m.settings.SkipPRK = true
		restate("skip_prk_steps", "true")
	} else {
		m.settings.ClipSample = false
		restate("clip_sample", "false")
	}
	return &m
}

// settings are the keys of all classes; one that a class does not have is zero.
type settings struct {
	TrainSteps   int       `json:"num_train_timesteps"`
	BetaStart    float64   `json:"beta_start"`
	BetaEnd      float64   `json:"beta_end"`
	BetaSchedule string    `json:"beta_schedule"`
	TrainedBetas []float64 `json:"trained_betas"`
	ZeroSNR      flag      `json:"rescale_betas_zero_snr"`
	Prediction   string    `json:"prediction_type"`
	Spacing      string    `json:"timestep_spacing"`
	StepsOffset  int       `json:"steps_offset"`

	Karras        flag     `json:"use_karras_sigmas"`
	Exponential   flag     `json:"use_exponential_sigmas"`
	Beta          flag     `json:"use_beta_sigmas"`
	Interpolation string   `json:"interpolation_type"`
	SigmaMin      *float64 `json:"sigma_min"`
	SigmaMax      *float64 `json:"sigma_max"`
	TimestepType  string   `json:"timestep_type"`
	FinalSigmas   string   `json:"final_sigmas_type"`

	AlphaToOne     flag    `json:"set_alpha_to_one"`
	ClipSample     flag    `json:"clip_sample"`
	ClipRange      float64 `json:"clip_sample_range"`
	Thresholding   flag    `json:"thresholding"`
	ThresholdRatio float64 `json:"dynamic_thresholding_ratio"`
	SampleMax      float64 `json:"sample_max_value"`

	OriginalSteps   int     `json:"original_inference_steps"` // LCM and TCD
	TimestepScaling float64 `json:"timestep_scaling"`
	SkipPRK         flag    `json:"skip_prk_steps"` // PNDM

	SolverOrder     int     `json:"solver_order"` // DPM-Solver++, to the end
	Algorithm       string  `json:"algorithm_type"`
	SolverType      string  `json:"solver_type"`
	LowerOrderFinal flag    `json:"lower_order_final"`
	EulerAtFinal    flag    `json:"euler_at_final"`
	LuLambdas       flag    `json:"use_lu_lambdas"`
	FlowSigmas      flag    `json:"use_flow_sigmas"`
	LambdaMin       bound   `json:"lambda_min_clipped"`
	Variance        *string `json:"variance_type"`
	FlowShift       float64 `json:"flow_shift"`

	PredictX0   flag            `json:"predict_x0"` // UniPC
	Uncorrected []int           `json:"disable_corrector"`
	SolverP     json.RawMessage `json:"solver_p"`

	SigmaData     float64 `json:"sigma_data"` // EDM
	SigmaSchedule string  `json:"sigma_schedule"`
	Rho           float64 `json:"rho"`

	Shift         float64  `json:"shift"` // flow matching, to the end
	DynamicShift  flag     `json:"use_dynamic_shifting"`
	BaseShift     float64  `json:"base_shift"`
	MaxShift      float64  `json:"max_shift"`
	BasePatches   int      `json:"base_image_seq_len"`
	MaxPatches    int      `json:"max_image_seq_len"`
	InvertSigmas  flag     `json:"invert_sigmas"`
	ShiftTerminal *float64 `json:"shift_terminal"`
	TimeShift     string   `json:"time_shift_type"`
	Stochastic    flag     `json:"stochastic_sampling"`

	NoiseSeed *uint64 `json:"noise_sampler_seed"` // DPM++ SDE
}

// flag is a switch: null is false to Python.
type flag bool

func (f *flag) UnmarshalJSON(data []byte) error {
	var b bool
	err := json.Unmarshal(data, &b)
	*f = flag(b)
	return err
}

// bound may be infinite.
type bound float64

func (b *bound) UnmarshalJSON(data []byte) error {
	switch string(data) {
	case `"-Infinity"`:
		*b = bound(math.Inf(-1))
		return nil
	case `"Infinity"`:
		*b = bound(math.Inf(1))
		return nil
	}
	return json.Unmarshal(data, (*float64)(b))
}

// quoteNumbers puts quotes around NaN, Infinity and -Infinity, which Python writes into
// JSON as they stand.
func quoteNumbers(data []byte) []byte {
	out := make([]byte, 0, len(data))
	for inString := false; len(data) > 0; {
		n, word := 1, false
		switch {
		case inString && data[0] == '\\' && len(data) > 1:
			n = 2
		case data[0] == '"':
			inString = !inString
		case !inString:
			for _, w := range []string{"-Infinity", "Infinity", "NaN"} {
				if bytes.HasPrefix(data, []byte(w)) {
					n, word = len(w), true
				}
			}
		}
		if word {
			out = fmt.Appendf(out, "%q", data[:n])
		} else {
			out = append(out, data[:n]...)
		}
		data = data[n:]
	}
	return out
}

// oneOf says that a key's value is none of those that can be used.
func oneOf(key, value string, values ...string) error {
	if slices.Contains(values, value) {
		return nil
	}
	return fmt.Errorf("%s is %q: only %s can be used", key, value, strings.Join(values, ", "))
}
