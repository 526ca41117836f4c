"""Runs a command that must fail as our tools fail, and prints its diagnostic.

expect_error.py FOLDER COMMAND...

That is: exit code 1, nothing on stdout, one line on stderr that begins with the
name of the tool, and the files in FOLDER as they were. Anything else, a crash
among it, ends with exit code 1 and a message of this script.
"""

import os
import subprocess
import sys


def snapshot(folder):
    """What is below a folder: files with their bytes, the rest with None."""
    found = {}
    for path, folders, files in os.walk(folder):
        for name in folders + files:
            member = os.path.join(path, name)
            found[member] = None
            # A link to a device is not read.
            if os.path.isfile(member):
                with open(member, "rb") as file:
                    found[member] = file.read()
    return found


def main():
    folder, command = sys.argv[1], sys.argv[2:]
    before = snapshot(folder)
    result = subprocess.run(command, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True)
    print(result.stderr, end="")
    if result.returncode != 1:
        sys.exit(f"expected exit code 1, found {result.returncode}")
    if result.stdout:
        sys.exit(f"expected nothing on stdout, found {result.stdout!r}")
    tool = os.path.basename(command[0])
    if result.stderr.count("\n") != 1 or \
            not result.stderr.startswith(f"{tool}: error: "):
        sys.exit(f"expected one line '{tool}: error: ...'")
    after = snapshot(folder)
    changed = sorted(path for path in before.keys() | after.keys()
                     if path not in before or path not in after
                     or before[path] != after[path])
    if changed:
        sys.exit(f"expected no file to change, found {', '.join(changed)}")


main()
