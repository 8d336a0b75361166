"""What diffusers' pipelines make with schedulers and options that scripts/make_tiny_diffusion.py does not have.

options.json has cases as models/diffusion/testdata/README.md tells, and "eta", "rescale" (guidance_rescale) and "clip_skip". The graphs run
in ONNX Runtime in the place of PyTorch's modules, within diffusers' own pipelines. Needs no Optimum.
"""
import json
import pathlib
import sys
import types
from unittest import mock

import diffusers
import numpy as np
import onnx
import onnxruntime
import torch
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from PIL import Image
from transformers import CLIPTokenizer

from . import schedulers

diffusers.utils.logging.set_verbosity_error()
FOLDER = pathlib.Path(__file__).resolve().parents[2] / "models/diffusion/testdata"
FOX, BAD = "a red fox in snow", "blurry, dark"
SMALL = {"width": 48, "height": 32}
CLASSES = {("sd", "text"): diffusers.StableDiffusionPipeline, ("sd", "image"): diffusers.StableDiffusionImg2ImgPipeline,
           ("sd", "inpaint"): diffusers.StableDiffusionInpaintPipeline, ("sdxl", "text"): diffusers.StableDiffusionXLPipeline}


def cases():
    def case(name, pipeline="sd", task="text", **more):
        base = {"prompt": FOX, "negative": BAD, "steps": 5, "guidance": 3.0, "seed": 42}
        return {"name": f"option {name}", "pipeline": pipeline, "task": task} | base | SMALL | more

    for scheduler in schedulers.LATER:
        if not scheduler.startswith(("edm", "flow")):  # which need models of their own
            yield case(scheduler, scheduler=scheduler)
    for scheduler in ("heun", "kdpm2-ancestral", "dpm++sde-karras", "unipc", "ddpm", "dpm++2s"):
        yield case(f"image {scheduler}", task="image", scheduler=scheduler, image="picture.png", strength=0.6)
    for strength in (0.2, 0.99):
        yield case(f"image heun {strength}", task="image", scheduler="heun", image="picture.png", strength=strength)
    for scheduler in ("heun", "kdpm2"):
        yield case(f"inpaint {scheduler}", task="inpaint", scheduler=scheduler, image="picture.png", mask="mask.png", strength=0.7, width=64, height=64)
    for scheduler, eta in (("ddim", 0.5), ("ddim", 1.0), ("tcd", 0.3), ("tcd", 1.0)):
        yield case(f"{scheduler} eta {eta}", scheduler=scheduler, eta=eta)
    for rescale in (0.3, 0.7, 1.0):
        yield case(f"rescale {rescale}", scheduler="euler", rescale=rescale, guidance=7.5)
        yield case(f"rescale {rescale}", "sdxl", scheduler="euler", rescale=rescale, guidance=7.5, width=64, height=64)
    yield case("clip skip 1", scheduler="euler", clip_skip=1)
    for skip in (1, 2):
        if skip < 2:
            yield case(f"clip skip {skip}", "sdxl", scheduler="euler", clip_skip=skip, width=64, height=64)


class Graph(torch.nn.Module):
    """A graph of ONNX in the place of a module."""

    dtype, device = torch.float32, torch.device("cpu")

    def __init__(self, folder, name, inner=()):
        super().__init__()
        model = onnx.load(folder / name / "model.onnx")
        model.graph.output.extend(onnx.ValueInfoProto(name=v) for v in inner)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
        self.config = diffusers.configuration_utils.FrozenDict(json.loads((folder / name / "config.json").read_text()))
        self.graph = model.graph

    def run(self, **values):
        types_ = {"tensor(int64)": np.int64, "tensor(int32)": np.int32, "tensor(float)": np.float32}
        feed = {i.name: np.asarray(values[i.name]).astype(types_[i.type]).reshape(np.asarray(values[i.name]).shape if len(i.shape) else ())
                for i in self.session.get_inputs()}
        return {o.name: torch.from_numpy(v) for o, v in zip(self.session.get_outputs(), self.session.run(None, feed))}


class UNet(Graph):
    add_embedding = types.SimpleNamespace(linear_1=types.SimpleNamespace(in_features=0))

    def forward(self, sample, t, encoder_hidden_states, added_cond_kwargs=None, **_):
        return (self.run(sample=sample, timestep=t, encoder_hidden_states=encoder_hidden_states, **(added_cond_kwargs or {}))["out_sample"],)


class VAE(torch.nn.Module):
    dtype, device = torch.float32, torch.device("cpu")

    def __init__(self, folder):
        super().__init__()
        self.encoder, self.decoder = Graph(folder, "vae_encoder"), Graph(folder, "vae_decoder")
        self.config = self.decoder.config

    def encode(self, image):
        values = self.encoder.run(sample=image)
        return types.SimpleNamespace(latent_dist=DiagonalGaussianDistribution(next(iter(values.values()))))

    def decode(self, latents, **_):
        return (self.decoder.run(latent_sample=latents)["sample"],)


class Text(Graph):
    """A text encoder. Of one whose layers its graph does not give they are found in it, as are the weights of the norm at the end."""

    def __init__(self, folder, name):
        outputs = [o.name for o in onnx.load(folder / name / "model.onnx").graph.output]
        self.layers, self.weights = [], None
        if "hidden_states.0" not in outputs:
            self.layers, self.weights = walked(onnx.load(folder / name / "model.onnx").graph)
        layers, weights = self.layers, self.weights
        super().__init__(folder, name, layers)
        self.layers, self.weights = layers, weights
        self.text_model = types.SimpleNamespace(final_layer_norm=lambda x: torch.nn.functional.layer_norm(x, x.shape[-1:], *map(torch.tensor, weights)))

    def forward(self, ids, attention_mask=None, output_hidden_states=False):
        values = self.run(input_ids=ids)
        hidden = tuple(values[n] for n in self.layers or sorted(n for n in values if n.startswith("hidden_states.")))
        first = values.get("text_embeds", values["last_hidden_state"])

        class Output(list):
            hidden_states = hidden

        return Output([first, values["last_hidden_state"], hidden])


def walked(graph):
    """The names of the last layers' outputs, from the first layer's on, and the last norm's scale and shift."""
    giver = {o: n for n in graph.node for o in n.output}
    numbers = {i.name: onnx.numpy_helper.to_array(i) for i in graph.initializer}
    numbers |= {n.output[0]: numbers[n.input[0]] for n in graph.node if n.op_type == "Identity" and n.input[0] in numbers}
    uses = lambda v: sum(v in n.input for n in graph.node)
    weight = lambda n: next(i for i in n.input if i in numbers)
    other = lambda n: next(i for i in n.input if i not in numbers)
    add = giver["last_hidden_state"]
    if add.op_type == "LayerNormalization":
        value, weights = add.input[0], [numbers[add.input[1]], numbers[add.input[2]]]
    else:
        mul = giver[other(add)]
        value, weights = giver[giver[other(mul)].input[0]].input[0], [numbers[weight(mul)], numbers[weight(add)]]
    layers = [value]
    for _ in range(1):
        for _ in range(2):
            a, b = giver[value].input
            value = a if uses(a) > 1 else b
        layers.insert(0, value)
    return layers, weights


def made(name, task):
    folder = FOLDER / name
    parts = {"unet": UNet(folder, "unet"), "vae": VAE(folder), "tokenizer": CLIPTokenizer.from_pretrained(folder / "tokenizer"), "text_encoder": Text(folder, "text_encoder")}
    if name == "sdxl":
        parts |= {"tokenizer_2": CLIPTokenizer.from_pretrained(folder / "tokenizer_2"), "text_encoder_2": Text(folder, "text_encoder_2")}
        parts["text_encoder_2"].config = diffusers.configuration_utils.FrozenDict(dict(parts["text_encoder_2"].config))
        parts["unet"].add_embedding = types.SimpleNamespace(linear_1=types.SimpleNamespace(
            in_features=6 * parts["unet"].config["addition_time_embed_dim"] + parts["text_encoder_2"].config["projection_dim"]))
    else:
        parts |= {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    config = json.loads((folder / "scheduler/scheduler_config.json").read_text())
    pipe = CLASSES[name, task](**parts, scheduler=getattr(diffusers, config["_class_name"]).from_config(config))
    pipe.set_progress_bar_config(disable=True)
    return pipe


def run(case):
    pipe = made(case["pipeline"], case["task"])
    name = case["scheduler"]
    more = {"use_karras_sigmas": "karras" in name} if name.startswith(("dpm++2m", "dpm++sde")) else {}
    pipe.scheduler = getattr(diffusers, schedulers.ALL[name]).from_config(pipe.scheduler.config, **more)
    generator, noise, latents, timesteps = torch.manual_seed(case["seed"]), [], [], []
    draw = diffusers.utils.torch_utils.randn_tensor

    def randn_tensor(*args, **kwargs):
        noise.append(draw(*args, **kwargs))
        return noise[-1].clone()

    def step(_, i, t, values):
        timesteps.append(float(t))
        latents.append(values["latents"][0].numpy().copy())
        return values

    inputs = {"prompt": case["prompt"], "negative_prompt": case["negative"], "num_inference_steps": case["steps"], "guidance_scale": case["guidance"],
              "generator": generator, "callback_on_step_end": step, "eta": case.get("eta", 0.0)}
    inputs |= {k: case[k] for k in ("strength", "clip_skip") if k in case}
    if "rescale" in case:
        inputs["guidance_rescale"] = case["rescale"]
    if case["task"] != "image":
        inputs |= {k: case[k] for k in ("width", "height")}
    if "image" in case:
        inputs["image"] = Image.open(FOLDER / "goldens" / case["image"]).convert("RGB").resize((case["width"], case["height"]))
        case["image"] = f"option-{case['width']}x{case['height']}.png"
        inputs["image"].save(FOLDER / "goldens" / case["image"])
    if "mask" in case:
        inputs["mask_image"] = Image.open(FOLDER / "goldens" / case["mask"])
    patches = [mock.patch.object(m, "randn_tensor", randn_tensor) for n, m in list(sys.modules.items()) if n.startswith("diffusers.") and "randn_tensor" in vars(m)]
    sde = schedulers.rounded() if "sde" in name else mock.patch.dict({})
    for p in patches:
        p.start()
    with sde:
        pipe(**inputs, output_type="latent")
    for p in patches:
        p.stop()
    return timesteps, noise, latents


def main(out):
    rows, arrays, seen = [], {}, {}

    def add(name, array):
        key = array.shape, array.tobytes()
        if key not in seen:
            seen[key] = name
            arrays[name] = array
        return seen[key]

    for case in cases():
        timesteps, noise, latents = run(case)
        assert np.isfinite(np.stack(latents)).all(), case
        prefix = f"{case['pipeline']} {case['name']}"
        rows.append(case | {"timesteps": timesteps, "latents": add(f"{prefix}/latents", np.stack(latents)),
                            "noise": [add(f"{prefix}/noise{i}", n[0].numpy()) for i, n in enumerate(noise)]})
        print(prefix, "latents up to", np.abs(latents[-1]).max(), len(noise), "draws")
    out = pathlib.Path(out)
    np.savez_compressed(out / "options.npz", **arrays)
    (out / "options.json").write_text("[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n")
