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
# Layouts and the codes that they pack; threads have whole units in the last.
PACKINGS = [("linear", codes) for codes in ["i2", "ui3", "i4", "i6", "ui7", "i8"]]
PACKINGS += [("split_half", "i4"), ("interleaved8", "ui4")]
PACKED_SHAPES = SHAPES + [(64, 2048)]
SCALE_SHAPES = [(1, 1), (33, 5), (128, 16), (300, 36), (257, 128)]
MATMULS = [(1, 64, 512), (4, 33, 1024), (33, 65, 160), (300, 130, 416)]


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


def repack(op, layout, codes):
    """pack or unpack."""
    types = {"pack": (codes, "i8"), "unpack": ("i8", codes)}[op]
    operand, result = (f"tensor<?x?x{element}>" for element in types)
    return f"""
func.func @f(%x: {operand}) -> {result} {{
  %y = quantx.{op} %x as #quantx.packing<{layout}> : {operand} to {result}
  return %y : {result}
}}
"""


def relayout_scales(layout, element, rows, columns):
    types = [f"tensor<{rows}x{columns}x{element}>",
             f"tensor<{-(-rows // 128)}x{-(-columns // 4)}x32x16x{element}>"]
    operand, result = types if layout == "tile128x4" else reversed(types)
    return f"""
func.func @f(%x: {operand}) -> {result} {{
  %y = quantx.relayout_scales %x to #quantx.scale_layout<{layout}>
    : {operand} to {result}
  return %y : {result}
}}
"""


def relayout(name, rows, columns, to_rows16):
    linear = get_type(name, "f32")
    types = [f"tensor<{rows}x{columns}x{scaled}>" for scaled in
             (linear, linear[:-1] + ", packing rows16>")]
    operand, result = types if to_rows16 else reversed(types)
    return f"""
func.func @f(%x: {operand}) -> {result} {{
  %y = quantx.relayout %x : {operand} to {result}
  return %y : {result}
}}
"""


def error_stats(name, expressed, rows, columns):
    scaled = f"tensor<{rows}x{columns}x{get_type(name, expressed)}>"
    plain = f"tensor<{rows}x{columns}x{expressed}>"
    return f"""
func.func @f(%x: {plain}, %q: {scaled}) -> (f32, f32, i64, i64) {{
  %e:4 = quantx.error_stats %x, %q : {plain}, {scaled} -> f32, f32, i64, i64
  return %e#0, %e#1, %e#2, %e#3 : f32, f32, i64, i64
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
    are compared, else the error allowed, relative to the largest result: one for
    all results, or a list of one for each."""

    def __init__(self, name, text, inputs, tolerance=None):
        self.name, self.text = name, text
        self.inputs, self.tolerance = inputs, tolerance


def get_layout_cases():
    for layout, codes in PACKINGS:
        bits = int(codes.lstrip("ui"))
        for rows, columns in PACKED_SHAPES:
            name = f"{layout}-{codes}-{rows}x{columns}"
            yield Case(f"pack-{name}", repack("pack", layout, codes),
                       [("i8", (rows, columns))])
            yield Case(f"unpack-{name}", repack("unpack", layout, codes),
                       [("i8", (rows, -(-columns * bits // 8)))])
    for rows, columns in SCALE_SHAPES:
        for element in ["f8E8M0FNU", "f8E4M3FN"]:
            name = f"{element}-{rows}x{columns}"
            yield Case(f"tile-{name}",
                       relayout_scales("tile128x4", element, rows, columns),
                       [(element, (rows, columns))])
            yield Case(f"untile-{name}",
                       relayout_scales("linear", element, rows, columns),
                       [(element, (-(-rows // 128), -(-columns // 4), 32, 16))])


def get_rows16_parts(name, rows, columns):
    """The parts, side by side, of 16 rows at a time."""
    (_, (_, row_bytes)), *others = get_parts(name, rows, columns)
    groups = -(-rows // 16)
    words = -(-row_bytes // 4)
    return [("i8", (groups, words * 64))] + [
        (dtype, (groups, shape[1] * 16) if shape else ())
        for dtype, shape in others]


def get_weight_cases():
    for name in ["mxfp4", "nvfp4", "mxfp8_e4m3", "int8_row", "int4_g32"]:
        for rows, columns in [(1, 32), (17, 96), (33, 1000)]:
            size = f"{name}-{rows}x{columns}"
            yield Case(f"rows16-{size}", relayout(name, rows, columns, True),
                       get_parts(name, rows, columns))
            yield Case(f"linear-{size}", relayout(name, rows, columns, False),
                       get_rows16_parts(name, rows, columns))


def get_stats_cases():
    for name in TYPES:
        for rows, columns in SHAPES:
            for expressed in ["f32", "bf16", "f16"]:
                yield Case(f"error_stats-{name}-{expressed}-{rows}x{columns}",
                           error_stats(name, expressed, rows, columns),
                           [(expressed, (rows, columns))] +
                           get_parts(name, rows, columns),
                           tolerance=[1e-6, None, None, None])


def get_test_cases():
    yield from get_layout_cases()
    yield from get_weight_cases()
    yield from get_stats_cases()
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
    codes, packed = ("i8", (size, size)), ("i8", (size, size // 2))
    yield Benchmark("pack-linear-i4", repack("pack", "linear", "i4"), [codes],
                    "copy", 0.85)
    yield Benchmark("unpack-interleaved8-ui4",
                    repack("unpack", "interleaved8", "ui4"), [packed], "copy",
                    0.85)
    scales = ("f8E8M0FNU", (size, size // 32))
    yield Benchmark("tile-f8E8M0FNU",
                    relayout_scales("tile128x4", scales[0], *scales[1]),
                    [scales], "copy", 0.85)
    n, k = (14336, 4096) if size >= 8192 else (size, size)
    for name in ["mxfp4", "int4_g128"]:
        for m in [1, 8]:
            yield Benchmark(f"gemv-{name}-{m}x{n}x{k}",
                            packed_matmul(name, m, n, k),
                            [("bf16", (m, k))] + get_parts(name, n, k), "read",
                            0.75)
    for name in ["mxfp4", "nvfp4", "fp8_row", "int4_g128"]:
        yield Benchmark(f"gemm-{name}-{size}x{size}x{size}",
                        packed_matmul(name, size, size, size),
                        [("bf16", (size, size))] + get_parts(name, size, size),
                        "matmul", 0.5, flops=2 * size ** 3)
