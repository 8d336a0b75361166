package scheduler

import (
	"errors"
	"math"
	"strings"
	"testing"
)

// The goldens have more of the configurations that models come with.
const (
	sd15 = `{"_class_name": "PNDMScheduler", "_diffusers_version": "0.6.0", "beta_end": 0.012, "beta_schedule": "scaled_linear", "beta_start": 0.00085,
		"num_train_timesteps": 1000, "set_alpha_to_one": false, "skip_prk_steps": true, "steps_offset": 1, "trained_betas": null, "clip_sample": false}`
	sasolver = `{"_class_name": "SASolverScheduler", "beta_start": 0.00085, "beta_end": 0.012, "prediction_type": "v_prediction"}`
)

func read(t *testing.T, text string) *Config {
	t.Helper()
	c, err := Read([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestNames(t *testing.T) {
	c := read(t, sd15)
	if c.Name() != "pndm" || c.Class() != "PNDMScheduler" || c.PredictionType() != "epsilon" {
		t.Errorf("%s, %s, %s", c.Name(), c.Class(), c.PredictionType())
	}
	for _, name := range Names() {
		other, err := c.With(name)
		if err != nil || other.Name() != name {
			t.Errorf("With(%q) is %v, %v", name, other.Name(), err)
		}
		if again, err := other.With("pndm"); err != nil || again.Name() != "pndm" || !again.settings.SkipPRK {
			t.Errorf("%s does not keep what it has no use for: %v", name, err)
		}
	}
	// from_config carries it, from Euler to DPM-Solver++ and back.
	karras, _ := c.With("dpm++2m-karras")
	if euler, err := karras.With("euler"); err != nil || !euler.settings.Karras {
		t.Errorf("euler of dpm++2m-karras: %v", err)
	}
	if _, err := c.With("sasolver"); !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "dpm++2m-karras") {
		t.Error(err)
	}
}

func TestUnknown(t *testing.T) {
	c, err := Read([]byte(sasolver))
	if c == nil || !errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), "SASolverScheduler") || !strings.Contains(err.Error(), "dpm++2m,") {
		t.Fatal(c, err)
	}
	if c.Name() != "" || c.PredictionType() != "" || c.Class() != "SASolverScheduler" {
		t.Errorf("%q, %q, %q", c.Name(), c.PredictionType(), c.Class())
	}
	if _, err := New(c, Plan{Steps: 4}); !errors.Is(err, ErrUnknown) {
		t.Error(err)
	}
	if d, err := c.With("ddim"); err != nil || d.PredictionType() != "v_prediction" || d.settings.BetaEnd != 0.012 {
		t.Error(d, err)
	}
}

func TestReadRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "not a JSON object",
		"null":                            "_class_name is missing",
		"[]":                              "not a JSON object",
		"{}":                              "_class_name is missing",
		`{"_class_name": 3}`:              "_class_name is missing",
		strings.Repeat(" ", 1<<20) + "{}": "larger than",
		`{"_class_name": "DDIMScheduler", "beta_start": "low"}`:                   "beta_start: a string",
		`{"_class_name": "DDIMScheduler", "beta_start": -Infinity}`:               "beta_start: a string",
		`{"_class_name": "DDIMScheduler", "clip_sample": "no"}`:                   "string is not what is expected",
		`{"_class_name": "DDIMScheduler", "num_train_timesteps": 1e3}`:            "num_train_timesteps: a number 1e3",
		`{"_class_name": "DDIMScheduler", "trained_betas": 3}`:                    "trained_betas: a number",
		`{"_class_name": "DDIMScheduler", "_use_default_values": {}}`:             "_use_default_values",
		`{"_class_name": "DPMSolverMultistepScheduler", "lambda_min_clipped":[]}`: "not what is expected",
	} {
		if _, err := Read([]byte(text)); err == nil || errors.Is(err, ErrUnknown) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.90q: %v, want %q", text, err, want)
		}
	}
	// Keys of other classes are not looked into.
	if _, err := Read([]byte(`{"_class_name": "PNDMScheduler", "sigma_min": "none", "extra": {"deep": [NaN, "\"Infinity"]}}`)); err != nil {
		t.Error(err)
	}
}

func TestQuoteNumbers(t *testing.T) {
	in := `{"a": -Infinity, "b\"Infinity": [NaN,Infinity, "-Infinity\\"], "c": "NaN"}`
	want := `{"a": "-Infinity", "b\"Infinity": ["NaN","Infinity", "-Infinity\\"], "c": "NaN"}`
	if got := string(quoteNumbers([]byte(in))); got != want {
		t.Error(got)
	}
}

// TestRefused is what diffusers would take and this does not, or what it finds out only by
// dividing.
func TestRefused(t *testing.T) {
	const begin = `{"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1, `
	for _, c := range []struct {
		name, keys string
		steps      int
		want       string
	}{
		{"euler", "", 0, "steps must be from 1 to 1000"},
		{"euler", "", -3, "steps must be from 1 to 1000"},
		{"euler", "", 1001, "steps must be from 1 to 1000"},
		{"euler", `"use_exponential_sigmas": true, "use_beta_sigmas": true`, 4, "only one of use_karras_sigmas"},
		{"euler", `"use_karras_sigmas": true, "sigma_min": 0`, 4, "noise at step 3 is 0"},
		{"euler", `"use_karras_sigmas": true, "sigma_min": -1`, 4, "noise at step 0 is NaN"},
		{"euler", `"timestep_type": "discreet"`, 4, "timestep_type"},
		{"euler", `"steps_offset": -1`, 4, "steps_offset is -1"},
		{"euler", `"num_train_timesteps": 1000000000`, 4, "num_train_timesteps is 1000000000: it must be from 2 to 10000"},
		{"euler", `"num_train_timesteps": 1`, 1, "num_train_timesteps"},
		{"euler", `"trained_betas": [0.1, 0.2]`, 4, "trained_betas are 2, and num_train_timesteps is 1000"},
		{"euler", `"num_train_timesteps": 3, "trained_betas": [0.1, 0.2, 1.5]`, 2, "beta 2 is 1.5"},
		{"euler", `"num_train_timesteps": 3, "trained_betas": [0.1, 0.2, 1]`, 2, "noise at step 0 is +Inf"},
		{"euler", `"beta_start": -1`, 4, "beta 0 is NaN"},
		{"ddim", `"timestep_spacing": "trailing"`, 61, "timestep -1"},
		{"pndm", `"timestep_spacing": "trailing"`, 61, "timestep -1"},
		{"ddim", `"steps_offset": 900`, 4, "timestep 1650 is not from 0 to 999"},
		{"ddim", `"timestep_spacing": "trailing", "rescale_betas_zero_snr": true`, 4, "timestep 999 is pure noise"},
		{"ddim", `"num_train_timesteps": 3, "trained_betas": [0, 0.2, 0.3], "steps_offset": 0`, 3, "timestep 0 is without noise"},
		{"ddim", `"thresholding": true, "dynamic_thresholding_ratio": 1.5`, 4, "dynamic_thresholding_ratio is 1.5"},
		{"ddim", `"beta_start": 0, "beta_end": 0, "rescale_betas_zero_snr": true`, 4, "all betas are 0"},
		{"lcm", `"original_inference_steps": 0`, 4, "original_inference_steps is 0"},
		{"pndm", `"skip_prk_steps": false`, 3, "at least 4 steps"},
		{"dpm++2m-karras", `"use_flow_sigmas": true`, 4, "by use_flow_sigmas it must be below 1"},
		{"dpm++2m", `"prediction_type": "flow"`, 4, "prediction_type"},
		{"dpm++2m", `"algorithm_type": "dpmsolver"`, 4, "final_sigmas_type"},
		{"dpm++2m", `"algorithm_type": "sde-dpmsolver", "final_sigmas_type": "sigma_min"`, 4, "only dpmsolver++, sde-dpmsolver++, dpmsolver can be used"},
		{"dpm++2s", `"algorithm_type": "dpmsolver", "final_sigmas_type": "sigma_min", "thresholding": true`, 4, "goes with neither thresholding"},
		{"dpm++2s", `"solver_order": 4`, 4, "solver_order is 4"},
		{"unipc", `"solver_order": 4`, 4, "solver_order is 4"},
		{"unipc", `"solver_type": "bh1"`, 4, "end without noise"},
		{"unipc", `"predict_x0": false`, 4, "end without noise"},
		{"unipc", `"solver_p": {}`, 4, "solver_p is set"},
		{"unipc", `"use_dynamic_shifting": true`, 4, "use_dynamic_shifting is on"},
		{"unipc", `"shift_terminal": 0.1`, 4, "shift_terminal is set"},
		{"unipc", `"use_flow_sigmas": true, "flow_shift": -3`, 4, "flow_shift is -3"},
		{"deis", `"algorithm_type": "sde-dpmsolver++"`, 4, "algorithm_type"},
		{"deis", `"solver_type": "rk"`, 4, "solver_type"},
		{"deis", `"solver_order": 4`, 4, "solver_order is 4"},
		{"heun", `"beta_schedule": "sigmoid"`, 4, "beta_schedule"},
		{"kdpm2", `"prediction_type": "sample"`, 4, "prediction_type"},
		{"ddpm", `"variance_type": "learned_range"`, 4, "variance_type is \"learned_range\": only fixed_small"},
		{"ddpm", `"variance_type": "fixed_large_log"`, 4, "variance_type"},
		{"lms", "", 1001, "steps must be"},
		{"dpm++sde", `"prediction_type": "sample"`, 4, "prediction_type"},
		{"edm-euler", `"sigma_min": null`, 4, "sigma_min and sigma_max"},
		{"edm-euler", `"sigma_schedule": "beta"`, 4, "sigma_schedule"},
		{"edm-euler", `"rho": 0`, 4, "sigma_data is 0.5 and rho 0"},
		{"edm-dpm++2m", `"algorithm_type": "sde-dpmsolver++", "solver_order": 3`, 4, "solver_order is 3"},
		{"flow-euler", `"use_dynamic_shifting": true`, 4, "use_dynamic_shifting is on"},
		{"flow-euler", `"time_shift_type": "square"`, 4, "time_shift_type"},
		{"flow-euler", `"shift": 0`, 4, "shift is 0"},
		{"flow-euler", `"shift_terminal": 2`, 4, "shift_terminal is 2"},
		{"flow-heun", `"shift": -1`, 4, "shift is -1"},
		{"tcd", `"original_inference_steps": 3`, 4, "timesteps to choose from"},
		{"dpm++2m", `"variance_type": "learned"`, 4, "variance_type"},
		{"dpm++2m", `"solver_order": 4`, 4, "solver_order is 4"},
		{"dpm++2m", `"lambda_min_clipped": Infinity`, 4, "lambda_min_clipped leaves no timestep"},
		{"dpm++2m", "", 1000, "have the same noise"},
		{"dpm++2m-karras", `"solver_type": "heun", "final_sigmas_type": "sigma_min"`, 16, "set euler_at_final to true"},
	} {
		keys := c.keys
		if keys == "" {
			keys = `"prediction_type": "epsilon"`
		}
		with, err := read(t, begin+`"_class_name": "DDIMScheduler", `+keys+"}").With(c.name)
		if err != nil {
			t.Errorf("%s, %s: %v", c.name, c.keys, err)
			continue
		}
		if _, err := New(with, Plan{Steps: c.steps}); err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), with.Class()) {
			t.Errorf("%s, %s, %d steps: %v, want %q", c.name, c.keys, c.steps, err, c.want)
		}
	}
	c := read(t, `{"_class_name": "LCMScheduler"}`)
	for _, p := range []Plan{{Steps: 1, Strength: 1.1}, {Steps: 1, Strength: -1}, {Steps: 1, Strength: math.NaN()}, {Steps: 1, OriginalSteps: -1}} {
		if _, err := New(c, p); err == nil {
			t.Errorf("%+v is taken", p)
		}
	}
	// diffusers means to take this algorithm for dpmsolver++, and refuses it by an oversight.
	if c, err := read(t, sd15).With("dpm++2m"); err != nil {
		t.Error(err)
	} else if c.settings.Algorithm = "deis"; c.Name() != "dpm++2m" {
		t.Error(c.Name())
	} else if _, err := New(c, Plan{Steps: 4}); err != nil {
		t.Error(err)
	}
}

// TestStableDiffusion is what the goldens can't see: that c itself stays.
func TestStableDiffusion(t *testing.T) {
	c := read(t, `{"_class_name": "DDIMScheduler", "steps_offset": 0}`)
	m := c.StableDiffusion(false)
	if m.settings.StepsOffset != 1 || m.settings.ClipSample || c.settings.StepsOffset != 0 || !c.settings.ClipSample || string(c.given["steps_offset"]) != "0" {
		t.Errorf("%+v of %+v", m.settings, c.settings)
	}
}
