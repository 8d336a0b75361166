"""Tiny parts with random weights, in the shapes of the real ones.

All weights are rounded to float16, so that the float16 pipelines hold the same ones. The
UNet's last layer is fitted, so that it tells the noise in a latent about as a trained one
does: latents then stay near 1 whatever the scheduler, and a wrong step shows.
"""

import json
import pathlib
import tempfile

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer
from transformers.convert_slow_tokenizer import bytes_to_unicode

# The first merges of CLIP's vocabulary (https://github.com/openai/CLIP, MIT).
MERGES = (pathlib.Path(__file__).parent / "merges.txt").read_text().splitlines()
LENGTH = 77
WIDTH, WIDTH_2, PROJECTION = 16, 12, 20  # of the text encoders


def tokenizer(pad="<|endoftext|>"):
    letters = list(bytes_to_unicode().values())
    vocabulary = letters + [c + "</w>" for c in letters] + ["".join(m.split()) for m in MERGES]
    vocabulary += ["<|startoftext|>", "<|endoftext|>"]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "vocab.json").write_text(json.dumps({t: i for i, t in enumerate(vocabulary)}))
        (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *MERGES, ""]))
        return CLIPTokenizer(folder / "vocab.json", folder / "merges.txt", pad_token=pad, model_max_length=LENGTH)


def rounded(module):
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(p.half().float())
    return module.eval()


def text_encoder(vocabulary, width=WIDTH, projection=None, pad=None):
    config = CLIPTextConfig(
        vocab_size=vocabulary, hidden_size=width, intermediate_size=2 * width, num_hidden_layers=2,
        num_attention_heads=4, max_position_embeddings=LENGTH, projection_dim=projection or width,
        hidden_act="gelu" if projection else "quick_gelu",
        bos_token_id=vocabulary - 2, eos_token_id=vocabulary - 1, pad_token_id=vocabulary - 1 if pad is None else pad)
    return rounded((CLIPTextModelWithProjection if projection else CLIPTextModel)(config))


def vae(scaling_factor=0.18215, deviation=-2.0):
    """Makes an autoencoder. deviation is the logarithm of its variance in the middle."""
    model = AutoencoderKL(
        in_channels=3, out_channels=3, latent_channels=4, sample_size=64, block_out_channels=(4, 4, 8, 8),
        down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4,
        layers_per_block=1, norm_num_groups=2, scaling_factor=scaling_factor)
    with torch.no_grad():
        # Latents times scaling_factor near 1, images that fill -1 to 1, colours that differ.
        model.quant_conv.weight[:4] *= 5 * 0.18215 / scaling_factor
        model.quant_conv.weight[4:] *= 0.5
        model.quant_conv.bias[4:] = deviation
        model.encoder.conv_out.weight *= 3
        latents = torch.nn.functional.interpolate(torch.randn(8, 4, 4, 4), size=(8, 8), mode="bicubic")
        images = model.decode(latents / scaling_factor)[0]
        gain = 0.4 / images.std((0, 2, 3))
        model.decoder.conv_out.bias.copy_((model.decoder.conv_out.bias - images.mean((0, 2, 3))) * gain)
        model.decoder.conv_out.weight *= gain[:, None, None, None]
    return rounded(model)


def unet(context, channels=4, text=2, **kind):
    settings = dict(
        sample_size=8, in_channels=channels, out_channels=4, block_out_channels=(8, 12), layers_per_block=1,
        norm_num_groups=4, cross_attention_dim=context, attention_head_dim=4,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"))
    model = UNet2DConditionModel(**settings | kind)
    with torch.no_grad():
        model.conv_in.weight *= 4  # the sample outweighs all else
        for name, p in model.named_parameters():
            if "attn2.to_" in name and name.endswith("weight"):
                p *= text  # and the text matters
    fit(rounded(model), context)
    return rounded(model)


@torch.no_grad()
def fit(model, context, count=256):
    """Gives conv_out the weights that tell best which noise is in a noisy latent."""
    config = model.config
    alphas = torch.cumprod(1 - torch.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2, 0)
    features, noises = [], []
    hook = model.conv_out.register_forward_pre_hook(lambda _, x: features.append(x[0]))
    for i in range(count):
        t = (i * 389) % 1000
        clean = torch.nn.functional.interpolate(torch.randn(1, 4, 3, 3), size=(8, 8), mode="bicubic")
        noise = torch.randn(1, 4, 8, 8)
        sample = alphas[t].sqrt() * clean + (1 - alphas[t]).sqrt() * noise
        if config.in_channels == 9:
            mask = (torch.rand(1, 1, 8, 8) < 0.5).float()
            sample = torch.cat([sample, mask, clean * (1 - mask)], 1)
        extra = {}
        if config.addition_embed_type:
            size = config.projection_class_embeddings_input_dim - 6 * config.addition_time_embed_dim
            extra["added_cond_kwargs"] = {"text_embeds": torch.randn(1, size), "time_ids": torch.tensor([[64.0, 64, 0, 0, 64, 64]])}
        if config.time_cond_proj_dim:
            extra["timestep_cond"] = torch.randn(1, config.time_cond_proj_dim)
        model(sample, float(t), torch.randn(1, LENGTH, context), **extra)
        noises.append(noise)
    hook.remove()
    columns = torch.nn.functional.unfold(torch.cat(features), 3, padding=1)  # [count, channels*9, 64]
    rows = columns.transpose(1, 2).reshape(-1, columns.shape[1]).double()
    rows = torch.cat([rows, torch.ones(len(rows), 1, dtype=torch.double)], 1)
    targets = torch.cat(noises).flatten(2).transpose(1, 2).reshape(-1, 4).double()
    ridge = 1e-3 * len(rows) * torch.eye(rows.shape[1], dtype=torch.double)
    solution = torch.linalg.solve(rows.T @ rows + ridge, rows.T @ targets)
    model.conv_out.weight.copy_(solution[:-1].T.reshape(model.conv_out.weight.shape))
    model.conv_out.bias.copy_(solution[-1])
    return 1 - ((rows @ solution - targets) ** 2).mean() / (targets**2).mean()
