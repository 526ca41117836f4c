"""The lit suite: every .mlir and .test file below this folder but unit/'s.

Tools are found on PATH: ours, mlir-opt-22, FileCheck, not, split-file.

The whole suite is a round-trip test: `quant-opt` in a RUN line stands for
`quant-opt --verify-roundtrip`, which prints what it parsed, as text and as
bytecode, parses that and compares. A test whose input cannot pass (it needs a
reason) writes %quant_opt, which is the tool alone.

%plugin        our plugin, for mlir-opt-22
%shlibext      the suffix of a shared library
%src_root      the source tree        %build_root  the build tree
%cmake         the cmake that configured the build
%cc, %cxx      the compilers that it uses
%fuzz_dir      where the libFuzzer programs are
%mlir_dir      where MLIRConfig.cmake is
%llvm_dir      LLVM's folder, above its bin and lib
%python        the python that runs lit

Features: asan; host-x86_64 or host-aarch64; host-avx2, host-avx512 (with the
byte shuffles: VBMI), host-avx512-vnni, host-amx; ptxas (of CUDA 12.9 or later,
on PATH or in /usr/local/cuda; %ptxas); nvidia-gpu; plugin; fuzzers (the build
has QUANTX_BUILD_FUZZERS); clang-format.
"""

import ctypes
import os
import re
import shutil
import subprocess
import sys

import lit.formats
from lit.llvm.subst import ToolSubst
import lit.llvm

if not hasattr(config, "quantx_binary_dir"):
    lit_config.fatal("run lit on the build's test folder: lit build/dev/test")

lit.llvm.initialize(lit_config, config)
from lit.llvm import llvm_config  # noqa: E402  (exists after initialize)

config.name = "QuantX"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs", "golden", "unit"]
config.test_source_root = os.path.dirname(__file__)
# scripts/mutants runs tools of its own, several runs at once.
config.test_exec_root = lit_config.params.get(
    "exec_root", os.path.join(config.quantx_binary_dir, "test"))

build_bin = os.path.join(config.quantx_binary_dir, "bin")
tools_dir = lit_config.params.get("tools", build_bin)
llvm_config.with_environment(
    "PATH", [tools_dir, build_bin, config.llvm_tools_dir], append_path=True)
llvm_config.with_system_environment("QUANTX_MUTANT")
# A misspelt prefix or a variable left over from another function checks nothing.
llvm_config.with_environment(
    "FILECHECK_OPTS", "-enable-var-scope --allow-unused-prefixes=false")

quant_opt = os.path.join(tools_dir, "quant-opt")
llvm_config.add_tool_substitutions(
    [ToolSubst("quant-opt", command=quant_opt,
               extra_args=["--verify-roundtrip"])])
config.substitutions += [
    ("%quant_opt", quant_opt),
    ("%plugin", config.quantx_plugin),
    ("%shlibext", config.shared_library_suffix),
    ("%src_root", config.quantx_source_dir),
    ("%build_root", config.quantx_binary_dir),
    ("%fuzz_dir", config.quantx_fuzz_dir),
    ("%mlir_dir", config.mlir_cmake_dir),
    ("%llvm_dir", os.path.dirname(config.llvm_tools_dir)),
    ("%cmake", config.cmake),
    ("%cxx", config.cxx_compiler),
    ("%cc", config.c_compiler),
    ("%python", sys.executable),
]


def cpu_flags():
    """The feature names that Linux gives the CPU."""
    try:
        with open("/proc/cpuinfo") as file:
            lines = [line for line in file
                     if line.startswith(("flags", "Features"))]
    except OSError:
        return set()
    return set(lines[0].split(":", 1)[1].split()) if lines else set()


def has_nvidia_gpu():
    """Whether the driver is there and finds a device it can use."""
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return False
    count = ctypes.c_int(0)
    return driver.cuInit(0) == 0 and \
        driver.cuDeviceGetCount(ctypes.byref(count)) == 0 and count.value > 0


def find_ptxas():
    """A ptxas that knows all chips that code is made for, or None."""
    path = shutil.which("ptxas", path=os.pathsep.join(
        [os.environ.get("PATH", ""), "/usr/local/cuda/bin"]))
    if path is None:
        lit_config.note("no ptxas: nothing assembles the PTX")
        return None
    version = subprocess.run([path, "--version"], capture_output=True,
                             text=True).stdout
    release = re.search(r"release (\d+)\.(\d+)", version)
    if not release or tuple(map(int, release.groups())) < (12, 9):
        lit_config.note(f"{path} is not of CUDA 12.9 or later: nothing "
                        "assembles the PTX")
        return None
    return path


flags = cpu_flags()
ptxas = find_ptxas()
if ptxas:
    config.substitutions.append(("%ptxas", ptxas))
avx512 = {"avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512vbmi"} <= flags
features = {
    "asan": "Address" in config.sanitizers,
    # A sanitized plugin does not load into the stock tool.
    "plugin": bool(config.quantx_plugin) and not config.sanitizers,
    f"host-{config.host_processor}": True,
    "host-avx2": "avx2" in flags,
    "host-avx512": avx512,
    "host-avx512-vnni": avx512 and "avx512_vnni" in flags,
    "host-amx": "amx_tile" in flags,
    "ptxas": ptxas is not None,
    "nvidia-gpu": has_nvidia_gpu(),
    "fuzzers": bool(config.quantx_fuzz_dir),
    "clang-format": shutil.which("clang-format") is not None,
}
config.available_features.update(
    name for name, available in features.items() if available)
