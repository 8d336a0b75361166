"""Runs the tiny pipelines with diffusers' classes and records what they draw and make.

The classes are diffusers' own, as Optimum's ORT pipelines derive from them: Optimum puts ONNX
Runtime's sessions in the place of the modules, casting each input to the type of the graph's.
"""

import json
import pathlib
import shutil
import sys
import tempfile
from unittest import mock

import diffusers
import numpy as np
import onnxruntime
import torch
from diffusers import (
    DDIMScheduler,
    DPMSolverMultistepScheduler,
    EulerAncestralDiscreteScheduler,
    EulerDiscreteScheduler,
    LCMScheduler,
    OnnxRuntimeModel,
    OnnxStableDiffusionPipeline,
    PNDMScheduler,
)
from diffusers.utils import torch_utils
from optimum import onnxruntime as ort
from optimum.onnxruntime.base import ORTSessionMixin
from PIL import Image
from transformers import CLIPTokenizer, CLIPTokenizerFast

SCHEDULERS = {
    "euler-ancestral": (EulerAncestralDiscreteScheduler, {}),
    "euler": (EulerDiscreteScheduler, {}),
    "lcm": (LCMScheduler, {}),
    "ddim": (DDIMScheduler, {}),
    "dpm++2m": (DPMSolverMultistepScheduler, {}),
    "dpm++2m-karras": (DPMSolverMultistepScheduler, {"use_karras_sigmas": True}),
    "pndm": (PNDMScheduler, {}),
}
CLASSES = {
    ("sd", "text"): ort.ORTStableDiffusionPipeline,
    ("sd", "image"): ort.ORTStableDiffusionImg2ImgPipeline,
    ("sd", "inpaint"): ort.ORTStableDiffusionInpaintPipeline,
    ("sdxl", "text"): ort.ORTStableDiffusionXLPipeline,
    ("sdxl", "image"): ort.ORTStableDiffusionXLImg2ImgPipeline,
    ("sdxl", "inpaint"): ort.ORTStableDiffusionXLInpaintPipeline,
    ("lcm", "text"): ort.ORTLatentConsistencyModelPipeline,
    ("lcm", "image"): ort.ORTLatentConsistencyModelImg2ImgPipeline,
    ("legacy", "text"): OnnxStableDiffusionPipeline,
}
PARTS = ("text_encoder", "unet", "vae_encoder", "vae_decoder")


def one_thread():
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return options


class Arrays:
    """Arrays of one file, each once."""

    def __init__(self):
        self.named, self.names = {}, {}

    def add(self, name, array):
        array = np.ascontiguousarray(array)
        key = (str(array.dtype), array.shape, array.tobytes())
        if key not in self.names:
            self.names[key] = name
            self.named[name] = array
        return self.names[key]


class Recorder:
    def __init__(self, testdata):
        self.testdata = testdata
        self.loaded = {}
        self.configs = tempfile.TemporaryDirectory()
        onnxruntime.set_seed(8)  # old's VAE encoder draws with it

    def folder(self, case):
        """The folder to load. Optimum wants each part's config.json, which an old folder lacks."""
        folder = self.testdata / case["pipeline"]
        if case["pipeline"] != "old" or case.get("legacy"):
            return folder
        copy = pathlib.Path(self.configs.name) / "old"
        if not copy.exists():
            shutil.copytree(folder, copy)
            for part in PARTS:
                shutil.copy(self.testdata / "sd" / part / "config.json", copy / part)
        return copy

    def pipeline(self, case):
        """Loads the folder with its own scheduler, then changes that to the case's.

        The order matters: diffusers' classes of Stable Diffusion 1 and 2 correct what they
        take for mistakes in their scheduler's settings (steps_offset, clip_sample).
        """
        kind = "legacy" if case.get("legacy") else {"sdxl": "sdxl", "lcm": "lcm"}.get(case["pipeline"], "sd")
        folder, cls = self.folder(case), CLASSES[kind, case["task"]]
        config = json.loads((folder / "scheduler" / "scheduler_config.json").read_text()) | case.get("config", {})
        key = kind, case["pipeline"], case["task"], json.dumps(config)
        if key not in self.loaded:
            parts = {"scheduler": getattr(diffusers, config["_class_name"]).from_config(config)}
            for path in folder.glob("tokenizer*"):
                fast = not (path / "vocab.json").exists()
                parts[path.name] = (CLIPTokenizerFast if fast else CLIPTokenizer).from_pretrained(path)
            if kind == "legacy":
                for n in PARTS:
                    parts[n] = OnnxRuntimeModel.from_pretrained(folder / n, provider_options=None, sess_options=one_thread())
                pipe = cls(**parts, safety_checker=None, feature_extractor=None, requires_safety_checker=False)
            else:
                pipe = cls.from_pretrained(folder, export=False, session_options=one_thread(), **parts)
            pipe.set_progress_bar_config(disable=True)
            self.loaded[key] = pipe, pipe.scheduler
        pipe, stock = self.loaded[key]
        cls, extra = SCHEDULERS.get(case.get("scheduler"), (type(stock), {}))
        pipe.scheduler = cls.from_config(stock.config, **extra)
        return pipe

    def tokens(self, pipe, text):
        """The ids by tokenizer, and what of the text is cut off, in diffusers' words."""
        ids, cut = [], ""
        for tokenizer in [pipe.tokenizer, getattr(pipe, "tokenizer_2", None)]:
            if tokenizer is not None:
                ids.append(tokenizer(text, padding="max_length", max_length=77, truncation=True, return_tensors="np").input_ids[0])
                whole = tokenizer(text).input_ids
                cut = tokenizer.decode(whole[76:-1]) if len(whole) > 77 else cut
        return [i.astype(np.int64) for i in ids], cut

    def run(self, case, arrays):
        pipe = self.pipeline(case)
        noise, latents, timesteps, embeds = [], [], [], []
        generator = torch.Generator("cpu").manual_seed(case["seed"])
        draw = torch_utils.randn_tensor

        def randn_tensor(*args, **kwargs):
            assert kwargs.get("generator") is generator
            noise.append(draw(*args, **kwargs))
            return noise[-1].clone()

        def step(_, i, t, values):
            timesteps.append(float(t))
            latents.append(values["latents"][0].numpy().copy())
            return values

        encode = pipe._encode_prompt if case.get("legacy") else pipe.encode_prompt

        def encode_prompt(*args, **kwargs):
            result = encode(*args, **kwargs)
            embeds.extend(np.split(result, len(result))[::-1] if case.get("legacy") else result)
            return result

        inputs = dict(prompt=case["prompt"], num_inference_steps=case["steps"], guidance_scale=case["guidance"], generator=generator)
        if "negative" in case:
            inputs["negative_prompt"] = case["negative"]
        inputs |= {k: case[k] for k in ("width", "height", "strength") if k in case}
        if "image" in case:
            inputs["image"] = Image.open(self.testdata / "goldens" / case["image"]).convert("RGB")
        if "mask" in case:
            inputs["mask_image"] = Image.open(self.testdata / "goldens" / case["mask"])
        if case.get("legacy"):
            class Torch:  # in the place of NumPy's generator
                def randn(self, *shape):
                    return randn_tensor(shape, generator=generator).numpy()
            inputs["generator"] = Torch()
            inputs["callback"] = lambda i, t, values: step(pipe, i, t, {"latents": torch.from_numpy(values)})
        else:
            inputs["callback_on_step_end"] = step

        with mock.patch.object(pipe, "_encode_prompt" if case.get("legacy") else "encode_prompt", encode_prompt):
            with patched(randn_tensor), float32() if case.get("float32") else mock.patch.dict({}):
                image = pipe(**inputs).images[0]

        name = case["name"]
        guided = embeds[1] is not None if len(embeds) > 1 else False
        texts = {"": case["prompt"]} | ({"negative_": case.get("negative", "")} if guided else {})
        result = {"timesteps": timesteps}
        for prefix, text in texts.items():
            ids, cut = self.tokens(pipe, text)
            for i, array in enumerate(ids):
                result[f"{prefix}ids" + ["", "_2"][i]] = arrays.add(f"{name}/{prefix}ids" + ["", "_2"][i], array)
            if cut:
                result[f"{prefix}cut"] = cut.strip()
        for kind, value in zip(("embeds", "negative_embeds", "pooled", "negative_pooled"), embeds):
            if value is not None:
                result[kind] = arrays.add(f"{name}/{kind}", np.asarray(value[0]))
        result["noise"] = [arrays.add(f"{name}/noise{i}", n[0].numpy()) for i, n in enumerate(noise)]
        result["latents"] = arrays.add(f"{name}/latents", np.stack(latents))
        pixels = np.asarray(image)
        if not case.get("no_result"):
            result["result"] = arrays.add(f"{name}/result", pixels)
        assert np.isfinite(np.stack(latents)).all(), name
        return result, np.stack(latents), pixels


class patched:
    """Puts randn_tensor wherever diffusers has imported it."""

    def __init__(self, randn_tensor):
        self.patches = [mock.patch.object(m, "randn_tensor", randn_tensor) for n, m in list(sys.modules.items())
                        if n.startswith("diffusers.") and "randn_tensor" in vars(m)]

    def __enter__(self):
        for p in self.patches:
            p.start()

    def __exit__(self, *_):
        for p in self.patches:
            p.stop()


class float32:
    """Lets all between float16 graphs be float32: outputs are cast, noise is drawn so."""

    def __enter__(self):
        outputs = ORTSessionMixin._prepare_onnx_outputs

        def wide(self, use_torch, values):
            return {k: v.float() for k, v in outputs(self, use_torch, values).items()}

        self.patches = [mock.patch.object(ORTSessionMixin, "_prepare_onnx_outputs", wide),
                        mock.patch.object(ORTSessionMixin, "dtype", property(lambda self: torch.float32))]
        for p in self.patches:
            p.start()

    def __exit__(self, *_):
        for p in self.patches:
            p.stop()
