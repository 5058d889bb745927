# SPDX-License-Identifier: Apache-2.0
# The program rondo.
set(RONDO_WITH_CLI OFF)
if(RONDO_CLI AND EXISTS "${PROJECT_SOURCE_DIR}/cli/main.cpp")
    find_package(CLI11 QUIET)
    find_package(fmt QUIET)
    find_package(nlohmann_json QUIET)
    set(missing "")
    foreach(package IN ITEMS CLI11 fmt nlohmann_json)
        if(NOT ${package}_FOUND)
            list(APPEND missing ${package})
        endif()
    endforeach()
    if(NOT RONDO_WITH_HTTP)
        list(APPEND missing rondo::http)
    endif()
    rondo_optional(RONDO_WITH_CLI "program rondo" "${RONDO_CLI}" ${missing})
endif()

if(RONDO_WITH_CLI)
    add_executable(rondo_cli)
    rondo_target(rondo_cli)
    rondo_unity(rondo_cli)
    set_target_properties(rondo_cli PROPERTIES
        OUTPUT_NAME rondo RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}/bin"
    )
    target_link_libraries(rondo_cli PRIVATE
        rondo::http CLI11::CLI11 fmt::fmt nlohmann_json::nlohmann_json
    )
    add_subdirectory(cli)
endif()
