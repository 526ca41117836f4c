"""Fails when a layer includes one that it may not know.

check_includes.py ROOT: looks at every C++ file of include/quantx, lib and
tools. docs/Architecture.md explains the rule.
"""

import os
import re
import sys

# Each layer may include itself and those named here.
MAY_KNOW = {
    "Format": set(),
    "IO": set(),
    "IR": {"Format"},
    "Emit": {"Format", "IR"},
    "Transforms": {"Format", "IR", "Emit"},
    "Conversion": {"Format", "IR", "Emit", "Transforms"},
    "Target": {"Format", "IO", "IR", "Emit", "Transforms", "Conversion"},
}
ALL = set(MAY_KNOW)
MAY_KNOW["Pipelines"] = set(ALL)
MAY_KNOW["tools"] = ALL | {"Pipelines"}
# Layers that know nothing of MLIR.
WITHOUT_IR = {"Format", "IO"}

INCLUDE = re.compile(r'^\s*#\s*include\s+["<]([^">]+)[">]', re.MULTILINE)


def find_files(root):
    """Pairs of a layer and a C++ file in it."""
    for top in ["include/quantx", "lib", "tools"]:
        start = os.path.join(root, top)
        for folder, _, names in os.walk(start):
            for name in names:
                if name.endswith((".h", ".cpp")):
                    path = os.path.join(folder, name)
                    inside = os.path.relpath(path, start).split(os.sep)
                    yield "tools" if top == "tools" else inside[0], path


def find_errors(root):
    count = 0
    for layer, path in find_files(root):
        count += 1
        name = os.path.relpath(path, root)
        if layer not in MAY_KNOW:
            yield f"{name}: unknown layer {layer}"
            continue
        with open(path) as file:
            includes = INCLUDE.findall(file.read())
        for include in includes:
            parts = include.split("/")
            if layer in WITHOUT_IR and parts[0].startswith("mlir"):
                yield f"{name}: {layer} may not include {include}"
            if parts[0] != "quantx":
                continue
            known = MAY_KNOW[layer] | {layer}
            if parts[1] not in known:
                yield (f"{name}: {layer} may not include {include}; it knows "
                       f"{', '.join(sorted(known))}")
    if count == 0:
        yield f"no C++ files in {root}"


def main():
    errors = list(find_errors(sys.argv[1]))
    for error in errors:
        print(f"error: {error}", file=sys.stderr)
    sys.exit(bool(errors))


main()
