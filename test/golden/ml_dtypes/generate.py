#!/usr/bin/env python3
"""Makes the tables beside this file with the ml_dtypes package.

    python3 -m venv env && env/bin/pip install numpy ml_dtypes
    env/bin/python generate.py            # writes the tables and VERSIONS
    env/bin/python generate.py --check    # compares them, writes nothing

The tests read the tables and never run this. It knows nothing of this project:
every number is what ml_dtypes answers. VERSIONS names the releases that
answered last.

FORMAT is one of FORMATS below; all arrays are one-dimensional.

    FORMAT_decode   uint32   the f32 bits of every code
    FORMAT_f16      uint8    the code of every f16, by its bits
    FORMAT_bf16     uint8    the code of every bf16, by its bits
    FORMAT_f32      uint8    the code of each f32 in f32_inputs
    f32_inputs      uint32   the bits of the f32 values, ascending

Codes of fewer than 8 bits are one a byte, in its low bits.

f32_inputs holds every f32 whose low 19 bits are zero, and both its neighbours:
either sign, every exponent, five significant bits. No format here has more than
four, so this is every code's value, every middle between two codes and what
lies beside them; and zeros, subnormals, infinities and NaNs.
"""

import argparse
import pathlib
import platform
import sys

import ml_dtypes
import numpy as np

FOLDER = pathlib.Path(__file__).resolve().parent
FORMATS = {  # name: bits
    "float8_e4m3fn": 8,
    "float8_e5m2": 8,
    "float6_e2m3fn": 6,
    "float6_e3m2fn": 6,
    "float4_e2m1fn": 4,
    "float8_e8m0fnu": 8,
}


def make_f32_inputs():
    few_bits = np.arange(1 << 13, dtype=np.uint32) << np.uint32(19)
    # Wraps: what precedes +0 is the last NaN with the other sign.
    neighbours = [few_bits + np.uint32(delta % (1 << 32))
                  for delta in (-1, 0, 1)]
    return np.unique(np.concatenate(neighbours))


def encode(values, format_type):
    return values.astype(format_type).view(np.uint8)


def make_tables():
    f32_inputs = make_f32_inputs()
    halves = np.arange(1 << 16, dtype=np.uint16)
    tables = {"f32_inputs": f32_inputs}
    for name, bits in FORMATS.items():
        format_type = getattr(ml_dtypes, name)
        codes = np.arange(1 << bits, dtype=np.uint8)
        values = codes.view(format_type).astype(np.float32)
        tables |= {
            f"{name}_decode": values.view(np.uint32),
            f"{name}_f16": encode(halves.view(np.float16), format_type),
            f"{name}_bf16": encode(halves.view(ml_dtypes.bfloat16),
                                   format_type),
            f"{name}_f32": encode(f32_inputs.view(np.float32), format_type),
        }
    return tables


def check(tables):
    """The names of the tables that are not as on disk."""
    return [name for name, table in tables.items()
            if not np.array_equal(np.load(FOLDER / f"{name}.npy"), table)]


def main():
    parser = argparse.ArgumentParser(
        description="Makes conversion tables with the ml_dtypes package.")
    parser.add_argument("--check", action="store_true",
                        help="compare with the tables on disk instead")
    arguments = parser.parse_args()
    with np.errstate(all="ignore"):  # overflow to infinity is meant
        tables = make_tables()
    if arguments.check:
        different = check(tables)
        sys.exit("different: " + ", ".join(different) if different else 0)
    for name, table in tables.items():
        np.save(FOLDER / f"{name}.npy", table)
    (FOLDER / "VERSIONS").write_text(
        f"ml_dtypes {ml_dtypes.__version__}\nnumpy {np.__version__}\n"
        f"python {platform.python_version()}\n")


if __name__ == "__main__":
    main()
