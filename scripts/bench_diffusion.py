"""Text to image in ONNX Runtime: ortho against Python (Optimum's pipeline) with the same folder, seed and settings.

usage: python scripts/bench_diffusion.py ORTHO [ROUNDS] [--folder DIR]      (pip install -r scripts/tiny_diffusion/requirements.txt)

The pipeline is made on the spot, with random weights: the shape of Stable Diffusion 1.5 in a fifth of its channels,
images of 512x512 from latents of 64x64, the UNet running on [2,4,64,64]. Rounds alternate between the contenders.
Each is a whole command, from its start to written PNG files, of one image and of three: their difference is two
images of a process that is warm. Printed are medians with 95 % intervals (bootstrap over rounds), ratios within
rounds, CPU time (which tells what is work, and what other programs on the machine), peak resident memory, and what
the images of both differ by.
"""
import argparse
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

STEPS, GUIDANCE, PROMPT, SEED = 8, 7.5, "a red fox in snow", 1
PARTS = ("text_encoder", "unet", "vae_decoder")


def make(folder):
    """Exports the pipeline with Optimum."""
    import torch
    from diffusers import AutoencoderKL, PNDMScheduler, StableDiffusionPipeline, UNet2DConditionModel
    from optimum.exporters.onnx import onnx_export_from_model
    from tiny_diffusion import parts
    from transformers import CLIPTextConfig, CLIPTextModel

    torch.manual_seed(8)
    tokenizer = parts.tokenizer()
    last = len(tokenizer) - 1
    onnx_export_from_model(StableDiffusionPipeline(
        tokenizer=tokenizer,
        text_encoder=CLIPTextModel(CLIPTextConfig(
            vocab_size=last + 1, hidden_size=256, intermediate_size=1024, num_hidden_layers=12, num_attention_heads=4,
            max_position_embeddings=parts.LENGTH, bos_token_id=last - 1, eos_token_id=last, pad_token_id=last)),
        unet=UNet2DConditionModel(
            sample_size=64, in_channels=4, out_channels=4, block_out_channels=(64, 128, 256, 256), layers_per_block=2,
            cross_attention_dim=256, attention_head_dim=8),
        vae=AutoencoderKL(
            in_channels=3, out_channels=3, latent_channels=4, sample_size=512, block_out_channels=(32, 64, 128, 128), layers_per_block=2,
            down_block_types=["DownEncoderBlock2D"] * 4, up_block_types=["UpDecoderBlock2D"] * 4),
        scheduler=PNDMScheduler(
            beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear", num_train_timesteps=1000, set_alpha_to_one=False,
            skip_prk_steps=True, steps_offset=1),
        safety_checker=None, feature_extractor=None, requires_safety_checker=False), pathlib.Path(folder), task="text-to-image", do_validation=False)


def draw(folder, out, count):
    """The peer: Optimum's pipeline, as its documentation has it."""
    import torch
    from optimum.onnxruntime import ORTStableDiffusionPipeline

    pipeline = ORTStableDiffusionPipeline.from_pretrained(folder, provider="CPUExecutionProvider")
    pipeline.set_progress_bar_config(disable=True)
    for i in range(int(count)):
        generator = torch.Generator("cpu").manual_seed(SEED + i)
        image = pipeline(PROMPT, num_inference_steps=STEPS, guidance_scale=GUIDANCE, generator=generator).images[0]
        image.save(os.path.join(out, f"{i}.png"))


def measure(command):
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{' '.join(command)} failed: {said.decode(errors='replace')[-2000:]}")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def spread(values, unit=""):
    """The median with its interval."""
    draws = random.Random(1)
    medians = sorted(statistics.median(draws.choices(values, k=len(values))) for _ in range(2000))
    return f"{statistics.median(values):.3g}{unit} [{medians[50]:.3g}, {medians[-51]:.3g}]"


def compare(first, second):
    import numpy as np
    from PIL import Image

    a, b = (np.asarray(Image.open(f).convert("RGB")).astype(int) for f in (first, second))
    if a.shape != b.shape:
        return f"the images have the shapes {a.shape} and {b.shape}"
    return f"the images of both differ by at most {np.abs(a - b).max()} of 255 levels, {np.mean(a != b):.2%} of the values at all"


def main(ortho, rounds, folder):
    with tempfile.TemporaryDirectory() as work:
        work = pathlib.Path(work)
        if folder is None:
            folder = work / "pipeline"
        if not (pathlib.Path(folder) / "model_index.json").exists():
            print("making the pipeline ...", flush=True)
            subprocess.run([sys.executable, __file__, "--make", str(folder)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        sizes = {part: sum(f.stat().st_size for f in (pathlib.Path(folder) / part).iterdir()) / 2**20 for part in PARTS}
        print("parts: " + ", ".join(f"{part} {size:.1f} MiB" for part, size in sizes.items()))

        def of_ortho(*flags):
            return lambda out, count: [ortho, "generate", "-m", str(folder), PROMPT, "--steps", str(STEPS), "--guidance", str(GUIDANCE), "--seed", str(SEED),
                                       "-n", str(count), "-o", f"{out}/", "--overwrite", "--progress", "never", *flags]

        contenders = {
            "ortho": of_ortho(),
            "ortho --low-memory": of_ortho("--low-memory"),
            "Python": lambda out, count: [sys.executable, __file__, "--draw", str(folder), str(out), str(count)],
        }
        one, two, busy, peak, outs = ({name: [] for name in contenders} for _ in range(5))
        for name in contenders:
            outs[name] = work / name.replace(" ", "")
            outs[name].mkdir()
        for round in range(rounds + 1):
            for name, command in contenders.items():
                short, short_busy, rss = measure(command(outs[name], 1))
                long, long_busy, more = measure(command(outs[name], 3))
                if round > 0:  # the first one warms the page cache
                    one[name].append(short)
                    two[name].append((long - short) / 2)
                    busy[name].append((long_busy - short_busy) / 2)
                    peak[name].append(max(rss, more))
        pictures = {name: sorted(outs[name].rglob("*.png"))[0] for name in contenders}
        for name in contenders:
            print(f"{name}: one image from a cold start {spread(one[name], ' s')}, each further one {spread(two[name], ' s')} ({spread(busy[name], ' s')} of CPU), peak {max(peak[name]):.0f} MiB")
        for name in ("ortho", "ortho --low-memory"):
            cold, warm, work = ([p / o for o, p in zip(of[name], of["Python"])] for of in (one, two, busy))
            print(f"Python's time / that of {name}: cold {spread(cold)}, warm {spread(warm)}, CPU when warm {spread(work)}")
        largest = max(sizes, key=sizes.get)
        print(f"--low-memory's peak is that of the largest part's file ({largest}, {sizes[largest]:.1f} MiB) and {max(peak['ortho --low-memory']) - sizes[largest]:.0f} MiB more")
        print(compare(pictures["ortho"], pictures["Python"]))
        print("--low-memory: " + compare(pictures["ortho"], pictures["ortho --low-memory"]))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--make"]:
        make(sys.argv[2])
    elif sys.argv[1:2] == ["--draw"]:
        draw(*sys.argv[2:])
    else:
        p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
        p.add_argument("ortho")
        p.add_argument("rounds", nargs="?", type=int, default=5)
        p.add_argument("--folder", help="where the pipeline is, or is to be left")
        a = p.parse_args()
        main(a.ortho, a.rounds, a.folder)
