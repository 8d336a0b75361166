"""Writes runner/npz/testdata: arrays as NumPy stores them, of all types and orders.

Array NAME holds 0, 1, 2, ... in row-major order (mod 2 for bool), unless its name
says otherwise; the test computes what it expects.
"""

import pathlib
import zipfile

import ml_dtypes
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent.parent / "runner" / "npz" / "testdata"
TYPES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64"]


def count(shape, dtype):
    values = np.arange(int(np.prod(shape)))
    return (values % 2 if dtype == "bool" else values).astype(dtype).reshape(shape)


def main():
    HERE.mkdir(parents=True, exist_ok=True)
    arrays = {t: count((2, 3, 4), t) for t in TYPES}
    np.savez(HERE / "types.npz", **arrays)
    np.savez_compressed(HERE / "compressed.npz", **arrays)
    np.savez(HERE / "fortran.npz", **{t: np.asfortranarray(a) for t, a in arrays.items()})
    np.savez(HERE / "big_endian.npz", **{t: a.astype(a.dtype.newbyteorder(">")) for t, a in arrays.items()})
    np.savez(HERE / "shapes.npz", **{
        "scalar": np.float32(7), "vector": count((5,), "int64"), "empty": count((0, 3), "float32"),
        "1x4 Input Vector": count((1, 1, 4), "float32"), "/model/out:0": count((2, 2), "float32"), "\u00e9": count((1,), "uint8")})
    np.save(HERE / "single.npy", count((2, 3), "float32"))
    np.save(HERE / "single_fortran.npy", np.asfortranarray(count((2, 3), "float32")))
    for version in [(2, 0), (3, 0)]:
        with open(HERE / f"version{version[0]}.npy", "wb") as f:
            np.lib.format.write_array(f, count((2, 3), "float32"), version=version)
    # What is refused.
    np.save(HERE / "refused_objects.npy", np.array([{}, []], dtype=object), allow_pickle=True)
    np.save(HERE / "refused_strings.npy", np.array(["a", "bc"]))
    np.save(HERE / "refused_complex.npy", np.zeros(2, np.complex64))
    np.save(HERE / "refused_dates.npy", np.zeros(2, "datetime64[s]"))
    np.save(HERE / "refused_records.npy", np.zeros(2, [("x", "f4"), ("y", "i4")]))
    np.save(HERE / "refused_bfloat16.npy", np.zeros(2, ml_dtypes.bfloat16))
    np.save(HERE / "refused_longdouble.npy", np.zeros(2, np.longdouble))
    with zipfile.ZipFile(HERE / "refused_text.npz", "w") as z:
        z.writestr("notes.txt", "not an array")


if __name__ == "__main__":
    main()
