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
import json
import warnings

import diffusers
import numpy as np
import torch

diffusers.utils.logging.set_verbosity_error()

CLASSES = {"euler-ancestral": "EulerAncestralDiscreteScheduler", "euler": "EulerDiscreteScheduler", "lcm": "LCMScheduler", "ddim": "DDIMScheduler",
           "dpm++2m": "DPMSolverMultistepScheduler", "dpm++2m-karras": "DPMSolverMultistepScheduler", "pndm": "PNDMScheduler"}
SHAPE = (1, 4, 2, 2)
SIZE = 16
SD15 = {"num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "trained_betas": None, "steps_offset": 1}
DPM = SD15 | {"_class_name": "DPMSolverMultistepScheduler"}
NOISE = np.random.default_rng(11).standard_normal((40, SIZE)).astype(np.float32)
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


def made(case):
    """The scheduler with its timesteps."""
    config = json.loads(json.dumps(case["config"]))
    scheduler = getattr(diffusers, config["_class_name"]).from_config(config)
    if name := case.get("pipeline"):
        pipeline = getattr(diffusers, name)
        parts = {p: None for p in inspect.signature(pipeline.__init__).parameters if p != "self"}
        scheduler = pipeline(**parts | {"scheduler": scheduler}).scheduler
    if name := case.get("with"):
        more = {"use_karras_sigmas": "karras" in name} if name.startswith("dpm") else {}
        scheduler = getattr(diffusers, CLASSES[name]).from_config(scheduler.config, **more)
    more = {}
    if isinstance(scheduler, diffusers.LCMScheduler):
        more = {"original_inference_steps": case.get("original_steps"), "strength": case.get("strength", 1.0)}
    scheduler.set_timesteps(case["steps"], **more)
    return scheduler


def began(case):
    scheduler = made(case)
    if "begin" in case and hasattr(scheduler, "set_begin_index"):  # PNDM and DDIM have none
        scheduler.set_begin_index(case["begin"])
    return scheduler


def run(case):
    """What came of a case, and its values."""
    drawn = []

    def randn_tensor(shape, **_):
        drawn.append(1 + len(drawn) % 39)
        return torch.tensor(NOISE[drawn[-1]]).reshape(shape)

    for module in ("euler_discrete", "euler_ancestral_discrete", "lcm", "ddim", "dpmsolver_multistep"):
        getattr(diffusers.schedulers, f"scheduling_{module}").randn_tensor = randn_tensor
    scheduler = began(case)
    t, begin = scheduler.timesteps, case.get("begin", 0)
    result = {"class": type(scheduler).__name__, "timesteps": t.tolist(), "init_noise_sigma": float(scheduler.init_noise_sigma)}
    start, noise = (torch.tensor(a).reshape(SHAPE) for a in (START, NOISE[0]))
    values = []
    for i in (begin, len(t) - 1):
        fresh = made(case)
        if hasattr(fresh, "set_begin_index"):
            fresh.set_begin_index(i)
        values.append(fresh.add_noise(start, noise, t[i:i + 1]))
    sample = values[0] if begin else start * scheduler.init_noise_sigma
    if begin == 0 and hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(0)
    draws, denoised = [], False
    for now in t[begin:]:
        output = answer(scheduler.scale_model_input(sample, now).numpy(), now.numpy())
        stepped = scheduler.step(torch.tensor(output), now, sample)
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
                result, of_case = run(case)
            except Exception as e:
                rows.append(row | {"refused": f"{type(e).__name__}: {e}"})
                continue
        rows.append(row | result)
        values.append(of_case)
    (out / "schedulers.json").write_text("[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n")
    np.savez_compressed(out / "schedulers.npz", values=np.concatenate(values), noise=NOISE, start=START)
