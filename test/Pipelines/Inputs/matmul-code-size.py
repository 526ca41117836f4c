"""Lowers matmuls by the CPU pipeline and counts the lines of what comes out.

matmul-code-size.py TARGET MOST: fails where one has more than MOST lines.
"""

import subprocess
import sys

target, most = sys.argv[1], int(sys.argv[2])
TYPES = [
    "f4E2M1FN : {0}, f8E8M0FNU per 1x32",
    "f4E2M1FN : {0}, f8E4M3FN per 1x16, global f32",
    "ui4 : {0}, f16 per 1x128, zero_point ui4",
    "i8 : {0}, f32 per 1x*",
    "f8E4M3FN : {0}, f8E8M0FNU per 1x32",
    "f8E5M2 : {0}, f8E8M0FNU per 1x32",
]
MATMUL = """
!t = !quantx.scaled<{0}, packing rows16>
func.func @f(%a: tensor<?x4096x{1}>, %w: tensor<4096x4096x!t>,
             %acc: tensor<?x4096xf32>) -> tensor<?x4096xf32> {{
  %r = quantx.scaled_matmul
    ins(%a, %w : tensor<?x4096x{1}>, tensor<4096x4096x!t>)
    outs(%acc : tensor<?x4096xf32>) -> tensor<?x4096xf32>
  return %r : tensor<?x4096xf32>
}}
"""


def count_lines(scaled, expressed):
    source = MATMUL.format(scaled.format(expressed), expressed)
    result = subprocess.run(
        ["quant-opt", "-", f"--quantx-cpu-pipeline=target={target}"],
        input=source, stdout=subprocess.PIPE, text=True, check=True)
    return result.stdout.count("\n")


for scaled in TYPES:
    for expressed in ("f16", "bf16"):
        lines = count_lines(scaled, expressed)
        print(f"{scaled.format(expressed)}: {lines} lines")
        if lines > most:
            sys.exit(f"{scaled.format(expressed)}: expected at most {most} "
                     f"lines, found {lines}")
print("small enough")
