"""Starts the real Triton, out of the wheel nvidia-pytriton, with graphs that its Python backend runs.

Needs `pip install nvidia-pytriton onnxruntime numpy` in the virtual environment of the Python that runs this; the wheel
has no backend of ONNX, so a model is what a user writes: ONNX Runtime in a model.py.
"""
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import onnxruntime

TYPES = {"tensor(float)": "FP32", "tensor(double)": "FP64", "tensor(float16)": "FP16", "tensor(bool)": "BOOL", "tensor(string)": "STRING",
         **{f"tensor({'u' * unsigned}int{bits})": f"{'U' * unsigned}INT{bits}" for bits in (8, 16, 32, 64) for unsigned in (0, 1)}}

MODEL = """
import sys
sys.path[:0] = {path!r}
import numpy as np
import onnxruntime
import triton_python_backend_utils as backend


class TritonPythonModel:
    def initialize(self, args):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = {threads}
        self.session = onnxruntime.InferenceSession({graph!r}, options, ["CPUExecutionProvider"])
        self.outputs = [v.name for v in self.session.get_outputs()]

    def run(self, feed):
        feed = {{n: np.vectorize(lambda b: b.decode(), otypes=[object])(v) if v.dtype == object else v for n, v in feed.items()}}
        return [np.vectorize(lambda s: s.encode(), otypes=[object])(v) if v.dtype == object else v for v in self.session.run(self.outputs, feed)]

    def execute(self, requests):
        feeds = [{{v.name: backend.get_input_tensor_by_name(r, v.name).as_numpy() for v in self.session.get_inputs()}} for r in requests]
        if {batched} and len(requests) > 1:
            sizes = [len(next(iter(f.values()))) for f in feeds]
            made = self.run({{n: np.concatenate([f[n] for f in feeds]) for n in feeds[0]}})
            cut = np.cumsum(sizes)[:-1]
            answers = zip(*[np.split(v, cut) for v in made])
        else:
            answers = [self.run(f) for f in feeds]
        return [backend.InferenceResponse([backend.Tensor(n, v) for n, v in zip(self.outputs, made)]) for made in answers]
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def start(folder, models, instances=1, batch=0, threads=1, more=None):
    """Starts Triton with {name: path of a graph}. batch: rows that requests share a run with, for graphs whose first
    dimension is the batch; more are graphs that run each request alone. Returns (process, "127.0.0.1:HTTP", "127.0.0.1:GRPC")."""
    import pytriton
    home = os.path.join(os.path.dirname(pytriton.__file__), "tritonserver")
    libraries = os.path.join(os.path.dirname(os.path.dirname(pytriton.__file__)), "nvidia_pytriton.libs")
    backends = os.path.join(folder, "backends")
    more = more or {}
    shutil.copytree(os.path.join(home, "backends"), backends)
    stub = "triton_python_backend_stub"
    shutil.copy(os.path.join(home, "python_backend_stubs", f"{sys.version_info[0]}.{sys.version_info[1]}", stub), os.path.join(backends, "python", stub))
    repository = os.path.join(folder, "repository")
    for name, graph in {**models, **more}.items():
        os.makedirs(os.path.join(repository, name, "1"))
        session = onnxruntime.InferenceSession(graph, providers=["CPUExecutionProvider"])
        rows = batch if name in models else 0
        skip = 1 if rows else 0

        def port(kind, v):
            dims = [-1 if isinstance(d, str) or d is None else d for d in v.shape][skip:]
            return f'{kind} [ {{ name: "{v.name}" data_type: TYPE_{TYPES[v.type]} dims: {dims} }} ]\n'

        config = f'name: "{name}"\nbackend: "python"\nmax_batch_size: {rows}\ninstance_group [ {{ kind: KIND_CPU count: {instances} }} ]\n'
        config += "".join([port("input", v) for v in session.get_inputs()] + [port("output", v) for v in session.get_outputs()])
        if rows:
            config += "dynamic_batching { }\n"
        with open(os.path.join(repository, name, "config.pbtxt"), "w") as f:
            f.write(config)
        with open(os.path.join(repository, name, "1", "model.py"), "w") as f:
            f.write(MODEL.format(path=sys.path, graph=os.path.abspath(graph), threads=threads, batched=rows > 1))
    http, grpc, metrics = free_port(), free_port(), free_port()
    log = open(os.path.join(folder, "triton.log"), "w")
    process = subprocess.Popen(
        [os.path.join(home, "bin", "tritonserver"), f"--model-repository={repository}", f"--backend-directory={backends}", "--model-control-mode=explicit",
         *[f"--load-model={name}" for name in {**models, **more}], "--http-address=127.0.0.1", f"--http-port={http}", "--grpc-address=127.0.0.1", f"--grpc-port={grpc}",
         f"--metrics-port={metrics}", "--exit-on-error=true"],
        stdout=log, stderr=log, env={**os.environ, "LD_LIBRARY_PATH": libraries}, start_new_session=True)
    wait(process, f"http://127.0.0.1:{http}/v2/health/ready", log.name)
    return process, f"127.0.0.1:{http}", f"127.0.0.1:{grpc}"


def wait(process, address, log):
    """Waits until an address answers."""
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"it ended with {process.returncode}: {open(log).read()[-3000:]}")
        try:
            with urllib.request.urlopen(address, timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            pass
        time.sleep(0.2)
    process.kill()
    raise RuntimeError(f"it does not answer: {open(log).read()[-3000:]}")
