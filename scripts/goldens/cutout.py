"""Records the masks of rembg's own sessions, and of MediaPipe's selfie segmentation, for models/cutout.

The graphs are made here, with weights by chance: rembg's files are large, and what is recorded is what its code makes
of a graph's numbers. Graphs, the photograph and masks go to models/cutout/testdata.

usage: python scripts/goldens/cutout.py      (pip install rembg==2.0.86 onnx onnxruntime pillow scikit-image)
       python scripts/goldens/cutout.py --mediapipe      (pip install mediapipe==0.10.21, an environment of its own)
"""

import os
import pathlib
import sys

import numpy as np
from PIL import Image

ROOT = pathlib.Path(__file__).parent.parent.parent
OUT = ROOT / "models/cutout/testdata"


def graph(size, outputs, sigmoid, seed):
    """A convolution that leaves a map of a smooth kind, as many times as the network has stages."""
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(seed)
    nodes, weights, outs = [], [], []
    for i in range(outputs):
        weights.append(numpy_helper.from_array((rng.normal(size=(1, 3, 3, 3)) * 0.3).astype(np.float32), f"w{i}"))
        nodes.append(helper.make_node("Conv", ["input", f"w{i}"], [f"c{i}" if sigmoid else f"d{i}"], pads=[1, 1, 1, 1]))
        if sigmoid:
            nodes.append(helper.make_node("Sigmoid", [f"c{i}"], [f"d{i}"]))
        outs.append(helper.make_tensor_value_info(f"d{i}", TensorProto.FLOAT, [1, 1, size, size]))
    g = helper.make_graph(nodes, "g", [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, size, size])], outs, weights)
    return helper.make_model(g, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def rembg():
    import onnx
    import onnxruntime as ort

    home = OUT / "home"
    os.environ["REMBG_HOME"] = str(home)
    home.mkdir(parents=True, exist_ok=True)
    from rembg import remove
    from rembg.sessions.birefnet_general import BiRefNetSessionGeneral
    from rembg.sessions.dis_general_use import DisSession
    from rembg.sessions.u2net import U2netSession

    photo = Image.open(ROOT / "cmd/ortho/testdata/photos/chelsea.png").convert("RGB").resize((150, 100), Image.Resampling.BICUBIC)
    # Darker than white: rembg's division by the image's own maximum shows.
    photo = photo.point(lambda v: v * 4 // 5)
    photo.save(OUT / "photo.png", optimize=True)
    for name, session, size, outputs, sigmoid in [("u2net", U2netSession, 320, 7, True), ("isnet", DisSession, 1024, 1, True), ("birefnet", BiRefNetSessionGeneral, 1024, 1, False)]:
        model = graph(size, outputs, sigmoid, len(name))
        onnx.save(model, OUT / f"{name}.onnx")
        own = type("Own", (session,), {"download_models": classmethod(lambda cls, *a, path=str(OUT / f"{name}.onnx"), **k: path)})
        remove(photo, session=own(name, ort.SessionOptions()), only_mask=True).save(OUT / f"{name}.png", optimize=True)
    home.rmdir()


def mediapipe():
    import mediapipe as mp

    portrait = Image.open(OUT / "portrait.png")
    with mp.solutions.selfie_segmentation.SelfieSegmentation(model_selection=0) as s:
        mask = s.process(np.asarray(portrait)).segmentation_mask
    Image.fromarray((mask * 255 + 0.5).astype(np.uint8)).save(OUT / "selfie.png", optimize=True)


OUT.mkdir(parents=True, exist_ok=True)
if "--mediapipe" in sys.argv:
    mediapipe()
else:
    import skimage.data

    # scikit-image's astronaut: a photograph of NASA, in the public domain.
    Image.fromarray(skimage.data.astronaut()).resize((256, 256), Image.Resampling.BILINEAR).save(OUT / "portrait.png", optimize=True)
    rembg()
