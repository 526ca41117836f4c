"""Runs the functions of examples/mxfp4-hessian.mlir and checks what they give.

check_hessians.py FILE.mlir
"""

import os
import random
import subprocess
import sys
import tempfile

from arrays import read_values, write_floats

TOKENS, FEATURES, OUTPUTS, BLOCK = 5, 64, 16, 32
E2M1 = [0, 0.5, 1, 1.5, 2, 3, 4, 6]

file = sys.argv[1]


def run(folder, program, function, inputs, outputs):
    subprocess.run(
        ["quant-run", program, f"--entry-point={function}",
         *(f"--input={folder}/{name}.npy" for name in inputs),
         *(f"--output={folder}/{name}.npy" for name in outputs)], check=True)


def weighted_error(folder, weights, hessians):
    """The sum of r^T H r over all blocks of what `codes` and `scales` give."""
    codes = read_values(f"{folder}/codes.npy")
    scales = read_values(f"{folder}/scales.npy")
    total = 0.0
    for block in range(OUTPUTS * FEATURES // BLOCK):
        residual = []
        for i in range(block * BLOCK, (block + 1) * BLOCK):
            code = codes[i // 2] >> 4 * (i % 2) & 15
            value = E2M1[code & 7] * (-1 if code & 8 else 1)
            residual.append(weights[i] - value * 2.0 ** (scales[block] - 127))
        first = block % (FEATURES // BLOCK) * BLOCK * BLOCK
        total += sum(residual[a] * hessians[first + a * BLOCK + b] * residual[b]
                     for a in range(BLOCK) for b in range(BLOCK))
    return total


def check(folder):
    generator = random.Random(1)
    x = [float(generator.randrange(-9, 10)) for _ in range(TOKENS * FEATURES)]
    weights = [generator.gauss(0, 1) for _ in range(OUTPUTS * FEATURES)]
    write_floats(f"{folder}/x.npy", (TOKENS, FEATURES), x)
    write_floats(f"{folder}/w.npy", (OUTPUTS, FEATURES), weights)
    weights = read_values(f"{folder}/w.npy")

    run(folder, file, "hessians", ["x"], ["h"])
    hessians = read_values(f"{folder}/h.npy")
    expected = [sum(x[t * FEATURES + j * BLOCK + a] *
                    x[t * FEATURES + j * BLOCK + b] for t in range(TOKENS))
                for j in range(FEATURES // BLOCK)
                for a in range(BLOCK) for b in range(BLOCK)]
    if hessians != expected:
        sys.exit("the Hessians differ")
    print(f"{len(hessians)} entries equal")

    run(folder, file, "quantize", ["w", "h"], ["codes", "scales"])
    weighted = weighted_error(folder, weights, hessians)
    optimal = os.path.join(os.path.dirname(file), "mxfp4-optimal.mlir")
    run(folder, optimal, "quantize", ["w"], ["codes", "scales"])
    unweighted = weighted_error(folder, weights, hessians)
    if weighted >= unweighted:
        sys.exit(f"expected less than {unweighted}, got {weighted}")
    print(f"weighted errors: {weighted:.1f}, below {unweighted:.1f} of scales "
          "without weights")


with tempfile.TemporaryDirectory() as scratch:
    check(scratch)
