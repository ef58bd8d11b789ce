#!/usr/bin/env python3
"""The public headers compile without a warning in every language standard that they promise, with gcc and clang.

usage: header_standards.py SOURCE_DIR

A strict mode (-std=c11) hides names of the system that uv.h needs. Where uv.h alone does not compile, neither can
portloop.h, and _GNU_SOURCE is defined.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(sys.argv[1]).resolve()
WARNINGS = ["-Wall", "-Wextra", "-pedantic", "-Werror"]
C = ("c99", "gnu99", "c11", "gnu11", "c2x", "gnu2x")
CPP = ("c++11", "gnu++11", "c++14", "c++17", "c++20", "gnu++20", "c++2b", "gnu++2b")
CPP_INTERFACE = ("c++20", "gnu++20", "c++2b", "gnu++2b")
PROGRAM = """#include <portloop/portloop.h>
int used(portloop_scan* scan, const portloop_result* result);
int used(portloop_scan* scan, const portloop_result* result) {
  portloop_stats stats;
  portloop_scan_stats(scan, &stats, sizeof stats);
  return portloop_state_name(result->state)[0] + (int)stats.open + PORTLOOP_ABI_MAJOR;
}
"""


def compiles(compiler, standard, text, scratch, *flags):
    unit = scratch / ("unit.cpp" if "++" in standard else "unit.c")
    unit.write_text(text)
    return subprocess.run([compiler, f"-std={standard}", *WARNINGS, *flags, "-fsyntax-only", f"-I{SOURCE / 'include'}", unit],
                          capture_output=True, text=True)


def main():
    tried, strict, wrong = 0, 0, []
    with tempfile.TemporaryDirectory() as name:
        scratch = pathlib.Path(name)
        pairs = {}  # by the program that is meant: cc is often gcc
        for c, cpp in ((os.environ.get("CC", "cc"), os.environ.get("CXX", "c++")), ("gcc", "g++"), ("clang", "clang++")):
            if not shutil.which(c.split()[0]) or not shutil.which(cpp.split()[0]):
                continue
            pairs.setdefault(os.path.realpath(shutil.which(c.split()[0])), (c, cpp))
        for c, cpp in pairs.values():
            for compiler, standards, text in ((c, C, PROGRAM), (cpp, CPP, PROGRAM),
                                              (cpp, CPP_INTERFACE, "#include <portloop/portloop.hpp>\nportloop::Options options();\n")):
                for standard in standards:
                    without = compiles(compiler, standard, "#include <uv.h>\nextern int unit;\n", scratch).returncode == 0
                    strict += without and not standard.startswith("gnu")
                    tried += 1
                    done = compiles(compiler, standard, text, scratch, *([] if without else ["-D_GNU_SOURCE"]))
                    if done.returncode != 0:
                        wrong.append(f"{compiler} -std={standard}:\n{done.stderr}")
    if wrong:
        sys.exit("\n".join(wrong))
    if tried < 18 or strict < 4:
        sys.exit(f"only {tried} standards were tried, {strict} of them strict without _GNU_SOURCE: this test no longer works")
    print(f"{tried} standards, {strict} of them strict without _GNU_SOURCE")


main()
