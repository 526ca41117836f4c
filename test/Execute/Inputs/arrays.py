"""Reads and writes .npy files with the standard library alone."""

import ast
import struct


def read_npy(path):
    """The dtype, shape and bytes of a C-order .npy file."""
    with open(path, "rb") as file:
        data = file.read()
    assert data[:6] == b"\x93NUMPY", path
    width = 2 if data[6] == 1 else 4
    start = 8 + width + int.from_bytes(data[8:8 + width], "little")
    header = ast.literal_eval(data[8 + width:start].decode("latin1"))
    assert not header["fortran_order"], path
    return header["descr"], header["shape"], data[start:]


def read_values(path):
    """The values of a .npy file as a flat list."""
    descr, _, data = read_npy(path)
    code = {"f4": "f", "f8": "d", "f2": "e", "u1": "B", "i1": "b", "u2": "H",
            "i8": "q"}[descr[1:]]
    return list(struct.unpack(f"<{len(data) // struct.calcsize(code)}{code}",
                              data))


def write_npy(path, descr, shape, data):
    """Writes `data`, bytes in C order, as a version 1.0 .npy file."""
    header = repr({"descr": descr, "fortran_order": False,
                   "shape": tuple(shape)}).encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)))
        file.write(header + data)


def write_floats(path, shape, values):
    """Writes f32 values."""
    write_npy(path, "<f4", shape, struct.pack(f"<{len(values)}f", *values))
