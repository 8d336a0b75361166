"""The tiny pipelines, a folder each, as exporters write them.

sd, sdxl, lcm and inpaint are exports of Optimum; sd-fp16 is the same as sd in float16.
inpaint has its timestep as Optimum before 1.24 wrote it: int64, rank 1. old has the files
that scripts/convert_stable_diffusion_checkpoint_to_onnx.py of diffusers 0.3 to 0.35 writes.
"""

import json
import shutil
from unittest import mock

import torch
from diffusers import (
    EulerDiscreteScheduler,
    LatentConsistencyModelPipeline,
    LCMScheduler,
    OnnxRuntimeModel,
    OnnxStableDiffusionPipeline,
    PNDMScheduler,
    StableDiffusionInpaintPipeline,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
)
from optimum.exporters.onnx import onnx_export_from_model
from optimum.exporters.onnx.model_configs import UNetOnnxConfig
from optimum.utils.input_generators import DummyTimestepInputGenerator

from . import parts
from .graphs import shorten

BETAS = dict(beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
NO_CHECKER = dict(safety_checker=None, feature_extractor=None, requires_safety_checker=False)


def pndm():
    # As Stable Diffusion 1.5 has it.
    return PNDMScheduler.from_config(
        BETAS | dict(num_train_timesteps=1000, set_alpha_to_one=False, skip_prk_steps=True, steps_offset=1, clip_sample=False))


def stable_diffusion(kind=StableDiffusionPipeline, scheduler=None, vae=None, **unet):
    tokenizer = parts.tokenizer()
    return kind(
        text_encoder=parts.text_encoder(len(tokenizer)), vae=vae or parts.vae(), unet=parts.unet(parts.WIDTH, **unet),
        tokenizer=tokenizer, scheduler=scheduler or pndm(), **NO_CHECKER)


def stable_diffusion_xl():
    first, second = parts.tokenizer(), parts.tokenizer(pad="!")
    return StableDiffusionXLPipeline(
        text_encoder=parts.text_encoder(len(first)), tokenizer=first,
        text_encoder_2=parts.text_encoder(len(second), parts.WIDTH_2, parts.PROJECTION, pad=0), tokenizer_2=second,
        vae=parts.vae(0.13025),
        unet=parts.unet(
            parts.WIDTH + parts.WIDTH_2, text=5, addition_embed_type="text_time", addition_time_embed_dim=8,
            projection_class_embeddings_input_dim=6 * 8 + parts.PROJECTION, use_linear_projection=True,
            attention_head_dim=(2, 4), down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
            up_block_types=("CrossAttnUpBlock2D", "UpBlock2D")),
        scheduler=EulerDiscreteScheduler(**BETAS, timestep_spacing="leading", steps_offset=1))


def latent_consistency():
    return stable_diffusion(LatentConsistencyModelPipeline, LCMScheduler(**BETAS), time_cond_proj_dim=16)


def export(pipeline, out, task="text-to-image"):
    onnx_export_from_model(pipeline, out, task=task, do_validation=False)


def export_int64(pipeline, out):
    """Exports with the timestep that Optimum 1.7 to 1.23 had."""
    inputs, generate = UNetOnnxConfig.inputs.fget, DummyTimestepInputGenerator.generate

    def old_inputs(self):
        return inputs(self) | {"timestep": {0: "steps"}}

    def old_generate(self, name, *args, **kwargs):
        return torch.tensor([500]) if name == "timestep" else generate(self, name, *args, **kwargs)

    with mock.patch.object(UNetOnnxConfig, "inputs", property(old_inputs)), \
            mock.patch.object(DummyTimestepInputGenerator, "generate", old_generate):
        export(pipeline, out, "inpainting")


class Adapted(torch.nn.Module):
    def __init__(self, module, forward):
        super().__init__()
        self.module, self.adapted = module, forward

    def forward(self, *args):
        return self.adapted(self.module, *args)


@torch.no_grad()
def export_old(pipeline, out):
    """Exports as older diffusers do: no config.json in the parts, the UNet's weights in a file of their own."""
    image = {0: "batch", 1: "channels", 2: "height", 3: "width"}

    def write(name, module, forward, inputs, outputs):
        folder = out / name
        folder.mkdir(parents=True)
        torch.onnx.export(
            Adapted(module, forward).eval(), tuple(value for value, _ in inputs.values()), str(folder / "model.onnx"),
            input_names=list(inputs), output_names=outputs, dynamic_axes={n: axes for n, (_, axes) in inputs.items()},
            opset_version=14, dynamo=False)

    ids = torch.zeros(1, parts.LENGTH, dtype=torch.int32)
    write("text_encoder", pipeline.text_encoder, lambda m, x: tuple(m(x, return_dict=False)[:2]),
          {"input_ids": (ids, {0: "batch", 1: "sequence"})}, ["last_hidden_state", "pooler_output"])
    write("unet", pipeline.unet, lambda m, x, t, c: m(x, t, c, return_dict=False)[0],
          {"sample": (torch.randn(2, 4, 8, 8), image), "timestep": (torch.randn(2), {0: "batch"}),
           "encoder_hidden_states": (torch.randn(2, parts.LENGTH, parts.WIDTH), {0: "batch", 1: "sequence"})}, ["out_sample"])
    write("vae_encoder", pipeline.vae, lambda m, x: m.encode(x, return_dict=False)[0].sample(),
          {"sample": (torch.randn(1, 3, 64, 64), image)}, ["latent_sample"])
    write("vae_decoder", pipeline.vae, lambda m, x: m.decode(x, return_dict=False)[0],
          {"latent_sample": (torch.randn(1, 4, 8, 8), image)}, ["sample"])
    pipeline.tokenizer.save_pretrained(out / "tokenizer")
    pipeline.scheduler.save_pretrained(out / "scheduler")
    models = {n: OnnxRuntimeModel.from_pretrained(out / n, provider_options=None) for n in ("vae_encoder", "vae_decoder", "text_encoder", "unet")}
    OnnxStableDiffusionPipeline(
        **models, tokenizer=pipeline.tokenizer, scheduler=pipeline.scheduler, **NO_CHECKER).save_config(out)


def only_tokenizer_json(folder):
    """Keeps the files that transformers 5 writes."""
    from transformers import CLIPTokenizerFast
    CLIPTokenizerFast.from_pretrained(folder).save_pretrained(folder)
    for name in ("vocab.json", "merges.txt", "special_tokens_map.json", "added_tokens.json"):
        (folder / name).unlink(missing_ok=True)
    config = json.loads((folder / "tokenizer_config.json").read_text())
    config["tokenizer_class"] = "CLIPTokenizer"
    config.pop("added_tokens_decoder")
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer, ensure_ascii=False, separators=(",", ":")) + "\n")


def build(name, out):
    shutil.rmtree(out, ignore_errors=True)
    torch.manual_seed(8)
    match name:
        case "sd":
            export(stable_diffusion(), out)
        case "sd-fp16":
            export(stable_diffusion().to(torch.float16), out)
        case "sdxl":
            export(stable_diffusion_xl(), out)
        case "lcm":
            export(latent_consistency(), out)
            only_tokenizer_json(out / "tokenizer")
        case "inpaint":
            export_int64(stable_diffusion(StableDiffusionInpaintPipeline, channels=9), out)
        case "old":
            # Its encoder draws with ONNX Runtime's own generator: next to no variance, so that
            # what it draws can't be seen.
            export_old(stable_diffusion(vae=parts.vae(deviation=-30)), out)
    for path in sorted(out.glob("*/model.onnx")):
        shorten(path, "weights.pb" if name == "old" and path.parent.name == "unet" else None)
    for path in out.rglob("*.json"):
        if path.name != "tokenizer.json":
            path.write_text(json.dumps(json.loads(path.read_text()), indent=2, ensure_ascii=False) + "\n")
