"""Plants each mutant in turn and looks for a test that fails.

Part of scripts/mutants. The mutants are the rows of Mutants.def; the table of
docs/testing.md has one row for each, with the test that catches it.
"""

import argparse
import collections
import concurrent.futures
import itertools
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
DEFINITIONS = "include/quantx/Format/Mutants.def"
PAGE = "docs/testing.md"

# Where the lit suite computes; its other folders test texts and packages.
LIT_FOLDERS = ["Conversion", "Execute", "IR", "Pipelines", "Target",
               "Transforms", "Upstream"]

# GoogleTest programs that take seconds.
QUICK_PROGRAMS = ["QuantXFormatTests", "QuantXIOTests", "QuantXTargetTests"]

# Seconds; far above what any program takes, so that a hang ends.
LIMIT = 900

Mutant = collections.namedtuple("Mutant", "name defect cpu files")
# What a mutant came to: the test that caught it, or why it was not planted;
# neither for a survivor.
Verdict = collections.namedtuple("Verdict", "test not_planted seconds")


class MutantError(Exception):
    """What went wrong, in the words to print."""


# The mutants, and their table.


def read(path):
    with open(os.path.join(ROOT, path)) as file:
        return file.read()


def find_files():
    """The files below lib that plant each mutant, by its name."""
    files = collections.defaultdict(list)
    for folder, _, names in sorted(os.walk(os.path.join(ROOT, "lib"))):
        for name in sorted(names):
            path = os.path.relpath(os.path.join(folder, name), ROOT)
            for planted in set(re.findall(r"Mutant::(\w+)", read(path))):
                files[planted].append(os.path.relpath(path, "lib"))
    return files


def read_mutants():
    """The rows of Mutants.def, in its order."""
    row = re.compile(r'^QUANTX_MUTANT(?:_ON\((\w+), |\()(\w+), "([^"]*)"\)$',
                     re.MULTILINE)
    files = find_files()
    mutants = [Mutant(name, defect, cpu, files.pop(name, []))
               for cpu, name, defect in row.findall(read(DEFINITIONS))]
    unplanted = [mutant.name for mutant in mutants if not mutant.files]
    if unplanted:
        raise MutantError(f"{DEFINITIONS}: planted nowhere in lib: "
                          + ", ".join(unplanted))
    if files:
        raise MutantError(f"{DEFINITIONS}: has no row for what lib plants: "
                          + ", ".join(sorted(files)))
    return mutants


def select(mutants, names):
    by_name = {mutant.name: mutant for mutant in mutants}
    for name in names:
        if name not in by_name:
            raise MutantError(f"unknown mutant '{name}': expected one of "
                              + ", ".join(by_name))
    return [by_name[name] for name in names] or mutants


TABLE_ROW = re.compile(r"^\| `(\w+)` \| .* \| `([^`]*)` \|\n", re.MULTILINE)


def read_tests():
    """The test that the page names for each mutant, by the mutant's name."""
    return dict(TABLE_ROW.findall(read(PAGE)))


def format_row(mutant, test):
    files = ", ".join(f"`{path}`" for path in mutant.files)
    return f"| `{mutant.name}` | {mutant.defect} | {files} | `{test}` |\n"


def write_table(rows):
    text = read(PAGE)
    found = list(TABLE_ROW.finditer(text))
    if not found:
        raise MutantError(f"{PAGE}: expected a table of mutants to replace")
    text = text[:found[0].start()] + "".join(rows) + text[found[-1].end():]
    with open(os.path.join(ROOT, PAGE), "w") as file:
        file.write(text)


def check_table(mutants):
    """Fails where the page's table is not that of the source."""
    tests = read_tests()
    wanted = [format_row(mutant, tests.get(mutant.name, "its test"))
              for mutant in mutants]
    found = [match.group() for match in TABLE_ROW.finditer(read(PAGE))]
    for want, have in itertools.zip_longest(wanted, found, fillvalue="no row\n"):
        if want != have:
            raise MutantError(f"{PAGE}: expected\n{want}got\n{have}"
                              "(scripts/mutants --write makes the table)")


# Running tests.

RUNNING = set()


def run(command, mutant):
    """Runs a command with a mutant planted; returns its exit code, output."""
    environment = dict(os.environ, QUANTX_MUTANT=mutant)
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True, errors="replace",
        env=environment, start_new_session=True)
    RUNNING.add(process)
    try:
        text, _ = process.communicate(timeout=LIMIT)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        text, _ = process.communicate()
    RUNNING.discard(process)
    if "QUANTX_MUTANT: unknown mutant" in text:
        raise MutantError(f"{command[0]} does not have {mutant}: is the build "
                          "older than Mutants.def?")
    return process.returncode, text


def stop_running():
    """Ends what runs: in a session of its own, an interrupt misses it."""
    for process in list(RUNNING):
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)


class Suite:
    """The programs of quantx-mutants in a build, and its lit suite."""

    def __init__(self, build, lit):
        self.folder = os.path.join(build, "mutants")
        self.lit_command = [lit, os.path.join(build, "test"), "-v", "-j1",
                            "--max-failures=1",
                            f"--param=tools={self.folder}/bin"]
        listing = json.loads(subprocess.run(
            ["ctest", "--test-dir", build, "--show-only=json-v1"], check=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE).stdout)
        # First those that compile nothing.
        names = sorted((test["name"] for test in listing["tests"]),
                       key=lambda name: name not in QUICK_PROGRAMS)
        self.programs = [os.path.join(self.folder, "unit", name)
                         for name in names]
        # The tests that were run without a mutant, and whether they failed.
        self.clean = {}
        self.lock = threading.Lock()

    def run_gtest(self, program, mutant, name="*"):
        """Returns the first test of a program that fails, or None."""
        code, text = run([program, "--gtest_fail_fast",
                          f"--gtest_filter={name}"], mutant)
        if code == 0:
            return None
        failed = re.search(r"^\[  FAILED  \] ([^\s,]+)", text, re.MULTILINE)
        if failed:
            return failed.group(1)
        # It crashed, or hung, in the last one that it began.
        begun = re.findall(r"^\[ RUN      \] (\S+)", text, re.MULTILINE)
        if not begun:
            raise MutantError(f"{program} ran no test:\n{text}")
        return begun[-1]

    def run_lit(self, mutant, pattern):
        """Returns the first lit test that fails, or None."""
        scratch = os.path.join(self.folder, "lit", mutant or "none")
        report = os.path.join(scratch, "lit.json")
        shutil.rmtree(scratch, ignore_errors=True)
        os.makedirs(scratch)
        code, text = run(self.lit_command + [
            f"--param=exec_root={scratch}", f"--output={report}",
            f"--filter={pattern}"], mutant)
        try:
            with open(report) as file:
                tests = json.load(file)["tests"]
        except (OSError, ValueError, KeyError):
            raise MutantError(f"lit wrote no report:\n{text}") from None
        failed = [test["name"] for test in tests
                  if test["code"] in ("FAIL", "UNRESOLVED", "TIMEOUT")]
        if bool(failed) != bool(code) or not tests:
            raise MutantError(f"lit ended with exit code {code}:\n{text}")
        return failed[0].split(" :: ")[-1] if failed else None

    def fails(self, test, mutant):
        """Whether one test, of either kind, fails."""
        if os.path.exists(os.path.join(ROOT, "test", test)):
            return self.run_lit(mutant, f":: {re.escape(test)}$")
        return any(self.run_gtest(program, mutant, test)
                   for program in self.programs)

    def check_clean(self, test):
        """A test that fails without a mutant too says nothing about one."""
        with self.lock:
            if test not in self.clean:
                self.clean[test] = self.fails(test, "")
        if self.clean[test]:
            raise MutantError(f"{test} fails without a mutant, too")

    def find_failure(self, mutant):
        """The first test that fails with a mutant planted, or None."""
        for program in self.programs:
            if failed := self.run_gtest(program, mutant):
                return failed
        return self.run_lit(mutant, f":: ({'|'.join(LIT_FOLDERS)})/")


# The run.


def cpu_flags():
    try:
        with open("/proc/cpuinfo") as file:
            return set(re.findall(r"^flags\s*: (.*)", file.read(),
                                  re.MULTILINE)[0].split())
    except (OSError, IndexError):
        return set()


def try_mutant(suite, mutant, test):
    """Plants a mutant; `test` is tried first, if there is one."""
    start = time.monotonic()
    if mutant.cpu and mutant.cpu not in cpu_flags():
        return Verdict(None, f"this CPU has no {mutant.cpu}", 0)
    if not test or not suite.fails(test, mutant.name):
        test = suite.find_failure(mutant.name)
    if test:
        suite.check_clean(test)
    return Verdict(test, None, time.monotonic() - start)


def run_mutants(suite, mutants, tests, jobs):
    """Prints each verdict as it comes; returns them in order."""
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        runs = pool.map(
            lambda mutant: try_mutant(suite, mutant, tests.get(mutant.name)),
            mutants)
        verdicts = []
        try:
            for mutant, verdict in zip(mutants, runs):
                what = verdict.not_planted or verdict.test or "SURVIVED"
                print(f"{verdict.seconds:6.1f} s  {mutant.name}: {what}",
                      flush=True)
                verdicts.append(verdict)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            stop_running()
            raise
    return verdicts


def report(mutants, verdicts, tests):
    """Prints the table and the counts; returns its rows, and the survivors."""
    rows = [format_row(mutant, verdict.test or tests.get(mutant.name, ""))
            for mutant, verdict in zip(mutants, verdicts)
            if verdict.test or verdict.not_planted]
    not_planted = [mutant.name for mutant, verdict in zip(mutants, verdicts)
                   if verdict.not_planted]
    survivors = [mutant.name for mutant, verdict in zip(mutants, verdicts)
                 if not verdict.test and not verdict.not_planted]
    print("\n" + "".join(rows))
    print(f"{len(rows) - len(not_planted)} of {len(mutants)} mutants caught"
          + (f", {len(not_planted)} not planted: " + ", ".join(not_planted)
             if not_planted else ""))
    return rows, survivors


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build")
    parser.add_argument("--lit", default="/usr/lib/llvm-22/bin/lit")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--list", action="store_true",
                        help="only print the names")
    parser.add_argument("--check", action="store_true",
                        help=f"only compare {PAGE} with the source")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        mutants = select(read_mutants(), arguments.names)
        if arguments.list:
            print("\n".join(mutant.name for mutant in mutants))
            return 0
        if arguments.check:
            check_table(mutants)
            return 0
        if arguments.write and arguments.names:
            raise MutantError("--write needs all mutants, got names")
        suite = Suite(os.path.abspath(arguments.build), arguments.lit)
        tests = read_tests()
        verdicts = run_mutants(suite, mutants, tests, arguments.jobs)
        rows, survivors = report(mutants, verdicts, tests)
        if survivors:
            raise MutantError("no test fails for " + ", ".join(survivors))
        if arguments.write:
            write_table(rows)
    except MutantError as error:
        print(f"mutants: error: {error}", file=sys.stderr)
        return 1
    finally:
        stop_running()
    return 0


if __name__ == "__main__":
    sys.exit(main())
