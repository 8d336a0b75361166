"""Classifies images by Ray Data: an actor holds a process of ortho, and dies with it, so that Ray makes another.

    python ray_actor.py /data/photos /data/rows

Ray gives an exception in an actor to the job; an actor that is gone it makes again, and repeats its block: so the
actor ends itself where ortho has ended. Leave a CPU to Ray's own stages: where actors take all, writing waits for ever.
"""
import json
import os
import subprocess
import sys

import ray

COMMAND = ["ortho", "classify", "--stdin-paths", "-f", "jsonl", "-k", "1", "--max-failed", "1", "--progress", "never", "--batch", "1"]


class Classifier:
    def __init__(self):
        self.process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __call__(self, batch):
        rows = []
        for path in batch["path"]:
            try:
                self.process.stdin.write(path + "\n")
                self.process.stdin.flush()
                line = self.process.stdout.readline()
            except OSError:
                line = ""
            if not line:  # ortho is gone, and so is this
                os._exit(1)
            row = json.loads(line)
            rows.append(row)
        return {
            "input": [row["input"] for row in rows],
            "label": [(row.get("predictions") or [{}])[0].get("label") for row in rows],
            "error": [(row.get("error") or {}).get("message") for row in rows],
        }


def main(folder, to):
    paths = sorted(os.path.join(folder, name) for name in os.listdir(folder))
    found = ray.data.from_items([{"path": path} for path in paths]).repartition(8)
    found.map_batches(Classifier, batch_size=16, concurrency=2, num_cpus=1).write_parquet(to)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
