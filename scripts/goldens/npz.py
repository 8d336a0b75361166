"""Arrays as NumPy stores them, of all types and orders, and what is refused.

Array NAME holds 0, 1, 2, ... in row-major order (mod 2 for bool), unless its name
says otherwise; the test computes what it expects.
"""

import zipfile

import ml_dtypes
import numpy as np

TYPES = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32", "float64"]


def count(shape, dtype):
    values = np.arange(int(np.prod(shape)))
    return (values % 2 if dtype == "bool" else values).astype(dtype).reshape(shape)


def main(out):
    arrays = {t: count((2, 3, 4), t) for t in TYPES}
    np.savez(out / "types.npz", **arrays)
    np.savez_compressed(out / "compressed.npz", **arrays)
    np.savez(out / "fortran.npz", **{t: np.asfortranarray(a) for t, a in arrays.items()})
    np.savez(out / "big_endian.npz", **{t: a.astype(a.dtype.newbyteorder(">")) for t, a in arrays.items()})
    np.savez(out / "shapes.npz", **{
        "scalar": np.float32(7), "vector": count((5,), "int64"), "empty": count((0, 3), "float32"),
        "1x4 Input Vector": count((1, 1, 4), "float32"), "/model/out:0": count((2, 2), "float32"), "\u00e9": count((1,), "uint8")})
    np.save(out / "single.npy", count((2, 3), "float32"))
    np.save(out / "single_fortran.npy", np.asfortranarray(count((2, 3), "float32")))
    for version in [(2, 0), (3, 0)]:
        with open(out / f"version{version[0]}.npy", "wb") as f:
            np.lib.format.write_array(f, count((2, 3), "float32"), version=version)
    np.save(out / "bfloat16.npy", np.array([[0, 1, -2.5], [np.inf, -np.inf, 3.140625]], ml_dtypes.bfloat16))
    np.save(out / "bytes.npy", np.array([[b"tench", b""], ["\u00e9t\u00e9".encode(), b"a"]]))

    # What is refused.
    np.save(out / "refused_objects.npy", np.array([{}, []], dtype=object), allow_pickle=True)
    np.save(out / "refused_strings.npy", np.array(["a", "bc"]))
    np.save(out / "refused_complex.npy", np.zeros(2, np.complex64))
    np.save(out / "refused_dates.npy", np.zeros(2, "datetime64[s]"))
    np.save(out / "refused_records.npy", np.zeros(2, [("x", "f4"), ("y", "i4")]))
    np.save(out / "refused_float8.npy", np.zeros(2, ml_dtypes.float8_e4m3fn))
    np.save(out / "refused_longdouble.npy", np.zeros(2, np.longdouble))
    with zipfile.ZipFile(out / "refused_text.npz", "w") as z:
        z.writestr(zipfile.ZipInfo("notes.txt"), "not an array")
