"""Writes cmd/ortho/internal/overlay/colormaps.bin: matplotlib's inferno, magma and viridis, 256 colours of three bytes each. They are
by Nathaniel J. Smith, Stefan van der Walt and (viridis) Eric Firing, and in the public domain (CC0).

usage: python scripts/colormaps.py      (pip install matplotlib)
"""

import pathlib

import numpy as np
from matplotlib import colormaps

OUT = pathlib.Path(__file__).parent.parent / "cmd/ortho/internal/overlay/colormaps.bin"
OUT.write_bytes(b"".join(colormaps[name](np.arange(256), bytes=True)[:, :3].tobytes() for name in ("inferno", "magma", "viridis")))
