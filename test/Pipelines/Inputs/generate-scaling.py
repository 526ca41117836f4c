"""Prints a module with N functions, and one function with a chain of N steps."""

import sys

count = int(sys.argv[1])
print("!mxfp4 = !quantx.scaled<f4E2M1FN : f32, f8E8M0FNU per 1x32>")
shape, scaled = "tensor<8x64xf32>", "tensor<8x64x!mxfp4>"


def print_step(source, result, number):
    print(f"  %q{number} = quantx.dynamic_quantize {source} using #quantx.floor"
          f" : {shape} to {scaled}")
    print(f"  {result} = quantx.dequantize %q{number} : {scaled} to {shape}")


for i in range(count):
    print(f"func.func @f{i}(%x: {shape}) -> {shape} {{")
    print_step("%x", "%y", 0)
    print(f"  return %y : {shape}\n}}")
print(f"func.func @chain(%y0: {shape}) -> {shape} {{")
for i in range(count):
    print_step(f"%y{i}", f"%y{i + 1}", i)
print(f"  return %y{count} : {shape}\n}}")
