# SPDX-License-Identifier: Apache-2.0
# Install rules: libraries, headers, the CMake package with its components, pkg-config files.
include(CMakePackageConfigHelpers)
set(package_dir "${CMAKE_INSTALL_LIBDIR}/cmake/rondo")

# rondo_install(<target> <component>): each library has an export set of its own, so that the
# package can tell a missing component from a broken installation.
function(rondo_install target component)
    install(TARGETS ${target} EXPORT rondo-${component} FILE_SET HEADERS)
    install(EXPORT rondo-${component}
        FILE rondo-${component}-targets.cmake NAMESPACE rondo:: DESTINATION ${package_dir}
    )
endfunction()

rondo_install(rondo core)
if(RONDO_WITH_TLS)
    rondo_install(rondo_tls tls)
endif()
if(RONDO_WITH_HTTP)
    rondo_install(rondo_http http)
endif()
if(RONDO_WITH_CLI)
    install(TARGETS rondo_cli)
endif()

configure_package_config_file(cmake/rondo-config.cmake.in rondo-config.cmake
    INSTALL_DESTINATION ${package_dir}
)
write_basic_package_version_file(rondo-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES
    "${PROJECT_BINARY_DIR}/rondo-config.cmake"
    "${PROJECT_BINARY_DIR}/rondo-config-version.cmake"
    cmake/FindCares.cmake
    cmake/FindLiburing.cmake
    DESTINATION ${package_dir}
)

# pkg-config. Whoever links the static library also links what it uses.
if(BUILD_SHARED_LIBS)
    set(pc_private ".private")
else()
    set(pc_private "")
endif()
# rondo_pkg_config(<name>): configures cmake/<name>.pc.in. The prefix is relative to the file, so
# that an installed tree can be moved.
function(rondo_pkg_config name)
    file(RELATIVE_PATH pc_prefix
        "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/"
    )
    configure_file(cmake/${name}.pc.in ${name}.pc @ONLY)
    install(FILES "${PROJECT_BINARY_DIR}/${name}.pc"
        DESTINATION "${CMAKE_INSTALL_LIBDIR}/pkgconfig"
    )
endfunction()
rondo_pkg_config(rondo)
if(RONDO_WITH_TLS)
    rondo_pkg_config(rondo-tls)
endif()
if(RONDO_WITH_HTTP)
    rondo_pkg_config(rondo-http)
endif()
