"""Launches a kernel of quant-compile by CuPy.

    quant-compile dequantize.mlir -o kernel.ptx --header=kernel.h --chip=sm_80
    python3 launch.py kernel.ptx
"""

import sys

import cupy
import numpy

module = cupy.RawModule(path=sys.argv[1])
kernel = module.get_function("dequantize_dequantize_0")

# Two rows of 64 codes in MXFP4, two to a byte: 0.5 and 1, under scales of 2.
rows, columns = 2, 64
payload = cupy.full((rows, columns // 2), 0x21, numpy.uint8)
scales = cupy.full((rows, columns // 32), 128, numpy.uint8)
values = cupy.empty((rows, columns), numpy.float32)

# Grid, block and parameters as kernel.h has them; any grid is right.
kernel((4,), (128,), (payload, scales, values, numpy.int64(rows),
                      numpy.int64(columns)))
print(values[0, :2])  # [1. 2.]
