"""Runs each command of a table, which must fail as the table says.

check_options.py SOURCE TABLE

A row is `COMMAND => MESSAGE`. The command must end with exit code 1 and nothing
on stdout, and MESSAGE is all that it says, but for the name of the tool or an
unknown location in front of it. Every option must be in a row: those of our
passes and pipelines, which SOURCE declares, and those of our tools, which their
--help lists.
"""

import pathlib
import re
import shlex
import subprocess
import sys

source, table = map(pathlib.Path, sys.argv[1:])
tools = ["quant-run", "quant-compile", "quantx-bench", "quantx-exhaustive"]


def pass_options():
    """The pairs of a pass or pipeline and an option of it."""
    for path in sorted(source.glob("include/quantx/**/Passes.td")):
        for body in re.split(r"^def ", path.read_text(), flags=re.M)[1:]:
            name = re.search(r'Pass<"([^"]+)"', body)
            for option in re.findall(r'Option<"\w+", "([^"]+)"', body):
                yield name.group(1), option
    text = (source / "include/quantx/Pipelines/Pipelines.h").read_text()
    for body in re.split(r"^struct ", text, flags=re.M)[1:]:
        pipeline = {"CPU": "quantx-cpu-pipeline",
                    "NVV": "quantx-nvvm-pipeline"}[body[:3]]
        for option in re.findall(r'\*this, "([^"]+)"', body):
            yield pipeline, option


def tool_options():
    """The pairs of a tool and an option of it that takes a value."""
    for tool in tools:
        text = subprocess.run([tool, "--help"], check=True, text=True,
                              stdout=subprocess.PIPE).stdout
        ours = text.split(f"{tool} options:")[1]
        for option in re.findall(r"^  (--[\w-]+)=", ours, flags=re.M):
            yield tool, option


def find_fault(command, message):
    """What is wrong with how a command fails, or none."""
    result = subprocess.run(shlex.split(command), stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                            text=True)
    if result.returncode != 1:
        return f"exit code {result.returncode}"
    if result.stdout:
        return f"on stdout {result.stdout[:80]!r}"
    # Upstream reports a value of the wrong kind by an empty line more.
    found = re.sub(r"^(<unknown>:0: error: |quant-opt: |[\w-]+: error: )", "",
                   result.stderr.removesuffix("<unknown>:0: error: \n"))
    if found != message + "\n":
        return f"message {result.stderr!r}"
    return None


rows = [line.split(" => ") for line in table.read_text().splitlines()
        if " => " in line]
faults = []
for command, message in rows:
    fault = find_fault(command, message)
    if fault:
        faults.append(f"{command}: expected {message!r}, found {fault}")
commands = [command for command, _ in rows]
for name, option in pass_options():
    if not any(re.search(rf"{name}[={{].*\b{option}=", command)
               for command in commands):
        faults.append(f"{name}: expected a row for {option}, found none")
for tool, option in tool_options():
    if not any(command.startswith(tool + " ") and f"{option}=" in command
               for command in commands):
        faults.append(f"{tool}: expected a row for {option}, found none")
if faults:
    sys.exit("\n".join(faults))
print(f"{len(rows)} commands fail as they should")
