"""Checks that the figures of a results file of quantx-bench agree.

Prints a line for each kernel, size class and number of threads: what was
counted, which is not a matter of speed, and the names of its ratios.
"""

import json
import math
import sys

COMPARED_WITH = {
    ("conversion", "copy"): ["copy f32"],
    ("tensor", "read"): ["read"],
    ("tensor", "copy"): ["copy", "copy, non-temporal"],
    ("tensor", "write"): ["write", "write, non-temporal"],
    ("matmul", "read"): ["read"],
    ("matmul", "f32"): ["multiply-add f32"],
    ("matmul", "bf16"): ["dot product bf16", "tiles bf16"],
}


def check(value, expected, what):
    if not math.isclose(value, expected, rel_tol=1e-9):
        sys.exit(f"{what}: {value}, expected {expected}")


def get_rate(row, by_operations):
    count = row["operations"] if by_operations else row["bytes"]
    return count / row["seconds"] * 1e-9


def check_ratios(row, rows):
    for name, value in row.get("ratios", {}).items():
        # What is compared is of the same size class, but for arithmetic.
        by_operations = name in ("f32", "bf16")
        others = [get_rate(other, by_operations) for other in rows
                  if other["kernel"] in COMPARED_WITH[row["kind"], name]
                  and other["threads"] == row["threads"]
                  and (by_operations
                       or other["size_class"] == row["size_class"])]
        check(value, get_rate(row, by_operations) / max(others),
              f"ratio of {row['kernel']} to {name}")


def check_row(row, rows):
    low, high = row["seconds_quartiles"]
    if not 0 < low <= row["seconds"] <= high:
        sys.exit(f"{row['kernel']}: the median is not between the quartiles")
    check(row["spread_percent"], 50 * (high - low) / row["seconds"],
          f"spread of {row['kernel']}")
    for count, rate in [("elements", "gelements_per_second"),
                        ("bytes", "gigabytes_per_second"),
                        ("operations", "gigaoperations_per_second")]:
        if count in row:
            check(row[rate], row[count] / row["seconds"] * 1e-9,
                  f"{rate} of {row['kernel']}")
    check_ratios(row, rows)


def main():
    with open(sys.argv[1]) as file:
        results = json.load(file)
    rows = results["results"]
    keys = [(row["kernel"], row["variant"], row.get("size_class"),
             row["threads"]) for row in rows]
    if len(set(keys)) != len(keys):
        sys.exit("a case is there twice")
    for row in rows:
        check_row(row, rows)
        if row["kind"] in ("bandwidth", "arithmetic"):
            continue
        counts = [f"{name}={row[name]:.0f}" for name in
                  ("elements", "bytes", "operations") if name in row]
        print(row["kernel"], row["variant"], row["size_class"],
              f"threads={row['threads']} rounds={row['rounds']}", *counts,
              "ratios:", *sorted(row.get("ratios", {})))


main()
