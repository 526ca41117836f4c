"""Runs the GoogleTest programs and the lit suite of a build; counts both.

Part of scripts/test. A test counts as passed only if it ran and succeeded:
skipped, disabled and unsupported ones are listed by name, and a program that
crashes, hangs or writes no result is a failure. Prints a summary of each and a
total, writes the totals as JSON for .ci/run, and fails when any test failed or
none ran.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import signal
import subprocess
import sys

# Seconds; far above what any of them takes, so that a hang ends the run.
PROGRAM_LIMIT = 900
LIT_LIMIT = 1500

Counts = collections.namedtuple("Counts", "passed failed not_run")


def run(command, limit, capture):
    """Runs a command; returns its exit code (None: over the limit), output."""
    output = subprocess.PIPE if capture else None
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=output,
        stderr=subprocess.STDOUT if capture else None, text=True,
        errors="replace", start_new_session=True)
    try:
        text, _ = process.communicate(timeout=limit)
        return process.returncode, text or ""
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        text, _ = process.communicate()
        return None, text or ""


def gtest_programs(build):
    """The programs that CMake registered, so no stale one runs.

    One that is not built has no command.
    """
    listing = subprocess.run(
        ["ctest", "--test-dir", build, "--show-only=json-v1"], check=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True).stdout
    tests = json.loads(listing)["tests"]
    return [(test["name"], test.get("command")) for test in tests]


def run_gtest(build, name, command):
    """Runs one program; returns its counts and what to print."""
    if not command:
        return Counts([], [f"{name} (not built)"], []), ""
    report = os.path.join(build, "test", f"{name}.json")
    if os.path.exists(report):
        os.remove(report)
    code, text = run(command + [f"--gtest_output=json:{report}"],
                     PROGRAM_LIMIT, capture=True)
    passed, failed, not_run = [], [], []
    try:
        with open(report) as file:
            suites = json.load(file)["testsuites"]
    except (OSError, ValueError, KeyError):
        suites = []
    for suite in suites:
        for case in suite["testsuite"]:
            title = f"{suite['name']}.{case['name']}"
            if case.get("failures"):
                failed.append(title)
            elif case["status"] == "RUN" and case["result"] == "COMPLETED":
                passed.append(title)
            else:
                not_run.append(title)
    if not failed and (code != 0 or not suites):
        reason = {None: f"still ran after {PROGRAM_LIMIT} s",
                  0: "ran no test"}.get(code, f"exit code {code}")
        failed.append(f"{name} ({reason})")
    return Counts(passed, failed, not_run), text if failed else ""


def run_unit(build, jobs):
    total = Counts([], [], [])
    programs = gtest_programs(build)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        runs = pool.map(lambda program: run_gtest(build, *program), programs)
        for (name, _), (counts, text) in zip(programs, runs):
            print(f"{name}: {len(counts.passed)} passed, "
                  f"{len(counts.failed)} failed", flush=True)
            if text:
                print(text, flush=True)
            for all_names, names in zip(total, counts):
                all_names.extend(names)
    return total


def run_lit(build, lit, jobs):
    suite = os.path.join(build, "test")
    report = os.path.join(suite, "lit.json")
    if os.path.exists(report):
        os.remove(report)
    code, _ = run([lit, suite, "-sv", f"-j{jobs}", "--output", report],
                  LIT_LIMIT, capture=False)
    counts = Counts([], [], [])
    try:
        with open(report) as file:
            tests = json.load(file)["tests"]
    except (OSError, ValueError, KeyError):
        tests = []
    for test in tests:
        if test["code"] in ("PASS", "FLAKYPASS"):
            counts.passed.append(test["name"])
        elif test["code"] in ("FAIL", "XPASS", "UNRESOLVED", "TIMEOUT"):
            counts.failed.append(test["name"])
        else:
            counts.not_run.append(f"{test['name']} ({test['code'].lower()})")
    if not counts.failed and (code != 0 or not tests):
        reason = {None: f"still ran after {LIT_LIMIT} s",
                  0: "ran no test"}.get(code, f"exit code {code}")
        counts.failed.append(f"lit ({reason})")
    return counts


def summarize(title, counts):
    print(f"\n{title}: {len(counts.passed)} passed, {len(counts.failed)} failed,"
          f" {len(counts.not_run)} not run")
    for name in counts.failed:
        print(f"  failed:  {name}")
    for name in counts.not_run:
        print(f"  not run: {name}")
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", required=True)
    parser.add_argument("--lit", default="/usr/lib/llvm-22/bin/lit")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--summary", help="where to write the totals as JSON")
    arguments = parser.parse_args()
    arguments.build = os.path.abspath(arguments.build)

    print("== GoogleTest", flush=True)
    unit = run_unit(arguments.build, arguments.jobs)
    print("\n== lit", flush=True)
    lit = run_lit(arguments.build, arguments.lit, arguments.jobs)
    summarize("GoogleTest", unit)
    summarize("lit", lit)
    passed = len(unit.passed) + len(lit.passed)
    failed = len(unit.failed) + len(lit.failed)
    print(f"\ntotal: {passed} passed, {failed} failed")
    if arguments.summary:
        with open(arguments.summary, "w") as file:
            json.dump({"passed": passed, "failed": failed}, file)
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main())
