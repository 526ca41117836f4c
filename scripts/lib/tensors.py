"""Reads and writes .npy and .safetensors files with the standard library alone.

A tensor is (dtype, shape, data): a numpy-style dtype name such as "f4", a tuple
and the elements' bytes, little-endian in C order.
"""

import ast
import json
import math
import os
import struct

# safetensors' names for types, as numpy writes them. bf16 has no numpy name.
SAFETENSORS_TYPES = {
    "F64": "f8", "F32": "f4", "F16": "f2", "BF16": "bf16",
    "I64": "i8", "I32": "i4", "I16": "i2", "I8": "i1",
    "U64": "u8", "U32": "u4", "U16": "u2", "U8": "u1", "BOOL": "b1",
}


class TensorError(Exception):
    """A file that cannot be read, with what was expected and what was found."""


def item_size(dtype):
    return 2 if dtype == "bf16" else int(dtype[1:])


def _check_size(path, dtype, shape, data):
    expected = math.prod(shape) * item_size(dtype)
    if len(data) != expected:
        raise TensorError(f"{path}: expected {expected} bytes of data for "
                          f"{dtype} {list(shape)}, got {len(data)}")


def read_npy(path):
    with open(path, "rb") as file:
        head = file.read(8)
        if head[:6] != b"\x93NUMPY" or len(head) < 8:
            raise TensorError(f"{path}: not an .npy file")
        length_format = "<H" if head[6] == 1 else "<I"
        length_bytes = file.read(struct.calcsize(length_format))
        try:
            length, = struct.unpack(length_format, length_bytes)
            header = ast.literal_eval(file.read(length).decode("latin-1"))
            descr, shape = header["descr"], tuple(header["shape"])
            fortran = header["fortran_order"]
        except (ValueError, SyntaxError, KeyError, TypeError, struct.error):
            raise TensorError(f"{path}: broken .npy header") from None
        data = file.read()
    if fortran or not isinstance(descr, str) or descr[0] not in "<|":
        raise TensorError(f"{path}: expected little-endian C order, "
                          f"got {descr!r}{' in Fortran order' * fortran}")
    dtype = descr[1:]
    _check_size(path, dtype, shape, data)
    return dtype, shape, data


def write_npy(path, dtype, shape, data):
    order = "|" if item_size(dtype) == 1 else "<"
    header = (f"{{'descr': '{order}{dtype}', 'fortran_order': False, "
              f"'shape': {tuple(shape)}, }}")
    header = header.ljust((len(header) + 11 + 63) // 64 * 64 - 11) + "\n"
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)))
        file.write(header.encode("latin-1"))
        file.write(data)


def read_safetensors_header(path):
    """Returns {name: entry} and the offset at which the data starts."""
    with open(path, "rb") as file:
        head = file.read(8)
        length = struct.unpack("<Q", head)[0] if len(head) == 8 else 0
        if not 2 <= length <= os.path.getsize(path) - 8:
            raise TensorError(f"{path}: not a .safetensors file")
        try:
            header = json.loads(file.read(length))
        except ValueError:
            raise TensorError(f"{path}: broken .safetensors header") from None
    header.pop("__metadata__", None)
    return header, 8 + length


def read_safetensors(path, name):
    header, start = read_safetensors_header(path)
    if name not in header:
        known = ", ".join(sorted(header)[:8])
        raise TensorError(f"{path}: no tensor {name!r}; it has {known}"
                          + (", ..." if len(header) > 8 else ""))
    entry = header[name]
    if entry["dtype"] not in SAFETENSORS_TYPES:
        raise TensorError(f"{path}:{name}: type {entry['dtype']} is not supported")
    dtype = SAFETENSORS_TYPES[entry["dtype"]]
    begin, end = entry["data_offsets"]
    with open(path, "rb") as file:
        file.seek(start + begin)
        data = file.read(end - begin)
    shape = tuple(entry["shape"])
    _check_size(f"{path}:{name}", dtype, shape, data)
    return dtype, shape, data


def write_safetensors(path, tensors, metadata):
    """Writes {name: (dtype, shape, data)} in order."""
    names = {dtype: name for name, dtype in SAFETENSORS_TYPES.items()}
    header, offset = {"__metadata__": metadata}, 0
    for name, (dtype, shape, data) in tensors.items():
        header[name] = {"dtype": names[dtype], "shape": list(shape),
                        "data_offsets": [offset, offset + len(data)]}
        offset += len(data)
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, _, data in tensors.values():
            file.write(data)


def read(spec):
    """Reads `x.npy` or `m.safetensors:tensor.name`."""
    path, separator, name = spec.partition(".safetensors:")
    try:
        if separator:
            return read_safetensors(path + ".safetensors", name)
        if spec.endswith(".npy"):
            return read_npy(spec)
        if spec.endswith(".safetensors"):
            known = ", ".join(sorted(read_safetensors_header(spec)[0])[:8])
            raise TensorError(f"{spec}: name the tensor as {spec}:NAME; "
                              f"it has {known}")
    except OSError as error:
        raise TensorError(f"{error.filename}: {error.strerror}") from None
    raise TensorError(f"expected x.npy or m.safetensors:NAME, got {spec!r}")
