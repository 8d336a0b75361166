"""Faces aligned, restored and pasted back by facexlib's FaceRestoreHelper (0.3.0) and OpenCV.

faces.json has for each case the points of faces, the maps that cv2.estimateAffinePartial2D finds, every sixteenth pixel of the aligned
faces, and in NAME.png the picture with a pattern pasted in the faces' place. detector.onnx is of YuNet's form and finds two faces
wherever it looks; gfpgan.onnx and codeformer.onnx have GFPGAN's and CodeFormer's inputs and outputs and random weights; NAME.png of
"runs" is what GFPGAN's and CodeFormer's own programs make of these. facexlib wants torchvision, its models and more for what is not
used here: pip install --no-deps facexlib is enough.
"""
import base64
import importlib.util
import json
import math
import pathlib
import sys
from unittest import mock

import cv2
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

# The one module that is used, without the package around it, which imports all that it has.
for name in ("torchvision", "torchvision.transforms", "torchvision.transforms.functional", "facexlib.detection", "facexlib.parsing", "facexlib.utils.misc"):
    sys.modules.setdefault(name, mock.MagicMock())
FOLDER = pathlib.Path(importlib.util.find_spec("facexlib").submodule_search_locations[0])
for name, folder in (("facexlib", FOLDER), ("facexlib.utils", FOLDER / "utils")):
    sys.modules[name] = type(sys)(name)
    sys.modules[name].__path__ = [str(folder)]
from facexlib.utils.face_restoration_helper import FaceRestoreHelper  # noqa: E402

PHOTO = pathlib.Path(__file__).resolve().parents[2] / "cmd/ortho/testdata/photos/astronaut.png"
TEMPLATE = np.array([[192.98138, 239.94708], [318.90277, 240.1936], [256.63416, 314.01935], [201.26117, 371.41043], [313.08905, 371.15118]])


def face(x, y, size, turn=0.0, noise=0.0, random=None):
    """The points of a face with its centre at (x, y), size pixels wide in its aligned picture's place, turned by degrees."""
    a, s = math.radians(turn), size / 512
    p = (TEMPLATE - 256) * s
    p = p @ np.array([[math.cos(a), math.sin(a)], [-math.sin(a), math.cos(a)]]) + [x, y]
    if noise:
        p = p + random.normal(0, noise * s * 512 / 100, p.shape)
    return p.astype(np.float32)


def helper_of(image, scale, points):
    h = FaceRestoreHelper.__new__(FaceRestoreHelper)
    h.upscale_factor, h.face_size, h.face_template, h.use_parse, h.pad_blur, h.save_ext = scale, (512, 512), TEMPLATE, False, False, "png"
    h.clean_all()
    h.input_img, h.all_landmarks_5 = image, [p.astype(np.float64) for p in points]
    h.align_warp_face()
    h.get_inverse_affine()
    return h


def pattern(k):
    y, x, c = np.mgrid[0:512, 0:512, 0:3]
    return ((x // 2 + y // 3 + 40 * c + 90 * k) % 256).astype(np.uint8)


def values(name, array):
    return numpy_helper.from_array(np.asarray(array, np.float32), name)


def save(path, nodes, inputs, outputs, weights):
    graph = helper.make_graph(nodes, "faces", inputs, outputs, weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def detector(path, faces, side=640):
    """YuNet's outputs, all zeros but for faces, in pixels of the input."""
    nodes, weights, outputs, put = [], [], [], {}
    for p in faces:
        low, high = p.min(0), p.max(0)
        (x, y), (w, h) = (low + high) / 2, (high - low) * 1.5
        col, row = int(x // 8), int(y // 8)
        i = row * (side // 8) + col
        put.setdefault("cls_8", []).append((i, [0.99]))
        put.setdefault("obj_8", []).append((i, [0.99]))
        put.setdefault("bbox_8", []).append((i, [x / 8 - col, y / 8 - row, math.log(w / 8), math.log(h / 8)]))
        put.setdefault("kps_8", []).append((i, (p / 8 - [col, row]).ravel().tolist()))
    nodes.append(helper.make_node("ReduceMean", ["input"], ["mean"], keepdims=0))
    nodes.append(helper.make_node("Mul", ["mean", "zero"], ["nothing"]))
    weights.append(values("zero", 0))
    for kind, n in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
        for stride in (8, 16, 32):
            name, cells = f"{kind}_{stride}", (side // stride) ** 2
            weights.append(numpy_helper.from_array(np.array([1, cells, n], np.int64), name + "_shape"))
            nodes.append(helper.make_node("ConstantOfShape", [name + "_shape"], [name + "_zeros"]))
            at = put.get(name, [(0, [0.0] * n)])
            weights.append(numpy_helper.from_array(np.array([[0, i] for i, _ in at], np.int64), name + "_at"))
            weights.append(values(name + "_values", [v for _, v in at]))
            nodes.append(helper.make_node("ScatterND", [name + "_zeros", name + "_at", name + "_values"], [name + "_put"]))
            nodes.append(helper.make_node("Add", [name + "_put", "nothing"], [name]))
            outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, cells, n]))
    save(path, nodes, [helper.make_tensor_value_info("input", TensorProto.FLOAT, [1, 3, side, side])], outputs, weights)


def restorers(out, random):
    square, kernel = [1, 3, 512, 512], values("k", random.normal(0, 0.2, (3, 3, 3, 3)))
    conv = lambda x: [helper.make_node("Conv", [x, "k"], ["c"], pads=[1, 1, 1, 1]), helper.make_node("Tanh", ["c"], ["t"])]
    save(out / "gfpgan.onnx", conv("input") + [helper.make_node("Identity", ["t"], ["output"])], [helper.make_tensor_value_info("input", TensorProto.FLOAT, square)],
         [helper.make_tensor_value_info("output", TensorProto.FLOAT, square)], [kernel])
    # w: 1 keeps what is there, 0 makes it anew, as CodeFormer's fidelity.
    save(out / "codeformer.onnx", conv("x") + [helper.make_node("Cast", ["w"], ["wf"], to=TensorProto.FLOAT), helper.make_node("Sub", ["x", "t"], ["d"]),
         helper.make_node("Mul", ["d", "wf"], ["e"]), helper.make_node("Add", ["t", "e"], ["y"])],
         [helper.make_tensor_value_info("x", TensorProto.FLOAT, square), helper.make_tensor_value_info("w", TensorProto.DOUBLE, [])],
         [helper.make_tensor_value_info("y", TensorProto.FLOAT, square)], [kernel])


def restore(path, crop, more):
    """GFPGAN's inference (gfpgan/utils.py, GFPGANer.enhance): BGR in, BGR out."""
    x = (crop[:, :, ::-1].astype(np.float32) / 255).transpose(2, 0, 1)[None]
    session = onnxruntime.InferenceSession(path)
    y = session.run(None, {session.get_inputs()[0].name: (x - np.float32(0.5)) / np.float32(0.5), **more})[0][0]
    y = (np.clip(y, -1, 1) + 1) / 2  # basicsr's tensor2img
    return (y.transpose(1, 2, 0)[:, :, ::-1] * 255.0).round().astype(np.uint8)


def main(outdir):
    out, random = pathlib.Path(outdir), np.random.default_rng(24)
    out.mkdir(parents=True, exist_ok=True)
    rgb = np.asarray(Image.open(PHOTO).convert("RGB"))[40:160, 140:300]
    Image.fromarray(rgb).save(out / "photo.png", optimize=True)
    bgr, (h, w) = np.ascontiguousarray(rgb[:, :, ::-1]), rgb.shape[:2]
    outlier = face(80, 60, 90, 5)
    outlier[3] += [25, -14]
    cases = []
    for name, scale, points in (
            ("one", 1, [face(84.3, 61.7, 96.5, -8, 1, random)]), ("two", 1, [face(60, 50, 80, 20, 1, random), face(100, 66, 90, -30, 2, random)]),
            ("edge", 1, [face(4, 110, 70, 10, 1, random)]), ("outlier", 1, [outlier]), ("small", 1, [face(40, 40, 15), face(120, 90, 30, 170)]),
            ("larger", 2, [face(84.3, 61.7, 96.5, -8, 1, random)])):
        helped = helper_of(bgr, scale, points)
        aligned = [a[::16, ::16, ::-1] for a in helped.cropped_faces]
        for k in range(len(points)):
            helped.add_restored_face(pattern(k)[:, :, ::-1])
        made = helped.paste_faces_to_input_image(upsample_img=np.repeat(np.repeat(bgr, scale, 0), scale, 1))
        Image.fromarray(made[:, :, ::-1]).save(out / f"{name}.png", optimize=True)
        cases.append({"name": name, "scale": scale, "points": [p.tolist() for p in points], "maps": [m.ravel().tolist() for m in helped.affine_matrices],
                      "aligned": [base64.b64encode(np.ascontiguousarray(a).tobytes()).decode() for a in aligned]})
    many = []
    for _ in range(100):
        p = face(random.uniform(0, 800), random.uniform(0, 600), random.uniform(20, 900), random.uniform(-180, 180), random.uniform(0, 6), random)
        many.append([p.ravel().tolist(), cv2.estimateAffinePartial2D(p.astype(np.float64), TEMPLATE, method=cv2.LMEDS)[0].ravel().tolist()])
    restorers(out, random)
    found = [face(84.3, 61.7, 96.5, -8, 1, random), face(30, 96, 60, 12, 1, random)]
    detector(out / "detector.onnx", [p * (640 / max(w, h)) for p in found])
    detector(out / "nobody.onnx", [])
    for name, model, more in (("gfpgan", "gfpgan.onnx", {}), ("codeformer", "codeformer.onnx", {"w": np.array(0.5)}), ("faithful", "codeformer.onnx", {"w": np.array(0.9)})):
        helped = helper_of(bgr, 1, found)
        for crop in helped.cropped_faces:
            helped.add_restored_face(restore(str(out / model), crop, more))
        Image.fromarray(helped.paste_faces_to_input_image()[:, :, ::-1]).save(out / f"run-{name}.png", optimize=True)
    (out / "faces.json").write_text(json.dumps({"cases": cases, "many": many}) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
