"""Graphs as they are kept beside the tests."""

import onnx


def shorten(path, weights=None):
    """Writes a graph again with short names within it: they would be half of the file."""
    model = onnx.load(path)
    kept = {v.name for v in [*model.graph.input, *model.graph.output]} | {""}
    names = {}

    def short(name):
        return name if name in kept else names.setdefault(name, f"v{len(names):x}")

    def visit(graph):
        for tensor in graph.initializer:
            tensor.name = short(tensor.name)
        for node in graph.node:
            node.name = node.doc_string = ""
            node.input[:] = map(short, node.input)
            node.output[:] = map(short, node.output)
            for attribute in node.attribute:
                if attribute.HasField("g"):
                    visit(attribute.g)
        del graph.value_info[:]

    visit(model.graph)
    onnx.checker.check_model(model)
    if weights:
        onnx.save_model(model, path, save_as_external_data=True, all_tensors_to_one_file=True, location=weights,
                        size_threshold=0, convert_attribute=False)
    else:
        onnx.save_model(model, path)
