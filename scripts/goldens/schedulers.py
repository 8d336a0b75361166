"""What diffusers' schedulers make of a sample, step by step.

schedulers.json lists cases: the scheduler_config.json "config", the "pipeline" that is made
with it (absent: none), the scheduler "with" that from_config then makes of it (absent: its
own), the arguments of set_timesteps, the step "begin" that it starts at, and what came of it. "refused" is diffusers' reason. "values" of
schedulers.npz holds the samples and, "denoised" saying so, the foreseen images after each
other in the order of the cases: what add_noise makes of "start" and "noise"[0] at the first
step and at the last, then each step's.

The model is `answer`, which both sides compute in float64. The k-th noise that a case
draws is "noise"[1 + k % 39].
"""
import contextlib
import inspect
import io
import itertools
import json
import warnings

import diffusers
import numpy as np
import torch
from diffusers.pipelines.flux.pipeline_flux import calculate_shift

diffusers.utils.logging.set_verbosity_error()

CLASSES = {"euler-ancestral": "EulerAncestralDiscreteScheduler", "euler": "EulerDiscreteScheduler", "lcm": "LCMScheduler", "ddim": "DDIMScheduler",
           "dpm++2m": "DPMSolverMultistepScheduler", "dpm++2m-karras": "DPMSolverMultistepScheduler", "pndm": "PNDMScheduler"}
LATER = {"unipc": "UniPCMultistepScheduler", "deis": "DEISMultistepScheduler", "heun": "HeunDiscreteScheduler", "ddpm": "DDPMScheduler",
         "lms": "LMSDiscreteScheduler", "kdpm2": "KDPM2DiscreteScheduler", "kdpm2-ancestral": "KDPM2AncestralDiscreteScheduler",
         "dpm++sde": "DPMSolverSDEScheduler", "dpm++sde-karras": "DPMSolverSDEScheduler", "dpm++2s": "DPMSolverSinglestepScheduler",
         "edm-euler": "EDMEulerScheduler", "edm-dpm++2m": "EDMDPMSolverMultistepScheduler", "flow-euler": "FlowMatchEulerDiscreteScheduler",
         "flow-heun": "FlowMatchHeunDiscreteScheduler", "tcd": "TCDScheduler"}
ALL = CLASSES | LATER
SHAPE = (1, 4, 2, 2)
SIZE = 16
SD15 = {"num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "trained_betas": None, "steps_offset": 1}
DPM = SD15 | {"_class_name": "DPMSolverMultistepScheduler"}
NOISE = np.random.default_rng(11).standard_normal((40, SIZE)).astype(np.float32)
ENTROPY = 7  # the seed of the generator from which DPMSolverSDEScheduler draws its own
START = np.random.default_rng(12).standard_normal(SIZE).astype(np.float32)

# scheduler_config.json as the models have it.
REAL = {
    # runwayml/stable-diffusion-v1-5
    "sd15": {"_class_name": "PNDMScheduler", "_diffusers_version": "0.6.0", "beta_end": 0.012, "beta_schedule": "scaled_linear", "beta_start": 0.00085,
             "num_train_timesteps": 1000, "set_alpha_to_one": False, "skip_prk_steps": True, "steps_offset": 1, "trained_betas": None, "clip_sample": False},
    # stabilityai/stable-diffusion-2-1, before and after it had another scheduler
    "sd21": {"_class_name": "DDIMScheduler", "_diffusers_version": "0.8.0", "beta_end": 0.012, "beta_schedule": "scaled_linear", "beta_start": 0.00085,
             "clip_sample": False, "num_train_timesteps": 1000, "prediction_type": "v_prediction", "set_alpha_to_one": False, "skip_prk_steps": True,
             "steps_offset": 1, "trained_betas": None},
    "sd21-pndm": {"_class_name": "PNDMScheduler", "_diffusers_version": "0.10.0.dev0", "beta_end": 0.012, "beta_schedule": "scaled_linear",
                  "beta_start": 0.00085, "clip_sample": False, "num_train_timesteps": 1000, "prediction_type": "v_prediction", "set_alpha_to_one": False,
                  "skip_prk_steps": True, "steps_offset": 1, "trained_betas": None},
    # stabilityai/sd-turbo
    "sd-turbo": {"_class_name": "EulerDiscreteScheduler", "_diffusers_version": "0.24.0.dev0", "beta_end": 0.012, "beta_schedule": "scaled_linear",
                 "beta_start": 0.00085, "clip_sample": False, "interpolation_type": "linear", "num_train_timesteps": 1000, "prediction_type": "epsilon",
                 "sample_max_value": 1.0, "set_alpha_to_one": False, "sigma_max": None, "sigma_min": None, "skip_prk_steps": True, "steps_offset": 1,
                 "timestep_spacing": "trailing", "timestep_type": "discrete", "trained_betas": None, "use_karras_sigmas": False},
    # stabilityai/stable-diffusion-xl-base-1.0
    "sdxl": {"_class_name": "EulerDiscreteScheduler", "_diffusers_version": "0.19.0.dev0", "beta_end": 0.012, "beta_schedule": "scaled_linear",
             "beta_start": 0.00085, "clip_sample": False, "interpolation_type": "linear", "num_train_timesteps": 1000, "prediction_type": "epsilon",
             "sample_max_value": 1.0, "set_alpha_to_one": False, "skip_prk_steps": True, "steps_offset": 1, "timestep_spacing": "leading",
             "trained_betas": None, "use_karras_sigmas": False},
    # stabilityai/sdxl-turbo
    "sdxl-turbo": {"_class_name": "EulerAncestralDiscreteScheduler", "_diffusers_version": "0.24.0.dev0", "beta_end": 0.012,
                   "beta_schedule": "scaled_linear", "beta_start": 0.00085, "clip_sample": False, "interpolation_type": "linear",
                   "num_train_timesteps": 1000, "prediction_type": "epsilon", "sample_max_value": 1.0, "set_alpha_to_one": False,
                   "skip_prk_steps": True, "steps_offset": 1, "timestep_spacing": "trailing", "trained_betas": None, "use_karras_sigmas": False},
    # SimianLuo/LCM_Dreamshaper_v7
    "lcm-dreamshaper": {"_class_name": "LCMScheduler", "_diffusers_version": "0.23.0.dev0", "beta_end": 0.012, "beta_schedule": "scaled_linear",
                        "beta_start": 0.00085, "clip_sample": False, "clip_sample_range": 1.0, "dynamic_thresholding_ratio": 0.995,
                        "num_train_timesteps": 1000, "original_inference_steps": 50, "prediction_type": "epsilon", "rescale_betas_zero_snr": False,
                        "sample_max_value": 1.0, "set_alpha_to_one": True, "steps_offset": 1, "thresholding": False, "timestep_scaling": 10.0,
                        "timestep_spacing": "leading", "trained_betas": None},
    # One that DPM-Solver++ saved, with Python's own JSON.
    "dpm": {"_class_name": "DPMSolverMultistepScheduler", "_diffusers_version": "0.21.4", "algorithm_type": "dpmsolver++", "beta_end": 0.012,
            "beta_schedule": "scaled_linear", "beta_start": 0.00085, "clip_sample": False, "clip_sample_range": 1.0, "dynamic_thresholding_ratio": 0.995,
            "lambda_min_clipped": -float("inf"), "lower_order_final": True, "num_train_timesteps": 1000, "prediction_type": "epsilon",
            "sample_max_value": 1.0, "set_alpha_to_one": False, "skip_prk_steps": True, "solver_order": 2, "solver_type": "midpoint", "steps_offset": 1,
            "thresholding": False, "timestep_spacing": "leading", "trained_betas": None, "use_karras_sigmas": True, "variance_type": None},
}


def answer(x, t):
    """A model of noise, roughly: any smooth function of the sample and the timestep."""
    x, pattern = x.astype(np.float64), (np.arange(SIZE) * 5 % 16 / 8 - 1).reshape(SHAPE)
    return ((0.9 * x + 0.3 * pattern * (1 - t / 1000)) / (1 + 0.05 * x * x)).astype(np.float32)


def cases():
    grid = [{"config": {"_class_name": CLASSES[name]} | SD15 | extra | {"prediction_type": prediction, "timestep_spacing": spacing}, "steps": steps}
            for name, extra in [("euler-ancestral", {}), ("euler", {}), ("lcm", {}), ("ddim", {"clip_sample": False, "set_alpha_to_one": False}),
                                ("dpm++2m", {}), ("dpm++2m-karras", {"use_karras_sigmas": True}), ("pndm", {"skip_prk_steps": True})]
            for prediction in ("epsilon", "v_prediction", "sample")
            for spacing in ("leading", "linspace", "trailing")
            if name != "lcm" or spacing == "leading"  # which it does not heed
            for steps in ((1, 4, 10, 25) if spacing == "leading" else (4, 10))]
    yield from grid
    yield {"config": {"_class_name": "LCMScheduler"} | SD15 | {"timestep_spacing": "trailing"}, "steps": 4}

    for name, config in REAL.items():
        for steps in {"sd-turbo": (1, 2), "sdxl-turbo": (1, 2, 4), "lcm-dreamshaper": (2, 8)}.get(name, (5,)):
            yield {"config": config, "steps": steps}
        for other in CLASSES:
            yield {"config": config, "with": other, "steps": 6}
    # Classes that are not implemented, in which others stand.
    unipc = SD15 | {"_class_name": "UniPCMultistepScheduler", "solver_order": 3, "solver_type": "bh2", "timestep_spacing": "linspace", "lower_order_final": True}
    deis = SD15 | {"_class_name": "DEISMultistepScheduler", "algorithm_type": "deis", "final_sigmas_type": "sigma_min", "solver_type": "logrho", "solver_order": 2}
    ddpm = SD15 | {"_class_name": "DDPMScheduler", "clip_sample": False, "variance_type": "fixed_small"}
    for config, others in ((unipc, CLASSES), (deis, ["dpm++2m", "euler"]), (ddpm, ["ddim", "euler-ancestral"])):
        for other in others:
            yield {"config": config, "with": other, "steps": 6}

    # What the pipelines make of outdated configurations.
    for pipeline in ("StableDiffusionPipeline", "StableDiffusionImg2ImgPipeline", "StableDiffusionInpaintPipeline", "StableDiffusionXLPipeline"):
        for name in ("ddim", "pndm", "euler"):
            for keys in ({}, {"steps_offset": 0, "clip_sample": True, "skip_prk_steps": False}):
                for other in (None, "ddim", "pndm", "lcm"):
                    yield {"config": {"_class_name": CLASSES[name]} | keys, "pipeline": pipeline, "steps": 5} | ({"with": other} if other else {})

    def variants(name, steps, *keys, **case):
        for k in keys:
            yield {"config": SD15 | {"_class_name": CLASSES[name]} | k, "steps": steps} | case

    zero = {"rescale_betas_zero_snr": True, "prediction_type": "v_prediction", "timestep_spacing": "trailing"}
    # Defaults, each beta schedule and null.
    for name in CLASSES:
        yield {"config": {"_class_name": CLASSES[name]}, "steps": 5}
        yield from variants(name, 5, {"beta_schedule": "linear"}, {"beta_schedule": "squaredcos_cap_v2"},
                            {"beta_schedule": "squaredcos_cap_v2", "timestep_spacing": "linspace"}, {"beta_schedule": "exponential"},
                            {"timestep_spacing": "even"}, {"prediction_type": "noise"}, {"clip_sample": None, "set_alpha_to_one": None, "thresholding": None},
                            {"_use_default_values": ["beta_end", "steps_offset"]}, {"steps_offset": 0}, zero)
    betas = (np.linspace(0.03, 0.2, 40) ** 2).tolist()
    for name in CLASSES:
        yield {"config": {"_class_name": CLASSES[name], "num_train_timesteps": 40, "trained_betas": betas, "original_inference_steps": 20}, "steps": 7}
    for name in ("euler", "euler-ancestral", "ddim", "lcm", "dpm++2m", "pndm"):
        if name not in ("ddim", "pndm"):  # for which -1 is the last timestep of all
            yield from variants(name, 61, {"timestep_spacing": "trailing"})
        yield from variants(name, 10, {}, begin=4)
        yield from variants(name, 10, {"prediction_type": "v_prediction"}, begin=7)
    yield from variants("euler", 4, zero | {"prediction_type": "epsilon"}, {"use_karras_sigmas": True, "sigma_min": 0.1, "sigma_max": 12.0},
                        {"use_karras_sigmas": True, "final_sigmas_type": "sigma_min"}, {"final_sigmas_type": "sigma_min"}, {"final_sigmas_type": "last"},
                        {"interpolation_type": "log_linear"}, {"interpolation_type": "log_linear", "use_karras_sigmas": True}, {"interpolation_type": "cubic"},
                        {"timestep_type": "continuous"}, {"timestep_type": "continuous", "prediction_type": "v_prediction"}, {"prediction_type": "original_sample"})
    yield from variants("euler", 25, {"use_karras_sigmas": True})
    yield from variants("euler", 10, {"use_karras_sigmas": True}, begin=6)
    clip = [{"clip_sample": True}, {"clip_sample": True, "clip_sample_range": 0.5}, {"thresholding": True}, {"thresholding": True, "sample_max_value": 1.4},
            {"thresholding": True, "dynamic_thresholding_ratio": 0.7, "sample_max_value": 3}, {"set_alpha_to_one": True}, {"set_alpha_to_one": False}]
    for prediction in ("epsilon", "v_prediction", "sample"):
        yield from variants("ddim", 4, *[{"clip_sample": False, "prediction_type": prediction} | c for c in clip])
    yield from variants("ddim", 4, zero | {"clip_sample": False, "prediction_type": "sample"})
    yield from variants("lcm", 4, *clip, {"timestep_scaling": 0.01}, {"original_inference_steps": 10}, zero | {"prediction_type": "sample"},
                        {"original_inference_steps": 1001}, {"original_inference_steps": 3})
    for steps, more in [(4, {"strength": 0.5}), (3, {"strength": 0.33}), (4, {"original_steps": 100}), (7, {"original_steps": 30, "strength": 0.7}), (5, {"original_steps": 4}),
                        (4, {"strength": 0.05}), (1001, {}), (50, {})]:
        yield from variants("lcm", steps, {}, **more)
    yield from variants("pndm", 4, {"skip_prk_steps": True}, {"skip_prk_steps": True, "set_alpha_to_one": True}, {"skip_prk_steps": True, "steps_offset": 30})
    yield from variants("pndm", 2, {"skip_prk_steps": True})
    for prediction in ("epsilon", "v_prediction"):
        yield from variants("pndm", 9, *[{"timestep_spacing": s, "prediction_type": prediction} for s in ("leading", "linspace", "trailing")])
    for steps in (1, 3, 4, 5, 1000):
        yield from variants("pndm", steps, {})
    yield from variants("pndm", 8, {}, begin=2)
    yield from variants("pndm", 8, {}, begin=9)
    yield from variants("pndm", 10, {"skip_prk_steps": True}, begin=1)
    yield from variants("pndm", 10, {"skip_prk_steps": True}, begin=10)
    yield from variants("ddim", 1001, {})
    yield from variants("dpm++2m", 6, {"thresholding": True, "sample_max_value": 2}, {"lambda_min_clipped": -2.0}, {"lambda_min_clipped": -2.0, "timestep_spacing": "trailing"},
                        {"algorithm_type": "dpmsolver"}, {"algorithm_type": "euler"}, {"solver_type": "rk"}, zero, zero | {"use_karras_sigmas": True, "timestep_spacing": "linspace"})
    for order in (1, 2, 3):
        for solver in ("midpoint", "heun"):
            for algorithm in ("dpmsolver++", "sde-dpmsolver++"):
                yield from variants("dpm++2m", 6, {"solver_order": order, "solver_type": solver, "algorithm_type": algorithm},
                                    {"solver_order": order, "solver_type": solver, "algorithm_type": algorithm, "final_sigmas_type": "sigma_min", "lower_order_final": False})
        for keys in ({"final_sigmas_type": "sigma_min"}, {"final_sigmas_type": "sigma_min", "use_karras_sigmas": True}, {"lower_order_final": False},
                     {"final_sigmas_type": "sigma_min", "use_karras_sigmas": True, "euler_at_final": True},
                     {"euler_at_final": True, "lower_order_final": False, "final_sigmas_type": "sigma_min"}):
            yield from variants("dpm++2m", 16, {"solver_order": order} | keys)
    yield from variants("dpm++2m", 10, {"solver_order": 3, "use_karras_sigmas": True}, begin=3)
    yield from variants("dpm++2m", 10, {"use_karras_sigmas": True, "sigma_min": 0.1, "sigma_max": 12.0}, begin=9)
    yield from more_cases()


RESPACED = [{"use_karras_sigmas": True}, {"use_exponential_sigmas": True}, {"use_beta_sigmas": True}]


def more_cases():
    def variants(name, steps, *keys, **case):
        for k in keys:
            yield {"config": SD15 | {"_class_name": ALL[name]} | k, "steps": steps} | case

    def product(*lists):
        return [{k: v for d in ds for k, v in d.items()} for ds in itertools.product(*lists)]

    def each(key, *values):
        return [{key: v} for v in values]

    def each_model(name, steps=6, **case):
        """Each prediction type, spacing, beta schedule, and what is no value of these."""
        yield {"config": {"_class_name": ALL[name]}, "steps": steps} | case
        yield {"config": {"_class_name": ALL[name], "num_train_timesteps": 40, "trained_betas": (np.linspace(0.03, 0.2, 40) ** 2).tolist(),
                          "original_inference_steps": 20}, "steps": 7} | case
        yield from variants(name, steps, *product(each("prediction_type", "epsilon", "v_prediction", "sample", "noise"),
                                                  each("timestep_spacing", "leading", "linspace", "trailing", "even")), **case)
        for schedule in ("linear", "squaredcos_cap_v2", "exp", "laplace", "sigmoid", "cosine"):
            yield from variants(name, steps, {"beta_schedule": schedule}, **case)
            if name != "kdpm2-ancestral":  # whose levels hang on a last bit there, and may not be numbers
                yield from variants(name, steps, {"beta_schedule": schedule, "timestep_spacing": "trailing"}, **case)
        for steps in (1, 2, 3, 15, 25):
            yield from variants(name, steps, {}, {"prediction_type": "v_prediction", "timestep_spacing": "trailing"}, **case)
        yield from variants(name, 5, {"_use_default_values": ["beta_end", "steps_offset"]}, {"steps_offset": 0},
                            {"rescale_betas_zero_snr": True, "prediction_type": "v_prediction", "timestep_spacing": "linspace"}, **case)

    def each_respacing(name, *keys, steps=(1, 7, 20), **case):
        """Levels of a schedule's own. From sigma 20,000 those of beta leave float32 no digits."""
        for n in steps:
            yield from variants(name, n, *product(RESPACED, keys or [{}]), **case)
        yield from variants(name, 5, RESPACED[0] | RESPACED[1], *[r | {"sigma_min": 0.1, "sigma_max": 12.0} for r in RESPACED],
                            *[r | {"beta_schedule": "squaredcos_cap_v2", "prediction_type": "v_prediction"} for r in RESPACED[:2]], **case)

    # The levels between the highest and the lowest, of the schedulers that came first.
    for name in ("euler", "dpm++2m"):
        yield from each_respacing(name, {}, {"final_sigmas_type": "sigma_min", "euler_at_final": True})
    yield from variants("euler-ancestral", 5, *RESPACED)
    yield from variants("dpm++2m", 7, {"use_lu_lambdas": True}, {"use_lu_lambdas": True, "beta_schedule": "squaredcos_cap_v2"})
    yield from variants("ddim", 6, *product(each("prediction_type", "epsilon", "v_prediction", "sample"), each("clip_sample", True, False)), eta=0.6)
    yield from variants("ddim", 6, {}, {"timestep_spacing": "trailing"}, eta=1.0)

    flows = product(each("prediction_type", "flow_prediction"), each("use_flow_sigmas", True), each("flow_shift", 1.0, 3.0))
    thresholds = [{"thresholding": True}, {"thresholding": True, "dynamic_thresholding_ratio": 0.7, "sample_max_value": 3}]
    for name in ("dpm++2m", "unipc", "deis", "dpm++2s"):
        yield from variants(name, 1, *flows)
        yield from variants(name, 7, *flows, flows[1] | {"solver_order": 3}, flows[1] | {"final_sigmas_type": "sigma_min"}, flows[1] | RESPACED[0],
                            flows[0] | RESPACED[1], flows[0] | RESPACED[2], {"use_flow_sigmas": True}, {"prediction_type": "flow_prediction"}, *thresholds)
        yield from variants(name, 10, *flows, begin=4)

    for name in ("unipc", "deis", "dpm++2s"):
        yield from each_model(name)
        yield from each_respacing(name)
        yield from variants(name, 10, *product(each("solver_order", 1, 2, 3), [{}, RESPACED[0]]), begin=4)
        yield from variants(name, 16, *product(each("solver_order", 1, 2, 3), each("lower_order_final", True, False)))
    for order in (1, 2, 3):
        yield from variants("unipc", 7, *product(each("solver_order", order), each("solver_type", "bh1", "bh2", "heun", "rk"), each("predict_x0", True, False),
                                                 each("final_sigmas_type", "zero", "sigma_min"), each("lower_order_final", True, False)))
        yield from variants("deis", 7, *product(each("solver_order", order), each("solver_type", "logrho", "midpoint", "rk"), each("lower_order_final", True, False),
                                                each("algorithm_type", "deis", "dpmsolver++", "sde")))
        for n in (1, 2, 3, 4, 5, 6):
            yield from variants("dpm++2s", n, *product(each("solver_order", order), each("solver_type", "midpoint", "heun"), each("lower_order_final", True, False),
                                                       each("final_sigmas_type", "zero", "sigma_min")))
        yield from variants("dpm++2s", 6, *product(each("solver_order", order), each("solver_type", "midpoint", "heun", "rk"), each("final_sigmas_type", "sigma_min"),
                                                   each("algorithm_type", "dpmsolver", "sde-dpmsolver++", "deis", "ddim"),
                                                   each("prediction_type", "epsilon", "v_prediction", "sample")))
        yield from variants("dpm++2m", 6, *product(each("solver_order", order), each("solver_type", "midpoint", "heun"), each("final_sigmas_type", "sigma_min"),
                                                   each("algorithm_type", "dpmsolver"), each("prediction_type", "epsilon", "v_prediction", "sample"),
                                                   each("thresholding", True, False)))
    yield from variants("unipc", 8, {"disable_corrector": [0, 2, 3], "solver_order": 3}, {"disable_corrector": [0]}, {"use_dynamic_shifting": True},
                        {"shift_terminal": 0.1}, flows[1] | {"shift_terminal": 0.1}, RESPACED[0] | {"final_sigmas_type": "sigma_min"},
                        RESPACED[0] | {"final_sigmas_type": "sigma_min", "lower_order_final": False, "solver_order": 2}, {"final_sigmas_type": "last"},
                        *[t | {"predict_x0": False, "final_sigmas_type": "sigma_min"} for t in thresholds])
    yield from variants("dpm++2s", 6, {"lambda_min_clipped": -2.0}, {"variance_type": "learned"}, {"final_sigmas_type": "last"}, {"algorithm_type": "dpmsolver"},
                        {"algorithm_type": "dpmsolver", "final_sigmas_type": "sigma_min", "thresholding": True})

    for name in ("heun", "lms", "kdpm2", "kdpm2-ancestral", "dpm++sde", "dpm++sde-karras"):
        yield from each_model(name)
        yield from each_respacing(name, {}, {"prediction_type": "v_prediction", "timestep_spacing": "trailing"})
        for begin in (2, 6, 14):
            yield from variants(name, 8 if name != "lms" else 16, {}, RESPACED[0], begin=begin)
    yield from variants("heun", 6, *product(each("clip_sample", True), each("clip_sample_range", 0.5, 1.0), each("prediction_type", "epsilon", "sample")))
    yield from variants("dpm++sde", 6, *each("noise_sampler_seed", 0, 1, 12345678901, 2**62))
    yield from variants("dpm++sde", 6, {"noise_sampler_seed": 5, "use_karras_sigmas": True, "prediction_type": "v_prediction"})

    yield from each_model("ddpm")
    yield from variants("ddpm", 6, *product(each("variance_type", "fixed_small", "fixed_small_log", "fixed_large", "fixed_large_log", "learned", "learned_range"),
                                            each("prediction_type", "epsilon", "v_prediction", "sample"), each("clip_sample", True, False)))
    yield from variants("ddpm", 6, *thresholds, {"clip_sample_range": 0.5}, {"rescale_betas_zero_snr": True, "prediction_type": "sample"})
    yield from variants("ddpm", 1000, {"beta_schedule": "linear", "steps_offset": 0}, begin=994)
    yield from variants("ddpm", 10, {"clip_sample": False}, begin=4)

    for eta in (0.0, 0.3, 1.0):
        yield from each_model("tcd", 4, eta=eta)
        yield from variants("tcd", 4, {"original_inference_steps": 10}, {"original_inference_steps": 1001}, {"original_inference_steps": 3},
                            {"set_alpha_to_one": False}, eta=eta)
        yield from variants("tcd", 10, {}, begin=4, eta=eta)
        for steps, more in [(4, {"strength": 0.5}), (3, {"strength": 0.33}), (4, {"original_steps": 100}), (7, {"original_steps": 30, "strength": 0.7}), (4, {"strength": 0.05})]:
            yield from variants("tcd", steps, {}, eta=eta, **more)

    for name in ("edm-euler", "edm-dpm++2m"):
        for n in (1, 2, 5, 16):
            yield from variants(name, n, *product(each("sigma_schedule", "karras", "exponential", "beta"), each("final_sigmas_type", "zero", "sigma_min"),
                                                  each("prediction_type", "epsilon", "v_prediction")))
        yield from variants(name, 6, {"sigma_min": 0.02, "sigma_max": 20.0, "sigma_data": 1.0, "rho": 5.0}, {"sigma_min": None}, {"final_sigmas_type": "last"},
                            {"prediction_type": "sample"}, *product(each("sigma_schedule", "karras", "exponential"), each("sigma_data", 0.3, 1.0)))
        yield from variants(name, 8, {}, {"sigma_schedule": "exponential"}, begin=5)
    for order in (1, 2, 3):
        yield from variants("edm-dpm++2m", 6, *product(each("solver_order", order), each("solver_type", "midpoint", "heun", "bh2", "rk"),
                                                       each("algorithm_type", "dpmsolver++", "sde-dpmsolver++", "deis", "dpmsolver"), each("euler_at_final", True, False)))
    yield from variants("edm-dpm++2m", 6, *thresholds, {"lower_order_final": False, "final_sigmas_type": "sigma_min", "euler_at_final": True})

    for name in ("flow-euler", "flow-heun"):
        for n in (1, 2, 4, 28):
            yield from variants(name, n, *each("shift", 1.0, 3.0, 0.5))
        yield from variants(name, 8, {}, {"shift": 3.0}, begin=4)
        yield from variants(name, 6, *each("num_train_timesteps", 1000, 100))
    yield from variants("flow-euler", 6, *each("invert_sigmas", True), *each("stochastic_sampling", True), *each("shift_terminal", 0.1, None), *RESPACED, RESPACED[0] | RESPACED[1],
                        {"use_dynamic_shifting": True}, {"time_shift_type": "square"}, {"shift": 3.0, "shift_terminal": 0.02}, {"invert_sigmas": True, "stochastic_sampling": True},
                        *[r | {"sigma_min": 0.1, "sigma_max": 0.9} for r in RESPACED], *[r | {"shift": 3.0} for r in RESPACED])
    dynamic = {"use_dynamic_shifting": True, "base_shift": 0.5, "max_shift": 1.15, "base_image_seq_len": 256, "max_image_seq_len": 4096}
    for patches in (64, 1024, 4096):
        yield from variants("flow-euler", 6, dynamic, dynamic | {"time_shift_type": "linear"}, dynamic | {"shift_terminal": 0.02}, dynamic | {"shift": 3.0},
                            dynamic | {"base_shift": 0.4, "max_shift": 0.9}, patches=patches)

    # from_config, of real configurations and of each class's own.
    for config in REAL.values():
        for other in LATER:
            yield {"config": config, "with": other, "steps": 6}
    own = {"unipc": {"solver_order": 3, "solver_type": "heun", "use_karras_sigmas": True, "sigma_min": 0.1, "sigma_max": None, "timestep_spacing": "trailing"},
           "deis": {"algorithm_type": "dpmsolver++", "solver_type": "heun", "solver_order": 3, "use_flow_sigmas": False},
           "dpm++2s": {"algorithm_type": "deis", "solver_type": "logrho", "lower_order_final": True, "final_sigmas_type": "sigma_min"},
           "heun": {"use_karras_sigmas": True, "clip_sample": True, "prediction_type": "v_prediction"},
           "ddpm": {"variance_type": "fixed_large", "clip_sample": False, "timestep_spacing": "trailing", "thresholding": False},
           "tcd": {"original_inference_steps": 40, "set_alpha_to_one": False},
           "edm-euler": {"sigma_min": 0.01, "sigma_max": 60.0, "sigma_schedule": "exponential", "rho": 5.0},
           "flow-euler": {"shift": 3.0, "use_dynamic_shifting": False},
           "dpm++sde": {"noise_sampler_seed": 3, "use_exponential_sigmas": True}}
    for name, keys in own.items():
        for other in (*ALL, "DPMSolverMultistepScheduler", "DPMSolverSDEScheduler", "HeunDiscreteScheduler"):
            yield {"config": SD15 | {"_class_name": ALL[name]} | keys, "with": other, "steps": 5}


def made(case):
    """The scheduler with its timesteps."""
    config = json.loads(json.dumps(case["config"]))
    scheduler = getattr(diffusers, config["_class_name"]).from_config(config)
    if name := case.get("pipeline"):
        pipeline = getattr(diffusers, name)
        parts = {p: None for p in inspect.signature(pipeline.__init__).parameters if p != "self"}
        scheduler = pipeline(**parts | {"scheduler": scheduler}).scheduler
    if name := case.get("with"):
        more = {"use_karras_sigmas": "karras" in name} if name.startswith(("dpm++2m", "dpm++sde")) else {}
        scheduler = getattr(diffusers, ALL.get(name, name)).from_config(scheduler.config, **more)
    more = {}
    if isinstance(scheduler, (diffusers.LCMScheduler, diffusers.TCDScheduler)):
        more = {"original_inference_steps": case.get("original_steps"), "strength": case.get("strength", 1.0)}
    if "patches" in case:
        c = scheduler.config
        more = {"mu": calculate_shift(case["patches"], c["base_image_seq_len"], c["max_image_seq_len"], c["base_shift"], c["max_shift"])}
    scheduler.set_timesteps(case["steps"], **more)
    return scheduler


def began(case):
    scheduler = made(case)
    if "begin" in case and hasattr(scheduler, "set_begin_index"):  # PNDM and DDIM have none
        scheduler.set_begin_index(case["begin"])
    return scheduler


@contextlib.contextmanager
def rounded():
    """Logarithms, exponentials, roots and linspace to the last bit, which PyTorch has otherwise on each CPU. A Brownian motion is rough: where a
    time is another by a millionth, it is another by a thousandth. And what KDPM2's ancestral kind steps down to is a difference of near equals."""
    functions = {"exp": np.exp, "log": np.log, "expm1": np.expm1, "__pow__": np.power}
    names = list(functions)
    kept = [getattr(torch.Tensor, n) for n in names]

    def exact(f):
        return lambda x, *more: torch.tensor(f(x.numpy().astype(np.float64), *more)).to(x.dtype)

    def linspace(start, end, steps, dtype=None):
        if dtype != torch.float32:
            return fused(start, end, steps)
        start, end, i = np.float32(start), np.float32(end), np.arange(steps, dtype=np.float32)
        step = (end - start) / np.float32(steps - 1)
        return torch.tensor(np.where(i < steps // 2, start + step * i, end - step * i[::-1]))

    for n in names:
        setattr(torch.Tensor, n, exact(functions[n]))
    torch.linspace, fused = linspace, torch.linspace
    try:
        yield
    finally:
        torch.linspace = fused
        for n, k in zip(names, kept):
            setattr(torch.Tensor, n, k)


def run(case):
    """What came of a case, and its values."""
    drawn = []

    def randn_tensor(shape, **_):
        drawn.append(1 + len(drawn) % 39)
        return torch.tensor(NOISE[drawn[-1]]).reshape(shape)

    for module in vars(diffusers.schedulers).values():
        if inspect.ismodule(module) and hasattr(module, "randn_tensor"):
            module.randn_tensor = randn_tensor
    torch.manual_seed(ENTROPY)
    scheduler = began(case)
    t, begin = scheduler.timesteps, case.get("begin", 0)
    result = {"class": type(scheduler).__name__, "timesteps": t.tolist(), "init_noise_sigma": float(getattr(scheduler, "init_noise_sigma", 1)),
              "order": scheduler.order}
    start, noise = (torch.tensor(a).reshape(SHAPE) for a in (START, NOISE[0]))
    values = []
    for i in (begin, len(t) - 1):
        fresh = made(case)
        if hasattr(fresh, "set_begin_index"):
            fresh.set_begin_index(i)
        values.append(fresh.add_noise(start, noise, t[i:i + 1]) if hasattr(fresh, "add_noise") else fresh.scale_noise(start, t[i:i + 1], noise))
    sample = values[0] if begin else start * result["init_noise_sigma"]
    more = {}
    if isinstance(scheduler, (diffusers.DDIMScheduler, diffusers.TCDScheduler)):
        more = {"eta": case.get("eta", 0.0)}  # as the pipelines pass it
    if begin == 0 and hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(0)
    draws, denoised = [], False
    for now in t[begin:]:
        scaled = scheduler.scale_model_input(sample, now) if hasattr(scheduler, "scale_model_input") else sample
        output = answer(scaled.numpy(), np.float64(np.float32(now)))
        stepped = scheduler.step(torch.tensor(output), now, sample, **more)
        sample = stepped.prev_sample
        values.append(sample)
        foreseen = getattr(stepped, "pred_original_sample", getattr(stepped, "denoised", None))
        if foreseen is not None:
            denoised = True
            values.append(foreseen)
        draws.append(len(drawn))
    values = np.concatenate([v.numpy().reshape(-1) for v in values])
    if not np.isfinite(values).all():
        raise ArithmeticError("not finite")
    return result | {"denoised": denoised, "drawn": draws}, values


def main(out):
    rows, values, seen = [], [], set()
    for case in cases():
        if (key := json.dumps(case, sort_keys=True)) in seen:
            continue
        seen.add(key)
        row = case | {"config": json.dumps(case["config"])}  # as the file is
        # Warnings, and what is printed of keys that a class does not know.
        with warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")
            try:
                names = {case["config"]["_class_name"], ALL.get(case.get("with"), case.get("with"))}
                with rounded() if names & {"DPMSolverSDEScheduler", "KDPM2AncestralDiscreteScheduler"} else contextlib.nullcontext():
                    result, of_case = run(case)
            except Exception as e:
                rows.append(row | {"refused": f"{type(e).__name__}: {e}"})
                continue
        rows.append(row | result)
        values.append(of_case)
    (out / "schedulers.json").write_text("[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n")
    np.savez_compressed(out / "schedulers.npz", values=np.concatenate(values), noise=NOISE, start=START)
