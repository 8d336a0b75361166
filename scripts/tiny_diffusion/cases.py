"""What is asked of each pipeline. models/diffusion/testdata/README.md tells the keys."""

FOX = "a red fox in snow"
BOAT = "an old boat on the sea, in the evening sun"
BAD = "blurry, dark"
LONG = "the fox and the hare " * 24 + "in the garden of the house on the hill"
SCHEDULERS = ("euler-ancestral", "euler", "lcm", "ddim", "dpm++2m", "dpm++2m-karras", "pndm")
SHORT = dict(no_result=True)  # the image is left out
SMALL = dict(width=48, height=32, no_result=True)
TURBO = {"timestep_spacing": "trailing", "steps_offset": 1}
ZERO_SNR = {"prediction_type": "v_prediction", "timestep_spacing": "trailing", "rescale_betas_zero_snr": True}


def case(name, pipeline, task="text", prompt=FOX, steps=5, guidance=7.5, seed=42, **more):
    return dict(name=name, pipeline=pipeline, task=task, prompt=prompt, steps=steps, guidance=guidance, seed=seed) | more


def sd_text():
    yield case("stock", "sd", negative=BAD)
    yield case("stock 20 steps", "sd", steps=20, **SHORT)
    yield case("other seed", "sd", scheduler="euler-ancestral", prompt=BOAT, seed=2**33 + 7)
    yield case("long prompt", "sd", scheduler="euler", prompt=LONG, steps=3, **SHORT)
    yield case("long negative", "sd", scheduler="euler", negative=LONG, steps=3, **SHORT)
    yield case("empty prompt", "sd", scheduler="euler", prompt="", negative=BAD, steps=3, **SHORT)
    yield case("signs", "sd", scheduler="euler", prompt="It's a  3d-render, (best) 1970s!  ", steps=3, **SHORT)
    for width, height in [(96, 64), (64, 80), (128, 32)]:
        yield case(f"{width}x{height}", "sd", scheduler="euler-ancestral", width=width, height=height, steps=3)
    for guidance in (0.0, 1.0, 1.5):
        yield case(f"guidance {guidance}", "sd", scheduler="euler", guidance=guidance, negative=BAD, steps=3, **SHORT)
    for steps in (1, 2, 4):
        yield case(f"turbo {steps}", "sd", scheduler="euler", config=TURBO, guidance=0.0, steps=steps, **SHORT)


def sd_schedulers():
    for scheduler in SCHEDULERS:
        for prediction in ("epsilon", "v_prediction"):
            for spacing in ("leading", "linspace", "trailing"):
                yield case(f"{scheduler} {prediction} {spacing}", "sd", scheduler=scheduler, **SMALL,
                           config={"prediction_type": prediction, "timestep_spacing": spacing},
                           guidance=1.5 if scheduler == "lcm" else 7.5)
        yield case(f"{scheduler} 1 step", "sd", scheduler=scheduler, steps=1, guidance=1.0, **SMALL)
        yield case(f"{scheduler} 18 steps", "sd", scheduler=scheduler, steps=18, guidance=3.0, **SMALL)
    for name, scheduler, config in [
        ("zero snr", "euler", ZERO_SNR), ("zero snr", "euler-ancestral", ZERO_SNR), ("zero snr", "ddim", ZERO_SNR),
        ("zero snr", "lcm", ZERO_SNR), ("zero snr", "dpm++2m", ZERO_SNR),
        # Stable Diffusion's classes take these two back.
        ("clipped", "ddim", {"clip_sample": True}), ("no offset", "pndm", {"steps_offset": 0}),
        ("alpha to one", "ddim", {"set_alpha_to_one": True}),
        ("alpha to one", "pndm", {"set_alpha_to_one": True}), ("karras", "euler", {"use_karras_sigmas": True}),
        ("last sigma", "euler", {"final_sigmas_type": "sigma_min"}), ("last sigma", "dpm++2m", {"final_sigmas_type": "sigma_min"}),
        ("linear betas", "euler", {"beta_schedule": "linear"}), ("cosine betas", "ddim", {"beta_schedule": "squaredcos_cap_v2"}),
        ("higher order last", "dpm++2m", {"lower_order_final": False, "final_sigmas_type": "sigma_min"}), ("euler last", "dpm++2m", {"euler_at_final": True}),
        ("heun", "dpm++2m", {"solver_type": "heun"}), ("of 500", "ddim", {"num_train_timesteps": 500}),
        ("of 30", "lcm", {"original_inference_steps": 30}), ("runge-kutta", "pndm", {"skip_prk_steps": False}),
    ]:
        yield case(f"{scheduler} {name}", "sd", scheduler=scheduler, config=config, guidance=3.0, **SMALL)


def sd_image():
    yield case("image stock", "sd", "image", strength=0.8, image="picture.png", negative=BAD)
    yield case("image of an odd size", "sd", "image", scheduler="ddim", strength=0.6, image="odd.png")
    yield case("image unguided", "sd", "image", scheduler="euler", strength=0.5, image="picture.png", guidance=1.0, **SHORT)
    yield case("image turbo", "sd", "image", scheduler="euler", config=TURBO, strength=0.5, image="picture.png", guidance=0.0, steps=2)
    for scheduler in SCHEDULERS:
        for strength in (0.3, 0.8, 1.0):
            yield case(f"image {scheduler} {strength}", "sd", "image", scheduler=scheduler, strength=strength, image="picture.png",
                       steps=7, guidance=1.5 if scheduler == "lcm" else 3.0, **SHORT)
    for spacing in ("linspace", "trailing"):
        yield case(f"image euler-ancestral {spacing}", "sd", "image", scheduler="euler-ancestral", strength=0.7, image="picture.png",
                   config={"timestep_spacing": spacing, "prediction_type": "v_prediction"}, **SHORT)


def inpaint(pipeline, schedulers, strengths):
    both = dict(width=64, height=64, image="picture.png", mask="mask.png")
    yield case("inpaint stock", pipeline, "inpaint", strength=1.0, negative=BAD, **both)
    yield case("inpaint unguided", pipeline, "inpaint", strength=0.75, scheduler="euler", guidance=1.0, **both, **SHORT)
    yield case("inpaint of odd sizes", pipeline, "inpaint", strength=0.8, scheduler="euler-ancestral", steps=4,
               width=80, height=64, image="odd.png", mask="small_mask.png")
    yield case("inpaint without a step", pipeline, "inpaint", strength=0.1, **both)
    for scheduler in schedulers:
        for strength in strengths:
            yield case(f"inpaint {scheduler} {strength}", pipeline, "inpaint", strength=strength, scheduler=scheduler,
                       guidance=1.5 if scheduler == "lcm" else 3.0, **both, **SHORT)


def inpaint_9():
    yield from inpaint("inpaint", ("euler-ancestral", "ddim", "lcm", "dpm++2m", "pndm"), (0.6, 1.0))
    # Here t has fractions, which the graph's int64 cuts off.
    yield case("inpaint euler linspace", "inpaint", "inpaint", strength=1.0, scheduler="euler", config={"timestep_spacing": "linspace"},
               width=64, height=64, image="picture.png", mask="mask.png", **SHORT)


def sdxl():
    yield case("stock", "sdxl", guidance=5.0)  # the negative is zeros
    yield case("negative", "sdxl", guidance=5.0, negative=BAD, **SHORT)
    yield case("empty negative", "sdxl", guidance=5.0, negative="", **SHORT)
    yield case("96x64", "sdxl", guidance=5.0, width=96, height=64, steps=3)
    yield case("long prompt", "sdxl", guidance=5.0, prompt=LONG, steps=3, **SHORT)
    yield case("turbo", "sdxl", guidance=0.0, scheduler="euler-ancestral", config={"timestep_spacing": "trailing"}, steps=2, **SHORT)
    yield case("unguided", "sdxl", guidance=1.0, negative=BAD, steps=3, **SHORT)
    for scheduler in SCHEDULERS:
        yield case(scheduler, "sdxl", guidance=3.0, scheduler=scheduler, **SMALL)
    # Its class leaves the scheduler's settings as they are.
    for name, scheduler, config in [
        ("clipped", "ddim", {"clip_sample": True}), ("not clipped", "ddim", {"clip_sample": False}),
        ("no offset", "euler", {"steps_offset": 0}), ("no offset", "pndm", {"steps_offset": 0}),
    ]:
        yield case(f"{scheduler} {name}", "sdxl", guidance=3.0, scheduler=scheduler, config=config, **SMALL)
    yield case("image stock", "sdxl", "image", guidance=5.0, strength=0.3, image="picture.png", steps=7)
    yield case("image euler-ancestral", "sdxl", "image", guidance=5.0, strength=0.8, scheduler="euler-ancestral", image="odd.png", negative=BAD)
    yield case("image pndm", "sdxl", "image", guidance=5.0, strength=1.0, scheduler="pndm", image="picture.png", **SHORT)
    yield from inpaint("sdxl", ("euler-ancestral", "pndm"), (0.6, 0.9999, 1.0))


def lcm():
    for steps, guidance in [(4, 8.5), (1, 8.5), (2, 1.0), (8, 1.5), (4, 0.0)]:
        yield case(f"{steps} steps, {guidance}", "lcm", steps=steps, guidance=guidance, **({} if guidance == 8.5 else SHORT))
    yield case("long prompt", "lcm", prompt=LONG, steps=2, guidance=2.0, **SHORT)
    yield case("80x64", "lcm", prompt=BOAT, steps=3, guidance=2.0, width=80, height=64, seed=7)
    yield case("v_prediction", "lcm", steps=3, guidance=2.0, config={"prediction_type": "v_prediction"}, **SHORT)
    for strength in (0.3, 0.8, 1.0):
        yield case(f"image {strength}", "lcm", "image", steps=4, guidance=2.0, strength=strength, image="picture.png")


def fp16():
    for float32 in ({}, {"float32": True}):
        name = "wide " if float32 else ""
        yield case(name + "stock", "sd-fp16", negative=BAD, **float32)
        yield case(name + "euler", "sd-fp16", scheduler="euler", config={"timestep_spacing": "linspace"}, **float32, **SHORT)
        yield case(name + "image", "sd-fp16", "image", scheduler="euler-ancestral", strength=0.8, image="picture.png", **float32)


def old():
    size = dict(width=64, height=64)  # such a folder does not tell its own
    for legacy in ({"legacy": True}, {}):
        name = "legacy " if legacy else ""
        yield case(name + "stock", "old", negative=BAD, **size, **legacy)
        yield case(name + "unguided", "old", scheduler="ddim", guidance=1.0, steps=3, **size, **legacy, **SHORT)
        # Without steps_offset the old class starts from an image where today's does.
    # Here t has fractions, which the graph's float32 takes. (The old class fails on them.)
    yield case("euler linspace", "old", scheduler="euler", config={"timestep_spacing": "linspace"}, **size, **SHORT)
    yield case("image", "old", "image", scheduler="ddim", strength=0.6, image="picture.png")
    yield case("inpaint", "old", "inpaint", scheduler="euler-ancestral", strength=0.8, width=64, height=64, image="picture.png", mask="mask.png")


def all_cases():
    yield from sd_text()
    yield from sd_schedulers()
    yield from sd_image()
    yield from inpaint("sd", ("euler-ancestral", "euler", "ddim", "lcm", "dpm++2m", "pndm"), (0.6, 1.0))
    yield from inpaint_9()
    yield from sdxl()
    yield from lcm()
    yield from fp16()
    yield from old()
