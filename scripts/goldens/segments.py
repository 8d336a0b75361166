"""Records raw outputs of tiny models of transformers, with weights by chance, and the maps that its image processors
make of them, for models/segments: SegFormer, MaskFormer, Mask2Former.

What models without training say is nearly the same everywhere, and no query is sure: logits are stretched here, before
both, so that maps have borders and queries win and lose.

usage: python scripts/goldens/segments.py      (pip install -r scripts/requirements.txt)
"""

import base64
import json
import pathlib
import types

import numpy as np
import torch
from transformers import (Mask2FormerConfig, Mask2FormerForUniversalSegmentation, Mask2FormerImageProcessor, MaskFormerConfig, MaskFormerForInstanceSegmentation,
                          MaskFormerImageProcessor, SegformerConfig, SegformerForSemanticSegmentation, SegformerImageProcessor, SwinConfig)

OUT = pathlib.Path(__file__).parent.parent.parent / "models/segments/testdata/goldens.json"


def packed(array, kind):
    array = np.ascontiguousarray(array, kind)
    return {"shape": list(array.shape), "data": base64.b64encode(array.tobytes()).decode()}


def spread(t, to):
    return (t - t.mean()) / t.std() * to


@torch.no_grad()
def main():
    torch.manual_seed(3)
    cases, outputs = [], []
    pixels = torch.rand(1, 3, 64, 96)
    tiny = SegformerConfig(num_labels=7, depths=[1, 1, 1, 1], hidden_sizes=[8, 8, 16, 16], num_attention_heads=[1, 1, 1, 1], decoder_hidden_size=16)
    logits = spread(SegformerForSemanticSegmentation(tiny).eval()(pixels).logits, 3)
    logits = logits + torch.randn_like(logits)
    outputs.append([packed(logits[0], np.float32)])
    for size in [(64, 96), (61, 47), (16, 24), (7, 200)]:
        made = SegformerImageProcessor().post_process_semantic_segmentation(types.SimpleNamespace(logits=logits), [size])[0]
        cases.append({"reading": "logits", "as": "semantic", "height": size[0], "width": size[1], "of": 0, "map": packed(made, np.uint8)})
    swin = SwinConfig(image_size=64, embed_dim=12, depths=[1, 1, 1, 1], num_heads=[1, 1, 1, 1], window_size=2, out_features=["stage1", "stage2", "stage3", "stage4"])
    for name, config, model, processor in [
        ("maskformer", MaskFormerConfig(backbone_config=swin, fpn_feature_size=32, mask_feature_size=32, num_labels=5), MaskFormerForInstanceSegmentation, MaskFormerImageProcessor()),
        ("mask2former", Mask2FormerConfig(backbone_config=swin, feature_size=32, mask_feature_size=32, hidden_dim=32, encoder_feedforward_dim=16, dim_feedforward=16, num_attention_heads=2,
                                          decoder_layers=2, encoder_layers=1, num_queries=12, num_labels=5), Mask2FormerForUniversalSegmentation, Mask2FormerImageProcessor()),
    ]:
        if name == "maskformer":
            config.decoder_config.num_queries = 12
            config.decoder_config.d_model = 16
        config.num_labels = 5
        out = model(config).eval()(pixels)
        classes, masks = out.class_queries_logits[:, :12], out.masks_queries_logits[:, :12]
        classes = spread(classes, 1) + 4 * torch.randn_like(classes)
        masks = spread(masks, 3) + torch.nn.functional.interpolate(4 * torch.randn(1, masks.shape[1], 4, 6), size=masks.shape[2:], mode="bicubic")
        outputs.append([packed(classes[0], np.float32), packed(masks[0], np.float32)])
        for size in [(64, 96), (61, 47)]:
            raw = lambda: types.SimpleNamespace(class_queries_logits=classes.clone(), masks_queries_logits=masks.clone())
            case = {"reading": name, "height": size[0], "width": size[1], "of": len(outputs) - 1}
            made = processor.post_process_semantic_segmentation(raw(), [size])[0]
            cases.append(case | {"as": "semantic", "map": packed(made, np.uint8)})
            for threshold in (0.5, 0.9):
                made = processor.post_process_instance_segmentation(raw(), threshold=threshold, target_sizes=[size], return_binary_maps=True)[0]
                found = sorted(zip(made["segments_info"], np.asarray(made["segmentation"])), key=lambda f: -f[0]["score"]) if made["segments_info"] else []
                cases.append(case | {"as": "instance", "threshold": threshold, "map": packed(np.stack([m for _, m in found]) if found else np.zeros((0, *size)), np.uint8),
                                     "classes": [s["label_id"] for s, _ in found], "scores": [s["score"] for s, _ in found]})
                print(name, size, "instances", threshold, len(found))
            for threshold, overlap in [(0.3, 0.5), (0.9, 0.8), (0.99999, 0.5)]:
                made = processor.post_process_panoptic_segmentation(raw(), threshold=threshold, mask_threshold=0.5, overlap_mask_area_threshold=overlap, target_sizes=[size])[0]
                found = made["segments_info"]
                cases.append(case | {"as": "panoptic", "threshold": threshold, "overlap": overlap, "map": packed(np.maximum(np.asarray(made["segmentation"]), 0), np.uint8),
                                     "classes": [s["label_id"] for s in found], "scores": [s["score"] for s in found]})
                print(name, size, threshold, len(found))
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps({"outputs": outputs, "cases": cases}) + "\n")
    print(OUT.stat().st_size, [len(np.unique(np.frombuffer(base64.b64decode(c["map"]["data"]), np.uint8))) for c in cases])


main()
