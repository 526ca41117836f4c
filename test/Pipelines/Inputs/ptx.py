"""Prints the PTX of each gpu.binary in the module that it reads.

ptx.py < module.mlir
"""

import re
import sys


def unescape(text):
    """The bytes of an MLIR string."""
    return re.sub(
        rb"\\([0-9A-F]{2}|.)",
        lambda match: bytes([int(match[1], 16)]) if len(match[1]) == 2
        else {b"n": b"\n", b"t": b"\t"}.get(match[1], match[1]), text)


def main():
    module = sys.stdin.buffer.read()
    found = re.findall(rb'assembly = "((?:[^"\\]|\\.)*)"', module, re.DOTALL)
    if not found:
        sys.exit("ptx.py: error: no PTX in the module")
    for text in found:
        sys.stdout.buffer.write(unescape(text).rstrip(b"\0") + b"\n")


main()
