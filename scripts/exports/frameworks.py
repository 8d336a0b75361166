"""Tiny classifiers exported by what is no Optimum: torch's two exporters, timm, Keras, tf2onnx, skl2onnx."""
import json
import pathlib

import onnx

CLASSES = 5


def torch_cases():
    """What torch.onnx.export says of a torchvision model's input, by how it is called."""
    import torch
    import torchvision
    from exports.families import randomize

    open_size = {0: torch.export.Dim.DYNAMIC, 2: torch.export.Dim.DYNAMIC, 3: torch.export.Dim.DYNAMIC}
    script = {"dynamo": False, "input_names": ["input"], "output_names": ["output"]}
    calls = {
        "torchscript-plain": {"dynamo": False},
        "torchscript-batch": {**script, "dynamic_axes": {"input": {0: "batch"}, "output": {0: "batch"}}},
        "torchscript-size": {**script, "dynamic_axes": {"input": {0: "batch", 2: "height", 3: "width"}, "output": {0: "batch"}}},
        "torchscript-unnamed": {**script, "dynamic_axes": {"input": [0, 2, 3]}},
        "dynamo-plain": {"dynamo": True},  # the only one whose weights lie beside it
        "dynamo-batch": {"dynamo": True, "dynamic_shapes": ({0: torch.export.Dim.DYNAMIC},), "external_data": False},
        "dynamo-size": {"dynamo": True, "dynamic_shapes": (open_size,), "external_data": False},
        "dynamo-named": {"dynamo": True, "dynamic_shapes": ({0: "batch", 2: "height", 3: "width"},), "external_data": False},
    }

    def export(name, file):
        torch.manual_seed(0)
        model = randomize(torchvision.models.ShuffleNetV2([1, 1, 1], [8, 8, 16, 16, 32], num_classes=CLASSES), (3, 64, 64))
        images = torch.randn(1 if name.endswith("plain") else 2, 3, 64, 64)
        torch.onnx.export(model, (images,), file, **calls[name])

    return {f"torch-{name}": lambda out, name=name: export(name, out / "model.onnx") for name in calls}


def timm_cases():
    import timm
    import timm.models
    import timm.utils.onnx
    import torch
    from exports.families import randomize

    def model():
        torch.manual_seed(0)
        return randomize(timm.create_model("vit_tiny_patch16_224", embed_dim=8, depth=1, num_heads=2, num_classes=CLASSES, exportable=True),
                         (3, 224, 224))

    def own(out, config, **values):
        m = model()
        timm.utils.onnx.onnx_export(m, str(out / "model.onnx"), batch_size=2, **values)
        if config:
            timm.models.save_for_hf(m, out, safe_serialization=True)
            (out / "model.safetensors").unlink()

    def optimum(out):
        from optimum.exporters.onnx import onnx_export_from_model
        onnx_export_from_model(model(), output=out, task="image-classification")

    return {"timm-bare": lambda out: own(out, False), "timm-config": lambda out: own(out, True),
            "timm-dynamo": lambda out: own(out, True, use_dynamo=True), "optimum-timm": optimum}


def keras_model(size, last="softmax", rescaling=False):
    import keras
    import numpy as np

    keras.utils.set_random_seed(0)
    images = keras.Input((size, size, 3))
    x = keras.layers.Rescaling(1 / 255)(images) if rescaling else images  # as keras.applications' EfficientNet has it
    x = keras.layers.Conv2D(4, 3, 2, activation="relu")(x)
    model = keras.Model(images, keras.layers.Dense(CLASSES, activation=last)(keras.layers.GlobalAveragePooling2D()(x)))
    model(np.zeros((1, 64, 64, 3), "float32"))
    return model


def keras_cases():
    """Keras's own exporter, on TensorFlow, and tf2onnx called by hand."""
    import tensorflow as tf
    import tf2onnx

    def own(out, size, **options):
        keras_model(size, **options).export(str(out / "model.onnx"), format="onnx", verbose=False)

    def by_hand(out, size, nchw=None):
        model = keras_model(size, None)
        signature = [tf.TensorSpec((None, size, size, 3), tf.float32, name="input")]
        tf2onnx.convert.from_function(tf.function(lambda x: model(x), input_signature=signature), input_signature=signature, opset=17,
                                      output_path=str(out / "model.onnx"), inputs_as_nchw=nchw)

    return {"keras-fixed": lambda out: own(out, 64), "keras-size": lambda out: own(out, None),
            "keras-rescaled": lambda out: own(out, 64, rescaling=True), "tf2onnx-fixed": lambda out: by_hand(out, 64),
            "tf2onnx-size": lambda out: by_hand(out, None), "tf2onnx-nchw": lambda out: by_hand(out, None, ["input"])}


def sklearn_cases():
    """A pipeline that takes 64 numbers an image: the digits of scikit-learn."""
    import skl2onnx
    from sklearn.datasets import load_digits
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    pipeline = make_pipeline(StandardScaler(), LogisticRegression(max_iter=200)).fit(*load_digits(return_X_y=True))

    def export(out, options):
        types = [("float_input", skl2onnx.common.data_types.FloatTensorType([None, 64]))]
        graph = skl2onnx.convert_sklearn(pipeline, initial_types=types, options={id(pipeline): options} if options else None, target_opset=17)
        (out / "model.onnx").write_bytes(graph.SerializeToString())

    return {"skl2onnx-zipmap": lambda out: export(out, None), "skl2onnx-plain": lambda out: export(out, {"zipmap": False})}


def without_traces(file: pathlib.Path):
    """Takes out where each node stands in the Python source: paths of the machine that exported."""
    model = onnx.load(file, load_external_data=False)
    for node in model.graph.node:
        del node.metadata_props[:]
    file.write_bytes(model.SerializeToString())


def tidied(file: pathlib.Path):
    """Takes the temporary folder out of a config.json."""
    config = json.loads(file.read_text())
    config.pop("_name_or_path", None)
    file.write_text(json.dumps(config, indent=2) + "\n")
