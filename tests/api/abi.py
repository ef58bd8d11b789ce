#!/usr/bin/env python3
"""The library's binary interface is compatible with the one that was accepted last, tests/api/portloop.abi.

usage: abi.py SOURCE_DIR             compares, by abidiff
       abi.py SOURCE_DIR --accept    writes portloop.abi anew, after an addition: see docs/embedding.md, ABI

What is compared is the interface that a compiled caller sees: the functions of src/capi/portloop.map with the types of
portloop.h. tests/layers.py checks that the library exports just these. The structures that callers receive may grow at
their end, and enumerations may get further values; anything else is a change.
"""
import pathlib
import platform
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(sys.argv[1]).resolve()
ACCEPTED = SOURCE / "tests/api/portloop.abi"
HEADER, MAP = SOURCE / "include/portloop/portloop.h", SOURCE / "src/capi/portloop.map"
# The types of libuv are not ours: this stands in for uv.h, so that its version does not matter.
UV_STANDIN = "#pragma once\n#include <sys/socket.h>\ntypedef struct uv_loop_s uv_loop_t;\n"
# In abidiff's report: what a compiled caller notices. (Its own suppression for members at the end, version 2.2, also
# hides a member whose type changes.)
NOTICED = re.compile(r"\[D\]|deletion|member change|enumerator change|was (?:added|removed)|name changed|return type|offset changed")
GROWN = re.compile(r"type size changed from (\d+) to|at offset (\d+) \(in bits\)|(type size hasn't changed)")
FUNCTION = re.compile(r"^PORTLOOP_API ([^;(]*?)\b(portloop_\w+)\(([^;]*?)\);", re.MULTILINE)


def abi_of(header, exports, folder):
    """The interface, as abidw writes it, of a library with the declared functions, which do nothing.

    The compiler runs in `folder` with relative names: abidw writes the source's name as the compiler was given it."""
    (folder / "portloop").mkdir(parents=True)
    (folder / "uv.h").write_text(UV_STANDIN)
    (folder / "portloop/portloop.h").write_text(header)
    shutil.copy(SOURCE / "include/portloop/version.h", folder / "portloop")
    (folder / "portloop.map").write_text(exports)
    bodies = "".join(f"{kind}{name}({arguments}) {{ abort(); }}\n" for kind, name, arguments in FUNCTION.findall(header))
    (folder / "declared.c").write_text(f"#include <stdlib.h>\n#include <portloop/portloop.h>\n{bodies}")
    major = re.search(r"PORTLOOP_ABI_MAJOR (\d+)", (folder / "portloop/version.h").read_text())[1]
    subprocess.run(["cc", "-g", "-fPIC", "-shared", "-I.", "declared.c", "-o", "libportloop.so", "-Wno-unused-parameter",
                    "-Wl,--version-script,portloop.map", f"-Wl,-soname,libportloop.so.{major}"], check=True, cwd=folder)
    return subprocess.run(["abidw", "--no-show-locs", "--no-corpus-path", "--no-comp-dir-path", "--type-id-style", "hash",
                           "--drop-undefined-syms", "libportloop.so"], check=True, cwd=folder, capture_output=True, text=True).stdout


def grows_only_at_the_end(report):
    size = None
    for old_size, offset, unchanged in GROWN.findall(report):
        size = None if unchanged else int(old_size) if old_size else size
        if offset and (size is None or int(offset) < size):
            return False
    return True


def difference(accepted, current, folder):
    """What abidiff reports; empty if a program compiled against `accepted` runs with `current`."""
    (folder / "accepted.abi").write_text(accepted)
    (folder / "current.abi").write_text(current)
    done = subprocess.run(["abidiff", folder / "accepted.abi", folder / "current.abi"], capture_output=True, text=True)
    if done.returncode & ~12:
        sys.exit(f"abidiff: exit status {done.returncode}\n{done.stderr}")
    return done.stdout if NOTICED.search(done.stdout) or not grows_only_at_the_end(done.stdout) else ""


def mutants(header, exports):
    """Changes of the interface: (what, whether a compiled caller notices, header, map)."""
    def edited(old, new):
        assert header.count(old) == 1, old
        return header.replace(old, new)

    yield "a field at the end of the result", False, edited("} portloop_result;", "  uint64_t more;\n} portloop_result;"), exports
    yield "a field at the end of the stats", False, edited("} portloop_stats;", "  uint64_t more;\n} portloop_stats;"), exports
    yield "a further reason", False, edited("  PORTLOOP_BANNED = 11 ", "  PORTLOOP_MORE = 12, PORTLOOP_BANNED = 11 "), exports
    yield "a function more", False, header.replace("#ifdef __cplusplus\n}", "PORTLOOP_API int portloop_more(void);\n#ifdef __cplusplus\n}"), exports.replace("portloop_version;", "portloop_version; portloop_more;")
    yield "a field in the middle", True, edited("  int error;            /* a negative", "  int more, error; /* a negative"), exports
    yield "a field that is gone", True, edited("  uint64_t probes; ", "  "), exports
    yield "a field of another type", True, edited("  uint32_t attempts; ", "  uint64_t attempts; "), exports
    yield "a number that changes", True, edited("PORTLOOP_BANNED = 11 ", "PORTLOOP_BANNED = 13 "), exports
    yield "an argument more", True, edited("portloop_scan_stop(portloop_scan* scan)", "portloop_scan_stop(portloop_scan* scan, int more)"), exports
    yield "a function that is gone", True, re.sub(r"PORTLOOP_API [^;]*portloop_version\(void\);", "", header), exports.replace("portloop_version;", "")
    yield "a function in another version", True, header, exports.replace("PORTLOOP_1.0", "PORTLOOP_1.9")


def main():
    if not shutil.which("abidiff"):
        print("skipped: abi lacks the program abidiff")
        sys.exit(77)
    if platform.machine() != "x86_64":
        print("skipped: abi compares the interface of x86_64")
        sys.exit(77)
    header, exports = HEADER.read_text(), MAP.read_text()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        current = abi_of(header, exports, folder / "current")
        if sys.argv[2:] == ["--accept"]:
            ACCEPTED.write_text(current)
            return
        if abi_of(header, exports, folder / "again") != current or name in current:
            sys.exit("--accept would write a path of this machine")
        changes = difference(ACCEPTED.read_text(), current, folder)
        if changes:
            sys.exit(f"{changes}\nIf it is meant: docs/embedding.md has the rules for versions; then tests/api/abi.py . --accept")
        # The comparison itself, with changes of which the outcome is known.
        for number, (what, noticed, other, other_exports) in enumerate(mutants(header, exports)):
            report = difference(current, abi_of(other, other_exports, folder / str(number)), folder)
            if bool(report) != noticed:
                sys.exit(f"{what}: a caller {'notices' if noticed else 'does not notice'}, but abidiff's report is {report!r}")


main()
