"""What scripts/gpu-test and scripts/gpu-bench run: functions and shapes."""

TYPES = {
    "mxfp4": ("f4E2M1FN", "f8E8M0FNU per 1x32", 4, (1, 32)),
    "mxfp6_e2m3": ("f6E2M3FN", "f8E8M0FNU per 1x32", 6, (1, 32)),
    "mxfp8_e4m3": ("f8E4M3FN", "f8E8M0FNU per 1x32", 8, (1, 32)),
    "mxfp8_e5m2": ("f8E5M2", "f8E8M0FNU per 1x32", 8, (1, 32)),
    "nvfp4": ("f4E2M1FN", "f8E4M3FN per 1x16, global f32", 4, (1, 16)),
    "fp8_tensor": ("f8E4M3FN", "f32 per *x*", 8, None),
    "fp8_row": ("f8E4M3FN", "f32 per 1x*", 8, None),
    "fp8_128x128": ("f8E4M3FN", "f32 per 128x128", 8, (128, 128)),
    "int8_row": ("i8", "f32 per 1x*", 8, None),
    "int4_g128": ("ui4", "f16 per 1x128, zero_point ui4", 4, (1, 128)),
    "int4_g32": ("ui4", "f16 per 1x32, zero_point ui4", 4, (1, 32)),
}

METHODS = {
    "mxfp4": ["floor", "ceil", "even", "rceil", "optimal"],
    "mxfp6_e2m3": ["floor", "optimal"],
    "mxfp8_e4m3": ["floor", "ceil", "even", "rceil", "optimal"],
    "mxfp8_e5m2": ["floor", "optimal"],
    "nvfp4": ["absmax", "optimal", "four_over_six"],
    "fp8_tensor": ["absmax", "absmax<pow2>"],
    "fp8_row": ["absmax", "optimal"],
    "fp8_128x128": ["absmax"],
    "int8_row": ["absmax", "optimal"],
    "int4_g128": ["minmax", "optimal"],
    "int4_g32": ["minmax"],
}

# Around blocks, vectors and warps.
SHAPES = [(1, 1), (3, 32), (5, 96), (7, 100), (33, 1000), (130, 257)]
MATMULS = [(1, 64, 512), (4, 33, 1024), (33, 65, 160)]


def get_type(name, expressed):
    storage, scale = TYPES[name][:2]
    return f"!quantx.scaled<{storage} : {expressed}, {scale}>"


def quantize(name, method, expressed):
    scaled = get_type(name, expressed)
    return f"""
func.func @f(%x: tensor<?x?x{expressed}>) -> tensor<?x?x{scaled}> {{
  %q = quantx.dynamic_quantize %x using #quantx.{method}
    : tensor<?x?x{expressed}> to tensor<?x?x{scaled}>
  return %q : tensor<?x?x{scaled}>
}}
"""


def stochastic(name, expressed):
    scaled = get_type(name, expressed)
    return f"""
func.func @f(%x: tensor<?x?x{expressed}>) -> tensor<?x?x{scaled}> {{
  %seed = arith.constant 77 : i64
  %q = quantx.dynamic_quantize %x using #quantx.floor seed %seed
    {{rounding = #quantx.rounding<stochastic>}}
    : tensor<?x?x{expressed}> to tensor<?x?x{scaled}>
  return %q : tensor<?x?x{scaled}>
}}
"""


def dequantize(name, expressed, rows, columns):
    scaled = get_type(name, expressed)
    shape = f"{rows}x{columns}x"
    return f"""
func.func @f(%q: tensor<{shape}{scaled}>) -> tensor<{shape}{expressed}> {{
  %y = quantx.dequantize %q
    : tensor<{shape}{scaled}> to tensor<{shape}{expressed}>
  return %y : tensor<{shape}{expressed}>
}}
"""


def matmul(name, activations, m, n, k):
    """Weights are quantized first, so that inputs are plain."""
    scaled = get_type(name, "f32")
    method = METHODS[name][0]
    return f"""
func.func @f(%a: tensor<{m}x{k}x{activations}>, %w: tensor<{n}x{k}xf32>)
    -> tensor<{m}x{n}xf32> {{
  %q = quantx.dynamic_quantize %w using #quantx.{method}
    : tensor<{n}x{k}xf32> to tensor<{n}x{k}x{scaled}>
  %zero = arith.constant dense<0.0> : tensor<{m}x{n}xf32>
  %r = quantx.scaled_matmul
    ins(%a, %q : tensor<{m}x{k}x{activations}>, tensor<{n}x{k}x{scaled}>)
    outs(%zero : tensor<{m}x{n}xf32>) -> tensor<{m}x{n}xf32>
  return %r : tensor<{m}x{n}xf32>
}}
"""


def packed_matmul(name, m, n, k):
    """Weights come in packed."""
    scaled = get_type(name, "bf16")
    return f"""
func.func @f(%a: tensor<{m}x{k}xbf16>, %w: tensor<{n}x{k}x{scaled}>)
    -> tensor<{m}x{n}xf32> {{
  %zero = arith.constant dense<0.0> : tensor<{m}x{n}xf32>
  %r = quantx.scaled_matmul
    ins(%a, %w : tensor<{m}x{k}xbf16>, tensor<{n}x{k}x{scaled}>)
    outs(%zero : tensor<{m}x{n}xf32>) -> tensor<{m}x{n}xf32>
  return %r : tensor<{m}x{n}xf32>
}}
"""


class Case:
    """A function on plain inputs.

    `inputs` is a list of (element type, shape); `tolerance` is null where bits
    are compared, else the error allowed, relative to the largest result."""

    def __init__(self, name, text, inputs, tolerance=None):
        self.name, self.text = name, text
        self.inputs, self.tolerance = inputs, tolerance


def get_test_cases():
    for name, methods in METHODS.items():
        for rows, columns in SHAPES:
            size = f"{rows}x{columns}"
            for expressed in ["f32", "bf16", "f16"]:
                inputs = [(expressed, (rows, columns))]
                for method in methods:
                    plain = method.replace("<", "_").replace(">", "")
                    yield Case(f"quantize-{name}-{plain}-{expressed}-{size}",
                               quantize(name, method, expressed), inputs)
                yield Case(f"dequantize-{name}-{expressed}-{size}",
                           dequantize(name, expressed, rows, columns),
                           get_parts(name, rows, columns))
            if name.startswith("mx"):
                yield Case(f"stochastic-{name}-f32-{size}",
                           stochastic(name, "f32"), [("f32", (rows, columns))])
    for name in ["mxfp4", "nvfp4", "mxfp8_e4m3", "fp8_row", "int8_row",
                 "int4_g128"]:
        for activations in ["f32", "bf16"]:
            for m, n, k in MATMULS:
                yield Case(f"matmul-{name}-{activations}-{m}x{n}x{k}",
                           matmul(name, activations, m, n, k),
                           [(activations, (m, k)), ("f32", (n, k))],
                           tolerance=1e-5)


class Benchmark:
    """A function, the types and shapes of its lowered inputs, and what to reach.

    `wanted` is a ratio to the bandwidth of a copy, or of a read, or to the speed
    of the vendor's matrix product: `of` says which."""

    def __init__(self, name, text, inputs, of, wanted, flops=0):
        self.name, self.text, self.inputs = name, text, inputs
        self.of, self.wanted, self.flops = of, wanted, flops


def get_parts(name, rows, columns):
    """Types and shapes of the parts of a quantized tensor."""
    bits, block = TYPES[name][2:]
    scale = TYPES[name][1].split(" ")[0]
    if name.endswith("_row"):
        block = (1, columns)
    block = block or (rows, columns)
    grid = (-(-rows // block[0]), -(-columns // block[1]))
    parts = [("i8", (rows, -(-columns * bits // 8))), (scale, grid)]
    if "zero_point" in TYPES[name][1]:
        parts.append(("zero_points", grid))
    if "global" in TYPES[name][1]:
        parts.append(("f32", ()))
    return parts


def get_benchmarks(size=8192):
    for expressed in ["f32", "bf16"]:
        shape = [(expressed, (size, size))]
        for name, method, wanted in [
                ("mxfp4", "floor", 0.85), ("mxfp8_e4m3", "floor", 0.85),
                ("fp8_row", "absmax", 0.85), ("int8_row", "absmax", 0.85),
                ("mxfp4", "optimal", 0.80), ("nvfp4", "absmax", 0.80),
                ("nvfp4", "optimal", 0.40)]:
            yield Benchmark(f"quantize-{name}-{method}-{expressed}",
                            quantize(name, method, expressed), shape, "copy",
                            wanted)
    for name in ["mxfp4", "mxfp8_e4m3", "nvfp4", "fp8_row", "int8_row",
                 "int4_g128"]:
        yield Benchmark(f"dequantize-{name}-bf16",
                        dequantize(name, "bf16", size, size),
                        get_parts(name, size, size), "copy", 0.85)
    n, k = (14336, 4096) if size >= 8192 else (size, size)
    for name in ["mxfp4", "int4_g128"]:
        for m in [1, 8]:
            yield Benchmark(f"gemv-{name}-{m}x{n}x{k}",
                            packed_matmul(name, m, n, k),
                            [("bf16", (m, k))] + get_parts(name, n, k), "read",
                            0.75)
    for name in ["mxfp4", "fp8_row"]:
        yield Benchmark(f"gemm-{name}-{size}x{size}x{size}",
                        packed_matmul(name, size, size, size),
                        [("bf16", (size, size))] + get_parts(name, size, size),
                        "matmul", 0.5, flops=2 * size ** 3)
