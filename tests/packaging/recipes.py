"""The recipes for vcpkg and Conan, read without these tools: what they name exists, their versions are portloop's, and the
build that they ask for is the library alone.

usage: recipes.py SOURCE
"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import types
import unittest
from unittest import mock

from scan_support import need_programs

SOURCE = pathlib.Path(sys.argv[1]).resolve()
PACKAGING = SOURCE / "docs" / "packaging"
MACROS = dict(re.findall(r"PORTLOOP_VERSION_(\w+) (\d+)", (SOURCE / "include/portloop/version.h").read_text()))
VERSION = ".".join(MACROS[part] for part in ("MAJOR", "MINOR", "PATCH"))

# vcpkg's functions, which write down how they were called.
VCPKG = """
foreach(name vcpkg_configure_meson vcpkg_install_meson vcpkg_fixup_pkgconfig vcpkg_cmake_config_fixup vcpkg_install_copyright)
  cmake_language(EVAL CODE "function(${name})
    list(JOIN ARGV \\" \\" words)
    message(STATUS \\"${name} \\${words}\\")
  endfunction()")
endforeach()
set(CURRENT_PORT_DIR "@port@")
set(CURRENT_PACKAGES_DIR "@packages@")
set(VCPKG_LIBRARY_LINKAGE @linkage@)
include("@port@/portfile.cmake")
"""


def conan_recipe():
    """The class of the recipe, with stand-ins for Conan's modules."""
    class ConanFile:
        recipe_folder = str(PACKAGING / "conan")

    modules = {"conan": types.ModuleType("conan"), "conan.errors": types.ModuleType("conan.errors")}
    modules["conan"].ConanFile = ConanFile
    modules["conan.errors"].ConanInvalidConfiguration = type("ConanInvalidConfiguration", (Exception,), {})
    for name in ("tools", "tools.build", "tools.files", "tools.gnu", "tools.layout", "tools.meson"):
        modules[f"conan.{name}"] = mock.MagicMock()
    modules["conan.tools.files"].load = lambda _recipe, path: pathlib.Path(path).read_text()
    names = {"__name__": "conanfile", "__file__": str(PACKAGING / "conan" / "conanfile.py")}
    with mock.patch.dict(sys.modules, modules):
        exec(compile((PACKAGING / "conan" / "conanfile.py").read_text(), names["__file__"], "exec"), names)
    return names["PortloopConan"], modules


class Recipes(unittest.TestCase):
    def test_vcpkg_manifest(self):
        manifest = json.loads((PACKAGING / "vcpkg" / "vcpkg.json").read_text())
        self.assertEqual((manifest["name"], manifest["version"], manifest["license"]), ("portloop", VERSION, "MIT"))
        self.assertIn("libuv", manifest["dependencies"])

    def test_vcpkg_portfile(self):
        with tempfile.TemporaryDirectory() as folder:
            packages = pathlib.Path(folder, "packages")
            for linkage, left in (("static", {"libportloop.a"}), ("dynamic", {"libportloop.a", "libportloop.so", "libportloop.so.1"})):
                (packages / "lib").mkdir(parents=True, exist_ok=True)
                (packages / "debug" / "include").mkdir(parents=True)
                for name in ("libportloop.a", "libportloop.so", "libportloop.so.1"):
                    (packages / "lib" / name).touch()
                script = VCPKG.replace("@port@", str(PACKAGING / "vcpkg")).replace("@packages@", str(packages)).replace("@linkage@", linkage)
                pathlib.Path(folder, "port.cmake").write_text(script)
                done = subprocess.run(["cmake", "-P", pathlib.Path(folder, "port.cmake")], capture_output=True, text=True)
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertIn(f"vcpkg_configure_meson SOURCE_PATH {SOURCE} OPTIONS -Dprograms=false\n", done.stdout)
                self.assertIn(f"vcpkg_install_copyright FILE_LIST {SOURCE}/LICENSE\n", done.stdout)
                self.assertEqual({path.name for path in (packages / "lib").iterdir()}, left)
                self.assertFalse((packages / "debug" / "include").exists())

    def test_conan(self):
        recipe, modules = conan_recipe()
        self.assertEqual((recipe.name, recipe.license), ("portloop", "MIT"))
        made = recipe()
        made.set_version()
        self.assertEqual(made.version, VERSION)
        made.export_sources_folder = "/nowhere"
        made.export_sources()
        for call in modules["conan.tools.files"].copy.call_args_list:
            pattern = call.args[1].rstrip("/*")
            self.assertTrue((SOURCE / pattern).exists(), pattern)
        made.generate()
        modules["conan.tools.meson"].MesonToolchain.return_value.project_options.__setitem__.assert_called_once_with("programs", False)

    def test_the_library_alone(self):
        with tempfile.TemporaryDirectory() as build:
            subprocess.run(["meson", "setup", build, SOURCE, "-Dprograms=false", "--wrap-mode=nodownload"], check=True, capture_output=True)
            targets = json.loads(subprocess.run(["meson", "introspect", build, "--targets"], check=True, capture_output=True, text=True).stdout)
            self.assertEqual({target["name"] for target in targets}, {"portloop", "portloop_core", "portloop_plan", "portloop_sockets", "portloop_engine"})
            self.assertEqual({target["type"] for target in targets if target["name"] == "portloop"}, {"shared library", "static library"})
            installed = json.loads(subprocess.run(["meson", "introspect", build, "--installed"], check=True, capture_output=True, text=True).stdout)
            names = {pathlib.Path(path).name for path in installed.values()}
            self.assertTrue({"portloop.h", "portloop.pc", "portloopConfig.cmake", "libportloop.a"} <= names, names)
            dependencies = json.loads(subprocess.run(["meson", "introspect", build, "--dependencies"], check=True, capture_output=True, text=True).stdout)
            self.assertNotIn("cxxopts", {entry["name"] for entry in dependencies})


if __name__ == "__main__":
    need_programs("cmake", "meson")
    unittest.main(argv=["recipes"])
