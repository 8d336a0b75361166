"""Dual encoders: CLIP-like models in the layouts of Optimum, transformers.js, immich and open_clip.

Tiny models with random weights of transformers' classes, exported by torch under the names that each
exporter gives. goldens.json holds of each folder what transformers gives of three photographs and some
texts: token ids, embeddings as get_image_features and get_text_features have them (of length 1 where
the export makes them so), and the scores of the zero-shot pipeline, or open_clip's rules.
"""
import json
import os
import shutil
import string
import warnings

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["HF_HUB_OFFLINE"] = "1"
warnings.filterwarnings("ignore")
import numpy as np  # noqa: E402
import torch  # noqa: E402
import transformers  # noqa: E402
from PIL import Image  # noqa: E402
from tokenizers import Tokenizer  # noqa: E402

from goldens import clip as clip_goldens  # noqa: E402
from goldens import tokenizer as tokenizer_goldens  # noqa: E402

PHOTOS = ["astronaut.png", "chelsea.png", "coffee.png"]
LABELS = ["cat", "a cup of coffee", "Astronaut in a space-suit", "日本語 🦊", "an astronaut " * 60]
TEMPLATE = "This is a photo of {}."
ENSEMBLE = ["a photo of a {}.", "a blurry photo of the {}.", "art of {}"]


def clip_model(seed):
    torch.manual_seed(seed)
    size = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
    c = transformers.CLIPConfig(
        text_config={**size, "vocab_size": 912, "max_position_embeddings": 77, "bos_token_id": 910, "eos_token_id": 911, "pad_token_id": 911, "hidden_act": "quick_gelu"},
        vision_config={**size, "image_size": 64, "patch_size": 16, "hidden_act": "quick_gelu"}, projection_dim=24)
    m = transformers.CLIPModel(c).eval()
    spread(m)
    with torch.no_grad():
        m.logit_scale.fill_(2.75)
    return m


def siglip_model(seed):
    torch.manual_seed(seed)
    size = {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2}
    c = transformers.SiglipConfig(text_config={**size, "vocab_size": 1000, "max_position_embeddings": 64, "pad_token_id": 1, "eos_token_id": 1, "bos_token_id": 0},
                                  vision_config={**size, "image_size": 64, "patch_size": 16})
    m = transformers.SiglipModel(c).eval()
    spread(m)
    with torch.no_grad():
        m.logit_scale.fill_(2.2)
        m.logit_bias.fill_(-3.5)
    return m


def spread(model):
    """Weights wide enough that texts and images differ."""
    with torch.no_grad():
        for name, p in model.named_parameters():
            if p.dim() > 1:
                p.normal_(0, 0.25)


class Part(torch.nn.Module):
    def __init__(self, forward):
        super().__init__()
        self.calls = forward
        self.model = None

    def forward(self, *inputs):
        return self.calls(*inputs)


def export(path, module, forward, inputs, names, outputs, axes):
    part = Part(forward)
    part.model = module
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(part, tuple(inputs), str(path), input_names=names, output_names=outputs, dynamic_axes=axes, opset_version=17, dynamo=False)


def together(output):
    return tuple(output[k] for k in ("logits_per_image", "logits_per_text", "text_embeds", "image_embeds"))


PIXELS = {0: "batch_size", 1: "num_channels", 2: "height", 3: "width"}
TOKENS = {0: "text_batch_size", 1: "sequence_length"}


def clip_tokenizer(folder):
    merges = tokenizer_goldens.clip_goldens_merges()[:398]
    t = transformers.CLIPTokenizer(vocab=clip_goldens.vocabulary(merges), merges=[tuple(m.split()) for m in merges], model_max_length=77, pad_token=clip_goldens.EOS)
    assert t.convert_tokens_to_ids(clip_goldens.EOS) == 911
    t.save_pretrained(folder)
    return t


def siglip_tokenizer(folder):
    texts = tokenizer_goldens.lines()
    name, made = next(tokenizer_goldens.sentencepieces(texts))
    made.no_padding()
    made.no_truncation()
    from tokenizers import Regex, normalizers
    made.normalizer = normalizers.Sequence([normalizers.Lowercase(), normalizers.Replace(Regex(r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~]"), ""), normalizers.Replace(Regex(r"\s+"), " "), normalizers.Strip()])
    t = transformers.PreTrainedTokenizerFast(tokenizer_object=made, pad_token="</s>", eos_token="</s>", unk_token="<unk>", model_max_length=64, model_input_names=["input_ids"])
    t.save_pretrained(folder)
    return t


def tensors(output):
    return output if isinstance(output, torch.Tensor) else output.pooler_output


def rounded(values):
    return [[float(f"{v:.8g}") for v in row] for row in np.asarray(values, dtype=np.float64)]


def photographs():
    return [Image.open(os.path.join(os.path.dirname(__file__), "../../cmd/ortho/testdata/photos", p)).convert("RGB") for p in PHOTOS]


def averaged(model, tokenizer, padding, length):
    """Embeddings of labels by several templates, as CLIP's notebook averages them."""
    rows = []
    for label in LABELS:
        texts = [t.format(label) for t in ENSEMBLE]
        e = tensors(model.get_text_features(**tokenizer(texts, padding=padding, truncation=True, max_length=length, return_tensors="pt")))
        e = e / e.norm(dim=-1, keepdim=True)
        mean = e.mean(dim=0)
        rows.append(mean / mean.norm())
    return torch.stack(rows)


def transformers_case(model, tokenizer, processor, sigmoid, normalized, padding, length):
    texts = [TEMPLATE.format(label) for label in LABELS]
    tokens = tokenizer(texts, padding=padding, truncation=True, max_length=length, return_tensors="pt")
    ids = tokenizer(texts, padding="max_length", truncation=True, max_length=length)["input_ids"]
    with torch.no_grad():
        pixels = processor(images=photographs(), return_tensors="pt")["pixel_values"]
        image, text = tensors(model.get_image_features(pixel_values=pixels)), tensors(model.get_text_features(**tokens))
        logits = model(pixel_values=pixels, **tokens).logits_per_image
        probabilities = torch.sigmoid(logits) if sigmoid else logits.softmax(dim=-1)
        unit = image / image.norm(dim=-1, keepdim=True)
        many = unit @ averaged(model, tokenizer, padding, length).T * model.logit_scale.exp()
        if sigmoid:
            many = torch.sigmoid(many + model.logit_bias)
        else:
            many = many.softmax(dim=-1)
        if normalized:
            image, text = unit, text / text.norm(dim=-1, keepdim=True)
    return {"ids": ids, "images": rounded(image), "texts": rounded(text), "scores": rounded(probabilities), "averaged": rounded(many),
            "scale": float(model.logit_scale.exp()), "bias": float(model.logit_bias) if sigmoid else 0.0}


def processor_of(name, **stated):
    return getattr(transformers, name + "Pil", None)(**stated)


def main(out):
    for old in out.iterdir():
        if old.is_dir():
            shutil.rmtree(old)
    goldens = {}
    pixels, ids = torch.randn(2, 3, 64, 64), torch.tensor([[910, 5, 6, 911], [910, 7, 911, 911]])
    mask = torch.tensor([[1, 1, 1, 1], [1, 1, 1, 0]])

    # Optimum's joint graph of CLIP.
    clip, folder = clip_model(1), out / "clip-joint"
    export(folder / "model.onnx", clip, lambda i, p, m: together(clip(input_ids=i, pixel_values=p, attention_mask=m)),
           (ids, pixels, mask), ["input_ids", "pixel_values", "attention_mask"], ["logits_per_image", "logits_per_text", "text_embeds", "image_embeds"],
           {"input_ids": TOKENS, "attention_mask": TOKENS, "pixel_values": {0: "image_batch_size"}, "logits_per_image": {0: "image_batch_size", 1: "text_batch_size"}, "logits_per_text": {0: "text_batch_size", 1: "image_batch_size"},
            "text_embeds": {0: "text_batch_size"}, "image_embeds": {0: "image_batch_size"}})
    clip.config.save_pretrained(folder)
    tokenizer = clip_tokenizer(folder)
    processor = processor_of("CLIPImageProcessor", size={"shortest_edge": 64}, crop_size={"height": 64, "width": 64})
    processor.save_pretrained(folder)
    goldens["clip-joint"] = transformers_case(clip, tokenizer, processor, False, True, True, 77)

    # transformers.js' halves of it.
    folder = out / "clip-split"
    export(folder / "onnx/vision_model.onnx", clip, lambda p: tensors(clip.get_image_features(pixel_values=p)), (pixels,), ["pixel_values"], ["image_embeds"], {"pixel_values": PIXELS, "image_embeds": {0: "batch_size"}})
    export(folder / "onnx/text_model.onnx", clip, lambda i: tensors(clip.get_text_features(input_ids=i)), (ids,), ["input_ids"], ["text_embeds"], {"input_ids": TOKENS, "text_embeds": {0: "text_batch_size"}})
    for name in os.listdir(out / "clip-joint"):
        if name != "model.onnx":
            shutil.copy(out / "clip-joint" / name, folder / name)
    goldens["clip-split"] = transformers_case(clip, tokenizer, processor, False, False, True, 77)

    # Optimum's joint graph of SigLIP.
    siglip, folder = siglip_model(2), out / "siglip-joint"
    export(folder / "model.onnx", siglip, lambda i, p: together(siglip(input_ids=i, pixel_values=p)),
           (torch.full((2, 64), 1), pixels), ["input_ids", "pixel_values"], ["logits_per_image", "logits_per_text", "text_embeds", "image_embeds"],
           {"input_ids": TOKENS, "pixel_values": {0: "image_batch_size"}, "logits_per_image": {0: "image_batch_size", 1: "text_batch_size"}, "logits_per_text": {0: "text_batch_size", 1: "image_batch_size"},
            "text_embeds": {0: "text_batch_size"}, "image_embeds": {0: "image_batch_size"}})
    siglip.config.save_pretrained(folder)
    tokenizer = siglip_tokenizer(folder)
    processor = processor_of("SiglipImageProcessor", size={"height": 64, "width": 64})
    processor.save_pretrained(folder)
    goldens["siglip-joint"] = transformers_case(siglip, tokenizer, processor, True, True, "max_length", 64)

    # transformers.js' halves of it, whose embeddings are called pooler_output.
    folder = out / "siglip-split"
    export(folder / "onnx/vision_model.onnx", siglip, lambda p: (lambda o: (o.last_hidden_state, o.pooler_output))(siglip.vision_model(pixel_values=p)), (pixels,), ["pixel_values"], ["last_hidden_state", "pooler_output"],
           {"pixel_values": {0: "batch_size"}, "last_hidden_state": {0: "batch_size"}, "pooler_output": {0: "batch_size"}})
    export(folder / "onnx/text_model.onnx", siglip, lambda i: (lambda o: (o.last_hidden_state, o.pooler_output))(siglip.text_model(input_ids=i)), (torch.full((2, 64), 1),), ["input_ids"], ["last_hidden_state", "pooler_output"],
           {"input_ids": {0: "batch_size"}, "last_hidden_state": {0: "batch_size"}, "pooler_output": {0: "batch_size"}})
    for name in os.listdir(out / "siglip-joint"):
        if name != "model.onnx":
            shutil.copy(out / "siglip-joint" / name, folder / name)
    goldens["siglip-split"] = transformers_case(siglip, tokenizer, processor, True, False, "max_length", 64)

    # immich's halves, as open_clip configures them; one text a run, of int32.
    for name, cleaned in ("openclip", False), ("openclip-siglip", True):
        folder, model = out / name, siglip if cleaned else clip
        length = 64 if cleaned else 77
        export(folder / "visual/model.onnx", model, lambda p, model=model: tensors(model.get_image_features(pixel_values=p)), (pixels[:1],), ["image"], ["embedding"], {})
        export(folder / "textual/model.onnx", model, lambda i, model=model: tensors(model.get_text_features(input_ids=i)), (torch.full((1, length), 1, dtype=torch.int32),), ["text"], ["embedding"], {})
        (folder / "config.json").write_text(json.dumps({"embed_dim": 32 if cleaned else 24, "vision_cfg": {"image_size": 64}, "text_cfg":
            {"context_length": 64, "hf_tokenizer_name": "x", "tokenizer_kwargs": {"clean": "canonicalize"}} if cleaned else {"context_length": 77, "vocab_size": 912}} | ({"init_logit_bias": -10} if cleaned else {}), indent=1))
        stated = {"mean": [0.5] * 3, "std": [0.5] * 3, "resize_mode": "squash"} if cleaned else {"mean": [0.48145466, 0.4578275, 0.40821073], "std": [0.26862954, 0.26130258, 0.27577711], "resize_mode": "shortest"}
        (folder / "visual/preprocess_cfg.json").write_text(json.dumps({"size": [64, 64], "mode": "RGB", "interpolation": "bicubic", "fill_color": 0, **stated}, indent=1))
        source = out / ("siglip-joint" if cleaned else "clip-joint")
        for file in "tokenizer.json", "tokenizer_config.json":
            shutil.copy(source / file, folder / "textual" / file)
        t = Tokenizer.from_file(str(folder / "textual/tokenizer.json"))
        pad = json.loads((folder / "textual/tokenizer_config.json").read_text())["pad_token"]
        t.enable_padding(length=length, pad_token=pad, pad_id=t.token_to_id(pad))
        t.enable_truncation(length)

        def clean(text):
            text = " ".join(text.split())
            return text.translate(str.maketrans("", "", string.punctuation)).lower() if cleaned else text

        def embedded(texts):
            return torch.cat([tensors(model.get_text_features(input_ids=torch.tensor([t.encode(clean(x)).ids], dtype=torch.int32))) for x in texts])

        with torch.no_grad():
            processor = processor_of("SiglipImageProcessor", size={"height": 64, "width": 64}) if cleaned else processor_of("CLIPImageProcessor", size={"shortest_edge": 64}, crop_size={"height": 64, "width": 64})
            image = tensors(model.get_image_features(pixel_values=processor(images=photographs(), return_tensors="pt")["pixel_values"]))
            texts = [TEMPLATE.format(label) for label in LABELS]
            text = embedded(texts)
            cosines = (image / image.norm(dim=-1, keepdim=True)) @ (text / text.norm(dim=-1, keepdim=True)).T
            scores = torch.sigmoid(cosines * 20 - 4) if cleaned else (cosines * 100).softmax(dim=-1)
        goldens[name] = {"ids": [t.encode(clean(x)).ids for x in texts], "images": rounded(image), "texts": rounded(text), "scores": rounded(scores), "averaged": None,
                         "scale": 20.0 if cleaned else 100.0, "bias": -4.0 if cleaned else 0.0}
    for file in out.glob("**/tokenizer.json"):
        file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")), separators=(",", ":")))
    with open(out / "goldens.json", "w", encoding="utf-8") as f:
        json.dump({"photos": PHOTOS, "labels": LABELS, "template": TEMPLATE, "ensemble": ENSEMBLE, "models": goldens}, f, separators=(",", ":"))
