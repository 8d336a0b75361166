"""Records what the resampling filters give that are not Pillow's: OpenCV's, and TensorFlow's.

A picture is made from its size by a formula that the Go test has, too; of the result there is a
digest. OpenCV's are bytes, by cv2.resize. TensorFlow's are float32 values, by its kernel: compute_interpolation_weights and compute_lerp of
tensorflow/core/kernels/image/resize_bilinear_op.cc in NumPy.
"""
import hashlib
import json

import cv2
import numpy as np

SIZES = [  # from width, height, to width, height
    (64, 48, 32, 24), (96, 63, 32, 21), (63, 47, 17, 13), (48, 40, 13, 11), (64, 64, 16, 32), (60, 45, 20, 20), (20, 14, 47, 39),
    (17, 23, 34, 46), (1, 40, 7, 9), (40, 1, 9, 7), (1, 1, 5, 3), (5, 3, 1, 1), (33, 21, 33, 21), (33, 21, 33, 10), (33, 21, 15, 21),
    (50, 30, 20, 60), (31, 29, 62, 14), (100, 37, 99, 36), (9, 7, 8, 100), (255, 3, 128, 2), (2, 2, 1, 1), (640, 5, 224, 4),
]
CV2 = {"nearest-cv2": cv2.INTER_NEAREST, "linear-cv2": cv2.INTER_LINEAR, "area-cv2": cv2.INTER_AREA}


def picture(width, height, channels):
    """Bytes of a 64-bit linear congruential generator, the bits from 33 on."""
    state, out = width * 65536 + height * 256 + channels, bytearray()
    for _ in range(width * height * channels):
        state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
        out.append(state >> 33 & 255)
    return np.frombuffer(bytes(out), np.uint8).reshape(height, width, channels)


def spans(size, to):
    """Both pixels of each output, and how far it is from the first to the second."""
    scale = np.float32(size) / np.float32(to)
    at = (np.arange(to, dtype=np.float32) + np.float32(0.5)) * scale - np.float32(0.5)
    low = np.floor(at)
    return np.maximum(low.astype(int), 0), np.minimum(np.ceil(at).astype(int), size - 1), at - low


def linear_tf(img, width, height):
    img = img.astype(np.float32)
    left, right, x = spans(img.shape[1], width)
    top, bottom, y = spans(img.shape[0], height)
    x, y = x[None, :, None], y[:, None, None]
    across = img[:, left] + (img[:, right] - img[:, left]) * x
    out = across[top] + (across[bottom] - across[top]) * y
    assert out.dtype == np.float32
    return out


def main(out):
    cases = []
    for width, height, to_width, to_height in SIZES:
        for channels in (1, 3):
            img = picture(width, height, channels)
            for name, code in CV2.items():
                made = cv2.resize(img, (to_width, to_height), interpolation=code)
                cases.append({"filter": name, "size": [width, height, channels], "to": [to_width, to_height],
                              "sha256": hashlib.sha256(made.tobytes()).hexdigest()})
            made = linear_tf(img, to_width, to_height)
            cases.append({"filter": "linear-tf", "size": [width, height, channels], "to": [to_width, to_height],
                          "sha256": hashlib.sha256(made.astype("<f4").tobytes()).hexdigest()})
    (out / "cases.json").write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
