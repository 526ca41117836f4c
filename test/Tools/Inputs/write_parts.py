"""Writes parts of quantized tensors: pROWSxCOLUMNS and b... are bytes, f... f32."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__),
                                "..", "..", "Execute", "Inputs"))
from arrays import write_floats, write_npy  # noqa: E402  (found just above)

write_npy("p4x16.npy", "|u1", (4, 16), b"\x77" * 64)
for rows, columns in (1, 1), (4, 1), (4, 2):
    write_npy(f"b{rows}x{columns}.npy", "|u1", (rows, columns),
              b"\x0f" * (rows * columns))
write_floats("f4x2.npy", (4, 2), [1.0] * 8)
