# An overlay port that builds the library of this source tree:
#   vcpkg install portloop --overlay-ports=docs/packaging/vcpkg
get_filename_component(SOURCE_PATH "${CURRENT_PORT_DIR}/../../.." ABSOLUTE)

vcpkg_configure_meson(
  SOURCE_PATH "${SOURCE_PATH}"
  OPTIONS -Dprograms=false)
vcpkg_install_meson()
vcpkg_fixup_pkgconfig()
vcpkg_cmake_config_fixup(PACKAGE_NAME portloop CONFIG_PATH lib/cmake/portloop)

# Meson builds both kinds; a triplet wants one.
if(VCPKG_LIBRARY_LINKAGE STREQUAL "static")
  file(GLOB shared_libraries "${CURRENT_PACKAGES_DIR}/lib/libportloop.so*" "${CURRENT_PACKAGES_DIR}/debug/lib/libportloop.so*")
  file(REMOVE ${shared_libraries})
endif()
file(REMOVE_RECURSE "${CURRENT_PACKAGES_DIR}/debug/include")
vcpkg_install_copyright(FILE_LIST "${SOURCE_PATH}/LICENSE")
