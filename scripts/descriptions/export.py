"""The network as an ONNX graph over all labels of the image model."""
import copy

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

NOTHING = -1e4  # the logit of a class without texts: its softmax is 0


class AllLabels(nn.Module):
    """The logits by the image model's labels, with probabilities' temperature in them."""

    def __init__(self, network, indices, labels, temperature):
        super().__init__()
        self.network = copy.deepcopy(network).eval()
        with torch.no_grad():
            for p in [self.network.scale, self.network.max_head.weight, self.network.max_head.bias]:
                p.div_(temperature)
            for head in (self.network.mean_head, self.network.max_head):
                weight, bias = torch.zeros(labels, head.in_features), torch.zeros(labels)
                weight[indices], bias[indices] = head.weight, head.bias
                head.weight, head.bias = nn.Parameter(weight), nn.Parameter(bias)
                head.out_features = labels
            lacking = torch.ones(labels, dtype=bool)
            lacking[indices] = False
            self.network.max_head.bias[lacking] = NOTHING

    def forward(self, input_ids):
        return self.network(input_ids)


def halve(model):
    """Keeps large float32 weights as float16, with a Cast behind each."""
    graph, casts = model.graph, []
    for i, tensor in enumerate(graph.initializer):
        array = numpy_helper.to_array(tensor)
        if array.dtype != np.float32 or array.size < 1 << 14:
            continue
        name = tensor.name
        graph.initializer[i].CopyFrom(numpy_helper.from_array(array.astype(np.float16), name + ".half"))
        readers = [(n, j) for n in graph.node for j, x in enumerate(n.input) if x == name]
        if all(n.op_type == "Gather" and j == 0 for n, j in readers):
            # Only the rows that are read are cast.
            for n, _ in readers:
                output, n.output[0] = n.output[0], n.output[0] + ".half"
                n.input[0] = name + ".half"
                position = list(graph.node).index(n)
                graph.node.insert(position + 1, helper.make_node("Cast", [n.output[0]], [output], to=TensorProto.FLOAT))
        else:
            casts.append(helper.make_node("Cast", [name + ".half"], [name], to=TensorProto.FLOAT))
    for cast in casts:
        graph.node.insert(0, cast)


def write(network, indices, labels, temperature, path):
    graph = AllLabels(network, torch.tensor(indices), labels, temperature).eval()
    example = torch.randint(2, 100, (2, 20))
    torch.onnx.export(graph, (example,), path, input_names=["input_ids"], output_names=["logits"], opset_version=17, dynamo=False,
                      dynamic_axes={"input_ids": {0: "batch", 1: "length"}, "logits": {0: "batch"}})
    model = onnx.load(path)
    halve(model)
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, path)
