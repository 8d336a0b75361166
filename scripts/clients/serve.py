"""Asks a server of ortho's with clients that others wrote, and checks what they read.

    python serve.py http://127.0.0.1:8000 127.0.0.1:8001 PHOTO ROW

ROW is the row that `ortho classify -k 5 -f jsonl PHOTO` writes. Needs tritonclient[all], huggingface_hub, openai,
numpy; a client that is not installed is told and left out. The server has the models efficientnet-lite0,
span-x2, ssd-mobilenet-v2, glyphs, words (imagenet-descriptions), selfie, clip and segformer (of the tests' data).
"""
import io
import json
import sys

import numpy as np

http, grpc, photo, row = sys.argv[1], sys.argv[2], sys.argv[3], json.load(open(sys.argv[4]))
image = open(photo, "rb").read()
best = row["predictions"]
done = []


def near(a, b, what):
    assert abs(a - b) < 1e-5, f"{what}: {a}, want {b}"


def triton(module, address, name):
    client = module.InferenceServerClient(address)
    assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("efficientnet-lite0")
    rng = np.random.default_rng(1)
    x = rng.standard_normal((2, 3, 224, 224)).astype(np.float32)
    tensor = module.InferInput("input0", x.shape, "FP32")
    tensor.set_data_from_numpy(x)
    scores = client.infer("efficientnet-lite0", [tensor]).as_numpy("output0")
    assert scores.shape == (2, 1000) and scores.dtype == np.float32
    wanted = [module.InferRequestedOutput("output0", class_count=3)]
    classes = client.infer("efficientnet-lite0", [tensor], outputs=wanted, request_id="7").as_numpy("output0")
    assert classes.shape == (2, 3)
    for n in range(2):
        value, index, _ = classes[n][0].decode().split(":", 2)
        assert int(index) == scores[n].argmax()
        near(float(value), float(scores[n].max()), "classification")
    encoded = module.InferInput("input0", [1], "BYTES")
    encoded.set_data_from_numpy(np.array([image], dtype=np.object_))
    logits = client.infer("efficientnet-lite0", [encoded]).as_numpy("output0")[0].astype(np.float64)
    p = np.exp(logits - logits.max())
    p /= p.sum()
    order = np.argsort(-p, kind="stable")
    for n, one in enumerate(best):
        assert order[n] == one["index"]
        near(p[order[n]], one["probability"], "probability of encoded image")
    try:
        client.infer("efficientnet-lite0", [module.InferInput("wrong", x.shape, "FP32").set_data_from_numpy(x)])
        assert False, "a wrong name was taken"
    except Exception as e:
        assert "wrong" in str(e), e
    index = client.get_model_repository_index()
    names = [m["name"] for m in index] if isinstance(index, list) else [m.name for m in index.models]
    assert "efficientnet-lite0" in names
    client.load_model("glyphs")
    done.append(name)
    return scores


all_scores = []
try:
    import tritonclient.http
    all_scores.append(triton(tritonclient.http, http.split("//")[1], "tritonclient.http"))
    client = tritonclient.http.InferenceServerClient(http.split("//")[1])
    x = np.random.default_rng(1).standard_normal((2, 3, 224, 224)).astype(np.float32)
    for binary in (True, False):
        for compression in (None, "gzip", "deflate"):
            tensor = tritonclient.http.InferInput("input0", x.shape, "FP32")
            tensor.set_data_from_numpy(x, binary_data=binary)
            out = [tritonclient.http.InferRequestedOutput("output0", binary_data=binary)]
            got = client.infer("efficientnet-lite0", [tensor], outputs=out, request_compression_algorithm=compression).as_numpy("output0")
            assert np.array_equal(got, all_scores[0]), (binary, compression)
    jobs = []
    tensor = tritonclient.http.InferInput("input0", x.shape, "FP32")
    tensor.set_data_from_numpy(x)
    client = tritonclient.http.InferenceServerClient(http.split("//")[1], concurrency=8)
    for _ in range(16):
        jobs.append(client.async_infer("efficientnet-lite0", [tensor]))
    for j in jobs:
        assert np.array_equal(j.get_result().as_numpy("output0"), all_scores[0])
except ImportError as e:
    print("left out:", e)

try:
    import tritonclient.grpc
    all_scores.append(triton(tritonclient.grpc, grpc, "tritonclient.grpc"))
except ImportError as e:
    print("left out:", e)
for other in all_scores[1:]:
    assert np.array_equal(all_scores[0], other), "REST and gRPC differ"

try:
    from huggingface_hub import InferenceClient
    client = InferenceClient(model=http + "/models/efficientnet-lite0")
    for n, one in enumerate(client.image_classification(photo, top_k=3)):
        assert one.label == best[n]["label"]
        near(one.score, best[n]["probability"], one.label)
    client = InferenceClient(model=http + "/models/glyphs")
    picture = client.text_to_image("seven", seed=3)
    assert picture.size == (28, 28), picture.size
    client = InferenceClient(model=http + "/models/words")
    assert client.text_classification("a cat with stripes")[0].label
    client = InferenceClient(model=http + "/models/span-x2")
    assert client.image_to_image(photo).size == (2 * row["width"], 2 * row["height"])
    client = InferenceClient(model=http + "/models/ssd-mobilenet-v2")
    found = client.object_detection(photo)
    assert found and found[0].label == "Cat" and found[0].box.xmax > found[0].box.xmin, found
    client = InferenceClient(model=http + "/models/clip")
    ranked = client.zero_shot_image_classification(photo, candidate_labels=["a cat", "a rocket", "coffee"])
    assert len(ranked) == 3 and ranked[0].score >= ranked[2].score, ranked
    near(sum(r.score for r in ranked), 1, "scores of labels")
    assert np.isfinite(client.feature_extraction("a cat")).all()
    parts = InferenceClient(model=http + "/models/segformer").image_segmentation(photo)
    assert parts and parts[0].mask.size == (row["width"], row["height"]), parts
    cut = InferenceClient(model=http + "/models/selfie").image_to_image(photo)
    assert cut.mode == "RGBA" and cut.size == (row["width"], row["height"]), cut
    done.append("huggingface_hub")
except ImportError as e:
    print("left out:", e)

try:
    import base64

    from openai import OpenAI
    client = OpenAI(base_url=http + "/v1", api_key="none")
    assert "glyphs" in [m.id for m in client.models.list()]
    made = client.images.generate(model="glyphs", prompt="seven", n=2, response_format="b64_json", extra_body={"seed": 3})
    assert len(made.data) == 2 and base64.b64decode(made.data[0].b64_json)[:4] == b"\x89PNG"
    try:
        client.images.generate(model="none", prompt="seven")
        assert False, "an unknown model was taken"
    except Exception as e:
        assert "no model" in str(e), e
    done.append("openai")
except ImportError as e:
    print("left out:", e)

print("passed:", ", ".join(done))
