#!/usr/bin/env python3
"""Builds programs outside the tree with an installed portloop (pkg-config, shared and static) and as a Meson subproject.

usage: install.py SOURCE_DIR BUILD_DIR
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

SOURCE, BUILD = (pathlib.Path(path).resolve() for path in sys.argv[1:3])
CC, CXX = os.environ.get("CC", "cc"), os.environ.get("CXX", "c++")


def run(*command, **options):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=500, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: exit status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def expect(holds, what):
    if not holds:
        sys.exit(what)


def consumers(folder, flags, libraries, environment):
    """Builds and runs the C program, the same program as C++, and the C++ program. C is linked by the C compiler."""
    outside = SOURCE / "tests" / "api" / "outside"
    for compiler, source, language in ((CC, "consumer.c", ["-std=gnu11"]), (CXX, "consumer.c", ["-std=c++20", "-xc++"]),
                                       (CXX, "consumer.cpp", ["-std=c++20"])):
        program = folder / "program"
        warnings = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror"]
        run(compiler, *language, *warnings, *flags, "-c", outside / source, "-o", folder / "program.o")
        run(compiler, folder / "program.o", "-o", program, *libraries)
        print(compiler, source, run(program, env={**os.environ, **environment}).splitlines())


def installed(folder):
    root = folder / "root"
    run("meson", "install", "-C", BUILD, "--no-rebuild", "--destdir", root)
    files = {str(path.relative_to(root)) for path in root.rglob("*") if not path.is_dir()}
    pc_file = next(root.rglob("portloop.pc"))
    library_folder = pc_file.parent.parent
    prefix = root / next(line for line in pc_file.read_text().splitlines() if line.startswith("prefix=")).removeprefix("prefix=/")
    headers = {path.name for path in (prefix / "include" / "portloop").iterdir()}
    expect(headers == {"portloop.h", "portloop.hpp", "version.h"}, f"installed headers: {headers}")
    expect(not any("doctest" in name or "_core." in name or "_engine." in name for name in files), f"too much is installed: {files}")

    def pkg_config(*words):
        environment = {**os.environ, "PKG_CONFIG_PATH": str(pc_file.parent)}
        return run("pkg-config", f"--define-variable=prefix={prefix}", *words, "portloop", env=environment).split()

    macros = dict(re.findall(r"#define (PORTLOOP_\w+) (\d+)", (SOURCE / "include/portloop/version.h").read_text()))
    version, abi = (".".join(macros[f"PORTLOOP_{kind}_{part}"] for part in ("MAJOR", "MINOR", "PATCH")) for kind in ("VERSION", "ABI"))
    expect(pkg_config("--modversion") == [version], f"the module's version is not {version}")
    shared = library_folder / f"libportloop.so.{abi}"
    expect(shared.exists(), f"{shared.name} is not installed")
    soname = [line for line in run("readelf", "-d", shared).splitlines() if "SONAME" in line][0]
    expect(f"[libportloop.so.{abi.split('.')[0]}]" in soname, f"the soname is {soname}")
    consumers(folder, pkg_config("--cflags"), pkg_config("--libs"), {"LD_LIBRARY_PATH": str(library_folder)})

    # Static: only the archive can be found.
    archive_folder = folder / "archive"
    archive_folder.mkdir()
    shutil.copy(library_folder / "libportloop.a", archive_folder)
    libraries = [f"-L{archive_folder}"] + [word for word in pkg_config("--static", "--libs") if not word.startswith("-L")]
    consumers(folder, pkg_config("--cflags"), libraries, {})


def as_subproject(folder):
    """Only the directories of the library: no tests, no examples, and no cxxopts."""
    project = folder / "outside"
    portloop = project / "subprojects" / "portloop"
    portloop.mkdir(parents=True)
    for name in ("include", "src"):
        shutil.copytree(SOURCE / name, portloop / name)
    for name in ("meson.build", "meson_options.txt"):
        shutil.copy(SOURCE / name, portloop)
    for name in ("cli", "lab", "output"):
        shutil.rmtree(portloop / "src" / name, ignore_errors=True)
    shutil.copytree(SOURCE / "tests" / "api" / "outside", project, dirs_exist_ok=True)
    (project / "meson.build").write_text("""project('outside', 'c', 'cpp', default_options: ['c_std=gnu11', 'cpp_std=c++20'])
portloop_dep = dependency('portloop', fallback: 'portloop')
test('c', executable('c_consumer', 'consumer.c', dependencies: portloop_dep))
test('cpp', executable('cpp_consumer', 'consumer.cpp', dependencies: portloop_dep))
""")
    build = folder / "build"
    run("meson", "setup", build, project, "-Doptimization=0", "--wrap-mode=nodownload")
    for kind in ("shared", "static"):
        # This only links again. A subproject has its own value of this option.
        run("meson", "configure", build, f"-Ddefault_library={kind}", f"-Dportloop:default_library={kind}")
        run("ninja", "-C", build)
        run("meson", "test", "-C", build, "--no-rebuild")
        needed = run("readelf", "-d", build / "c_consumer")
        expect(("libportloop" in needed) == (kind == "shared"), f"{kind}: the wrong library is linked\n{needed}")
        built = {path.name for path in build.rglob("*") if path.is_file() and os.access(path, os.X_OK) and "." not in path.name}
        expect(built == {"c_consumer", "cpp_consumer"}, f"the subproject built programs: {built}")


with tempfile.TemporaryDirectory() as scratch:
    (pathlib.Path(scratch) / "one").mkdir()
    (pathlib.Path(scratch) / "two").mkdir()
    installed(pathlib.Path(scratch) / "one")
    as_subproject(pathlib.Path(scratch) / "two")
