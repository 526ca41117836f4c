"""The files that the tests of the tools read, and what they wrote, as text.

files.py make FOLDER     writes the arrays, good ones and broken ones
files.py show PATH...    prints type, shape and values, one array a line
files.py same PATH PATH  fails where two .npy files hold different arrays
"""

import json
import os
import random
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "..",
                                "Execute", "Inputs"))
from arrays import read_npy, write_npy  # noqa: E402

CODES = {"f4": "f", "f8": "d", "f2": "e", "u1": "B", "i1": "b", "b1": "?",
         "u2": "H", "i2": "h", "i4": "i", "u4": "I", "i8": "q", "u8": "Q"}


def npy(name, descr, shape, values):
    data = struct.pack(f"{descr[0].replace('|', '<')}{len(values)}"
                       f"{CODES[descr[1:]]}", *values)
    write_npy(f"{name}.npy", descr, shape, data)


def safetensors(name, header, data=b"", length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(f"{name}.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text) if length is None else length))
        file.write(text + data)


def entry(begin, end, shape, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}


def make_arrays():
    npy("x4", "<f4", [4], [1.5, -2.0, 0.0, -0.0])
    npy("x8", "<f4", [8], range(8))
    npy("x3", "<f4", [3], [1.0, 2.0, 3.0])
    npy("x2x4", "<f4", [2, 4], range(8))
    npy("empty", "<f4", [0], [])
    for bits, rows in [(46, 2 ** 46), (62, 2 ** 62), (63, 2 ** 63 - 1)]:
        npy(f"rows{bits}", "<f4", [rows, 0], [])
    npy("d4", "<f8", [4], [1.5, -2.0, 0.0, 1e300])
    npy("h4", "<f2", [4], [1.5, -2.0, 0.0, 65504.0])
    npy("b4", "<u2", [4], [0x3fc0, 0xc000, 0, 0x7f80])
    npy("s4", "|i1", [4], [1, -1, 127, -128])
    npy("u4", "|u1", [4], [1, 255, 127, 128])
    npy("w4", "<i2", [4], [1, -1, 32767, -32768])
    for name, descr, value in [("f32", "<f4", 1.5), ("f16", "<f2", 2.5),
                               ("bf16", "<u2", 0x3f80), ("i1", "|b1", True),
                               ("i8", "|i1", -2), ("i64", "<i8", -7),
                               ("index", "<i8", 9), ("large", "<i8", 4000000000),
                               ("f64", "<f8", 0.1)]:
        npy(f"scalar_{name}", descr, [], [value])
    npy("subnormal_bf16", "<u2", [], [1])
    source = random.Random(1)
    npy("weights", "<f4", [24, 64],
        [source.gauss(0, 1) * 2.0 ** source.randrange(-20, 20)
         for _ in range(24 * 64)])
    # What rounding to bf16 can get wrong: ties to both sides, a carry into the
    # exponent, overflow, a subnormal, infinity, and a NaN whose upper half alone
    # would be an infinity.
    bits = [0x3f808000, 0x3f818000, 0x3f808001, 0x3fffffff, 0x7f7fffff,
            0x00008001, 0xff800000, 0x7f800001]
    npy("ties", "<u4", [8], bits)
    descr, shape, data = read_npy("ties.npy")
    write_npy("ties.npy", "<f4", shape, data)


def make_broken_npy():
    with open("x4.npy", "rb") as file:
        good = file.read()

    def write(name, data):
        with open(f"{name}.npy", "wb") as file:
            file.write(data)

    npy("big_endian", ">f4", [4], [1.5, -2.0, 0.0, -0.0])
    write("truncated", good[:-6])
    write("trailing", good + b"\0")
    write("truncated_header", good[:40])
    write("no_bytes", b"")
    write("text", b"1.5 -2.0 0.0 0.0\n")
    write("version", good[:6] + b"\x04\0" + good[8:])
    # With one dimension, the two orders are one.
    write("fortran1", good.replace(b"False", b"True "))
    write("fortran", good.replace(b"False", b"True ")
          .replace(b"(4,)}  ", b"(2, 2)}"))
    write("record", good.replace(b"'<f4'", b"'|V2'"))
    write("negative", good.replace(b"(4,)", b"(-4,)"))
    write("overflow", good.replace(b"(4,)}" + b" " * 20,
                                   b"(4611686018427387904, 8)}"))


def make_safetensors():
    data = struct.pack("<8f", *range(8))
    good = {"w": entry(0, 16, [4]), "v": entry(16, 32, [4])}
    safetensors("good", good, data)
    safetensors("typed", {
        "half": entry(0, 8, [4], "F16"), "brain": entry(8, 16, [4], "BF16"),
        "byte": entry(16, 20, [4], "U8")},
        struct.pack("<4e4H4B", 1, 2, 3, 4, 0x3f80, 0x4000, 0x4040, 0x4080,
                    1, 2, 3, 4))
    # A header of an odd length in front: the tensor is not aligned.
    safetensors("unaligned", {"a": entry(0, 1, [1], "U8"),
                              "w": entry(1, 17, [4])}, b"\0" + data[:16])
    safetensors("past_end", {"w": entry(0, 16, [4])}, data[:12])
    safetensors("overlap", {"w": entry(0, 16, [4]), "v": entry(8, 24, [4])},
                data[:24])
    safetensors("overflow", {"w": entry(0, 16, [2 ** 62, 8])}, data[:16])
    safetensors("wrong_size", {"w": entry(0, 16, [5])}, data[:16])
    safetensors("backwards", {"w": entry(16, 0, [4])}, data[:16])
    safetensors("hole", {"w": entry(4, 20, [4])}, data[:20])
    safetensors("trailing", {"w": entry(0, 16, [4])}, data[:20])
    safetensors("dtype", {"w": entry(0, 16, [4], "Q4")}, data[:16])
    safetensors("not_json", b'{"w": ', data)
    safetensors("header_past_end", good, data, length=2 ** 63)
    safetensors("twice", b'{"w":{"dtype":"F32","shape":[4],"data_offsets":'
                b'[0,16]},"w":{"dtype":"F32","shape":[4],"data_offsets":'
                b'[0,16]}}', data[:16])
    with open("short.safetensors", "wb") as file:
        file.write(b"\x10\0\0")


def show(spec):
    path, _, name = spec.partition(".safetensors:")
    if name:
        with open(path + ".safetensors", "rb") as file:
            content = file.read()
        start = 8 + struct.unpack("<Q", content[:8])[0]
        tensor = json.loads(content[8:start])[name]
        begin, end = tensor["data_offsets"]
        descr, shape = tensor["dtype"], tensor["shape"]
        data = content[start + begin:start + end]
        code = {"F32": "f", "F16": "e", "F64": "d", "I64": "q", "BF16": "H",
                "BOOL": "?"}.get(descr, "B")
    else:
        descr, shape, data = read_npy(path)
        code = CODES[descr[1:]]
    size = struct.calcsize(code)
    values = struct.unpack(f"<{len(data) // size}{code}", data)
    text = " ".join(f"{value:#06x}" if code == "H" else f"{value:.9g}"
                    if code in "fed" else str(value) for value in values)
    print(f"{name or os.path.basename(path)}: {descr} {list(shape)}: {text}")


def main():
    if sys.argv[1] == "show":
        for path in sys.argv[2:]:
            show(path)
        return
    if sys.argv[1] == "same":
        if read_npy(sys.argv[2]) != read_npy(sys.argv[3]):
            sys.exit(f"{sys.argv[2]} and {sys.argv[3]} differ")
        return
    os.makedirs(sys.argv[2], exist_ok=True)
    os.chdir(sys.argv[2])
    make_arrays()
    make_broken_npy()
    make_safetensors()


main()
