"""Tiny pipelines with ControlNets, and what diffusers' pipelines make with them.

Of each pipeline the folder has what differs from the one that it is laid over (see models/diffusion/testdata/README.md). Optimum exports no
ControlNet; the graphs are written as those that others wrote of them are:

  control        every residual has a name of its own, the same of both graphs; conditioning_scale is a double
  control-two    a second ControlNet beside it, as MultiControlNetModel.save_pretrained names its folder
  control-sdxl   the exporter named two of the ControlNet's outputs, and PyTorch numbered the rest; nothing takes a scale
  control-fused  both ControlNets are in the UNet's graph, as convert_stable_diffusion_controlnet_to_onnx.py of diffusers writes it

control.json has cases as options.json has them, and "control" (files), "control_scale", "control_start", "control_end" (numbers of all, or one
of each) and "guess". UNet and ControlNets run in PyTorch, text encoders and VAE in ONNX Runtime.
"""
import contextlib
import functools
import json
import pathlib
import shutil
import sys
import warnings
from unittest import mock

import diffusers
import numpy as np
import torch
from PIL import Image, ImageDraw

from tiny_diffusion import parts
from tiny_diffusion.graphs import shorten

from . import options, schedulers

FOLDER = options.FOLDER
FOX, BAD = options.FOX, options.BAD
CLASSES = {("sd", "text"): diffusers.StableDiffusionControlNetPipeline, ("sd", "image"): diffusers.StableDiffusionControlNetImg2ImgPipeline,
           ("sd", "inpaint"): diffusers.StableDiffusionControlNetInpaintPipeline,
           ("sdxl", "text"): diffusers.StableDiffusionXLControlNetPipeline, ("sdxl", "image"): diffusers.StableDiffusionXLControlNetImg2ImgPipeline}
BASES = {"control": "sd", "control-two": "sd", "control-sdxl": "sdxl", "control-fused": "sd"}
DOWN = 4  # residuals of a UNet of two levels with a layer each, besides that of the middle


def cases():
    def case(name, pipeline="control", task="text", **more):
        base = {"prompt": FOX, "negative": BAD, "steps": 4, "guidance": 3.0, "seed": 42, "scheduler": "euler", "width": 48, "height": 32}
        control = ["edges.png"] * (1 if pipeline in ("control", "control-sdxl") else 2)
        return {"name": name, "pipeline": pipeline, "task": task, "control": control} | base | more

    start = {"image": "picture.png", "strength": 0.6}
    square = {"width": 64, "height": 64}
    yield case("plain")
    yield case("scale 0.4", control_scale=0.4)
    yield case("scale 0", control_scale=0.0)
    yield case("from 0.2 to 0.7", control_start=0.2, control_end=0.7, steps=6)
    yield case("until 0.3", control_end=0.3)
    yield case("no guidance", guidance=1.0)
    yield case("guess", guess=True)
    yield case("guess, no guidance, scale 0.7", guess=True, guidance=1.0, control_scale=0.7)
    yield case("heun, from 0.3", scheduler="heun", control_start=0.3)
    yield case("pndm", scheduler="pndm", **square)
    yield case("a picture", control=["picture.png"])
    yield case("of an odd size", control=["odd.png"], **square)
    yield case("image", task="image", **start)
    yield case("image, scale 1, until 0.6", task="image", control_scale=1.0, control_end=0.6, steps=8, **start)
    yield case("inpaint", task="inpaint", image="picture.png", mask="mask.png", strength=0.7, **square)
    yield case("two", "control-two", control=["edges.png", "picture.png"])
    yield case("two, scales and parts", "control-two", control=["edges.png", "picture.png"], control_scale=[0.5, 1.2], control_start=[0.0, 0.4],
               control_end=[0.6, 1.0])
    yield case("two, guess", "control-two", guess=True, control=["edges.png", "picture.png"])
    yield case("two, image", "control-two", task="image", **start)
    yield case("plain", "control-sdxl", **square)
    yield case("guess", "control-sdxl", guess=True, control_scale=0.5, **square)
    yield case("image", "control-sdxl", task="image", **start, **square)
    yield case("plain", "control-fused", control=["edges.png", "picture.png"])
    yield case("scales and parts", "control-fused", control=["edges.png", "picture.png"], control_scale=[0.5, 1.2], control_start=[0.0, 0.4])


def edges(out):
    """White lines on black, of the kind that ControlNets take."""
    image = Image.new("RGB", (96, 64))
    draw = ImageDraw.Draw(image)
    draw.ellipse((20, 10, 60, 50), outline="white", width=2)
    draw.line((0, 60, 95, 30), fill="white", width=3)
    image.save(out / "edges.png")


def controlnet(unet, seed):
    torch.manual_seed(seed)
    net = diffusers.ControlNetModel.from_unet(unet, conditioning_embedding_out_channels=(4, 4, 4, 4))
    with torch.no_grad():
        for name, p in net.named_parameters():
            if name.startswith(("controlnet_down_blocks", "controlnet_mid_block", "controlnet_cond_embedding.conv_out")):
                torch.nn.init.normal_(p, std=0.25)  # they begin as zeros
            if name.startswith("controlnet_cond_embedding") and name.endswith("weight"):
                p *= 3  # and the image matters
    return parts.rounded(net)


@functools.cache
def modules(base):
    """A UNet, and the ControlNets."""
    torch.manual_seed(18)
    if base == "sd":
        unet = parts.unet(parts.WIDTH)
        return unet, [controlnet(unet, 19), controlnet(unet, 20)]
    unet = parts.unet(
        parts.WIDTH + parts.WIDTH_2, text=5, addition_embed_type="text_time", addition_time_embed_dim=8,
        projection_class_embeddings_input_dim=6 * 8 + parts.PROJECTION, use_linear_projection=True, attention_head_dim=(2, 4),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"))
    return unet, [controlnet(unet, 19)]


class Controlled(torch.nn.Module):
    """A UNet that takes residuals."""

    def __init__(self, unet, xl=False):
        super().__init__()
        self.unet, self.xl = unet, xl

    def forward(self, sample, timestep, context, *rest):
        added, rest = ({"text_embeds": rest[0], "time_ids": rest[1]}, rest[2:]) if self.xl else (None, rest)
        return self.unet(sample, timestep, context, added_cond_kwargs=added, down_block_additional_residuals=rest[:-1],
                         mid_block_additional_residual=rest[-1], return_dict=False)[0]


class Control(torch.nn.Module):
    def __init__(self, net, xl=False):
        super().__init__()
        self.net, self.xl = net, xl

    def forward(self, sample, timestep, context, condition, *rest):
        added, scale = ({"text_embeds": rest[0], "time_ids": rest[1]}, 1.0) if self.xl else (None, rest[0])
        down, mid = self.net(sample, timestep, context, condition, scale, added_cond_kwargs=added, return_dict=False)
        return (*down, mid)


class Fused(torch.nn.Module):
    def __init__(self, unet, nets):
        super().__init__()
        self.unet, self.nets = unet, torch.nn.ModuleList(nets)

    def forward(self, sample, timestep, context, conditions, scales):
        down, mid = None, None
        for condition, scale, net in zip(conditions, scales, self.nets):
            d, m = net(sample, timestep, context, condition, scale, return_dict=False)
            down, mid = (d, m) if down is None else ([a + b for a, b in zip(down, d)], mid + m)
        return self.unet(sample, timestep, context, down_block_additional_residuals=down, mid_block_additional_residual=mid, return_dict=False)[0]


@torch.no_grad()
def write(path, module, inputs, outputs, axes):
    path.parent.mkdir(parents=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(module.eval(), tuple(inputs.values()), str(path), input_names=list(inputs), output_names=outputs,
                          dynamic_axes={n: a for n, a in axes.items() if n in inputs}, opset_version=17, dynamo=False)
    shorten(path)


def export(pipeline, unet, nets):
    out = FOLDER / pipeline
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    xl = BASES[pipeline] == "sdxl"
    width = unet.config.cross_attention_dim
    image = {0: "batch", 2: "height", 3: "width"}
    small = {0: "batch", 2: "height_2", 3: "width_2"}
    inputs = {"sample": torch.randn(2, 4, 8, 8), "timestep": torch.tensor([500.0]), "encoder_hidden_states": torch.randn(2, parts.LENGTH, width)}
    axes = {"sample": image, "encoder_hidden_states": {0: "batch"}, "text_embeds": {0: "batch"}, "time_ids": {0: "batch"},
            "controlnet_cond": {0: "batch", 2: "height_8", 3: "width_8"}}
    added = {"text_embeds": torch.randn(2, parts.PROJECTION), "time_ids": torch.tensor([[64.0, 64, 0, 0, 64, 64]] * 2)} if xl else {}
    condition = torch.rand(2, 3, 64, 64)
    if pipeline == "control-fused":
        write(out / "unet/model.onnx", Fused(unet, nets),
              inputs | {"controlnet_conds": torch.rand(2, 2, 3, 64, 64), "conditioning_scales": torch.ones(2, 1)}, ["noise_pred"],
              {"sample": {0: "2B", 2: "H", 3: "W"}, "encoder_hidden_states": {0: "2B"}, "controlnet_conds": {1: "2B", 3: "8H", 4: "8W"}})
    elif pipeline != "control-two":
        down, mid = nets[0](inputs["sample"], 500, inputs["encoder_hidden_states"], condition, added_cond_kwargs=added, return_dict=False)
        assert len(down) == DOWN
        names = [f"down_block_additional_residuals.{i}" if xl else f"down_block_{i}_additional_residual" for i in range(DOWN)] + ["mid_block_additional_residual"]
        residuals = dict(zip(names, [*down, mid]))
        for name, r in residuals.items():
            axes[name] = image if r.shape[-1] == 8 else small
        write(out / "unet/model.onnx", Controlled(unet, xl), inputs | added | residuals, ["out_sample"], axes)
    if pipeline != "control-fused":
        folder = "controlnet_1" if pipeline == "control-two" else "controlnet"
        more = added if xl else {"conditioning_scale": torch.tensor(1.0, dtype=torch.float64)}
        outputs = ["down_block_res_samples", "mid_block_res_sample"] if xl else names if pipeline == "control" else [f"residual_{i}" for i in range(DOWN + 1)]
        write(out / folder / "model.onnx", Control(nets[-1], xl), inputs | {"controlnet_cond": condition} | more, outputs, axes)
        save(nets[-1], out / folder)
    if pipeline != "control-two":
        save(unet, out / "unet")
        index = json.loads((FOLDER / BASES[pipeline] / "model_index.json").read_text())
        if pipeline != "control-fused":  # whose script makes an OnnxStableDiffusionPipeline
            index |= {"_class_name": CLASSES[BASES[pipeline], "text"].__name__, "controlnet": ["diffusers", "ControlNetModel"]}
        (out / "model_index.json").write_text(json.dumps(index, indent=2) + "\n")


def save(module, folder):
    """Writes a config.json without what changes from run to run."""
    module.save_config(folder)
    path = folder / "config.json"
    config = {k: v for k, v in json.loads(path.read_text()).items() if k != "_name_or_path"}
    path.write_text(json.dumps(config, indent=2) + "\n")


def made(case, unet, nets):
    base = BASES[case["pipeline"]]
    pipe = options.made(base, "text" if base == "sdxl" else case["task"])
    parts_ = {k: v for k, v in pipe.components.items() if k not in ("unet", "image_encoder") and (v is not None or k in ("safety_checker", "feature_extractor"))}
    if base == "sd":
        parts_ |= {"requires_safety_checker": False}
    else:
        parts_.pop("feature_extractor", None)
    net = nets[0] if len(nets) == 1 else diffusers.MultiControlNetModel(nets)
    pipe = CLASSES[base, case["task"]](**parts_, unet=unet, controlnet=net)
    pipe.set_progress_bar_config(disable=True)
    pipe.scheduler = getattr(diffusers, schedulers.ALL[case["scheduler"]]).from_config(pipe.scheduler.config)
    return pipe


@torch.no_grad()
def run(case, unet, nets):
    pipe = made(case, unet, nets)
    noise, latents, timesteps = [], [], []
    draw = diffusers.utils.torch_utils.randn_tensor

    def randn_tensor(*args, **kwargs):
        noise.append(draw(*args, **kwargs))
        return noise[-1].clone()

    def step(_, i, t, values):
        timesteps.append(float(t))
        latents.append(values["latents"][0].numpy().copy())
        return values

    size = {k: case[k] for k in ("width", "height")}
    picture = lambda name: Image.open(FOLDER / "goldens" / name).convert("RGB")
    images = [picture(c) for c in case["control"]]
    images = images[0] if len(images) == 1 else images
    inputs = {"prompt": case["prompt"], "negative_prompt": case["negative"], "num_inference_steps": case["steps"], "guidance_scale": case["guidance"],
              "generator": torch.manual_seed(case["seed"]), "callback_on_step_end": step, **size}
    inputs |= {k: case[k] for k in ("strength",) if k in case}
    inputs["image" if case["task"] == "text" else "control_image"] = images
    names = {"control_scale": "controlnet_conditioning_scale", "control_start": "control_guidance_start", "control_end": "control_guidance_end", "guess": "guess_mode"}
    inputs |= {to: case[k] for k, to in names.items() if k in case}
    if "image" in case:
        inputs["image"] = picture(case["image"])
    if "mask" in case:
        inputs["mask_image"] = Image.open(FOLDER / "goldens" / case["mask"])
    with contextlib.ExitStack() as stack:
        for m in [m for n, m in list(sys.modules.items()) if n.startswith("diffusers.") and "randn_tensor" in vars(m)]:
            stack.enter_context(mock.patch.object(m, "randn_tensor", randn_tensor))
        result = pipe(**inputs, output_type="pil").images[0]
    return timesteps, noise, latents, np.asarray(result)


def main(out):
    out = pathlib.Path(out)
    edges(out)
    rows, arrays, seen, loaded = [], {}, {}, {}

    def add(name, array):
        key = array.shape, array.tobytes()
        if key not in seen:
            seen[key] = name
            arrays[name] = array
        return seen[key]

    for pipeline, base in BASES.items():
        unet, nets = modules(base)
        loaded[pipeline] = unet, nets[:1] if pipeline == "control" else nets
        export(pipeline, *loaded[pipeline])
    for case in cases():
        timesteps, noise, latents, result = run(case, *loaded[case["pipeline"]])
        assert np.isfinite(np.stack(latents)).all(), case
        prefix = f"{case['pipeline']} {case['name']}"
        rows.append(case | {"timesteps": timesteps, "latents": add(f"{prefix}/latents", np.stack(latents)),
                            "noise": [add(f"{prefix}/noise{i}", n[0].numpy()) for i, n in enumerate(noise)], "result": add(f"{prefix}/result", result)})
        print(prefix, "latents up to", np.abs(latents[-1]).max(), len(noise), "draws", len(latents), "steps")
    np.savez_compressed(out / "control.npz", **arrays)
    (out / "control.json").write_text("[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n")
