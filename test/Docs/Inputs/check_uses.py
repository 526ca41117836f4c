"""Fails when a C++ file uses a part of MLIR whose header it does not include.

check_uses.py ROOT: looks at every source and header of lib, tools, benchmark,
fuzz and test/unit, and at what it includes of ours. Builds that compile upstream's
headers once (QUANTX_PRECOMPILE_HEADERS) do not notice such a file; those of
users do.
"""

import os
import re
import sys

DIALECTS = {
    "affine": "Affine", "amx": "AMX", "arith": "Arith",
    "bufferization": "Bufferization", "func": "Func", "gpu": "GPU",
    "linalg": "Linalg", "LLVM": "LLVMIR", "math": "Math", "memref": "MemRef",
    "nvgpu": "NVGPU", "NVVM": "LLVMIR", "quant": "Quant", "scf": "SCF",
    "tensor": "Tensor", "vector": "Vector",
}
# What is used, and the headers of which one has to be included.
USES = [(re.compile(rf"\b{name}::"), f"mlir/Dialect/{folder}/")
        for name, folder in DIALECTS.items()]
REWRITES = ("mlir/IR/PatternMatch.h|mlir/Transforms/.*Rewrite.*|"
            "mlir/Transforms/DialectConversion.h")
USES += [
    (re.compile(r"\bImplicitLocOpBuilder\b"), "mlir/IR/ImplicitLocOpBuilder.h"),
    (re.compile(r"\b(?:OpRewritePattern|PatternRewriter|IRRewriter|"
                r"RewriterBase)\b"), REWRITES),
    (re.compile(r"\b(?:OpConversionPattern|ConversionTarget|TypeConverter)\b"),
     "mlir/Transforms/DialectConversion.h"),
    (re.compile(r"(?<!legacy::)\bPassManager\b"), "mlir/Pass/PassManager.h"),
]
INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.MULTILINE)
NOT_CODE = re.compile(r'//[^\n]*|R"\w*\((?:.|\n)*?\)\w*"|"(?:\\.|[^"\\\n])*"')


class Includes:
    """All that files include, by way of our own headers too."""

    def __init__(self, root):
        self.folders = [os.path.join(root, folder)
                        for folder in ("include", "benchmark", "test/unit")]
        self.found = {}

    def of(self, path):
        if path in self.found:
            return self.found[path]
        self.found[path] = set()
        with open(path) as file:
            names = INCLUDE.findall(file.read())
        result = set()
        for name in names:
            for folder in [os.path.dirname(path)] + self.folders:
                ours = os.path.normpath(os.path.join(folder, name))
                if os.path.exists(ours):
                    result |= self.of(ours)
                    break
            else:
                result.add(name)
        self.found[path] = result
        return result


def find_sources(root):
    for top in ["lib", "tools", "benchmark", "fuzz", "test/unit"]:
        for folder, _, names in os.walk(os.path.join(root, top)):
            for name in sorted(names):
                if name.endswith((".cpp", ".h")):
                    yield os.path.join(folder, name)


def find_errors(root):
    includes = Includes(root)
    count = 0
    for path in find_sources(root):
        count += 1
        with open(path) as file:
            text = file.read()
        code = NOT_CODE.sub("", re.sub(r'#\s*include[^\n]*', "", text))
        for use, header in USES:
            match = use.search(code)
            if match and not any(re.match(header, i)
                                 for i in includes.of(path)):
                yield (f"{os.path.relpath(path, root)}: uses {match.group()} "
                       f"and includes no {header}")
    if count == 0:
        yield f"no C++ files in {root}"


def main():
    errors = list(find_errors(sys.argv[1]))
    for error in errors:
        print(f"error: {error}", file=sys.stderr)
    sys.exit(bool(errors))


main()
