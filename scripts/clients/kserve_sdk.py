"""Asks a server of ortho's with KServe's SDK, whose messages can't be in one process with tritonclient's:

    python kserve_sdk.py http://127.0.0.1:8000 127.0.0.1:8001

Needs kserve and numpy. The server has the model efficientnet-lite0.
"""
import asyncio
import sys

import numpy as np
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest, RESTConfig

http, grpc = sys.argv[1:3]
model = "efficientnet-lite0"
x = np.random.default_rng(1).standard_normal((2, 3, 224, 224)).astype(np.float32)


def request(binary):
    tensor = InferInput("input0", list(x.shape), "FP32")
    tensor.set_data_from_numpy(x, binary_data=binary)
    return InferRequest(model, [tensor], request_id="9")


async def main():
    rest = InferenceRESTClient(RESTConfig(protocol="v2", timeout=60, retries=1))
    rpc = InferenceGRPCClient(grpc, timeout=60)
    assert await rest.is_server_live(http) and await rest.is_server_ready(http) and await rest.is_model_ready(http, model)
    assert await rpc.is_server_live() and await rpc.is_server_ready() and await rpc.is_model_ready(model)
    made = [await rpc.infer(request(True)), await rest.infer(http, request(True), model_name=model), await rest.infer(http, request(False), model_name=model)]
    for m in made:
        got = m.outputs[0].as_numpy().reshape(-1)
        assert got.shape == (2000,) and np.array_equal(got, made[0].outputs[0].as_numpy().reshape(-1)), m
        assert m.id == "9", m.id
    print("passed: kserve")


asyncio.run(main())
