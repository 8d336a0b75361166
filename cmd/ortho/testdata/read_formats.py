"""Reads what ortho convert has written, with the programs that people open it with, and compares
it with the rows of rows.jsonl. Arguments: a folder, a program: openpyxl, pandas, duckdb, numpy, sqlite.

The folder holds rows.{jsonl,json,csv,tsv,xlsx,parquet}, wide.csv and embeddings.{jsonl,npz,npy}.
"""

import json
import os
import sys

folder, program = sys.argv[1:]
path = lambda name: os.path.join(folder, name)
rows = [json.loads(line) for line in open(path("rows.jsonl"), encoding="utf-8")]
first = [(r["predictions"] or [{}])[0] if "predictions" in r else {} for r in rows]


def openpyxl_reads():
    import openpyxl

    sheet = openpyxl.load_workbook(path("rows.xlsx"))["rows"]
    assert sheet.freeze_panes == "B2", sheet.freeze_panes
    assert sheet.auto_filter.ref.replace("$", "").startswith("A1:"), sheet.auto_filter.ref
    columns = [c.value for c in sheet[1]]
    assert all(10 <= sheet.column_dimensions[openpyxl.utils.get_column_letter(i + 1)].width <= 60 for i in range(len(columns)))
    at = {name: i for i, name in enumerate(columns)}
    for row, want, cells in zip(rows, first, list(sheet.iter_rows(min_row=2)), strict=True):
        cell = lambda name: cells[at[name]]
        control = {i: f"\\x{i:02x}" for i in range(32) if i not in (9, 10, 13)}
        assert cell("input").value == row["input"].translate(control), (cell("input").value, row["input"])
        assert cell("class1").value == want.get("label"), (cell("class1").value, want)
        assert cell("id1").value == want.get("id")
        assert all(c.data_type in "sn" for c in cells), [c.data_type for c in cells]
        for name in ("input", "class1", "id1"):
            assert cell(name).value is None or cell(name).data_type == "s", (name, cell(name).data_type)
        for name, value in (("p1", want.get("probability")), ("width", row.get("width"))):
            assert cell(name).value == value and cell(name).data_type == "n", (name, cell(name).value, value)
    pictures = openpyxl.load_workbook(path("pictures.xlsx"))["rows"]
    assert pictures["A1"].value == "picture" and pictures.freeze_panes == "C2"
    if has("PIL"):  # without which openpyxl leaves pictures out
        assert [i.anchor._from.row for i in pictures._images] == [1], "a picture stands beside its row"


def pandas_reads():
    import pandas

    text = {"id": str, "label": str, "class1": str, "id1": str}
    exact = dict(dtype=text, keep_default_na=False, na_values=[])
    tall = sum(max(1, len(r.get("predictions", []))) for r in rows)
    for name, read in (("rows.csv", pandas.read_csv), ("rows.tsv", lambda f, **k: pandas.read_csv(f, sep="\t", **k))):
        frame = read(path(name), lineterminator="\n", **exact)
        assert len(frame) == tall, (name, len(frame), tall)
        assert set(frame["input"]) == {r["input"] for r in rows}, name
        assert list(frame["label"])[0] == first[0]["label"], name
    wide = pandas.read_csv(path("wide.csv"), lineterminator="\n", **exact)
    sheet = pandas.read_excel(path("rows.xlsx"), **exact)
    array = pandas.read_json(path("rows.json"), dtype=False)
    parquet = pandas.read_parquet(path("rows.parquet")) if has("pyarrow") else None
    for name, frame in (("wide.csv", wide), ("rows.xlsx", sheet), ("rows.json", array)) + ((("rows.parquet", parquet),) if parquet is not None else ()):
        assert len(frame) == len(rows), (name, len(frame))
    assert list(wide["class1"]) == [p.get("label", "") for p in first]
    assert list(wide["input"]) == list(array["input"]) == [r["input"] for r in rows]
    assert list(sheet["class1"]) == [p.get("label", "") for p in first]


def has(module):
    try:
        __import__(module)
    except ImportError:
        return False
    return True


def duckdb_reads():
    import duckdb

    connection = duckdb.connect(path("rows.duckdb"))
    connection.execute(f"CREATE TABLE rows AS SELECT * FROM '{path('rows.parquet')}'")
    want = [r["input"] for r in rows]
    for source in (f"rows", f"'{path('rows.json')}'", f"'{path('rows.jsonl')}'", f"read_csv('{path('wide.csv')}', all_varchar=true, header=true)"):
        got = [r[0] for r in connection.execute(f"SELECT input FROM {source}").fetchall()]
        assert got == want, (source, got)
    for source in (path("rows.csv"), path("rows.tsv")):
        delimiter = "\\t" if source.endswith(".tsv") else ","
        got = connection.execute(f"SELECT DISTINCT input FROM read_csv('{source}', delim='{delimiter}', quote='\"', all_varchar=true, header=true)").fetchall()
        assert {r[0] for r in got} == set(want), (source, got)
    assert connection.execute("SELECT predictions[1].label FROM rows").fetchone()[0] == first[0]["label"]


def numpy_reads():
    import numpy

    want = [json.loads(line) for line in open(path("embeddings.jsonl"), encoding="utf-8")]
    arrays = numpy.load(path("embeddings.npz"), allow_pickle=False)
    assert [os.fsencode(n) for n in arrays["names"]] == [b"a.jpg", "größe".encode(), b"b\xff.jpg"], arrays["names"]
    values = arrays["embeddings"]
    assert values.dtype == numpy.float32 and values.shape == (3, 2), values
    assert values[0].tolist() == want[0]["embedding"] and numpy.isnan(values[2]).all(), values
    assert arrays["sizes"].tolist() == [[2, 3], [4, 5], [0, 0]], arrays["sizes"]
    assert arrays["errors"].tolist() == ["", "", "no image"] and arrays["error_kinds"].tolist() == ["", "", "decode"]
    assert numpy.array_equal(numpy.load(path("embeddings.npy"), allow_pickle=False), values, equal_nan=True)


def sqlite_reads():
    import sqlite3

    connection = sqlite3.connect(path("rows.sqlite"))  # as the program sqlite3 has imported it
    got = connection.execute('SELECT input, class1, p1 FROM "wide"').fetchall()
    assert [g[0] for g in got] == [r["input"] for r in rows], got
    assert [g[1] for g in got] == [p.get("label", "") for p in first], got


{"openpyxl": openpyxl_reads, "pandas": pandas_reads, "duckdb": duckdb_reads, "numpy": numpy_reads, "sqlite": sqlite_reads}[program]()
print("as written")
