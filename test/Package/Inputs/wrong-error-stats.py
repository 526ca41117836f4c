#!/usr/bin/env python3
"""quant-run, but the sum of squared errors comes out 0.01 % too large."""

import struct
import subprocess
import sys

subprocess.run(["quant-run", *sys.argv[1:]], check=True)
for argument in sys.argv[1:]:
    if argument.endswith("sse.npy"):
        with open(argument.split("=", 1)[1], "r+b") as file:
            file.seek(-4, 2)
            sse, = struct.unpack("<f", file.read())
            file.seek(-4, 2)
            file.write(struct.pack("<f", sse * 1.0001))
