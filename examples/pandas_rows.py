"""Rows of images that pandas has the paths of: one process for all of a column.

    python pandas_rows.py paths.csv rows.csv
"""
import io
import subprocess
import sys

import pandas as pd


def classify(paths):
    """A table with a row for each path, in their order."""
    text = subprocess.run(
        ["ortho", "classify", "--stdin-paths", "-f", "jsonl", "-k", "1", "--max-failed", "1", "--progress", "never"],
        input="".join(path + "\n" for path in paths), capture_output=True, check=True, text=True).stdout
    rows = pd.read_json(io.StringIO(text), lines=True)
    best = rows.get("predictions", pd.Series(dtype=object)).str[0]
    return pd.DataFrame({
        "input": rows["input"],
        "label": best.str["label"],
        "probability": best.str["probability"],
        "error": rows["error"].str["message"] if "error" in rows else None,
    })


if __name__ == "__main__":
    table = pd.read_csv(sys.argv[1])
    classify(table["path"]).to_csv(sys.argv[2], index=False)
