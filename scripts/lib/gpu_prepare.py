"""Records what compiled functions ask the driver for, without a GPU."""

import concurrent.futures
import json
import math
import os
import random
import re
import struct
import subprocess
import sys

import tensors

DTYPES = {"f32": "f4", "bf16": "u2", "f16": "f2", "i8": "u1",
          "f8E8M0FNU": "u1", "f8E4M3FN": "u1", "zero_points": "u1"}
# The codes of scales are positive numbers, and zero points those of 4 bits.
BYTES = {"i8": (0, 255), "f8E8M0FNU": (110, 140), "f8E4M3FN": (32, 111),
         "zero_points": (0, 15)}


class Recorder:
    """Runs quant-run of a build against the driver that records."""

    def __init__(self, build, folder, keep_data):
        self.quant_run = os.path.join(build, "bin", "quant-run")
        self.folder, self.keep_data = folder, keep_data
        os.makedirs(folder, exist_ok=True)
        source = os.path.join(os.path.dirname(__file__), "cuda_recorder.c")
        self.library_folder = os.path.join(folder, "recorder")
        os.makedirs(self.library_folder, exist_ok=True)
        subprocess.run(
            [os.environ.get("CC", "cc"), "-shared", "-fPIC", source, "-o",
             os.path.join(self.library_folder, "libcuda.so.1")], check=True)

    def run(self, arguments, environment=None):
        """The error of quant-run; None where there is none."""
        done = subprocess.run([self.quant_run, *arguments],
                              capture_output=True, text=True,
                              env={**os.environ, **(environment or {})})
        if done.returncode == 0:
            return None
        return done.stderr.strip() or f"exit code {done.returncode}"

    def record(self, source, chip, inputs, outputs, tape):
        """Writes the tape of a run, and the data that it needs beside it."""
        if os.path.exists(tape):
            os.remove(tape)
        return self.run(
            [source, "--target=nvvm", f"--chip={chip}", *inputs, *outputs],
            {"LD_LIBRARY_PATH": self.library_folder, "CUDA_RECORD": tape,
             "CUDA_RECORD_DATA": "all" if self.keep_data else "modules"})


def count_results(text):
    """How many arrays the lowered function returns."""
    types = re.search(r"return [^:]*: (.*)\n", text).group(1)
    if "quantx.scaled" not in types:
        return types.count(", ") + 1
    return 2 + ("zero_point" in types) + ("global" in types)


def make_values(count, seed):
    """f32 of many magnitudes, with zeros; the same for each seed."""
    generator = random.Random(seed)
    return [0.0 if generator.random() < 0.02 else
            generator.gauss(0, 1) * 2.0 ** generator.randint(-6, 6)
            for _ in range(count)]


def make_data(count, dtype, seed):
    if dtype not in BYTES:
        return pack_values(make_values(count, seed), dtype)
    generator = random.Random(seed)
    return bytes(generator.randint(*BYTES[dtype]) for _ in range(count))


def pack_values(values, dtype):
    if dtype == "f32":
        return struct.pack(f"<{len(values)}f", *values)
    if dtype == "f16":
        return struct.pack(f"<{len(values)}e", *values)
    data = struct.pack(f"<{len(values)}f", *values)
    return b"".join(data[i + 2:i + 4] for i in range(0, len(data), 4))


def write_inputs(folder, case):
    """Input files of a test; the options that name them."""
    options = []
    for index, (dtype, shape) in enumerate(case.inputs):
        path = os.path.join(folder, f"in{index}.npy")
        tensors.write_npy(path, DTYPES[dtype], shape,
                          make_data(math.prod(shape), dtype,
                                    f"{case.name}.{index}"))
        options.append(f"--input={path}")
    return options


def write_sparse(path, dtype, shape):
    """A file of zeros that takes no room."""
    tensors.write_npy(path, DTYPES[dtype], (0,), b"")
    with open(path, "rb") as file:
        header = file.read()
    text = header[10:].decode("latin-1").rstrip()
    text = text.replace("(0,)", str(tuple(shape))).ljust(117) + "\n"
    with open(path, "wb") as file:
        file.write(header[:8] + struct.pack("<H", len(text)) + text.encode())
        size = math.prod(shape) * tensors.item_size(DTYPES[dtype])
        file.truncate(file.tell() + size)


def prepare_test(recorder, case, chips):
    """The entry of the manifest: tapes and expected results."""
    folder = os.path.join(recorder.folder, case.name)
    os.makedirs(folder, exist_ok=True)
    source = os.path.join(folder, "case.mlir")
    with open(source, "w") as file:
        file.write(case.text)
    inputs = write_inputs(folder, case)
    files = [os.path.join(folder, f"out{index}.npy")
             for index in range(count_results(case.text))]
    outputs = [f"--output={path}" for path in files]
    entry = {"name": case.name, "tolerance": case.tolerance, "tapes": {},
             "expected": [os.path.relpath(path, recorder.folder)
                          for path in files], "errors": {}}
    for chip in chips:
        tape = os.path.join(folder, f"{chip}.tape")
        error = recorder.record(source, chip, inputs, outputs, tape)
        if error:
            entry["errors"][chip] = error
        else:
            entry["tapes"][chip] = os.path.relpath(tape, recorder.folder)
    error = recorder.run([source, *inputs, *outputs])
    if error:
        raise SystemExit(f"error: {case.name} on the CPU: {error}")
    return entry


def prepare_benchmark(recorder, benchmark, chips):
    folder = os.path.join(recorder.folder, benchmark.name)
    os.makedirs(folder, exist_ok=True)
    source = os.path.join(folder, "case.mlir")
    with open(source, "w") as file:
        file.write(benchmark.text)
    inputs, written = [], []
    for index, (dtype, shape) in enumerate(benchmark.inputs):
        path = os.path.join(folder, f"in{index}.npy")
        write_sparse(path, dtype, shape)
        inputs.append(f"--input={path}")
        written.append(path)
    count = count_results(benchmark.text)
    paths = [os.path.join(folder, f"out{index}.npy") for index in range(count)]
    entry = {"name": benchmark.name, "of": benchmark.of,
             "wanted": benchmark.wanted, "flops": benchmark.flops,
             "types": [dtype for dtype, _ in benchmark.inputs], "tapes": {},
             "errors": {}}
    for chip in chips:
        tape = os.path.join(folder, f"{chip}.tape")
        error = recorder.record(source, chip, inputs,
                                [f"--output={path}" for path in paths], tape)
        if error:
            entry["errors"][chip] = error
        else:
            entry["tapes"][chip] = os.path.relpath(tape, recorder.folder)
    for path in written + paths:
        if os.path.exists(path):
            os.remove(path)
    return entry


def write_manifest(folder, entries):
    with open(os.path.join(folder, "manifest.json"), "w") as file:
        json.dump(entries, file, indent=1)


def prepare(cases, prepare_case, folder):
    """Gathers the entries that `prepare_case` makes, on all cores; prints a line on
    standard error for each error."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        entries = list(pool.map(prepare_case, cases))
    for entry in entries:
        for chip, error in entry["errors"].items():
            print(f"{entry['name']}, {chip}: {error}", file=sys.stderr)
    write_manifest(folder, entries)
    print(f"prepared {len(entries)} cases in {folder}, "
          f"{sum(bool(entry['errors']) for entry in entries)} without all kernels")
