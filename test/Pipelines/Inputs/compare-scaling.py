"""Compares the ops that -print-op-stats=json counts in two files.

The second comes of ten times the input of the first, and must have about ten
times the ops: not more by what a quadratic rewrite would add.
"""

import json
import pathlib
import sys


def count_ops(path):
    return sum(json.loads(pathlib.Path(path).read_text()).values())


small, large = (count_ops(path) for path in sys.argv[1:])
if not 8 * small <= large <= 10 * small:
    sys.exit(f"10 times the input gives {small} and {large} ops")
print(f"linear: {large / small:.1f}")
