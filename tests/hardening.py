"""The installed binaries are position-independent, fully read-only after relocation, without an executable stack, and have
the compiler's checks of the stack, of buffers and of indirect jumps. If they are optimised, variables without an initial
value are zero.

usage: hardening.py OPTIMISATION STALE_STACK BINARY...
"""

import re
import shutil
import subprocess
import sys


def readelf(option, path):
    return subprocess.run(["readelf", "--wide", option, path], capture_output=True, text=True, check=True).stdout


def missing_in(path, optimised):
    """What the binary lacks, one line for each."""
    header, segments, dynamic = readelf("--file-header", path), readelf("--segments", path), readelf("--dynamic", path)
    symbols = readelf("--dyn-syms", path)
    if not re.search(r"Type:\s+DYN", header):
        yield "it is not position-independent"
    if "GNU_RELRO" not in segments or not re.search(r"BIND_NOW|FLAGS_1\S*\s.*NOW", dynamic):
        yield "relocations stay writable: full RELRO is missing"
    if not re.search(r"GNU_STACK\s+(\S+\s+){5}RW\s", segments):
        yield "the stack is executable"
    if "TEXTREL" in dynamic:
        yield "it relocates its code"
    if "__stack_chk_fail" not in symbols:
        yield "no function checks its stack"
    if optimised and not re.search(r"__\w+_chk@", symbols):
        yield "no buffer is checked: _FORTIFY_SOURCE is missing"
    if "X86-64" in header:
        # Not the note of the linked file: it is missing if the C library's start files have none, as in Debian 12.
        with open(path, "rb") as file:
            landing_pads = file.read().count(b"\xf3\x0f\x1e\xfa")  # endbr64
        if landing_pads < 100:
            yield f"indirect jumps are not checked: CET is missing ({landing_pads} landing pads)"


def main():
    optimisation, stale_stack, *binaries = sys.argv[1:]
    optimised = optimisation not in ("0", "plain")
    if shutil.which("readelf") is None:
        print("skipped: hardening.py needs the program readelf")
        return 77
    wrong = [f"{path}: {what}" for path in binaries for what in missing_in(path, optimised)]
    if optimised and subprocess.run([stale_stack], check=False).returncode != 0:
        wrong.append(f"{stale_stack}: variables without an initial value keep what was on the stack")
    print("\n".join(wrong))
    return 1 if wrong else 0


sys.exit(main())
