"""Descriptions with the ids of their tokens, and what imagenet-descriptions makes of them in Python."""
import json
import pathlib

import numpy as np
import onnxruntime

from goldens.text import tokens

MODEL = pathlib.Path(__file__).parent.parent.parent / "models/bundled/imagenet-descriptions"

# In other words than the class's own texts, with the index of the class.
TEXTS = [
    (1, "A small orange fish with long flowing fins swims in a round glass bowl."),
    (9, "A huge bird that cannot fly, with a long bare neck, long strong legs and black feathers, runs across the savanna."),
    (145, "Black and white birds that waddle on the ice, with flippers for wings and orange patches at the neck."),
    (207, "A friendly dog with a long golden coat, hanging ears and a feathered tail, fetching a ball."),
    (254, "A small dog with a flat wrinkled black face, a curled tail and a fawn coat."),
    (291, "A big cat with a mane, the male lies in the grass of the African plains next to his pride."),
    (292, "An orange big cat with black stripes and a white belly walks through the jungle."),
    (340, "It looks like a horse but it is covered in black and white stripes."),
    (386, "A giant grey animal with big ears, long tusks and a trunk, from Africa."),
    (404, "A large passenger plane of an airline with jet engines under its wings, climbing after takeoff."),
    (407, "A white emergency vehicle with flashing lights and a red cross, which takes patients to the hospital."),
    (417, "A colorful balloon filled with hot air carries people in a wicker basket through the sky."),
    (546, "A musical instrument with six strings, a solid body, pickups and a cable to an amplifier."),
    (671, "A bicycle with thick knobby tyres and a suspension fork for riding on rough trails."),
    (817, "A low and fast red car with two doors and a spoiler."),
    (920, "A pole at the crossing with red, yellow and green lights that tell the cars when to stop."),
    (934, "A grilled sausage in a soft bun with a line of mustard."),
    (954, "A long curved yellow fruit that you peel, in a bunch."),
    (963, "A flat round of dough with tomato sauce, melted cheese and pepperoni, cut in slices."),
    (980, "A mountain with a crater that throws out ash and glowing lava."),
]
LENGTH = 160


def main(out):
    ids = {w: i for i, w in enumerate((MODEL / "vocabulary.txt").read_text().splitlines())}
    rows = np.zeros((len(TEXTS), LENGTH), np.int64)
    for row, (_, text) in zip(rows, TEXTS):
        found = [ids.get(t, ids["<unk>"]) for t in tokens(text)]
        row[:len(found)] = found
    logits = onnxruntime.InferenceSession(MODEL / "model.onnx").run(None, {"input_ids": rows})[0]
    (out / "texts.json").write_text("[\n" + ",\n".join(json.dumps(t) for t in TEXTS) + "\n]\n")
    np.savez_compressed(out / "logits.npz", ids=rows, logits=logits)
    for (index, text), row in zip(TEXTS, logits):
        print(index, list(np.argsort(-row)[:5]), text)
