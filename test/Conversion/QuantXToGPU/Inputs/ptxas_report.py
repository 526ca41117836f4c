"""Reads what `ptxas -v` says; prints registers and shared memory of each
kernel, and fails on one that spills, or has a stack.

ptxas_report.py < LOG
"""

import re
import sys


def main():
    kernels = re.findall(
        r"entry function '(\w+)'.*?(\d+) bytes stack frame, "
        r"(\d+) bytes spill stores, (\d+) bytes spill loads.*?"
        r"Used (\d+) registers([^\n]*)", sys.stdin.read(), re.DOTALL)
    if not kernels:
        sys.exit("ptxas_report.py: error: no kernel in the log")
    failed = False
    for name, stack, stores, loads, registers, rest in kernels:
        shared = re.search(r"(\d+) bytes smem", rest)
        print(f"{name}: {registers} registers, "
              f"{shared[1] if shared else 0} bytes of shared memory")
        if {stack, stores, loads} != {"0"}:
            failed = True
            print(f"{name}: error: {stack} bytes of stack, {stores} stored "
                  f"and {loads} loaded where registers spill")
    sys.exit(failed)


main()
