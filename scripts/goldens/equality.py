"""Records real outputs that are the same, and some that are not, with NumPy's measures of how far apart they are.

The reference is ONNX Runtime's CPU provider without graph optimisation. OpenVINO's outputs are written anew only where onnxruntime brings that
provider (pip install onnxruntime-openvino==1.24.1, in an environment of its own); otherwise those that lie there are measured.
"""
import json
import pathlib

import numpy as np
import onnxruntime as ort
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from goldens.classify import crop

ROOT = pathlib.Path(__file__).parent.parent.parent
ROWS = 4
OPENVINO = "OpenVINOExecutionProvider"


def session(model, optimized=True, provider="CPUExecutionProvider"):
    options = ort.SessionOptions()
    options.log_severity_level = 3
    if not optimized:
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    return ort.InferenceSession(str(model), options, providers=[(provider, {"device_type": "CPU"} if provider == OPENVINO else {})])


def run(s, x):
    return np.concatenate([s.run(None, {s.get_inputs()[0].name: x[i : i + 1]})[0].reshape(1, -1) for i in range(len(x))])


def measures(want, got):
    w, g = want.astype(np.float64), got.astype(np.float64)
    d = np.abs(g - w)
    rms = np.sqrt((w**2).mean())
    m = {"rms": rms, "max_abs": d.max(), "max_rel": (d / np.maximum(np.abs(w), 2.0 ** (np.floor(np.log2(rms)) - 4))).max(),
         "cosine": (w * g).sum() / np.linalg.norm(w) / np.linalg.norm(g), "same_top1": int((w.argmax(1) == g.argmax(1)).sum())}
    if d.any():
        m["sqnr_db"] = 10 * np.log10((w**2).sum() / (d**2).sum())
    return {k: float(v) for k, v in m.items()}


def main(out):
    photos = sorted(p for p in (ROOT / "cmd/ortho/testdata/photos").iterdir() if p.suffix in (".png", ".jpg"))[:ROWS]
    pixels = np.stack([crop(p) for p in photos]).astype(np.float32).transpose(0, 3, 1, 2)
    mean, std = np.array([0.485, 0.456, 0.406], np.float32)[:, None, None], np.array([0.229, 0.224, 0.225], np.float32)[:, None, None]
    half = pixels / 255 * 2 - 1
    cases = []
    for name, path, precision, dtype in (
        ("float32", ROOT / "models/bundled/efficientnet-lite0/model.onnx", "float32", np.float32),
        ("int8", ROOT / "models/bundled/efficientnet-lite0-int8/model.onnx", "int8", np.float32),
        ("float16", ROOT.parent / "shared/models/squeezenet_fp16.onnx", "float16", np.float16),
    ):
        if not path.exists():
            raise SystemExit(f"{path} is missing")
        s = session(path)
        inputs = {"swapped": half[:, ::-1], "normalised_otherwise": (pixels / 255 - mean) / std, "moved": np.roll(half, 1, 3)}
        outputs = {"reference": run(session(path, False), half.astype(dtype)), "optimized": run(s, half.astype(dtype))}
        if OPENVINO in ort.get_available_providers():
            outputs["openvino"] = run(session(path, provider=OPENVINO), half.astype(dtype))
        outputs |= {k: run(s, np.ascontiguousarray(v).astype(dtype)) for k, v in inputs.items()}
        for case, data in outputs.items():
            (out / f"{name}_{case}.bin").write_bytes(data.tobytes())
        for f in sorted(out.glob(f"{name}_*.bin")):
            got = np.frombuffer(f.read_bytes(), dtype).reshape(ROWS, -1)
            case = f.stem.removeprefix(f"{name}_")
            cases.append({"reference": f"{name}_reference", "got": f.stem, "precision": precision, "type": np.dtype(dtype).name, "shape": got.shape,
                          "within": case not in inputs, **measures(outputs["reference"], got)})
    pictures = [np.asarray(Image.open(p).convert("RGB").resize((32, 24))) for p in photos]
    want = np.stack(pictures)
    got = np.stack([np.asarray(Image.fromarray(p).rotate(10)) for p in pictures])
    planes = lambda p: (p.transpose(0, 3, 1, 2) / 127.5 - 1).astype(np.float32)
    gray = lambda p: np.stack([np.asarray(Image.fromarray(q).convert("L"))[..., None] for q in p]).astype(np.float16)
    for name, w, g in (("uint8", want, got), ("pixels", want.astype(np.float32), got.astype(np.float32)), ("planes", planes(want), planes(got)), ("gray", gray(want), gray(got))):
        (out / f"image_{name}_reference.bin").write_bytes(w.tobytes())
        (out / f"image_{name}_turned.bin").write_bytes(g.tobytes())
        w, g = (w, g) if name == "uint8" else (w.astype(np.float64), g.astype(np.float64))
        span = lambda x: 255 if name == "uint8" else float(x.max() - x.min())
        ssim = [float(structural_similarity(a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=span(a),
                                            channel_axis=0 if name == "planes" else 2)) for a, b in zip(w, g)]
        cases.append({"reference": f"image_{name}_reference", "got": f"image_{name}_turned", "precision": "float32", "shape": w.shape,
                      "type": {"uint8": "uint8", "gray": "float16"}.get(name, "float32"), "within": False, "psnr_db": float(peak_signal_noise_ratio(w, g, data_range=span(w))),
                      "ssim": {"mean": float(np.mean(ssim)), "worst": min(ssim), "row": int(np.argmin(ssim))}, **measures(w.reshape(ROWS, -1), g.reshape(ROWS, -1))})
    (out / "cases.json").write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
