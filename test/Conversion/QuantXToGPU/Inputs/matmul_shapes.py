"""Prints a module with a scaled_matmul of each weight format, for a number of
tokens that each tiling takes, with K known and not.

matmul_shapes.py PART PARTS
matmul_shapes.py many

Of all cases, those number PART, PART + PARTS, ...: each chip of a test has
some, and by hand `0 1` gives all. With `many`, those of more than 8 tokens that
are not f32, and a few more.
"""

import itertools
import sys

FORMATS = {
    "mxfp4": "f4E2M1FN : f32, f8E8M0FNU per 1x32",
    "nvfp4": "f4E2M1FN : f32, f8E4M3FN per 1x16, global f32",
    "mxfp8": "f8E4M3FN : f32, f8E8M0FNU per 1x32",
    "int4": "ui4 : f32, f16 per 1x32, zero_point ui4",
    "int4_g128": "ui4 : f32, f16 per 1x128, zero_point ui4",
    "int8": "i8 : f32, f32 per 1x*",
}


def print_case(name, activations, tokens, is_static):
    n, k = (14336, 4096) if is_static else ("?", "?")
    x = f"tensor<{tokens}x{k}x{activations}>"
    w = f"tensor<{n}x{k}x!{name}>"
    acc = f"tensor<{tokens}x{n}xf32>"
    function = f"{name}_{activations}_{tokens}_{'s' if is_static else 'd'}"
    print(f"""
func.func @{function}(%x: {x}, %w: {w}, %acc: {acc}) -> {acc} {{
  %r = quantx.scaled_matmul ins(%x, %w : {x}, {w}) outs(%acc : {acc}) -> {acc}
  return %r : {acc}
}}""")


def get_cases_of_many():
    yield from itertools.product(FORMATS, ["bf16"], [32, 512], [False, True])
    yield from itertools.product(["mxfp4", "int8"], ["bf16"], [256],
                                 [False, True])
    yield from itertools.product(["mxfp4", "int8"], ["f16"], [512], [True])


def main():
    for name, text in FORMATS.items():
        print(f"!{name} = !quantx.scaled<{text}>")
    if sys.argv[1] == "many":
        for case in get_cases_of_many():
            print_case(*case)
        return
    part, parts = map(int, sys.argv[1:])
    formats = [name for name in FORMATS if name != "int4_g128"]
    cases = list(itertools.product(formats, ["bf16"], [1, 4, 32, 256],
                                   [False, True]))
    # f32 have no kernel of their own for more tokens.
    cases += itertools.product(["nvfp4", "mxfp8"], ["f32"], [1, 4, 32],
                               [False])
    # More tokens have the kernels of smaller groups.
    cases += itertools.product(["int4_g128"], ["bf16", "f16"], [1, 4],
                               [False, True])
    for case in cases[part::parts]:
        print_case(*case)


main()
