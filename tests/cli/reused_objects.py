"""Build directories that begin with the objects of another one, for tests that build with other options."""

import json
import os
import shutil
import subprocess

LEFT_OUT = ("build.ninja", "compile_commands.json", "meson-info", "meson-logs", "meson-private", "tests", "examples")


def linked_tree(source, build, folder):
    """Links to the sources and a copy of the objects of `build`, in `folder`, at the same place relative to each other:
    returns (source, build). The new build directory is not configured. Ninja compiles what it lacks or what gets other
    flags; of the rest it takes the objects."""
    top = os.path.commonpath([source, build])
    new_source, new_build = (os.path.normpath(os.path.join(folder, os.path.relpath(path, top))) for path in (source, build))
    os.makedirs(new_source, exist_ok=True)
    for name in os.listdir(source):
        path = os.path.join(source, name)
        if not os.path.exists(os.path.join(path, ".ninja_log")):  # a build directory
            os.symlink(path, os.path.join(new_source, name))
    shutil.copytree(build, new_build, symlinks=True, ignore=lambda path, names: LEFT_OUT if path == build else ())
    return new_source, new_build


def same_flags(build):
    """Options for `meson setup`, and an environment, with which another build directory compiles as `build` does."""
    done = subprocess.run(["meson", "introspect", "--buildoptions", build], check=True, capture_output=True, text=True)
    options = [f"-D{option['name']}={str(option['value']).lower() if isinstance(option['value'], bool) else option['value']}"
               for option in json.loads(done.stdout)
               if option["section"] in ("base", "compiler") or option["name"] in ("optimization", "debug", "warning_level")]
    with open(os.path.join(build, "compile_commands.json")) as file:
        compilers = {"CC" if entry["file"].endswith(".c") else "CXX": entry["command"].split(" -")[0] for entry in json.load(file)}
    return options, {**os.environ, **compilers}
