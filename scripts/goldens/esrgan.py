"""What the npm package @upscalerjs/esrgan-slim gives: its own picture and results,
and the outputs of its models in TensorFlow.js, in numbers. Needs node and npm."""
import pathlib
import shutil
import subprocess
import tempfile

import numpy as np
from PIL import Image

import export_esrgan

HERE = pathlib.Path(__file__).parent
PHOTO = HERE.parent.parent / "cmd/ortho/testdata/photos/astronaut.png"
TFJS = "@tensorflow/tfjs@4.11.0"  # the package's peer dependency

# Batch, height and width: the smallest, all border, more than the receptive field, and a batch.
SIZES = [(1, 1, 1), (1, 2, 5), (1, 21, 23), (2, 8, 11)]


def main(out):
    files = export_esrgan.fetch()
    photo = np.asarray(Image.open(PHOTO).convert("RGB"), np.float32)
    for name in ["assets/fixture.png", "LICENSE"] + [f"assets/samples/{s}x/result.png" for s in export_esrgan.SCALES]:
        (out / name.removeprefix("assets/samples/").removeprefix("assets/").replace("/", "_")).write_bytes(files[name])
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        subprocess.run(["npm", "install", "--silent", "--ignore-scripts", "--prefix", folder, TFJS], check=True)
        shutil.copy(HERE / "esrgan.mjs", folder)
        for scale in export_esrgan.SCALES:
            for name in ("model.json", "group1-shard1of1.bin"):
                (folder / name).write_bytes(files[f"models/x{scale}/{name}"])
            arrays = {}
            for i, (n, h, w) in enumerate(SIZES):
                image = np.stack([photo[100 + 50 * k:, 200:][:h, :w] for k in range(n)])
                image.tofile(folder / "image")
                subprocess.run(["node", "esrgan.mjs", ".", "image", f"{n},{h},{w},3", "upscaled"], cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                upscaled = np.fromfile(folder / "upscaled", np.float32).reshape(n, scale * h, scale * w, 3)
                arrays[f"image{i}"], arrays[f"upscaled{i}"] = (np.ascontiguousarray(a.transpose(0, 3, 1, 2)) for a in (image, upscaled))
            np.savez_compressed(out / f"x{scale}.npz", **arrays)
