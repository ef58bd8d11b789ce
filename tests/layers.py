#!/usr/bin/env python3
"""Includes follow the table in docs/architecture.md, which names only files and functions that exist; every public
header compiles alone; the shared library exports what portloop.h declares, and nothing else.

usage: layers.py SOURCE_DIR SHARED_LIBRARY
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(sys.argv[1]).resolve()
SHARED_LIBRARY = pathlib.Path(sys.argv[2]).resolve()
# uv.h itself needs the system's names (pthread_rwlock_t), which strict C11 hides: hence _GNU_SOURCE below.
CC, CXX = os.environ.get("CC", "cc"), os.environ.get("CXX", "c++")

def layers_of_document():
    """docs/architecture.md's table: each layer, and what its files may include besides their own."""
    page = (SOURCE / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \|((?: `\w+`)*) \|$", page, re.MULTILINE)
    return {layer: set(re.findall(r"`(\w+)`", allowed)) for layer, allowed in rows}


ALLOWED = layers_of_document()

# The same for the folders of the command-line programs. Each may also include the files of src/cli itself. "lab" is
# portloop-lab: src/cli is the only user of cxxopts, so that both programs parse their options with "options".
CLI_ROOMS = {
    "system": set(),
    "terminal": set(),
    "targets": set(),
    "options": {"system", "terminal", "targets"},
    "record": {"targets"},
    "scan": {"system", "terminal", "targets", "options", "record"},
    "merge": {"terminal", "options", "record"},
    "diff": {"system", "terminal", "options", "record", "merge"},
    "explain": {"system", "terminal", "targets", "options", "record"},
    "watch": {"system", "terminal", "targets", "options", "record", "scan"},
    "compare": {"system", "terminal", "targets", "options", "record"},
    "lab": {"options"},
}

# Core and plan are pure: they include no header of the operating system, of threads, of clocks or of streams.
CORE_FORBIDDEN = re.compile(
    r"^(uv\.h|sys/.*|netinet/.*|netdb\.h|net/.*|arpa/.*|unistd\.h|fcntl\.h|poll\.h|pthread\.h|signal\.h|time\.h|"
    r"thread|mutex|shared_mutex|condition_variable|future|chrono|ctime|iostream|fstream|cstdio|stdio\.h|random|filesystem)$")
CORE_EXCEPTIONS = {("address.cpp", "arpa/inet.h")}  # inet_pton and inet_ntop: pure, and not worth writing again

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
wrong = []


def includes(path):
    return [(style == '"', name) for style, name in INCLUDE.findall(path.read_text())]


def check_layers():
    for component, allowed in ALLOWED.items():
        for path in sorted(path for pattern in ("**/*.[ch]pp", "**/*.[ch]") for path in (SOURCE / "src" / component).glob(pattern)):
            for own, name in includes(path):
                place = f"src/{component}/{path.name} includes {name}"
                first = name.split("/")[0]
                if own and "/" not in name and component != "bindings":  # a package is compiled in its own folder, too
                    wrong.append(f'{place}: write the component too, "{component}/{name}"')
                elif own and "/" in name and first != component and first not in allowed:
                    wrong.append(f"{place}: {component} may include {', '.join(sorted(allowed)) or 'nothing but itself'}")
                if component in ("core", "plan") and CORE_FORBIDDEN.match(name) and (path.name, name) not in CORE_EXCEPTIONS:
                    wrong.append(f"{place}: core and plan are pure")
    unknown = {path.name for path in (SOURCE / "src").iterdir() if path.is_dir()} - ALLOWED.keys()
    if unknown:
        wrong.append(f"src/ has components without a rule here: {', '.join(sorted(unknown))}")


def check_cxxopts():
    """One header includes cxxopts, with the macros that it needs; nothing outside src/cli includes that header."""
    for path in sorted((SOURCE / "src").glob("**/*.[ch]pp")):
        name = str(path.relative_to(SOURCE / "src"))
        for _, included in includes(path):
            if included == "cxxopts.hpp" and name != "cli/options/cxxopts.hpp":
                wrong.append(f"src/{name} includes cxxopts.hpp: only src/cli/options/cxxopts.hpp may")


def check_rooms():
    """The direction between the rooms of src/cli."""
    folder = SOURCE / "src" / "cli"
    rooms = {path.name for path in folder.iterdir() if path.is_dir()}
    if rooms != CLI_ROOMS.keys():
        wrong.append(f"src/cli has rooms without a rule here, or rules without a room: {', '.join(sorted(rooms ^ CLI_ROOMS.keys()))}")
    unused = {(room, other) for room, others in CLI_ROOMS.items() for other in others}
    for path in sorted(folder.glob("**/*.[ch]pp")):
        room = path.parent.name if path.parent != folder else None
        for own, name in includes(path):
            parts = name.split("/")
            if not own or parts[0] != "cli" or len(parts) != 3 or parts[1] == room:
                continue
            allowed = CLI_ROOMS.get(room, set())
            unused.discard((room, parts[1]))
            if parts[1] not in allowed:
                wrong.append(f"src/cli/{room or ''}/{path.name} includes {name}: it may include {', '.join(sorted(allowed)) or 'no other room'}")
    wrong.extend(f"src/cli/{room} may include {other}, but does not: take it out of CLI_ROOMS" for room, other in sorted(unused))


def circles(graph):
    """Every way round that a search finds, as a list of names that begins and ends with the same."""
    found, finished = [], set()

    def visit(name, way):
        if name in way:
            found.append(way[way.index(name):] + [name])
        elif name not in finished:
            for other in sorted(graph.get(name, ())):
                visit(other, way + [name])
            finished.add(name)

    for name in sorted(graph):
        visit(name, [])
    return found


def check_page():
    """Every file and function that docs/architecture.md names exists."""
    page = (SOURCE / "docs" / "architecture.md").read_text(encoding="utf-8")
    files = [path for folder in ("include", "src", "tests", "docs") for path in (SOURCE / folder).glob("**/*")]
    paths = {str(path.relative_to(SOURCE)) for path in files} | {path.name for path in files if path.is_file()}
    code = "\n".join(path.read_text(encoding="utf-8") for path in files if path.suffix in (".c", ".cpp", ".h", ".hpp"))
    named = set(re.findall(r"`((?:include|src|tests|docs)/[\w./-]*|[\w-]+\.(?:[ch]pp|c|h|py|lua|md|build))`", page))
    functions = set(re.findall(r"`(?:\w+::)?(\w+)\(\)`", page))
    if len(named) < 40 or len(functions) < 10:
        wrong.append("hardly any name was found in docs/architecture.md: this test no longer reads it")
    wrong.extend(f"docs/architecture.md names {name}, which does not exist" for name in sorted(named)
                 if name.rstrip("/") not in paths)
    wrong.extend(f"docs/architecture.md names {name}(), which does not exist" for name in sorted(functions)
                 if not re.search(rf"\b{name}\(", code))


def check_circles():
    """No header of src includes itself by way of others; in src/cli, no unit (a header with its source file) needs itself."""
    headers, units = {}, {}
    for path in (SOURCE / "src").glob("**/*.[ch]pp"):
        name = str(path.relative_to(SOURCE / "src"))
        unit = name.rsplit(".", 1)[0]
        included = {other for own, other in includes(path) if own and (SOURCE / "src" / other).exists()}
        if path.suffix == ".hpp":
            headers[name] = included
        if name.startswith("cli/"):
            units.setdefault(unit, set()).update(other.rsplit(".", 1)[0] for other in included)
            units[unit].discard(unit)
    if len(headers) < 50 or len(units) < 20:
        wrong.append("hardly any header was found in src: this test no longer reads it")
    wrong.extend("an include circle: " + " -> ".join(circle) for graph in (headers, units) for circle in circles(graph))


def check_public_headers():
    folder = SOURCE / "include" / "portloop"
    headers = sorted(folder.glob("*.h*"))
    for path in headers:
        for own, name in includes(path):
            if own and not (name.startswith("portloop/") and (SOURCE / "include" / name).exists()):
                wrong.append(f"include/portloop/{path.name} includes {name}, which is not public")
    with tempfile.TemporaryDirectory() as scratch:
        for path in headers:
            compilers = [(cxx, "-std=c++20", "cpp", ["-Wold-style-cast"]) for cxx in {CXX, shutil.which("clang++")} - {None}]
            if path.suffix == ".h":
                compilers += [(cc, standard, "c", ["-Wstrict-prototypes"]) for cc in {CC, shutil.which("clang")} - {None}
                              for standard in ("-std=c11", "-std=gnu11")]
            for compiler, standard, suffix, warnings in compilers:
                # Twice, so that the guard is tried as well.
                unit = pathlib.Path(scratch) / f"alone.{suffix}"
                unit.write_text(f"#include <portloop/{path.name}>\n" * 2 + "typedef int not_empty;\n")
                done = subprocess.run([compiler, standard, "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror",
                                       *warnings, *([] if standard == "-std=gnu11" else ["-D_GNU_SOURCE"]), "-fsyntax-only", f"-I{SOURCE / 'include'}", unit], capture_output=True, text=True)
                if done.returncode != 0:
                    wrong.append(f"include/portloop/{path.name} does not compile alone ({compiler} {standard}):\n{done.stderr}")


def check_symbols():
    """Declared = exported; and a program that takes the address of each one links and runs."""
    header = (SOURCE / "include" / "portloop" / "portloop.h").read_text()
    declared = set(re.findall(r"PORTLOOP_API [^;(]*?\b(portloop_\w+)\(", header))
    nm = subprocess.run(["nm", "-D", "--defined-only", SHARED_LIBRARY], capture_output=True, text=True, check=True)
    # An absolute symbol is a version's name.
    exported = {line.split()[-1].split("@")[0] for line in nm.stdout.splitlines() if " A " not in line}
    if len(declared) < 30:
        wrong.append(f"only {len(declared)} functions were found in portloop.h: this test no longer reads it")
    for name in sorted(exported - declared):
        wrong.append(f"the shared library exports {name}, which portloop.h does not declare")
    for name in sorted(declared - exported):
        wrong.append(f"portloop.h declares {name}, which the shared library does not export")
    with tempfile.TemporaryDirectory() as scratch:
        unit, program = pathlib.Path(scratch) / "every.c", pathlib.Path(scratch) / "every"
        table = ", ".join(f"(function){name}" for name in sorted(declared))
        unit.write_text("#include <portloop/portloop.h>\ntypedef void (*function)(void);\n"
                        f"static function volatile every[] = {{{table}}};\n"
                        "int main(void) { for (size_t i = 0; i < sizeof every / sizeof *every; ++i) if (!every[i]) return 1; return 0; }\n")
        subprocess.run([CC, "-std=c11", "-D_GNU_SOURCE", f"-I{SOURCE / 'include'}", unit, "-o", program, SHARED_LIBRARY], check=True)
        environment = {**os.environ, "LD_LIBRARY_PATH": str(SHARED_LIBRARY.parent)}
        if subprocess.run([program], env=environment).returncode != 0:
            wrong.append("a declared function is null")


check_layers()
check_cxxopts()
check_rooms()
check_page()
check_circles()
check_public_headers()
check_symbols()
if wrong:
    sys.exit("\n".join(wrong))
