"""Runs every example on one matrix with quant-run, checks and tabulates.

Part of scripts/demo. The table comes from the files that quant-run wrote, and
every figure that can be computed a second time is: the errors of the
dequantized matrix, in float64, against what `quantx.error_stats` reported.
"""

import argparse
import array
import math
import os
import shlex
import struct
import subprocess
import sys

import tensors

# Example, what it is, and the arrays of its lowered type after the codes.
FORMATS = [
    ("mxfp4", "4-bit float, 1x32", ["scales"]),
    ("mxfp4-optimal", "  scales of least error", ["scales"]),
    ("nvfp4", "4-bit float, 1x16", ["scales", "global"]),
    ("nvfp4-optimal", "  scales of least error", ["scales", "global"]),
    ("int4-g128", "4-bit integer, 1x128", ["scales", "zero_points"]),
    ("int4-g128-optimal", "  scales of least error", ["scales", "zero_points"]),
    ("int8", "8-bit integer, row", ["scales"]),
    ("fp8-tensor", "8-bit float, tensor", ["scales"]),
    ("fp8-row", "8-bit float, row", ["scales"]),
    ("fp8-128x128", "8-bit float, 128x128", ["scales"]),
]

# The lowered results of @report, in order: name and type.
REPORT = [("sse", "f4"), ("largest_error", "f4"), ("saturated", "i8"),
          ("flushed", "i8"), ("sum_of_squares", "f8")]

# error_stats promises a sum within 1e-6; the rest is for its f32 differences.
TOLERANCE = 1e-5


class DemoError(Exception):
    """A step that failed, in the words to print."""


class Matrix:
    """The user's weights as f32, and the path that quant-run reads them from."""

    def __init__(self, spec):
        self.spec = spec
        self.dtype, self.shape, data = tensors.read(spec)
        if len(self.shape) != 2 or 0 in self.shape:
            raise DemoError(f"{spec}: expected a matrix with two dimensions, "
                            f"got shape {list(self.shape)}")
        self.values = self._widen(data)
        bad = sum(not math.isfinite(value) for value in self.values)
        if bad:
            raise DemoError(f"{spec}: {bad} values are NaN or infinite, and a "
                            "block that holds one dequantizes to NaN")
        self.sum_of_squares = sum(x * x for x in self.values)
        if not self.sum_of_squares:
            raise DemoError(f"{spec}: all values are zero, there is nothing to "
                            "measure")

    def _widen(self, data):
        """f16 and bf16 are subsets of f32, so this is exact."""
        values = array.array("f")
        if self.dtype == "f4":
            values.frombytes(data)
        elif self.dtype == "bf16":
            wide = bytearray(2 * len(data))
            wide[2::4], wide[3::4] = data[0::2], data[1::2]
            values.frombytes(wide)
        elif self.dtype == "f2":
            values.extend(struct.unpack(f"<{len(data) // 2}e", data))
        else:
            raise DemoError(f"{self.spec}: expected f32, f16 or bf16 values, "
                            f"got {self.dtype}")
        return values

    def path(self, folder):
        """What to give to quant-run: the examples take f32."""
        if self.dtype == "f4":
            return self.spec
        path = os.path.join(folder, "weights.npy")
        tensors.write_npy(path, "f4", self.shape, self.values.tobytes())
        return path


def quant_run(tool, example, entry_point, inputs, outputs):
    command = [tool, example, f"--entry-point={entry_point}"]
    command += [f"--input={path}" for path in inputs]
    command += [f"--output={path}" for path in outputs]
    result = subprocess.run(command, stdin=subprocess.DEVNULL, text=True,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode:
        raise DemoError(f"{shlex.join(command)}\nended with exit code "
                        f"{result.returncode}:\n{result.stdout}")


def read_scalar(path, dtype):
    found, shape, data = tensors.read_npy(path)
    if found != dtype or math.prod(shape) != 1:
        raise DemoError(f"{path}: expected one {dtype}, got {found} {list(shape)}")
    return struct.unpack({"f4": "<f", "f8": "<d", "i8": "<q"}[dtype], data)[0]


def read_dequantized(path, weights):
    """Reads the decoded matrix, which has the weights' shape.

    The lowered payload has whole bytes in a row, so a row of odd length comes
    back with the padding decoded too; it is dropped here.
    """
    dtype, shape, data = tensors.read_npy(path)
    rows, columns = weights.shape
    if dtype != "f4" or len(shape) != 2 or shape[0] != rows or \
            not columns <= shape[1] < columns + 8:
        raise DemoError(f"{path}: expected f4 {[rows, columns]}, got {dtype} "
                        f"{list(shape)}")
    values = array.array("f")
    values.frombytes(data)
    if shape[1] == columns:
        return values
    trimmed = array.array("f")
    for start in range(0, len(values), shape[1]):
        trimmed.extend(values[start:start + columns])
    return trimmed


def check(path, what, reported, computed, tolerance):
    if not abs(reported - computed) <= tolerance * abs(computed):
        raise DemoError(f"{path}: {what}: error_stats reported {reported!r}, "
                        f"the dequantized matrix has {computed!r}")


def run_format(tool, examples, name, arrays, weights, input_path, folder):
    """Quantizes, dequantizes and measures; returns the row of the table."""
    os.makedirs(folder, exist_ok=True)
    example = os.path.join(examples, name + ".mlir")
    npy = {key: os.path.join(folder, key + ".npy")
           for key in ["codes", "scales", "zero_points", "global",
                       "dequantized"] + [key for key, _ in REPORT]}
    stored = [npy[key] for key in ["codes"] + arrays]
    quant_run(tool, example, "quantize", [input_path], stored)
    quant_run(tool, example, "dequantize", stored, [npy["dequantized"]])
    quant_run(tool, example, "report", [input_path],
              [npy[key] for key, _ in REPORT])

    report = {key: read_scalar(npy[key], dtype) for key, dtype in REPORT}
    decoded = read_dequantized(npy["dequantized"], weights)
    errors = [x - y for x, y in zip(weights.values, decoded)]
    sse = sum(error * error for error in errors)
    flushed = sum(y == 0 and x != 0 for x, y in zip(weights.values, decoded))
    check(example, "sum of squared errors", report["sse"], sse, TOLERANCE)
    check(example, "largest error", report["largest_error"],
          max(map(abs, errors)), TOLERANCE)
    check(example, "codes flushed to zero", report["flushed"], flushed, 0)
    check(example, "sum of squares", report["sum_of_squares"],
          weights.sum_of_squares, TOLERANCE)

    size = sum(len(tensors.read_npy(path)[2]) for path in stored)
    return {
        "size": size,
        "bits": 8 * size / len(weights.values),
        "sqnr": 10 * math.log10(report["sum_of_squares"] / report["sse"])
        if report["sse"] else math.inf,
        **report,
    }


def check_optimal(rows):
    """Scales of least error are no worse than others of the same format."""
    for name, row in rows.items():
        naive = rows.get(name.removesuffix("-optimal"))
        if not row["sse"] <= naive["sse"]:
            raise DemoError(f"{name}: the sum of squared errors is "
                            f"{row['sse']!r}, more than the {naive['sse']!r} "
                            "of naive scales")


def print_table(rows, before):
    print(f"{'format':17} {'codes, block of a scale':24} {'bits a':>7} "
          f"{'SQNR':>7} {'largest':>9} {'satu-':>9} {'flushed':>9} "
          f"{'KiB':>9} {'KiB':>9}")
    print(f"{'':17} {'':24} {'weight':>7} {'dB':>7} {'error':>9} "
          f"{'rated':>9} {'to zero':>9} {'before':>9} {'after':>9}")
    for name, what, row in rows:
        print(f"{name:17} {what:24} {row['bits']:7.3f} {row['sqnr']:7.2f} "
              f"{row['largest_error']:9.6f} {row['saturated']:9d} "
              f"{row['flushed']:9d} {before / 1024:9.1f} "
              f"{row['size'] / 1024:9.1f}")


def shown(path):
    """A path as the project's root sees it, where it lies below it."""
    relative = os.path.relpath(path)
    return path if relative.startswith(os.pardir) else relative


def demo(arguments):
    weights = Matrix(arguments.input)
    if arguments.check_only:
        return
    os.makedirs(arguments.out, exist_ok=True)
    input_path = weights.path(arguments.out)
    before = len(weights.values) * tensors.item_size(weights.dtype)
    rows = []
    for name, what, arrays in FORMATS:
        folder = os.path.join(arguments.out, name)
        rows.append((name, what, run_format(
            arguments.quant_run, arguments.examples, name, arrays, weights,
            input_path, folder)))
    check_optimal({name: row for name, _, row in rows})
    print()
    print_table(rows, before)
    kind = {"f4": "f32", "f2": "f16"}.get(weights.dtype, weights.dtype)
    print(f"""
Quantized {shown(weights.spec)}
({weights.shape[0]} x {weights.shape[1]}, {kind}) in {len(rows)} ways, and dequantized each again.
Bits and sizes count codes, scales, zero points and global scales as written.
Errors, flushed counts and signal power were computed a second time from the
dequantized matrices and agree with quantx.error_stats. Scales of least error
(#quantx.optimal) cost no bit more than the naive ones above them.

The programs are {shown(arguments.examples)}/*.mlir, the results
{shown(arguments.out)}/FORMAT/*.npy (codes, scales, dequantized, ...).""")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input", required=True)
    parser.add_argument("--quant-run", metavar="TOOL")
    parser.add_argument("--examples", metavar="FOLDER")
    parser.add_argument("--out", metavar="FOLDER")
    parser.add_argument("--check-only", action="store_true",
                        help="only see whether the input can be used")
    try:
        demo(parser.parse_args())
    except (DemoError, tensors.TensorError, OSError) as error:
        print(f"demo: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
