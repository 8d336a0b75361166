"""What is asked of each pipeline. See models/diffusion/testdata/README.md for the keys."""

FOX = "a red fox in snow"
OLD = "an old boat on the sea, in the evening sun"
BAD = "blurry, dark"
LONG = "the fox and the hare " * 24 + "in the garden of the house on the hill"
SCHEDULERS = ("euler-ancestral", "euler", "lcm", "ddim", "dpm++2m", "dpm++2m-karras", "pndm")


def case(name, pipeline, task="text", prompt=FOX, steps=5, guidance=7.5, seed=42, **more):
    return dict(name=name, pipeline=pipeline, task=task, prompt=prompt, steps=steps, guidance=guidance, seed=seed) | more


def sd():
    yield case("stock", "sd", negative=BAD)
    yield case("euler-ancestral", "sd", scheduler="euler-ancestral", prompt=OLD, seed=2**33 + 7)
    yield case("unguided", "sd", guidance=1.0, steps=4, scheduler="euler", config={"timestep_spacing": "trailing"})
    yield case("image", "sd", "image", scheduler="euler-ancestral", strength=0.8, image="picture.png", negative=BAD)


def all_cases():
    yield from sd()
