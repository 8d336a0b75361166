"""Records what Pillow + NumPy + ONNX Runtime make of a picture by graphs that take an image, without tiles."""
import pathlib

import numpy as np
import onnxruntime as ort
from PIL import Image

ROOT = pathlib.Path(__file__).parent.parent.parent
GRAPHS = ROOT / "models/generate/testdata/graphs"
SHARED = ROOT.parent / "shared"


def run(path, x):
    session = ort.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: x})[0][0]


def pixels(values, lo, hi):
    """[C,H,W] -> [H,W,C] of bytes."""
    values = (values.astype(np.float32) - np.float32(lo)) / np.float32(hi - lo) * np.float32(255)
    return np.rint(np.clip(values, 0, 255)).astype(np.uint8).transpose(1, 2, 0)


def image(array):
    return Image.fromarray(array[:, :, 0] if array.shape[2] == 1 else array)


def nchw(picture, scale=255, kind=np.float32):
    x = np.asarray(picture, np.float32).reshape(picture.height, picture.width, -1).transpose(2, 0, 1)[None]
    return (x / np.float32(scale)).astype(kind)


def by_graph(name, picture, kind=np.float32):
    return image(pixels(run(GRAPHS / f"{name}.onnx", nchw(picture, kind=kind)), 0, 1))


def luma(name, picture, size=None):
    """The tutorial of ONNX's super-resolution model: Y through the graph, Cb and Cr bicubic."""
    y, cb, cr = picture.convert("YCbCr").split()
    y = by_graph(name, y.resize(size, Image.BICUBIC) if size else y)
    return Image.merge("YCbCr", [y, cb.resize(y.size, Image.BICUBIC), cr.resize(y.size, Image.BICUBIC)]).convert("RGB")


def style(path, picture, size):
    return image(pixels(run(path, nchw(picture.resize(size, Image.BICUBIC), 1)), 0, 255))


def main(out):
    photo = Image.open(ROOT / "cmd/ortho/testdata/photos/coffee.png").convert("RGB").resize((150, 100), Image.LANCZOS)
    picture = photo.crop((20, 10, 81, 57))  # 61 x 47
    ramp = np.add.outer(np.arange(47) * 7, np.arange(61) * 5) % 255 + 1  # none is 0: colours under such pixels are filled in first (TestBled)
    alpha = Image.fromarray(ramp.astype(np.uint8))
    with_alpha = picture.copy()
    with_alpha.putalpha(alpha)
    save = lambda name, im: im.save(out / f"{name}.png", optimize=True)
    save("picture", picture)
    save("picture_alpha", with_alpha)
    save("picture_gray", picture.convert("L"))

    save("radius3_x3", by_graph("radius3_x3", picture))
    save("radius3_x3_kept", by_graph("radius3_x3", picture).resize(picture.size, Image.BICUBIC))
    save("radius3_x3_of_gray", by_graph("radius3_x3", picture.convert("L").convert("RGB")))
    save("nearest_x3_float16", by_graph("nearest_x3_float16", picture, np.float16))
    wide = by_graph("nearest_x2", picture)
    wide.putalpha(alpha.resize(wide.size, Image.BICUBIC))
    save("nearest_x2_alpha", wide)
    padded = np.pad(np.asarray(picture), ((0, 48 - 47), (0, 64 - 61), (0, 0)), mode="reflect")
    save("radius3_x3_multiple16", by_graph("radius3_x3", Image.fromarray(padded)).crop((0, 0, 3 * 61, 3 * 47)))
    save("half", by_graph("half", picture.crop((0, 0, 60, 46))))
    save("gray", by_graph("gray", picture))
    save("luma_x3", luma("luma_x3", picture))
    save("luma_x3_fixed", luma("luma_x3_fixed", picture, (32, 24)))
    bgr = np.asarray(picture)[None, :, :, ::-1]
    save("blue_nhwc_uint8", Image.fromarray(run(GRAPHS / "blue_nhwc_uint8.onnx", np.ascontiguousarray(bgr))[:, :, ::-1]))
    styled = style(GRAPHS / "style_32x48.onnx", picture, (48, 32))
    save("style_32x48", styled)
    save("style_32x48_kept", styled.resize(picture.size, Image.BICUBIC))

    for name in "candy", "mosaic":
        path = SHARED / f"models/{name}.onnx"
        if path.exists():
            styled = style(path, Image.open(SHARED / "images/n02128925_jaguar.JPEG").convert("RGB"), (720, 720))
            save(f"{name}_crop", styled.crop((300, 300, 364, 364)))
            # The whole of it: the mean of each 24 x 24 pixels.
            save(f"{name}_reduced", styled.reduce(24))
