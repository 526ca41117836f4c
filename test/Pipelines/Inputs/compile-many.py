"""Compiles modules of functions, and compares what that allocates.

compile-many.py COUNTER SMALL LARGE: COUNTER is the library to preload, SMALL and
LARGE are numbers of functions, which all have the same ops. What each function
costs must be the same in both modules, but for what the compiler takes to begin,
and a small part that trees and tables may add.
"""

import os
import subprocess
import sys

counter, small, large = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
FUNCTION = """
func.func @f{0}(%q: tensor<4x32x!mxfp4>) -> tensor<4x32xf32> {{
  %x = quantx.dequantize %q : tensor<4x32x!mxfp4> to tensor<4x32xf32>
  return %x : tensor<4x32xf32>
}}
"""


def compile_functions(count):
    """How often it allocates, and how many bytes, to compile so many."""
    with open("many.mlir", "w") as file:
        file.write("!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>")
        file.writelines(FUNCTION.format(i) for i in range(count))
    environment = dict(os.environ, LD_PRELOAD=counter,
                       ALLOCATIONS="allocations.txt")
    subprocess.run(["quant-compile", "many.mlir", "-o", "many.o",
                    "--target=generic"], check=True, env=environment)
    with open("allocations.txt") as file:
        return [int(number) for number in file.read().split()]


none, few, many = map(compile_functions, (1, small, large))
for name, start, less, more in zip(("calls", "bytes"), none, few, many):
    ratio = (more - start) / (large - 1) / ((less - start) / (small - 1))
    print(f"{name} for a function: {ratio:.3f} times as many")
    if not 0.95 < ratio < 1.05:
        sys.exit(f"not linear: {start}, {less} and {more} {name} for 1, "
                 f"{small} and {large} functions")
print("linear")
