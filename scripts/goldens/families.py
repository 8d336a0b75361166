"""Records what the programs of detectors' families make of tiny graphs' outputs: models/detect/testdata/families.

A case is a folder with a graph, whose outputs hang on the pixels, the files that its exporter writes beside it, and
expected.json: by picture, the boxes [class, score, x1, y1, x2, y2, key points...] of the family's own program, best first.

usage: python scripts/goldens/families.py [CASE...]     (pip install transformers torchvision opencv-python-headless onnx onnxruntime)
"""
import json
import pathlib
import shutil
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

OUT = pathlib.Path(__file__).resolve().parents[2] / "models" / "detect" / "testdata" / "families"
PICTURES = {"wide.png": (61, 40), "tall.png": (33, 52), "square.png": (32, 32)}


def picture(width, height):
    y, x = np.mgrid[0:height, 0:width]
    rng = np.random.default_rng(width)
    planes = [127 + 100 * np.sin(x / (5 + c) + y / (9 - c)) + rng.integers(-27, 28, (height, width)) for c in range(3)]
    return Image.fromarray(np.stack(planes, -1).clip(0, 255).astype(np.uint8))


class Graph:
    """Builds a graph of which each output is a linear function of 2 x 3 x 3 pixels."""

    def __init__(self, name, shape, seed, dtype=TensorProto.FLOAT, nhwc=False):
        self.rng = np.random.default_rng(seed)
        self.inputs = [helper.make_tensor_value_info(name, dtype, shape)]
        self.nodes, self.initializers, self.outputs = [], [], []
        x = name
        if dtype != TensorProto.FLOAT:
            x = self.add("Cast", [x], to=TensorProto.FLOAT)
        if len(shape) == 3:
            x = self.add("Unsqueeze", [x, self.constant(np.array([0], np.int64))])
        if nhwc:
            x = self.add("Transpose", [x], perm=[0, 3, 1, 2])
        small = self.add("Resize", [x, "", "", self.constant(np.array([1, 3, 2, 3], np.int64))], mode="linear", coordinate_transformation_mode="half_pixel")
        self.features = self.add("Reshape", [small, self.constant(np.array([1, 18], np.int64))])

    def add(self, op, inputs, output=None, **attributes):
        output = output or f"n{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [output], **attributes))
        return output

    def constant(self, value):
        name = f"c{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(value, name))
        return name

    def numbers(self, shape, spread=1.0, scale=1.0, offset=None):
        """A tensor of the shape, float32: about offset, within spread; scale is that of the pixels."""
        n = int(np.prod(shape))
        weights = (self.rng.normal(0, 0.25 * spread / scale, (18, n))).astype(np.float32)
        bias = self.rng.normal(0, spread, n).astype(np.float32) if offset is None else np.asarray(offset, np.float32).reshape(n)
        y = self.add("Add", [self.add("MatMul", [self.features, self.constant(weights)]), self.constant(bias)])
        return self.add("Reshape", [y, self.constant(np.array(shape, np.int64))])

    def output(self, tensor, name, shape, dtype=TensorProto.FLOAT):
        self.nodes.append(helper.make_node("Identity", [tensor], [name]))
        self.outputs.append(helper.make_tensor_value_info(name, dtype, shape))

    def save(self, case, producer=""):
        folder = OUT / case
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        graph = helper.make_graph(self.nodes, case, self.inputs, self.outputs, self.initializers)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name=producer)
        model.ir_version = 9
        onnx.checker.check_model(model)
        onnx.save(model, folder / "model.onnx")
        return folder, onnxruntime.InferenceSession(folder / "model.onnx")


def rows(classes, scores, boxes, points=None):
    all_rows = [[int(c), float(s), *map(float, b), *(map(float, p) if points is not None else [])]
                for c, s, b, p in zip(classes, scores, boxes, boxes if points is None else points)]
    return sorted(all_rows, key=lambda r: -r[1])  # stable: of equal scores the first first


def expect(folder, of, **how):
    found = {name: of(picture(*size)) for name, size in PICTURES.items()}
    assert all(found.values()), "a picture without boxes"
    print(folder.name, {k: len(v) for k, v in found.items()})
    text = json.dumps({**how, "pictures": found}, separators=(",", ":")).replace("]],", "]],\n").replace("],[", "],\n[")
    (folder / "expected.json").write_text(text + "\n")


def hugging_face(case, architecture, processor, config, queries, classes, none, threshold=0.5):
    import torch
    import transformers

    g = Graph("pixel_values", ["batch_size", "num_channels", "height", "width"] if processor.size.shortest_edge else ["batch_size", 3, "height", "width"], sum(case.encode()))
    g.output(g.numbers((1, queries, classes + none), 2.0), "logits", ["batch_size", "num_queries", classes + none])
    g.output(g.add("Sigmoid", [g.numbers((1, queries, 4), 1.0)]), "pred_boxes", ["batch_size", "num_queries", 4])
    folder, session = g.save(case, "pytorch")
    names = {str(i): f"thing {i}" for i in range(classes)}
    (folder / "config.json").write_text(json.dumps({"architectures": [architecture], **config, "id2label": names, "label2id": {v: int(k) for k, v in names.items()}}))
    (folder / "preprocessor_config.json").write_text(json.dumps(json.loads(processor.to_json_string()), indent=1))

    def found(image):
        inputs = processor(image, return_tensors="np")
        logits, boxes = session.run(None, {"pixel_values": inputs["pixel_values"]})
        outputs = transformers.utils.ModelOutput(logits=torch.tensor(logits), pred_boxes=torch.tensor(boxes))
        r = processor.post_process_object_detection(outputs, threshold=threshold, target_sizes=[image.size[::-1]])[0]
        return rows(r["labels"], r["scores"], r["boxes"])

    expect(folder, found)


def cases_of_hugging_face():
    import transformers as t

    limited = {"shortest_edge": 48, "longest_edge": 60}
    return {
        "detr": lambda: hugging_face("detr", "DetrForObjectDetection", t.DetrImageProcessorPil(size=limited), {"model_type": "detr"}, 30, 5, 1),
        "yolos": lambda: hugging_face("yolos", "YolosForObjectDetection", t.YolosImageProcessorPil(size=limited), {"model_type": "yolos"}, 30, 5, 1),
        "rt-detr": lambda: hugging_face("rt-detr", "RTDetrForObjectDetection", t.RTDetrImageProcessorPil(size={"height": 64, "width": 64}), {"model_type": "rt_detr"}, 20, 4, 0),
        "d-fine": lambda: hugging_face("d-fine", "DFineForObjectDetection", t.RTDetrImageProcessorPil(size={"height": 64, "width": 48}), {"model_type": "d_fine"}, 20, 4, 0),
        "deformable-detr": lambda: hugging_face("deformable-detr", "DeformableDetrForObjectDetection", t.DeformableDetrImageProcessorPil(size=limited), {"model_type": "deformable_detr"}, 60, 6, 0),
    }


def main(names):
    OUT.mkdir(parents=True, exist_ok=True)
    for name, size in PICTURES.items():
        picture(*size).save(OUT / name)
    cases = cases_of_hugging_face()
    for name in names or cases:
        cases[name]()


if __name__ == "__main__":
    main(sys.argv[1:])
