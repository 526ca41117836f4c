"""Runs functions on the golden inputs and compares bits with golden results.

check_golden.py FILE.mlir FUNCTION=PATTERN:NAME,NAME...[@NAME,...]
                [-- quant-run options]

FUNCTION takes x (32 x 256, f32) and the arrays PATTERN_NAME of test/golden
after the @; its results are compared with those before it. {} in PATTERN is the
distribution.
"""

import os
import subprocess
import sys
import tempfile

from arrays import read_npy

golden = os.path.join(os.path.dirname(__file__), "..", "..", "golden")
distributions = ["gauss", "student", "laplace", "edge"]


def check(file, function, pattern, names, inputs, options):
    """The number of values compared; raises on the first that differs."""
    compared = 0
    for distribution in distributions:
        with tempfile.TemporaryDirectory() as folder:
            outputs = [os.path.join(folder, f"{name}.npy") for name in names]
            subprocess.run(
                ["quant-run", file, f"--entry-point={function}",
                 f"--input={golden}/x_{distribution}.npy",
                 *(f"--input={golden}/{pattern.format(distribution)}_{name}.npy"
                   for name in inputs),
                 *(f"--output={output}" for output in outputs), *options],
                check=True)
            for name, output in zip(names, outputs):
                array = f"{pattern.format(distribution)}_{name}"
                descr, _, want = read_npy(f"{golden}/{array}.npy")
                _, _, got = read_npy(output)
                size = int(descr[2:])
                if len(got) != len(want):
                    sys.exit(f"{function}: {array}: expected {len(want)} bytes,"
                             f" got {len(got)}")
                for i in range(0, len(want), size):
                    if want[i:i + size] != got[i:i + size]:
                        sys.exit(f"{function}: {array}[{i // size}]: expected "
                                 f"{want[i:i + size].hex()}, got "
                                 f"{got[i:i + size].hex()}")
                compared += len(want) // size
    return compared


def main():
    arguments, options = sys.argv[1:], []
    if "--" in arguments:
        split = arguments.index("--")
        arguments, options = arguments[:split], arguments[split + 1:]
    for task in arguments[1:]:
        function, rest = task.split("=")
        pattern, names = rest.split(":")
        names, _, inputs = names.partition("@")
        count = check(arguments[0], function, pattern, names.split(","),
                      inputs.split(",") if inputs else [], options)
        print(f"{function}: {count} values equal")


main()
