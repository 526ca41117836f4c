"""Writes the same program twice: on weights that it is given, and on constants.

constant_weights.py TEMPLATE FOLDER: writes weights.npy, given.mlir and
constant.mlir to FOLDER. In TEMPLATE, {weights} in the body of @f() stands for
what gives %w, and {resources} for the data.
"""

import os
import random
import struct
import sys

import arrays

ROWS, COLUMNS = 64, 1024

template, folder = sys.argv[1:]
generator = random.Random(7)
values = [generator.gauss(0.0, 0.02) for _ in range(ROWS * COLUMNS)]
values[3 * COLUMNS:3 * COLUMNS + 100] = [0.0] * 100
arrays.write_floats(os.path.join(folder, "weights.npy"), (ROWS, COLUMNS),
                    values)

with open(template) as file:
    text = file.read()
weights = struct.pack(f"<{len(values)}f", *values)
# The text of a resource begins with its alignment.
data = (struct.pack("<I", 4) + weights).hex().upper()
programs = {
    "given": (text.replace("@f()", "@f(%w: tensor<64x1024xf32>)"), "", ""),
    "constant": (text, "%w = arith.constant dense_resource<w> : "
                 "tensor<64x1024xf32>",
                 f'{{-# dialect_resources: {{ builtin: {{ w: "0x{data}" }} }} #-}}'),
}
for name, (program, constant, resources) in programs.items():
    program = program.replace("{weights}", constant)
    with open(os.path.join(folder, name + ".mlir"), "w") as file:
        file.write(program.replace("{resources}", resources))
