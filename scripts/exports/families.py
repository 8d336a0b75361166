"""Tiny classifiers with random weights, one for each family that Optimum exports for image classification.

A row is the model's configuration, of few and narrow layers, and its image processor: class and values are
those of a well-known checkpoint of the family. Two families that Optimum lists can't be exported by it:
optimum-onnx 0.1.0 fails on imagegpt (which takes no pixels but the numbers of colours) and on metaclip_2.
"""
import json
import pathlib
import tempfile

import numpy as np
import torch
import transformers as t

IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
HALF = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}
CLIP = {"image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711]}
LABELS = {i: name for i, name in enumerate(["tench", "goldfish", "great white shark", "tiger shark", "hammerhead"])}
TINY = {"hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 12}


def square(n):
    return {"height": n, "width": n}


def short(n):
    return {"shortest_edge": n}


def convnext(edge=224, crop_pct=0.875, **values):
    return t.ConvNextImageProcessor(size=short(edge), crop_pct=crop_pct, resample=3, **{**IMAGENET, **values})


def bit(edge, crop, **values):
    return t.BitImageProcessor(size=short(edge), crop_size=square(crop), resample=3, **{**IMAGENET, **values})


def last_two_stages(cvt):
    keys = ("patch_sizes", "patch_stride", "patch_padding", "attention_drop_rate", "drop_rate", "drop_path_rate", "qkv_bias", "cls_token",
            "qkv_projection_method", "kernel_qkv", "padding_kv", "stride_kv", "padding_q", "stride_q")
    return {k: getattr(cvt, k)[-2:] for k in keys}


FAMILIES = {
    "beit": lambda: (t.BeitConfig(**TINY, image_size=224, patch_size=16, use_relative_position_bias=False),
                     t.BeitImageProcessor(size=square(224), crop_size=square(224), do_center_crop=False, resample=2, **HALF)),
    "clip": lambda: (t.CLIPConfig(text_config=TINY, vision_config={**TINY, "image_size": 224, "patch_size": 16}, projection_dim=8),
                     t.CLIPImageProcessor(**CLIP)),
    "convnext": lambda: (t.ConvNextConfig(hidden_sizes=[4, 6, 8, 10], depths=[1, 1, 1, 1]), convnext()),
    "convnextv2": lambda: (t.ConvNextV2Config(hidden_sizes=[4, 6, 8, 10], depths=[1, 1, 1, 1], image_size=384), convnext(384, crop_pct=1.0)),
    "cvt": lambda: (t.CvtConfig(embed_dim=[4, 8], num_heads=[1, 2], depth=[1, 2], mlp_ratio=[1.0, 1.0], **last_two_stages(t.CvtConfig())), convnext()),
    "data2vec-vision": lambda: (t.Data2VecVisionConfig(**TINY, image_size=224, patch_size=16),
                                t.BeitImageProcessor(size=square(224), crop_size=square(224), do_center_crop=False, resample=3, **HALF)),
    "deit": lambda: (t.DeiTConfig(**TINY, image_size=224, patch_size=16),
                     t.DeiTImageProcessor(size=square(256), crop_size=square(224), resample=3, **IMAGENET)),
    "dinov2": lambda: (t.Dinov2Config(**{**TINY, "hidden_size": 4}, image_size=518, patch_size=14), bit(256, 224)),
    "efficientnet": lambda: (t.EfficientNetConfig(image_size=224, width_coefficient=0.1, depth_coefficient=0.2, hidden_dim=128,
                                                  in_channels=[8, 8, 8], out_channels=[8, 8, 16], kernel_sizes=[3, 3, 5], strides=[1, 2, 2],
                                                  num_block_repeats=[1, 1, 1], expand_ratios=[1, 2, 2], depthwise_padding=[]),
                             t.EfficientNetImageProcessor(size=square(224), resample=0, rescale_factor=1 / 255, rescale_offset=False, include_top=True,
                                                          do_center_crop=False, image_mean=IMAGENET["image_mean"], image_std=[0.47853944, 0.4732864, 0.47434163])),
    "efficientnet-offset": lambda: (t.EfficientNetConfig(image_size=96, width_coefficient=0.1, depth_coefficient=0.2, hidden_dim=128,
                                                         in_channels=[8], out_channels=[8], kernel_sizes=[3], strides=[2],
                                                         num_block_repeats=[1], expand_ratios=[1], depthwise_padding=[]),
                                    t.EfficientNetImageProcessor(size=square(112), resample=2, rescale_factor=1 / 127.5, rescale_offset=True, include_top=False,
                                                                 do_center_crop=True, crop_size=square(96), **HALF)),
    "hiera": lambda: (t.HieraConfig(embed_dim=4, depths=[1, 1], num_heads=[1, 2], image_size=[224, 224], patch_stride=[16, 16], patch_size=[19, 19], patch_padding=[3, 3],
                                    query_stride=[2, 2], num_query_pool=1, masked_unit_size=[2, 2], masked_unit_attention=[True, False]),
                      bit(256, 224)),
    "levit": lambda: (t.LevitConfig(hidden_sizes=[8, 12, 16], num_attention_heads=[1, 2, 2], depths=[1, 1, 1], key_dim=[4, 4, 4], image_size=112),
                      t.LevitImageProcessor(size=short(112), crop_size=square(112), resample=3, **IMAGENET)),
    "mobilenet-v1": lambda: (t.MobileNetV1Config(image_size=192, depth_multiplier=0.05, min_depth=8, tf_padding=False),
                             t.MobileNetV1ImageProcessor(size=short(256), crop_size=square(192), **HALF)),
    "mobilenet-v2": lambda: (t.MobileNetV2Config(image_size=224, depth_multiplier=0.05, min_depth=4, depth_divisible_by=2, finegrained_output=False, tf_padding=False),
                             t.MobileNetV2ImageProcessor(size=short(256), crop_size=square(224), **HALF)),
    "mobilevit": lambda: (t.MobileViTConfig(image_size=256, hidden_sizes=[8, 8, 8], neck_hidden_sizes=[4, 4, 4, 4, 4, 4, 16], num_attention_heads=2,
                                            mlp_ratio=1.0),
                          t.MobileViTImageProcessor(size=short(288), crop_size=square(256), do_flip_channel_order=True)),
    "perceiver": lambda: (t.PerceiverConfig(num_latents=4, d_latents=8, num_blocks=1, num_self_attends_per_block=1, num_self_attention_heads=2,
                                            num_cross_attention_heads=1, qk_channels=8, v_channels=8),
                          t.PerceiverImageProcessor(size=square(224), crop_size=square(256), resample=3, **IMAGENET)),
    "poolformer": lambda: (t.PoolFormerConfig(hidden_sizes=[4, 6, 8, 10], depths=[1, 1, 1, 1], mlp_ratio=2.0),
                           t.PoolFormerImageProcessor(size=short(224), crop_size=square(224), crop_pct=0.9, resample=3, **IMAGENET)),
    "pvt": lambda: (t.PvtConfig(image_size=224, hidden_sizes=[4, 4, 8, 8], depths=[1, 1, 1, 1], num_attention_heads=[1, 1, 2, 2], mlp_ratios=[1, 1, 1, 1]),
                    t.PvtImageProcessor(size=square(224), **IMAGENET)),
    "regnet": lambda: (t.RegNetConfig(embedding_size=4, hidden_sizes=[4, 8], depths=[1, 1], groups_width=4), convnext()),
    "resnet": lambda: (t.ResNetConfig(embedding_size=4, hidden_sizes=[8, 8, 8, 8], depths=[1, 1, 1, 1]), convnext()),
    "segformer": lambda: (t.SegformerConfig(image_size=224, num_encoder_blocks=2, depths=[1, 1], sr_ratios=[8, 4], hidden_sizes=[4, 8], patch_sizes=[7, 3], strides=[8, 4],
                                            num_attention_heads=[1, 2], mlp_ratios=[1, 1], decoder_hidden_size=4),
                          t.SegformerImageProcessor(size=square(512), do_reduce_labels=False, **IMAGENET)),
    "swin": lambda: (t.SwinConfig(image_size=224, patch_size=16, embed_dim=4, depths=[1, 1], num_heads=[1, 2], window_size=7, mlp_ratio=1.0),
                     t.ViTImageProcessor(size=square(224), resample=3, **IMAGENET)),
    "swinv2": lambda: (t.Swinv2Config(image_size=256, patch_size=16, embed_dim=4, depths=[1], num_heads=[1], window_size=8, mlp_ratio=1.0),
                       t.ViTImageProcessor(size=square(256), resample=3, **IMAGENET)),
    "vit": lambda: (t.ViTConfig(**TINY, image_size=224, patch_size=16), t.ViTImageProcessor(size=square(224), resample=2, **HALF)),
    "vit-gray": lambda: (t.ViTConfig(**TINY, image_size=28, patch_size=7, num_channels=1),
                         t.ViTImageProcessor(size=square(28), resample=2, image_mean=[0.5], image_std=[0.5])),
    "vit-msn": lambda: (t.ViTMSNConfig(**TINY, image_size=224, patch_size=16), t.ViTImageProcessor(size=square(224), resample=2, **IMAGENET)),
}

# Which class a configuration makes where AutoModelForImageClassification has several.
CLASSES = {"deit": "DeiTForImageClassification", "levit": "LevitForImageClassification", "perceiver": "PerceiverForImageClassificationConvProcessing"}


@torch.no_grad()
def randomize(model, shape):
    """Weights large enough for the answer to depend on the image, as they hardly are when they are made, and logits of size 1."""
    for name, p in model.named_parameters():
        if p.ndim > 1:
            p.normal_(0, (1.5 / p[0].numel()) ** 0.5)
        elif name.endswith("bias"):
            p.uniform_(-0.2, 0.2)
        else:
            p.uniform_(0.8, 1.6)
    answer = model.eval()(torch.randn(4, shape[0], 1, 1) + torch.randn(4, *shape) / 2)
    logits = answer if torch.is_tensor(answer) else answer.logits
    last = [m for m in model.modules() if isinstance(m, torch.nn.Linear) and m.out_features == logits.shape[1]][-1]
    last.weight /= logits.std()
    last.bias /= logits.std()
    return model


def build(name, out):
    """Exports a family as `optimum-cli export onnx --task image-classification` does."""
    from optimum.exporters.onnx import main_export

    torch.manual_seed(0)
    config, processor = FAMILIES[name]()
    config.id2label, config.label2id = LABELS, {v: k for k, v in LABELS.items()}
    model = getattr(t, CLASSES[name])(config) if name in CLASSES else t.AutoModelForImageClassification.from_config(config)
    gray = getattr(config, "num_channels", 3) == 1
    shape = processor(np.zeros((300, 300, 1 if gray else 3), np.uint8), input_data_format="channels_last", return_tensors="np")["pixel_values"].shape
    with tempfile.TemporaryDirectory() as tmp:
        randomize(model, shape[1:]).save_pretrained(tmp)
        processor.save_pretrained(tmp)
        if name == "pvt":  # whose configuration forgets how many labels it has
            file = pathlib.Path(tmp, "config.json")
            file.write_text(json.dumps(json.loads(file.read_text()) | {"num_labels": len(LABELS)}))
        main_export(tmp, out, task="image-classification", device="cpu")
