"""Writes payload.npy and scales.npy of a 5x32 MXFP4 tensor to a folder."""

import struct
import sys


def write(path, shape, data):
    header = str({"descr": "|u1", "fortran_order": False, "shape": shape})
    header = header.ljust(117) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)))
        file.write(header.encode() + bytes(data))


folder = sys.argv[1]
write(f"{folder}/payload.npy", (5, 16), [i * 37 % 256 for i in range(80)])
write(f"{folder}/scales.npy", (5, 1), range(125, 130))
