"""Compares the labels of rules in a folder of .td files with a folder of tests.

A rule is a line `- (label) text` of a description. A test of it has the label as
a word, alone or continued by `_`, in a file that expects diagnostics.
"""

import pathlib
import re
import sys


def find_labels(folder):
    text = "".join(path.read_text() for path in folder.glob("*.td"))
    return re.findall(r"^ *- \(([a-z0-9_]+_c\d+)\)", text, re.MULTILINE)


def find_tested(folder):
    tested = set()
    for path in folder.glob("*.mlir"):
        text = path.read_text()
        if "expected-error" in text:
            tested.update(re.findall(r"(?:@|// )([a-z0-9_]+?_c\d+)\b", text))
            tested.update(re.findall(r"@([a-z0-9_]+?_c\d+)_", text))
    return tested


labels = find_labels(pathlib.Path(sys.argv[1]))
untested = sorted(set(labels) - find_tested(pathlib.Path(sys.argv[2])))
twice = sorted({label for label in labels if labels.count(label) > 1})
if untested or twice:
    sys.exit(f"without a test: {untested}; defined twice: {twice}")
print(f"{len(labels)} labels, each with a test")
