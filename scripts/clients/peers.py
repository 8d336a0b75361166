"""Rates of ortho serve beside those of Triton (its Python backend), MLServer and LitServe, on one graph, in turn:

    python peers.py ORTHO BENCHSERVE GRAPH PHOTO [N [ROUNDS]]

TRITON, MLSERVER and LITSERVE name the Pythons of virtual environments with nvidia-pytriton and onnxruntime; mlserver and
onnxruntime; litserve, python-multipart, onnxruntime, pillow and numpy. One that is not named is told and left out.
BENCHSERVE is cmd/benchserve. Each server has what its makers advise on as many cores as there are: Triton an instance a
core and dynamic batching, LitServe a worker a core, MLServer its process; runs have one thread each.
"""
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

here = os.path.dirname(os.path.abspath(__file__))
ortho, bench, graph, photo = [os.path.abspath(a) for a in sys.argv[1:5]]
n, rounds = (sys.argv[5:] + ["60", "5"][len(sys.argv) - 5:])[:2]
cores = len(os.sched_getaffinity(0))
folder = tempfile.mkdtemp()
started = []

TRITON = "import sys; sys.path.insert(0, {here!r}); import tritonserver; p, h, g = tritonserver.start({to!r}, {{'image': {graph!r}}}, instances={cores}, batch=8); print(p.pid, g, flush=True); p.wait()"

MLSERVER = """
import onnxruntime
from mlserver import MLModel
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceResponse


class Image(MLModel):
    async def load(self):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession({graph!r}, options, ["CPUExecutionProvider"])
        return True

    async def predict(self, payload):
        x = self.decode(payload.inputs[0], default_codec=NumpyCodec)
        return InferenceResponse(model_name=self.name, outputs=[NumpyCodec.encode_output("output0", self.session.run(None, {{"input0": x}})[0])])
"""

LITSERVE = """
import io
import sys

import litserve
import numpy as np
import onnxruntime
from fastapi import Request
from PIL import Image


class Classes(litserve.LitAPI):
    def setup(self, device):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession({graph!r}, options, ["CPUExecutionProvider"])

    def decode_request(self, request: Request):
        return request["content"].file.read()

    def predict(self, data):
        image = Image.open(io.BytesIO(data)).convert("RGB")
        scale = 256 / min(image.size)
        image = image.resize((round(image.width * scale), round(image.height * scale)), Image.BICUBIC)
        left, top = (image.width - 224) // 2, (image.height - 224) // 2
        x = (np.asarray(image.crop((left, top, left + 224, top + 224)), np.float32) / 255 - 0.5) / 0.5
        return self.session.run(None, {{"input0": x.transpose(2, 0, 1)[None]}})[0][0]

    def encode_response(self, scores):
        best = np.argsort(-scores)[:5]
        return {{"predictions": [{{"index": int(i), "score": float(scores[i])}} for i in best]}}


if __name__ == "__main__":
    litserve.LitServer(Classes(), accelerator="cpu", workers_per_device={cores}).run(port=int(sys.argv[1]), host="127.0.0.1", generate_client_file=False, log_level="error")
"""


def free_port():
    import socket
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def start(name, args, **more):
    log = open(os.path.join(folder, name + ".log"), "w+")
    process = subprocess.Popen(args, stdout=log, stderr=log, start_new_session=True, **more)
    started.append(process)
    return process, log.name


def until(process, log, ready):
    for _ in range(900):
        try:
            found = ready()
            if found:
                return found
        except OSError:
            pass
        if process.poll() is not None:
            break
        time.sleep(0.2)
    raise RuntimeError(open(log).read()[-3000:])


def answers(address):
    return lambda: urllib.request.urlopen(address, timeout=5).status == 200


def main():
    process, log = start("ortho", [ortho, "serve", "-m", f"image={os.path.dirname(graph)}", "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0"])
    http, grpc = until(process, log, lambda: re.search(r"at (http://\S+), gRPC at (\S+?);", open(log).read())).groups()
    tensors, files = [f"ortho,{process.pid},grpc,{grpc},image"], [f"ortho,{process.pid},http,{http}/v1/classify"]
    if python := os.environ.get("TRITON"):
        process, log = start("triton", [python, "-c", TRITON.format(here=here, to=os.path.join(folder, "triton"), graph=graph, cores=cores)])
        pid, address = until(process, log, lambda: re.search(r"^(\d+) (\S+)$", open(log).read(), re.M)).groups()
        tensors.append(f"Triton,{pid},grpc,{address},image")
    else:
        print("left out: Triton (TRITON)")
    if python := os.environ.get("MLSERVER"):
        to = os.path.join(folder, "mlserver")
        os.makedirs(to)
        ports = [free_port() for _ in range(3)]
        open(os.path.join(to, "image.py"), "w").write(MLSERVER.format(graph=graph))
        json.dump({"http_port": ports[0], "grpc_port": ports[1], "metrics_port": ports[2], "parallel_workers": 0, "host": "127.0.0.1"}, open(os.path.join(to, "settings.json"), "w"))
        json.dump({"name": "image", "implementation": "image.Image"}, open(os.path.join(to, "model-settings.json"), "w"))
        process, log = start("mlserver", [os.path.join(os.path.dirname(python), "mlserver"), "start", to], cwd=to, env={**os.environ, "PYTHONPATH": to})
        until(process, log, answers(f"http://127.0.0.1:{ports[0]}/v2/models/image/ready"))
        tensors.append(f"MLServer,{process.pid},grpc,127.0.0.1:{ports[1]},image")
    else:
        print("left out: MLServer (MLSERVER)")
    if python := os.environ.get("LITSERVE"):
        path, port = os.path.join(folder, "lit.py"), free_port()
        open(path, "w").write(LITSERVE.format(graph=graph, cores=cores))
        process, log = start("litserve", [python, path, str(port)])
        until(process, log, answers(f"http://127.0.0.1:{port}/health"))
        files.append(f"LitServe,{process.pid},http,http://127.0.0.1:{port}/predict")
    else:
        print("left out: LitServe (LITSERVE)")
    for title, targets in (("Tensors over gRPC", tensors + ["bare"]), ("Image files over HTTP", files)):
        print(f"\n{title}:\n", flush=True)
        subprocess.run([bench, "-graph", graph, "-photo", photo, "-n", n, "-rounds", rounds, *targets], check=True)


try:
    main()
finally:
    for p in started:
        try:
            os.killpg(p.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
    time.sleep(3)
    for p in started:
        try:
            os.killpg(p.pid, signal.SIGKILL)  # LitServe's workers outlive SIGTERM
        except ProcessLookupError:
            pass
