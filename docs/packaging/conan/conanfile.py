"""The library for Conan 2, from this source tree: conan create docs/packaging/conan"""
import os
import re

from conan import ConanFile
from conan.errors import ConanInvalidConfiguration
from conan.tools.build import check_min_cppstd
from conan.tools.files import copy, load, rm, rmdir
from conan.tools.gnu import PkgConfigDeps
from conan.tools.layout import basic_layout
from conan.tools.meson import Meson, MesonToolchain


class PortloopConan(ConanFile):
    name = "portloop"
    description = "TCP port scanner library without root, on your own libuv loop"
    license = "MIT"
    topics = ("network", "tcp", "port", "scanner", "libuv")
    package_type = "library"
    settings = "os", "arch", "compiler", "build_type"
    options = {"shared": [True, False], "fPIC": [True, False]}
    default_options = {"shared": False, "fPIC": True}

    @property
    def _tree(self):
        return os.path.abspath(os.path.join(self.recipe_folder, "..", "..", ".."))

    def set_version(self):
        header = load(self, os.path.join(self._tree, "include", "portloop", "version.h"))
        numbers = (re.search(rf"PORTLOOP_VERSION_{part} (\d+)", header)[1] for part in ("MAJOR", "MINOR", "PATCH"))
        self.version = ".".join(numbers)

    def export_sources(self):
        for pattern in ("meson.build", "meson_options.txt", "LICENSE", "include/*", "src/*", "docs/*"):
            copy(self, pattern, self._tree, self.export_sources_folder)

    def configure(self):
        if self.options.shared:
            self.options.rm_safe("fPIC")

    def layout(self):
        basic_layout(self, src_folder=".")

    def requirements(self):
        self.requires("libuv/[>=1.44 <2]", transitive_headers=True, transitive_libs=True)

    def validate(self):
        if self.settings.os != "Linux":
            raise ConanInvalidConfiguration(f"portloop's recipe is for Linux, not {self.settings.os}")
        check_min_cppstd(self, 20)

    def build_requirements(self):
        self.tool_requires("meson/[>=1.0 <2]")
        self.tool_requires("pkgconf/[>=2 <3]")

    def generate(self):
        toolchain = MesonToolchain(self)
        toolchain.project_options["programs"] = False
        toolchain.generate()
        PkgConfigDeps(self).generate()

    def build(self):
        meson = Meson(self)
        meson.configure()
        meson.build()

    def package(self):
        Meson(self).install()
        copy(self, "LICENSE", self.source_folder, os.path.join(self.package_folder, "licenses"))
        # Conan writes its own files for CMake and pkg-config.
        for folder in ("cmake", "pkgconfig"):
            rmdir(self, os.path.join(self.package_folder, "lib", folder))
        rm(self, "*.a" if self.options.shared else "*.so*", os.path.join(self.package_folder, "lib"))

    def package_info(self):
        self.cpp_info.libs = ["portloop"]
        self.cpp_info.set_property("cmake_file_name", "portloop")
        self.cpp_info.set_property("cmake_target_name", "portloop::portloop")
        self.cpp_info.set_property("pkg_config_name", "portloop")
        if not self.options.shared:
            self.cpp_info.system_libs = ["stdc++", "m", "pthread"]
